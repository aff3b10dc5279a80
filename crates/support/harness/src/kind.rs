//! Kinds of work, as values that a lesson supplies.

use std::fmt::Debug;

use common::{Done, Record, Span};
use timeline::Look;

/// A kind of work: how its items are named, printed and checked.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The noun for one item, in the singular: `page`.
    pub noun: &'static str,
    /// The verb, in the past tense: `downloaded`.
    pub verb: &'static str,
    /// The noun in the summary, in the plural: `sites`.
    pub counted: &'static str,
    /// Whether the summary counts them in a lesson that does nothing else.
    pub counts_alone: bool,
    /// The unit of an item's value.
    pub unit: Unit,
    /// Makes an item's label from the text with which it began.
    pub label: fn(&str) -> String,
    /// Makes the line of an item that did not fail.
    pub line: fn(&Span, &Done) -> String,
    /// The report's value for all items together.
    pub total: Total,
    /// Whether its items only compute: then they are never called I/O-bound.
    pub only_computes: bool,
    /// The right result, if there is only one.
    pub expected: Option<u64>,
}

/// The unit of an item's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A size in bytes.
    Bytes,
    /// The result of a computation.
    Result,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 2] = [Self::Bytes, Self::Result];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Result => "result",
        }
    }
}

/// The report's value for all items of a kind together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Nothing.
    None,
    /// The sum of their values, under this name.
    Sum(&'static str),
    /// Their values, under this name.
    Values(&'static str),
}

impl Kind {
    /// Completes the record of an item: adds its label, and marks it as failed if its result is wrong.
    pub(crate) fn complete(&self, record: &mut Record) {
        record.span.label = (self.label)(&record.span.label);
        let got = record.done.as_ref().map(|done| done.value);
        if let (Some(got), Some(expected)) = (got, self.expected.filter(|it| got != Some(*it))) {
            record.span.failed = Some(format!("the result was {got}, but {expected} is right"));
            record.done = None;
        }
    }
}

/// A lesson's own drawing.
pub trait Drawing: Debug + Send + Sync {
    /// The text to print below the line of this item, as it is: it may have colours, so the caller makes sure that stdout
    /// shows them. Not asked for with `--quiet` or `--json`.
    fn below(&self, _item: &Record) -> Option<String> {
        None
    }

    /// The text after the summary; `None` for the timing diagram.
    fn terminal(&self, _look: Look) -> Option<String> {
        None
    }

    /// The picture; `None` for that of the timing diagram.
    fn svg(&self, _title: &str) -> Option<String> {
        None
    }
}
