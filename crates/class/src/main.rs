//! The class: one practice site with a board that shows the guesses and times of the whole room.
//!
//! ```text
//! cargo run -p class                                  the instructor's: the site and the board
//! cargo run -p class -- join 192.168.1.5:8000         a student's, once
//! cargo run -p class -- leave                         nothing is sent any more
//! cargo run -p class -- page FOLDER                   the board's page from files, without a network
//! cargo run -p class -- ready                         before class: is everything there?
//! ```

mod board;
mod files;
mod nicknames;
mod ready;
mod routes;
mod serve;
mod student;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, Command, value_parser};
use harness::options::bind;

fn main() -> ExitCode {
    let matches = harness::with_help_that_fits(command()).get_matches();
    let done = match matches.subcommand() {
        None => serve::serve(&matches),
        Some(("join", arguments)) => {
            student::join(arguments.get_one::<String>("ADDRESS").map(String::as_str))
        }
        Some(("leave", _)) => student::leave(),
        Some(("page", arguments)) => {
            let path = |name| arguments.get_one::<PathBuf>(name).cloned().unwrap_or_default();
            files::page(&path("FOLDER"), &path("out"))
        }
        Some(_) => ready::ready(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "error: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("class")
        .about(
            "A practice site for a whole class, with a board of its guesses and times.\n\nWithout a command, it starts the site \
             and the board on this machine.",
        )
        .args_conflicts_with_subcommands(true)
        .args(practice_site::options())
        .args([
            bind("The address to listen on; 0.0.0.0 means all addresses of this machine")
                .default_value("0.0.0.0"),
            Arg::new("save")
                .long("save")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Append what the board receives to this file, for `page`; otherwise it is kept in memory only"),
        ])
        .subcommand(
            Command::new("join")
                .about("Join a class: from then on, each lesson tells its board how long it took. Without an address, it tells a file")
                .arg(Arg::new("ADDRESS").help("The address on the board: 192.168.1.5:8000")),
        )
        .subcommand(
            Command::new("leave").about("Leave the class: nothing is sent any more"),
        )
        .subcommand(
            Command::new("page")
                .about("Make the board's page from a folder with the files of students (class-NICKNAME.jsonl)")
                .args([
                    Arg::new("FOLDER").required(true).value_parser(value_parser!(PathBuf)),
                    Arg::new("out")
                        .long("out")
                        .value_name("FILE")
                        .default_value("class.html")
                        .value_parser(value_parser!(PathBuf))
                        .help("The page"),
                ]),
        )
        .subcommand(
            Command::new("ready")
                .about("Before class: build everything, and try a run without a network and a port"),
        )
}
