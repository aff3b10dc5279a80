//! The words of tables and charts for a kind of work.

use calls::CALL;
use downloads::PAGE;

use crate::results::{Sizes, many};

/// The noun of the kind of work that uses the practice site and the sweep.
pub(crate) const PAGES: &str = PAGE.noun;
/// The noun of the kind of work that computes.
pub(crate) const CALLS: &str = CALL.noun;

/// The words for a kind of work.
#[derive(Debug)]
pub(crate) struct Words {
    /// The id of its table in the report.
    pub(crate) id: String,
    /// The name of its tables and charts.
    pub(crate) name: String,
    /// The work of each lesson, in the words of a title,
    pub(crate) title: String,
    /// of a caption,
    pub(crate) caption: String,
    /// and of a line beside the lesson's name.
    pub(crate) short: String,
    /// The noun for one result, in the singular.
    pub(crate) got: String,
}

/// The words for the kind of work with this noun: two are known here; another is named by its noun.
pub(crate) fn words(kind: &str, sizes: Sizes) -> Words {
    let Sizes { pages, latency_ms, number, calls, .. } = sizes;
    match kind {
        PAGES => Words {
            id: "downloads".into(),
            name: "Downloads".into(),
            title: format!("{pages} pages at {latency_ms} ms each"),
            caption: format!("{} with a latency of {latency_ms} ms", many(pages, kind)),
            short: format!("{}, {latency_ms} ms each", many(pages, kind)),
            got: kind.into(),
        },
        CALLS => Words {
            id: "computing".into(),
            name: "Computing".into(),
            title: format!("fib({number}), {calls} times"),
            caption: format!("{} of fib({number})", many(calls, kind)),
            short: format!("fib({number}), {}", many(calls, kind)),
            got: "number".into(),
        },
        _ => {
            let items = timeline::plural(kind, 2);
            let (first, rest) = items.split_at(items.chars().next().map_or(0, char::len_utf8));
            let sizes = String::from("at the lessons' own sizes");
            Words {
                id: format!("kind-{}", kind.replace(char::is_whitespace, "-")),
                name: first.to_uppercase() + rest,
                title: sizes.clone(),
                caption: format!("{items} {sizes}"),
                short: sizes,
                got: kind.into(),
            }
        }
    }
}

/// The number of items in a run of this size, for a kind of work that is known here.
pub(crate) fn items(kind: &str, sizes: Sizes) -> Option<usize> {
    match kind {
        PAGES => Some(sizes.pages),
        CALLS => Some(sizes.calls),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::empty;

    #[test]
    fn a_kind_that_is_not_known_names_itself() {
        let sizes = empty().sizes;
        let words = words("long round", sizes);
        assert_eq!((words.id.as_str(), words.name.as_str()), ("kind-long-round", "Long rounds"));
        assert_eq!(words.caption, "long rounds at the lessons' own sizes");
        assert_eq!(items("long round", sizes), None);
    }
}
