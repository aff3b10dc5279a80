//! The record: what ran when, on which worker, and with what outcome.

use std::error::Error;
use std::path::PathBuf;

use timeline::Span;

use crate::lessons::Work;

/// What became of one item: a page, a call, a round or a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What kind of item it was; `None` of what is drawn and not counted.
    pub work: Option<Work>,
    /// The part of the run in which it began, counted from 0.
    pub part: usize,
    /// What it was, who did it, and when; and how much of it was work.
    pub span: Span,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this number: the bytes in a page's body (after decompression), the result of a call.
    Done(u64),
    /// What a round counted, where it should have counted to `threads` times `increments`.
    Counted {
        /// The workers that added.
        threads: u64,
        /// How often each of them added 1.
        increments: u64,
        /// What the counter held at the end.
        counted: u64,
    },
    /// A picture was resized.
    Resized {
        /// Its width and height before,
        from: (u32, u32),
        /// and after.
        to: (u32, u32),
        /// The size of the new file, in bytes.
        bytes: u64,
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

/// A result.
impl From<u64> for Outcome {
    fn from(number: u64) -> Self {
        Self::Done(number)
    }
}

/// A result, or why there is none.
impl<E: Error> From<Result<u64, E>> for Outcome {
    fn from(result: Result<u64, E>) -> Self {
        result.map_or_else(|error| Self::Failed(error.to_string()), Self::Done)
    }
}

/// What can be begun, by the name that it has in lines and diagrams.
pub trait Item {
    /// What kind of work it is, where its type tells; otherwise it is the lesson's.
    const WORK: Option<Work> = None;

    /// Its name.
    fn label(&self) -> String;
}

/// A call of `fib` with this number.
impl Item for u64 {
    const WORK: Option<Work> = Some(Work::Calls);

    fn label(&self) -> String {
        format!("fib({self})")
    }
}

/// A page by its URL.
impl Item for &String {
    fn label(&self) -> String {
        (*self).clone()
    }
}

/// A round by its way.
impl Item for &str {
    fn label(&self) -> String {
        (*self).into()
    }
}

/// A picture by its file's name.
impl Item for &PathBuf {
    fn label(&self) -> String {
        self.file_name().unwrap_or(self.as_os_str()).to_string_lossy().into_owned()
    }
}
