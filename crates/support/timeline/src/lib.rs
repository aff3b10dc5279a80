//! Timing diagrams of a run: which workers worked, which waited, and when.
//!
//! A [`Timeline`] is made of [`Span`]s, one for each item that a worker did. It has a lane for each
//! worker; where many tasks take turns on one thread, that thread has a lane, and the tasks in flight
//! have theirs below it. The same lanes are drawn for a terminal ([`Timeline::terminal`]), as a picture
//! ([`Timeline::svg`]) and for Perfetto ([`Timeline::chrome_trace`]), and a summary's [`Facts`] come from
//! the same spans. A run may have [`Section`]s, each of which can be viewed by itself.

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
pub use svg::{Marks, Picture, STYLE, document, rectangle, text};
pub use terminal::Look;

use std::time::Duration;

use common::Span;

/// A run for drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The name of the run.
    pub title: String,
    /// The noun for an item, in the singular: `page`, `call`.
    pub item: String,
    /// The noun for a worker, in the singular: `thread`, `process`.
    pub worker: String,
    /// Whether its items compute and nothing else.
    pub only_computes: bool,
    /// The abilities of this run's clock.
    pub clock: Clock,
    /// How long the run took.
    pub took: Duration,
    /// How many cores it could use.
    pub cores: usize,
    /// Its items, in any order.
    pub spans: Vec<Span>,
    /// Its sections, one after another; empty for a run without sections.
    pub sections: Vec<Section>,
}
