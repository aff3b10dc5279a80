//! Kinds of work: values that a lesson brings.

use std::sync::Arc;

use common::{Done, Record, Span};
use timeline::Look;

/// A kind of work: what its items are called, printed and checked as.
#[derive(Clone, Debug)]
pub struct Kind {
    /// One of its items, in the singular: `page`.
    pub noun: &'static str,
    /// What was done to it, in the past: `downloaded`.
    pub verb: &'static str,
    /// What the summary counts, in the plural: `sites`.
    pub counted: &'static str,
    /// Whether the summary counts them where a lesson does nothing else.
    pub counts_alone: bool,
    /// What the value of an item is.
    pub unit: Unit,
    /// The label of an item, made from the text with which it began.
    pub label: fn(&str) -> String,
    /// The line of an item that did not fail.
    pub line: fn(&Span, &Done) -> String,
    /// What the report says of all items together.
    pub total: Total,
    /// Whether its items are there to compute: then what they wait for is never called their work.
    pub only_computes: bool,
    /// The only right result, where there is just one.
    pub expected: Option<u64>,
}

/// What the value of an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A size in bytes.
    Bytes,
    /// The result of a computation.
    Result,
}

impl Unit {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Bytes, Self::Result];

    /// As JSON names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Result => "result",
        }
    }
}

/// What a report says of all items of a kind together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Nothing.
    None,
    /// The sum of their values, under this name.
    Sum(&'static str),
    /// Their values, under this name.
    Values(&'static str),
    /// An object for each, with its details; its label is under `label`.
    Objects {
        /// The name of the list.
        name: &'static str,
        /// The name of the label in each object.
        label: &'static str,
    },
}

impl Kind {
    /// Completes the record of an item: with its label, and as a failure where its result is wrong.
    pub(crate) fn complete(&self, record: &mut Record) {
        record.span.label = (self.label)(&record.span.label);
        let got = record.done.as_ref().map(|done| done.value);
        if let (Some(got), Some(expected)) = (got, self.expected.filter(|it| got != Some(*it))) {
            record.span.failed = Some(format!("the result was {got}, and {expected} is right"));
            record.done = None;
        }
    }
}

/// A drawing of a lesson's own, in place of the timing diagram.
pub trait Drawing: Send + Sync {
    /// As it is printed after the summary.
    fn terminal(&self, look: Look) -> String;
    /// As a picture; `None` where there is nothing to draw yet.
    fn svg(&self, title: &str) -> Option<String>;
}

impl<T: Drawing> Drawing for Arc<T> {
    fn terminal(&self, look: Look) -> String {
        T::terminal(self, look)
    }

    fn svg(&self, title: &str) -> Option<String> {
        T::svg(self, title)
    }
}
