//! Runs the lessons side by side and compares them fairly: the same pages and the same numbers for
//! every model, at stated limits, with ranges.
//!
//! ```text
//! cargo run -p compare
//! cargo run -p compare -- --workers 10
//! cargo run -p compare -- --further
//! cargo run -p compare -- --python
//! cargo run -p compare -- --with crates/lessons/LESSON/examples/mine.rs
//! cargo run -p compare -- --command 'python3 mine.py {pages}'
//! cargo run -p compare -- --check crates/lessons/LESSON/assignments/NAME.toml
//! cargo run -p compare -- --sweep 1,2,5,10,20,40,80,160 --out report
//! ```

mod args;
mod assignment;
mod bench;
mod check;
mod checks;
mod evidence;
mod files;
mod glance;
mod html;
mod kinds;
mod lessons;
mod machine;
mod process;
mod python;
mod results;
mod rounds;
#[cfg(test)]
mod sample;
mod samples;
mod sweep;
mod tables;
mod whole;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use args::Arguments;
use console::Term;
use course::Found;
use files::Folder;
use results::Results;

fn main() -> ExitCode {
    // This program is the practice site as well: as the site it never returns from here.
    practice_site::be_the_site_if_asked();
    let found = course::root().and_then(|root| course::find(&root));
    let found = found.map(|lessons| &*lessons.leak()); // they are there as long as the program
    let args = Arguments::read(found.as_ref().copied().unwrap_or_default());
    match found.and_then(|found| run(&args, found)) {
        Ok(status) => status,
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "error: {sentence}");
            ExitCode::from(if harness::interrupted() { harness::INTERRUPTED } else { 1 })
        }
    }
}

/// Measures, prints, and writes the files; an error is a sentence for the user.
fn run(args: &Arguments, found: &'static [Found]) -> Result<ExitCode, String> {
    harness::listen_for_ctrl_c().map_err(|error| format!("no handler for Ctrl-C: {error}"))?;
    if let Some(file) = &args.check {
        return check::run(args, file);
    }
    // A folder that cannot be used is reported now, not after a minute.
    let folder = args.out.as_deref().map(Folder::make).transpose()?;
    let compared = lessons::select(args, found)?;
    let results = rounds::measure(args, compared)?;
    let rows = Term::stdout().size_checked().map(|(rows, _)| rows.into());
    let printed = write!(io::stdout(), "{}", tables::text(&results, harness::look(120), rows));
    // A comparison that was interrupted before it measured anything must not replace an earlier report.
    let has_measured = results.rows.iter().any(|row| !row.samples.is_empty());
    if let Some(folder) = folder.filter(|_| has_measured || !results.interrupted) {
        folder.write(&results)?;
    }
    match printed {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(ExitCode::from(harness::PIPE_CLOSED))
        }
        Err(error) => Err(format!("the output cannot be written: {error}")),
        Ok(()) => Ok(status(&results)),
    }
}

fn status(results: &Results) -> ExitCode {
    if results.interrupted {
        ExitCode::from(harness::INTERRUPTED)
    } else if results.is_fine() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
