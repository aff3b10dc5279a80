//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, value_parser};
use common::options::{self, MOST_ITEMS, MOST_WORKERS, numeric, whole_number};
use common::{LESSONS, Lesson, PRACTICE_PAGES, Work};

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
        let seconds = |name| *matches.get_one::<Duration>(name).expect("it has a default");
        Self {
            runs: matches.get_one("runs").copied(),
            lessons: lessons.collect(),
            sizes: Sizes {
                pages,
                latency_ms: *matches.get_one("latency").expect("it has a default"),
                number: *matches.get_one("number").expect("it has a default"),
                calls: *matches.get_one("calls").expect("it has a default"),
                workers: matches.get_one("workers").copied(),
            },
            timeout: seconds("timeout"),
            limit: seconds("limit"),
            sweep: matches.get_one("sweep").cloned().unwrap_or_default(),
            out: matches.remove_one("out"),
        }
    }
}

/// The lessons that are compared: those that can do the same work.
pub(crate) fn comparable() -> impl Iterator<Item = &'static Lesson> {
    LESSONS.iter().filter(|lesson| matches!(lesson.work, Work::Downloads | Work::Calls))
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
            numeric("runs", "N", "", 1..=1_000usize)
                .default_value(None)
                .help("How often each lesson runs [default: as often as fits in a minute]"),
            Arg::new("only")
                .long("only")
                .value_name("LESSON")
                .num_args(1..)
                .value_delimiter(',')
                .hide_possible_values(true)
                .value_parser(PossibleValuesParser::new(names))
                .help("Only these lessons, such as: --only sync_cpu threaded_cpu"),
            numeric("workers", "N", "", 1..=MOST_WORKERS)
                .default_value(None)
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
                .value_parser(sweep)
                .help("Run threads, processes and async with each of these numbers of workers too"),
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Write report.html, results.json, results.csv and results.md there"),
            options::in_seconds("limit", "120").help("How long one run of a lesson may take"),
        ])
}

/// Numbers of workers, each once and in order.
fn sweep(text: &str) -> Result<Vec<usize>, String> {
    use clap::builder::TypedValueParser;
    let number = whole_number(1..=MOST_WORKERS);
    let parse = |text: &str| number.parse_ref(&command(), None, text.trim().as_ref());
    let numbers: Result<Vec<usize>, _> = text.split(',').map(parse).collect();
    let mut numbers = numbers.map_err(|_| {
        format!("it takes whole numbers from 1 to {MOST_WORKERS}, such as 1,2,5,10")
    })?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_sweep_is_in_order_and_each_number_is_there_once() {
        assert_eq!(sweep("10, 1,5,10"), Ok(vec![1, 5, 10]));
        for wrong in ["", "0", "1,,2", "1;2", "-1", "1001", "1,x"] {
            assert!(sweep(wrong).is_err(), "{wrong}");
        }
    }
}
