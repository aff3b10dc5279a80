//! Before class.

/// Tries everything that a class needs.
pub(crate) fn ready() -> Result<(), String> {
    Err("not there".into())
}
