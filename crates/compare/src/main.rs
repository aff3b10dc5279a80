//! Runs the lessons side by side and compares them fairly: the same pages and the same numbers for
//! every model, at stated limits, with ranges.
//!
//! ```text
//! cargo run -p compare
//! cargo run -p compare -- --workers 10
//! cargo run -p compare -- --further
//! cargo run -p compare -- --sweep 1,2,5,10,20,40,80,160 --out report
//! ```

mod args;
mod files;
mod html;
mod lesson;
mod machine;
mod programs;
mod results;
mod session;
mod sweep;
mod tables;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use args::Arguments;
use results::Results;

fn main() -> ExitCode {
    // This program is the practice site as well: there it starts here, and does not come back.
    practice_site::be_the_site_if_asked();
    match run(&Arguments::read()) {
        Ok(status) => status,
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "error: {sentence}");
            ExitCode::from(if common::interrupted() { common::INTERRUPTED } else { 1 })
        }
    }
}

/// Measures, prints, and writes the files; an error is a sentence that says why nothing can be done.
fn run(args: &Arguments) -> Result<ExitCode, String> {
    common::listen_for_ctrl_c().map_err(|error| format!("no handler for Ctrl-C: {error}"))?;
    if let Some(folder) = &args.out {
        files::make_folder(folder)?; // better told now than after a minute
    }
    let programs = programs::build(args)?;
    let results = session::measure(args, &programs)?;
    let printed = write!(io::stdout(), "{}", tables::text(&results, common::look(120)));
    if let Some(folder) = &args.out {
        files::write(folder, &results)?;
    }
    match printed {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(ExitCode::from(common::PIPE_CLOSED))
        }
        Err(error) => Err(format!("the output cannot be written: {error}")),
        Ok(()) => Ok(status(&results)),
    }
}

fn status(results: &Results) -> ExitCode {
    if results.interrupted {
        ExitCode::from(common::INTERRUPTED)
    } else if results.is_fine() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
