//! Everything around a lesson that is not the lesson itself: arguments, lines, progress bar, Ctrl-C, summary,
//! diagram, and the report as JSON.
//!
//! A lesson declares itself with [`lesson!`] and [`Lesson`], and starts with the [`Work`] that it does: pages
//! (the crate `downloads`), calls of `fib` (`calls`), or work of its own. It receives its items and a
//! [`common::Run`], whose records are observed here.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod class;
mod described;
pub mod figures;
mod files;
mod help;
mod interrupt;
mod kind;
mod lesson;
mod observe;
pub mod options;
mod printer;
pub mod report;
mod setup;
mod terminal;

pub use classroom::root;
pub use described::Described;
pub use files::{Beside, Scratch};
pub use help::with_help_that_fits;
pub use interrupt::{STATUS as INTERRUPTED, before_exit, interrupted, listen as listen_for_ctrl_c};
pub use kind::{Drawing, Kind, Total, Unit};
pub use lesson::{Lesson, Limit, Model, Section, header};
pub use observe::{ENDS_WITH_INPUT, PIPE_CLOSED};
pub use setup::{Number, Setup, Switch, Work, give_up, warn};
pub use terminal::{cores, is_order, look, progress_bar};

/// Locks a value that is sound at any time, even if a thread panicked while it held the lock.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
