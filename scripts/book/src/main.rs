//! Renews the outputs of lessons in the tutorial and the README: `cargo run -p book` runs them all, which takes about a minute.

use std::io::{self, Write};
use std::process::ExitCode;

use book::Extent;
use clap::{Arg, ArgAction, Command};

fn main() -> ExitCode {
    let command = Command::new("book")
        .about(
            "Renews the outputs, diffs and timing diagrams in tutorial/src, and the lists of lessons there and in the README, \
             from real runs of the lessons on this machine",
        )
        .arg(
            Arg::new("page")
                .value_name("PAGE")
                .num_args(0..)
                .help("Only these pages, as `glossary` or `README` [default: all]"),
        )
        .arg(
            Arg::new("diffs")
                .long("diffs")
                .action(ArgAction::SetTrue)
                .help("Only what needs no run: listings, diffs and theme/runs.js, for a change of code that leaves its output as it was"),
        )
        .arg(
            Arg::new("lists")
                .long("lists")
                .action(ArgAction::SetTrue)
                .conflicts_with("diffs")
                .help("Only the lists of lessons in the README and the contents: for a new lesson"),
        )
        .arg(
            Arg::new("check")
                .long("check")
                .action(ArgAction::SetTrue)
                .help("Change nothing; list what is wrong in the book, and how many words each page has"),
        );
    let matches = harness::with_help_that_fits(command).get_matches();
    let names: Vec<&String> = matches.get_many("page").unwrap_or_default().collect();
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| *wanted == name);
    let done = if matches.get_flag("check") {
        check(is_wanted)
    } else {
        let extent = match () {
            () if matches.get_flag("diffs") => Extent::Diffs,
            () if matches.get_flag("lists") => Extent::Lists,
            () => Extent::All,
        };
        let report = |what: &str| _ = writeln!(io::stderr(), "{what}");
        book::renew(extent, is_wanted, report).map(|()| true)
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the words of each page and all problems; returns whether there are none.
fn check(is_wanted: impl Fn(&str) -> bool) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    for page in book::pages()?.iter().filter(|page| is_wanted(&page.name)) {
        writeln!(stdout, "{:5} words  {}", book::words(&page.text), page.name)?;
    }
    let problems = book::problems()?;
    for problem in &problems {
        writeln!(stdout, "{problem}")?;
    }
    Ok(problems.is_empty())
}
