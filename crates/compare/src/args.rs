//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
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
    /// The sizes that were given, each with its option's name: for lessons that have sizes of their own.
    pub(crate) given: Vec<(&'static str, String)>,
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
        let further = matches.get_flag("further");
        let lessons = comparable().filter(|lesson| match only.as_slice() {
            [] => further || !lesson.is_further,
            only => only.iter().any(|name| *name == lesson.name),
        });
        let mut sweep: Vec<usize> =
            matches.get_many("sweep").unwrap_or_default().copied().collect();
        sweep.sort_unstable();
        sweep.dedup();
        let lessons: Vec<&Lesson> = lessons.collect();
        if !sweep.is_empty() && !lessons.iter().any(|lesson| can_sweep(lesson)) {
            let error = "--sweep runs those of the nine's downloaders that have a limit, and --only names none of \
                         them";
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
            given: given(&matches),
            timeout: seconds("timeout"),
            limit: seconds("limit"),
            sweep,
            out: matches.remove_one("out"),
        }
    }
}

/// The options that give sizes.
const SIZES: [&str; 6] = ["repeat", "latency", "timeout", "number", "calls", "workers"];

/// The sizes that stand on the command line, as they were typed.
fn given(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    let is_given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let typed = |name: &'static str| {
        let value = matches.get_raw(name)?.next()?;
        Some((name, value.to_str()?.to_string()))
    };
    SIZES.into_iter().filter(|name| is_given(name)).filter_map(typed).collect()
}

/// Whether a lesson has the option of that name.
pub(crate) fn takes(lesson: &Lesson, option: &str) -> bool {
    match option {
        "repeat" | "latency" | "timeout" => lesson.does(Work::Downloads),
        "number" => lesson.does(Work::Calls),
        "calls" => lesson.does(Work::Calls) && !lesson.calls_for_each_page(),
        "pictures" => lesson.does(Work::Pictures),
        "workers" => !matches!(lesson.workers, Workers::One | Workers::OneEach),
        _ => false,
    }
}

/// The lessons that are compared: those that do the same work as others, or have parts that do.
fn comparable() -> impl Iterator<Item = &'static Lesson> {
    LESSONS.iter().filter(|lesson| {
        !lesson.parts.is_empty() || matches!(lesson.work, Work::Downloads | Work::Calls)
    })
}

/// Whether it has a number of workers to sweep over. The further ones show something else.
pub(crate) fn can_sweep(lesson: &Lesson) -> bool {
    lesson.work == Work::Downloads && takes(lesson, "workers") && !lesson.is_further
}

fn command() -> Command {
    let names: Vec<&str> = comparable().map(|lesson| lesson.name).collect();
    Command::new("compare")
        .about(
            "Runs the lessons side by side and compares them: the same pages and the same numbers \
             for every model",
        )
        .after_help(
            "Further lessons that compare parts of their own run do so at their own sizes, unless a size is \
             given here.",
        )
        .max_term_width(100)
        .args([
            numeric("runs", "N", 1..=1_000usize)
                .help(
                "How often each lesson runs [default: as often as fits in a minute; in two with further \
                 lessons]",
            ),
            Arg::new("further")
                .long("further")
                .action(ArgAction::SetTrue)
                .help("Run the further lessons too; this may take longer than a minute"),
            Arg::new("only")
                .long("only")
                .value_name("LESSON")
                .num_args(1..)
                .value_delimiter(',')
                .hide_possible_values(true)
                .value_parser(PossibleValuesParser::new(names))
                .help(
                    "Only these lessons, of the nine or further, such as: --only sync_cpu threaded_cpu",
                ),
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
                .help("Run the nine's threads, processes and async with each of these numbers of workers too"),
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
