//! Timing diagrams of a run: which workers worked, which waited, and when.
//!
//! A [`Timeline`] is made of [`Span`]s, one for each item that a worker did. It has a lane for each
//! worker; where many tasks take turns on one thread, that thread has a lane, and the tasks in flight
//! have theirs below it. The same lanes are drawn for a terminal ([`Timeline::terminal`]), as a picture
//! ([`Timeline::svg`]) and for Perfetto ([`Timeline::chrome_trace`]), and the same spans give the
//! [`Facts`] that a summary states. A run may have [`Section`]s, each of which can be looked at by itself.

mod facts;
mod lanes;
pub mod scale;
mod section;
mod side_by_side;
mod svg;
mod terminal;
mod trace;

pub use facts::{Bound, Clock, Facts, plural};
pub use section::Section;
pub use side_by_side::side_by_side;
pub use svg::{Picture, STYLE, document, rectangle, text};
pub use terminal::Look;

use std::time::Duration;

use common::Span;

/// A run, to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What ran.
    pub title: String,
    /// What an item is, in the singular: `page`, `call`.
    pub item: String,
    /// What does the items, in the singular: `thread`, `process`.
    pub worker: String,
    /// Whether its items compute and nothing else.
    pub only_computes: bool,
    /// What the clock of this run can tell.
    pub clock: Clock,
    /// How long the run took.
    pub took: Duration,
    /// How many cores it could use.
    pub cores: usize,
    /// Its items, in any order.
    pub spans: Vec<Span>,
    /// Its sections, one after another; none where it is one.
    pub sections: Vec<Section>,
}
