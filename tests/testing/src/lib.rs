//! The tools that the tests share: the real programs, the lessons as they describe themselves, and the contents of a
//! run's record and pictures.

mod arguments;
mod cores;
pub mod debugger;
mod examples;
mod folder;
mod lessons;
mod picture;
#[cfg(unix)]
mod processes;
mod program;
pub mod record;
#[cfg(target_os = "linux")]
mod terminal;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub use arguments::{long, short};
pub use cores::has_no_second_core;
pub use examples::{compile, compile_program};
pub use folder::Folder;
pub use lessons::{downloaders, first, has_the_clients, lessons, nine, only_does};
pub use picture::{bars, words};
#[cfg(unix)]
pub use processes::{children, is_alive, signal};
pub use program::{Ended, NO_CLASS, OwnLesson, Program, Running, is_summary, program};
#[cfg(target_os = "linux")]
pub use terminal::{Terminal, without_colours};

/// Waits for something that must happen, and gives up after a minute.
///
/// # Panics
/// When it does not come.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Does all jobs, a dozen at a time: for jobs that mostly wait.
///
/// # Panics
/// When one of them does.
pub fn all_at_once<T: Sync>(jobs: &[T], job: impl Fn(&T) + Sync) {
    lessons(); // builds them, before the clock of the first job starts
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some(one) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    job(one);
                }
            });
        }
    });
}
