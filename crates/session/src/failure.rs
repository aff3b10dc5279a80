use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
#[cfg(feature = "reqwest")]
use std::iter;

/// Why a page did not arrive: in the same words, whichever of the clients found out.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {}

#[cfg(feature = "ureq")]
impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(code) => match ureq::http::StatusCode::from_u16(code) {
                Ok(status) => Self(status.to_string()),
                Err(_) => Self(format!("status {code}")),
            },
            ureq::Error::Timeout(_) => timed_out(),
            ureq::Error::Io(error) => from_io(&error),
            ureq::Error::Protocol(error) => Self(error.to_string()),
            other => Self(other.to_string()),
        }
    }
}

/// What came while the page was read: ureq hands out a reader, and its errors in those of the reader.
#[cfg(feature = "ureq")]
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        ureq::Error::from(error).into()
    }
}

#[cfg(feature = "reqwest")]
impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return timed_out();
        }
        // The innermost causes name what happened; the outer ones only say what was being tried.
        let causes: Vec<_> =
            iter::successors(Some(&error as &(dyn Error + 'static)), |&e| e.source()).collect();
        match causes.iter().rev().find_map(|cause| cause.downcast_ref::<io::Error>()) {
            Some(error) => from_io(error),
            None if causes.iter().any(|cause| cause.to_string() == CLOSED_EARLY) => cut_short(),
            None => Self(causes.last().map_or_else(|| error.to_string(), ToString::to_string)),
        }
    }
}

#[cfg(feature = "reqwest")]
impl From<reqwest::StatusCode> for Failure {
    fn from(status: reqwest::StatusCode) -> Self {
        Self(status.to_string())
    }
}

/// What hyper says, whose error type reqwest keeps to itself.
#[cfg(feature = "reqwest")]
const CLOSED_EARLY: &str = "connection closed before message completed";

fn cut_short() -> Failure {
    Failure("the page was cut short".into())
}

fn timed_out() -> Failure {
    Failure("the page took longer than it may (--timeout)".into())
}

fn from_io(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::UnexpectedEof {
        return cut_short();
    }
    Failure(match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused".into(),
        ErrorKind::ConnectionReset => "the connection was reset".into(),
        ErrorKind::ConnectionAborted => "the connection was aborted".into(),
        _ => error.to_string(),
    })
}
