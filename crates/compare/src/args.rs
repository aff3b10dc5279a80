//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use common::PRACTICE_PAGES;
use course::Found;
use harness::options::{MOST_ITEMS, MOST_WORKERS, in_seconds, numeric, whole_number};

use crate::results::Sizes;

/// What to compare, and how.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// How many times each lesson runs; `None`: as many as fit.
    pub(crate) runs: Option<usize>,
    /// Only the lessons of these names; if it is empty, all,
    pub(crate) only: Vec<String>,
    /// including the further ones if this is set.
    pub(crate) further: bool,
    /// The Pythons that run the originals beside them.
    pub(crate) python: Vec<String>,
    /// Programs of the workspace that are no lessons, by their sources or packages.
    pub(crate) with: Vec<String>,
    /// Commands of others, in words; `{site}` stands for the site.
    pub(crate) commands: Vec<Vec<String>>,
    pub(crate) sizes: Sizes,
    /// The options for sizes that were given on the command line: for lessons with their own sizes.
    pub(crate) given: Vec<&'static str>,
    /// How long one page may take.
    pub(crate) timeout: Duration,
    /// The numbers of workers to sweep over, in order.
    pub(crate) sweep: Vec<usize>,
    pub(crate) out: Option<PathBuf>,
    /// The assignment to judge a program by, in place of a comparison.
    pub(crate) check: Option<PathBuf>,
    /// Print the judgement as JSON.
    pub(crate) json: bool,
    /// How long one run of a lesson may take.
    pub(crate) limit: Duration,
}

/// The options that an assignment fixes, or that compare several programs.
const NOT_WITH_CHECK: [&str; 14] = [
    "runs", "further", "python", "command", "only", "workers", "repeat", "latency", "timeout",
    "number", "calls", "sweep", "out", "limit",
];

/// The options that give sizes.
const SIZES: [&str; 6] = ["repeat", "latency", "timeout", "number", "calls", "workers"];

impl Arguments {
    /// Reads the arguments of this process, and ends it if they are wrong or ask for help. `--only` accepts the
    /// names of these lessons, or any name if none was found.
    pub(crate) fn read(found: &'static [Found]) -> Self {
        Self::from_matches(command(found).get_matches()).unwrap_or_else(|why| refuse(why))
    }

    /// The arguments with these options, by their names without dashes, and with the defaults of all others.
    ///
    /// # Errors
    /// A sentence about the first that is wrong.
    pub(crate) fn of_options(options: &[(&str, String)]) -> Result<Self, String> {
        let words = options.iter().map(|(name, value)| format!("--{name}={value}"));
        let words = ["compare".into()].into_iter().chain(words);
        let sentence = |error: clap::Error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        };
        Self::from_matches(command(&[]).try_get_matches_from(words).map_err(sentence)?)
    }

    fn from_matches(mut matches: ArgMatches) -> Result<Self, String> {
        let repeat: usize = *matches.get_one("repeat").expect("it has a default");
        let pages = PRACTICE_PAGES.len() * repeat;
        if pages > MOST_ITEMS {
            return Err(format!("{pages} pages are too many: a run takes at most {MOST_ITEMS}"));
        }
        let mut sweep: Vec<usize> =
            matches.get_many("sweep").unwrap_or_default().copied().collect();
        sweep.sort_unstable();
        sweep.dedup();
        let is_given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
        let seconds = |name| *matches.get_one::<Duration>(name).expect("it has a default");
        let texts = |name| matches.get_many::<String>(name).unwrap_or_default().cloned();
        // A backslash is a part of a path there.
        let quoted = |command: &str| match cfg!(windows) {
            true => command.replace('\\', r"\\"),
            false => command.into(),
        };
        let words = |command: String| match shlex::split(&quoted(&command)) {
            Some(words) if !words.is_empty() => Ok(words),
            _ => Err(format!("this is no command: {command:?}")),
        };
        let commands = texts("command").map(words).collect::<Result<_, String>>()?;
        let with: Vec<String> = texts("with").collect();
        if matches.contains_id("check") && with.len() > 1 {
            return Err("--check judges one program: --with names it".into());
        }
        let python: Vec<String> = matches.get_many("python").unwrap_or_default().cloned().collect();
        // A call takes about 45 times as long in Python.
        let (number, calls) = if python.is_empty() { (33, 20) } else { (30, 12) };
        let number =
            matches.get_one("number").copied().filter(|_| is_given("number")).unwrap_or(number);
        let calls =
            matches.get_one("calls").copied().filter(|_| is_given("calls")).unwrap_or(calls);
        Ok(Self {
            runs: matches.get_one("runs").copied(),
            only: matches.get_many("only").unwrap_or_default().cloned().collect(),
            further: matches.get_flag("further"),
            python,
            with,
            commands,
            sizes: Sizes {
                pages,
                latency_ms: *matches.get_one("latency").expect("it has a default"),
                number,
                calls,
                workers: matches.get_one("workers").copied(),
            },
            given: SIZES.into_iter().filter(|name| is_given(name)).collect(),
            timeout: seconds("timeout"),
            limit: seconds("limit"),
            sweep,
            out: matches.remove_one("out"),
            check: matches.remove_one("check"),
            json: matches.get_flag("json"),
        })
    }
}

