//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, value_parser};
use common::options::{self, MOST_ITEMS, MOST_WORKERS, numeric, whole_number};
use common::{LESSONS, Lesson, PRACTICE_PAGES, Work, Workers};

use crate::results::Sizes;

/// What is to be compared, and how.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// How often each lesson runs; without it, as often as fits.
    pub(crate) runs: Option<usize>,
    pub(crate) lessons: Vec<&'static Lesson>,
    pub(crate) sizes: Sizes,
    /// How long one page may take.
    pub(crate) timeout: Duration,
    /// The numbers of workers to sweep over, in order.
    pub(crate) sweep: Vec<usize>,
    pub(crate) out: Option<PathBuf>,
    /// How long one run of a lesson may take.
    pub(crate) limit: Duration,
}

impl Arguments {
    /// Reads the arguments of this process; ends it where they are wrong or ask for help.
    pub(crate) fn read() -> Self {
        let mut command = command();
        let mut matches = command.get_matches_mut();
        let repeat: usize = *matches.get_one("repeat").expect("it has a default");
        let pages = PRACTICE_PAGES.len() * repeat;
        if pages > MOST_ITEMS {
            let error = format!("{pages} pages are too many: a run takes at most {MOST_ITEMS}");
            command.error(clap::error::ErrorKind::ValueValidation, error).exit();
        }
        let only: Vec<&String> = matches.get_many("only").unwrap_or_default().collect();
        let lessons =
            comparable().filter(|it| only.is_empty() || only.iter().any(|name| *name == it.name));
        let mut sweep: Vec<usize> =
            matches.get_many("sweep").unwrap_or_default().copied().collect();
        sweep.sort_unstable();
        sweep.dedup();
        let lessons: Vec<&Lesson> = lessons.collect();
        if !sweep.is_empty() && !lessons.iter().any(|lesson| can_sweep(lesson)) {
            let error = "--sweep runs downloaders that have a limit, and --only names none of them";
            command.error(clap::error::ErrorKind::ArgumentConflict, error).exit();
        }
        let seconds = |name| *matches.get_one::<Duration>(name).expect("it has a default");
        Self {
            runs: matches.get_one("runs").copied(),
            lessons,
            sizes: Sizes {
                pages,
                latency_ms: *matches.get_one("latency").expect("it has a default"),
                number: *matches.get_one("number").expect("it has a default"),
                calls: *matches.get_one("calls").expect("it has a default"),
                workers: matches.get_one("workers").copied(),
            },
            timeout: seconds("timeout"),
            limit: seconds("limit"),
            sweep,
            out: matches.remove_one("out"),
        }
    }
}

/// The lessons that are compared: those that can do the same work.
pub(crate) fn comparable() -> impl Iterator<Item = &'static Lesson> {
    LESSONS.iter().filter(|lesson| matches!(lesson.work, Work::Downloads | Work::Calls))
}

/// Whether it has a number of workers to sweep over.
pub(crate) fn can_sweep(lesson: &Lesson) -> bool {
    lesson.work == Work::Downloads && lesson.workers != Workers::One
}

fn command() -> Command {
    let names: Vec<&str> = comparable().map(|lesson| lesson.name).collect();
    Command::new("compare")
        .about(
            "Runs the lessons side by side and compares them: the same pages and the same numbers \
             for every model",
        )
        .max_term_width(100)
        .args([
            numeric("runs", "N", 1..=1_000usize)
                .help("How often each lesson runs [default: as often as fits in a minute]"),
            Arg::new("only")
                .long("only")
                .value_name("LESSON")
                .num_args(1..)
                .value_delimiter(',')
                .hide_possible_values(true)
                .value_parser(PossibleValuesParser::new(names))
                .help("Only these lessons, such as: --only sync_cpu threaded_cpu"),
            numeric("workers", "N", 1..=MOST_WORKERS)
                .help("The same limit for every model [default: that of each lesson]"),
            options::repeat().default_value("40"),
            options::latency(),
            options::timeout(),
            options::number().default_value("33"),
            options::calls(),
            Arg::new("sweep")
                .long("sweep")
                .value_name("N,N,...")
                .allow_negative_numbers(true)
                .value_delimiter(',')
                .value_parser(whole_number(1..=MOST_WORKERS))
                .help("Run threads, processes and async with each of these numbers of workers too"),
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Write report.html, results.json, results.csv and results.md there"),
            options::in_seconds("limit", "120").help("How long one run of a lesson may take"),
        ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command().debug_assert();
    }
}
