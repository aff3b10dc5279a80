//! What is not the lesson: the arguments, the site lists, the clock, the record of what ran when on
//! which worker, the lines, the progress bar, Ctrl-C, the summary and the exit status.
//!
//! No concurrency tool is wrapped here: a lesson calls threads, tasks, processes and parallel
//! iterators itself, and makes a few calls to this crate (and asks the run for its facts: the pages, the
//! numbers, how many workers). Only [`Begun::end_after`] awaits a lesson's own future, to measure its polls:
//!
//! | a lesson says | and means |
//! |---|---|
//! | [`start_downloads`], [`start_calls`], [`start_rounds`], [`start_pictures`] | read the arguments and start the clock |
//! | [`Run::begin`] | may I go on? then this item begins now, on this worker |
//! | [`Begun::end`] or [`Begun::end_after`] | this item ended now, or ends with this future, with this outcome |
//! | [`Begun::ended`] | this item ended now, and is told later |
//! | [`Run::part`] | from now on the same is done in another way |
//! | [`Run::aside`] | this is to be seen in the diagram, and is no item |
//! | [`Run::finish`] | stop the clock, print the summary, give the exit status |
//!
//! Everything printed is made from one type, the [`Record`] of an item.

mod again;
mod args;
mod busy;
mod descriptors;
mod interrupt;
mod lessons;
pub mod options;
mod printer;
mod record;
mod report;
mod run;
mod sites;
mod terminal;

pub use again::{inner_cargo, own_group, this_program_again};
pub use busy::{thread_time, worked_elsewhere};
pub use descriptors::reserve_descriptors;
pub use interrupt::{STATUS as INTERRUPTED, before_exit, interrupted, listen as listen_for_ctrl_c};
pub use lessons::{Extra, LESSONS, Lesson, Model, Part, Takes, Work, Workers};
pub use record::{Item, Outcome, Record};
pub use report::{cores, two_digits};
pub use run::{
    Aside, Begun, ENDS_WITH_INPUT, Ended, PIPE_CLOSED, Pictures, Run, start_calls, start_downloads,
    start_pictures, start_rounds,
};
pub use sites::{LIVE_SITES, PRACTICE_PAGES, SiteTimes};
pub use terminal::{look, progress_bar};
