//! Be the scheduler, in a terminal: press the key of the thread that goes next.
//!
//! ```text
//! cargo run -p scheduler
//! cargo run -p scheduler -- --step lost_update
//! ```

mod play;

use std::io::{self, ErrorKind, IsTerminal, Read, Write};
#[cfg(unix)]
use std::process;
use std::process::ExitCode;
use std::str;

use clap::{Arg, Command};
use console::{Key, Term};
#[cfg(unix)]
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use play::{Play, Press};
use scheduler::{Graph, Puzzle};

fn main() -> ExitCode {
    let command = Command::new("scheduler")
        .about("Puzzles in which you decide which thread goes next. Without an option, it lists them")
        .arg(
            Arg::new("step")
                .long("step")
                .value_name("NAME")
                .help("Play this puzzle: a letter is the thread that takes its next step, u undoes, r begins again, q quits"),
        );
    let matches = harness::with_help_that_fits(command).get_matches();
    let puzzles = course::root().and_then(|root| scheduler::find(&root));
    let played = puzzles.and_then(|puzzles| {
        let Some(name) = matches.get_one::<String>("step") else { return Ok(list(&puzzles)) };
        let puzzle = puzzles.iter().find(|puzzle| puzzle.name == *name);
        let names: Vec<&str> = puzzles.iter().map(|puzzle| puzzle.name.as_str()).collect();
        let puzzle = puzzle
            .ok_or_else(|| format!("there is no puzzle {name}; there are {}", names.join(", ")))?;
        Ok(step(puzzle))
    });
    match played {
        Ok(Ok(status)) => status,
        Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => {
            ExitCode::from(harness::PIPE_CLOSED)
        }
        Ok(Err(error)) => fail(&error.to_string()),
        Err(sentence) => fail(&sentence),
    }
}

fn fail(sentence: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {sentence}");
    ExitCode::FAILURE
}

fn list(puzzles: &[Puzzle]) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let width = puzzles.iter().map(|puzzle| puzzle.name.len()).max().unwrap_or_default();
    for puzzle in puzzles {
        writeln!(out, "{:width$}  {}", puzzle.name, puzzle.title)?;
    }
    writeln!(out, "\nPlay one with: cargo run -p scheduler -- --step NAME")?;
    Ok(ExitCode::SUCCESS)
}

/// Plays a puzzle until its player or the input ends it.
fn step(puzzle: &Puzzle) -> io::Result<ExitCode> {
    let graph = Graph::new(puzzle);
    let look = harness::look(100);
    let mut play = Play::new(puzzle, &graph, look.width);
    let (terminal, mut out) = (Term::stdout(), io::stdout());
    // Where a person sits there, one key at a time, on a board that stays in its place.
    let is_played = io::stdin().is_terminal() && terminal.is_term();
    if is_played {
        restore_at_a_signal();
    }
    write!(out, "{}", play.introduction())?;
    let mut status = ExitCode::SUCCESS;
    loop {
        if is_played && play.has_begun() {
            terminal.clear_screen()?;
            write!(out, "{}", play.introduction())?;
        }
        write!(out, "{}", play.board())?;
        out.flush()?;
        let key = if is_played { key(&terminal)? } else { piped()? };
        match play.press(key) {
            Press::GoOn => {}
            Press::Quit => break,
            Press::Interrupted => {
                status = ExitCode::from(harness::INTERRUPTED);
                break;
            }
        }
    }
    write!(out, "\n{}", play.conclusion())?;
    Ok(status)
}

/// While the program waits for a key, the terminal echoes nothing. A signal that ends the program (`kill`, a closed window)
/// sets the terminal back first.
fn restore_at_a_signal() {
    #[cfg(unix)]
    if let Ok(before) = tcgetattr(io::stdin()) {
        // Without a handler, everything else works.
        let _ = ctrlc::set_handler(move || {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &before);
            process::exit(harness::INTERRUPTED.into());
        });
    }
}

/// The next key that is pressed, as a character: Ctrl-C and Ctrl-D as terminals encode them.
fn key(terminal: &Term) -> io::Result<Option<char>> {
    loop {
        match terminal.read_key_raw() {
            Ok(Key::Char(letter)) if play::is_key(letter) => return Ok(Some(letter)),
            Ok(Key::CtrlC) => return Ok(Some(play::CTRL_C)),
            Ok(Key::Backspace) => return Ok(Some('u')),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Some(play::CTRL_C)),
            Err(_) => return Ok(None), // the terminal is gone
        }
    }
}

/// The next character of the input that is a key; `None` at its end.
fn piped() -> io::Result<Option<char>> {
    let mut input = io::stdin().lock();
    let mut bytes = Vec::new();
    while input.by_ref().take(1).read_to_end(&mut bytes)? > 0 {
        let is_in_part = str::from_utf8(&bytes).is_err_and(|why| why.error_len().is_none());
        if is_in_part {
            continue;
        }
        let letter = String::from_utf8_lossy(&bytes).chars().next();
        if letter.is_some_and(play::is_key) {
            return Ok(letter);
        }
        bytes.clear();
    }
    Ok(None)
}