/// Prints a sentence about arguments that do not fit together, and ends the process with status 2.
pub(crate) fn refuse(sentence: String) -> ! {
    command(&[]).error(ErrorKind::ValueValidation, sentence).exit()
}

fn command(found: &'static [Found]) -> Command {
    let names: Vec<&str> = found.iter().map(|lesson| lesson.name.as_str()).collect();
    let example = match names.as_slice() {
        [one, other, ..] => format!(", such as: --only {one} {other}"),
        _ => String::new(),
    };
    let name: ValueParser = match found {
        [] => value_parser!(String),
        _ => PossibleValuesParser::new(names).into(),
    };
    let command = Command::new("compare")
        .about(
            "Runs the lessons side by side and compares them: the same pages and the same numbers \
             for every model",
        )
        .after_help(
            "Further lessons that compare sections of their own run keep their own sizes, unless an option here \
             sets one.",
        )
        .args([
            numeric("runs", "N", 1..=1_000usize)
                .help(
                "How many times each lesson runs [default: as many as fit in a minute; in two with \
                 --further]",
            ),
            Arg::new("further")
                .long("further")
                .action(ArgAction::SetTrue)
                .help("Run the further lessons too; this may take longer than a minute"),
            Arg::new("python")
                .long("python")
                .value_name("PROGRAM")
                .num_args(0..=1)
                .default_missing_value("python3")
                .action(ArgAction::Append)
                .help(
                    "Run the Python originals beside the lessons, with python3 or with this Python (repeat the \
                     option for several); the defaults of --number and --calls are then 30 and 12",
                ),
            Arg::new("with")
                .long("with")
                .value_name("PROGRAM")
                .action(ArgAction::Append)
                .help(
                    "Compare a program of your own, too: the file of an example, or a package, of this workspace \
                     that starts as the lessons do (again for several)",
                ),
            Arg::new("command")
                .long("command")
                .value_name("COMMAND")
                .action(ArgAction::Append)
                .help(
                    "Compare any command as a whole, in any language: 'python3 mine.py {pages}'. {pages} stands for \
                     the addresses of all pages, {site} for that of the practice site (again for several)",
                ),
            Arg::new("only")
                .long("only")
                .value_name("LESSON")
                .num_args(1..)
                .value_delimiter(',')
                .hide_possible_values(true)
                .value_parser(name)
                .help(format!("Only these lessons, of the nine or further{example}")),
            numeric("workers", "N", 1..=MOST_WORKERS)
                .help("The same limit for every model [default: that of each lesson]"),
            downloads::repeat().default_value("40"),
            downloads::latency(),
            downloads::timeout(),
            calls::number().default_value("33"),
            calls::calls(),
            Arg::new("sweep")
                .long("sweep")
                .value_name("N,N,...")
                .allow_negative_numbers(true)
                .value_delimiter(',')
                .value_parser(whole_number(1..=MOST_WORKERS))
                .help("Also run the downloaders with threads, processes and async with each of these numbers of workers"),
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Write report.html, results.json, results.csv and results.md there"),
            Arg::new("check")
                .long("check")
                .value_name("ASSIGNMENT")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with_all(NOT_WITH_CHECK)
                .help(
                    "Judge one program by the rules of an assignment, a file of a few lines: that which it names, or \
                     that of --with",
                ),
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .requires("check")
                .help("With --check: print the result as JSON, for an autograder, and the sentences to stderr"),
            in_seconds("limit").default_value("120").help("Time limit for one run of a lesson"),
        ]);
    harness::with_help_that_fits(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command(&[]).debug_assert();
    }
}
