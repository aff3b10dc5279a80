//! The record: what ran when, on which worker, and with what outcome.

use std::error::Error;

use timeline::Span;

/// What became of one item: a page, a call or a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it was, who did it, and when; and how much of it was work.
    pub span: Span,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A page arrived whole, with so many bytes in its body (after decompression).
    Bytes(u64),
    /// A call gave this number.
    Number(u64),
    /// What a round counted, where it should have counted to `threads` times `increments`.
    Counted {
        /// The workers that added.
        threads: u64,
        /// How often each of them added 1.
        increments: u64,
        /// What the counter held at the end.
        counted: u64,
    },
    /// It failed, and this is why, in words.
    Failed(String),
}

impl Outcome {
    /// Whether the item failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// A call's result.
impl From<u64> for Outcome {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// A page's size, or why it did not arrive.
impl<E: Error> From<Result<u64, E>> for Outcome {
    fn from(page: Result<u64, E>) -> Self {
        match page {
            Ok(bytes) => Self::Bytes(bytes),
            Err(error) => Self::Failed(error.to_string()),
        }
    }
}
