//! A student's side: to join a class and to leave it.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use classroom::{JOIN, Membership, Message, Outcome, Place, Site, Unreachable, line_of, post};
use harness::Beside;

use crate::nicknames;

/// A board that does not answer within this time is out of reach. Windows asks three times, for two seconds, before it says
/// that nothing listens.
const PATIENCE: Duration = Duration::from_secs(if cfg!(windows) { 3 } else { 2 });

/// Joins the class at this address, or one without a network.
pub(crate) fn join(address: Option<&str>) -> Result<(), String> {
    let file = class_file()?;
    let known = Membership::load(&file);
    let joined = match address {
        Some(address) => with_board(&Site::read(address)?, known.as_ref())?,
        None => match known {
            Some(known @ Membership { place: Place::File(_), .. }) => known,
            _ => with_file(&file),
        },
    };
    // A lesson may read it at this moment.
    let written = joined.to_text().and_then(|text| Beside::write(&file, text)?.place());
    written.map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    // The class is joined even if this is not read.
    let _ = welcome(&joined);
    Ok(())
}

/// Asks the board for a nickname: the old one, if it is the same board.
fn with_board(site: &Site, known: Option<&Membership>) -> Result<Membership, String> {
    let token = match known.map(|known| &known.place) {
        Some(Place::Board(board, token)) if board == site => token.as_str(),
        _ => "",
    };
    let answer =
        post(site, JOIN, token, "", PATIENCE).map_err(|error| out_of_reach(site, &error))?;
    let student = classroom::student(&answer.body).filter(|_| answer.status == 200);
    match (student, answer.status) {
        (Some((nickname, token)), _) => {
            Ok(Membership { nickname, place: Place::Board(site.clone(), token), shown: false })
        }
        (None, 429) => Err("too many join at this moment: try again in a few seconds".into()),
        (None, 503) => Err(format!("the class at {site} is full")),
        (None, status) => Err(format!(
            "there is a site at {site}, but no class's (it answered with status {status}): the instructor starts one with `cargo \
             run -p class`"
        )),
    }
}

/// A class without a network: its file is beside the one that remembers it.
fn with_file(class: &Path) -> Membership {
    let nickname = nicknames::random();
    let file = class.with_file_name(format!("class-{}.jsonl", nickname.replace(' ', "-")));
    Membership { nickname, place: Place::File(file), shown: false }
}

/// Leaves the class.
pub(crate) fn leave() -> Result<(), String> {
    let file = class_file()?;
    let said = match fs::remove_file(&file) {
        Ok(()) => "You have left the class: nothing is sent any more.",
        Err(error) if error.kind() == ErrorKind::NotFound => {
            "You are in no class: nothing is sent."
        }
        Err(error) => return Err(format!("{} cannot be removed: {error}", file.display())),
    };
    let _ = writeln!(io::stdout(), "{said}");
    Ok(())
}

fn class_file() -> Result<PathBuf, String> {
    classroom::file().ok_or_else(|| "start this in the folder of the course".into())
}

fn welcome(joined: &Membership) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let nickname = &joined.nickname;
    let example = Message {
        program: "LESSON".into(),
        model: "threads".into(),
        kind: "page".into(),
        computes: false,
        items: 160,
        sections: 0,
        workers: 5,
        cores: harness::cores() as u64,
        options: "--workers 5".into(),
        guess: Some(2.0),
        outcome: Some(Outcome { seconds: 1.69, done: 160, interrupted: false }),
    };
    match &joined.place {
        Place::Board(site, _) => {
            writeln!(
                out,
                "You are {nickname} in the class at {site}. From now on, each lesson sends the board two messages: one before its \
                 clock starts, and one after its last line, such as\n\n    {}\n\nNo name and no address is in them. The board \
                 shows them under your nickname: {site}/class",
                example.to_json()
            )?;
        }
        Place::File(file) => {
            writeln!(
                out,
                "You are {nickname} in a class without a network. From now on, each lesson appends lines to the file {}, such \
                 as\n\n    {}\nGive the file to your instructor at the end.",
                file.display(),
                line_of(nickname, &example)
            )?;
        }
    }
    writeln!(
        out,
        "\nTry: cargo run -p LESSON -- --guess 2      (your guess, in seconds)\nTo leave the class: cargo run -p class -- leave"
    )
}

/// Why the board is out of reach, and what to do.
fn out_of_reach(site: &Site, error: &Unreachable) -> String {
    let what = match error {
        Unreachable::Refused => {
            "nothing listens there. Does the instructor's program still run? Is the port the one on the board?"
        }
        Unreachable::TimedOut => {
            "no answer in time. If the address is right, something drops the request on its way: a firewall on the \
             instructor's machine (let it accept connections to this port), or a network that keeps its guests apart (use another \
             one, such as a phone's hotspot)."
        }
        Unreachable::Unknown(_) => {
            "no machine has that address in your network. Are you in the same network as the instructor, and is the address right?"
        }
        Unreachable::Failed(error) => {
            return format!("no class at {site}: {error}. Is the address right?");
        }
    };
    format!("no class at {site}: {what} Without a network: cargo run -p class -- join")
}
