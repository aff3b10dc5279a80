//! A conversation with gdb, as a page shows it.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::Program;
use crate::root;

const PROMPT: &str = "(gdb) ";

/// gdb has answered when its prompt is there and nothing has followed for so long: other threads stop a little later.
const QUIET: Duration = Duration::from_millis(700);

/// A command that has no answer by then has none.
const LIMIT: Duration = Duration::from_secs(60);

/// Types the commands that a page shows, and returns them with gdb's answers. `None` where there is no gdb.
///
/// # Errors
/// When the program cannot be built, or gdb does not answer.
pub fn session(program: &Program, shown: &str) -> io::Result<Option<String>> {
    if Command::new("gdb").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Ok(None);
    }
    let built = program.for_stepping()?;
    let mut gdb = Command::new("rust-gdb");
    gdb.args(["-q", "-nx", "-x", "scripts/debugger.gdb", "-ex", "set width 0", "--args"]);
    gdb.arg(built).args(&program.arguments).current_dir(root());
    gdb.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut gdb = gdb.spawn()?;
    let (mut typed, output) = gdb.stdin.take().zip(gdb.stdout.take()).expect("both are piped");
    let (said, hears) = mpsc::channel();
    thread::spawn(move || {
        let mut output = output;
        let mut some = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut some) {
            if said.send(some[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut session = String::new();
    let mut talk = || -> io::Result<()> {
        answer(&hears)?;
        for command in commands(shown) {
            typed.write_all(format!("{command}\n").as_bytes())?;
            session += &format!("{PROMPT}{command}\n{}", plain(&answer(&hears)?));
        }
        Ok(())
    };
    let talked = talk();
    typed.write_all(b"kill\nquit\n")?;
    drop(typed);
    gdb.wait()?;
    talked.map(|()| Some(session))
}

/// The commands of a conversation.
fn commands(shown: &str) -> impl Iterator<Item = &str> {
    shown.lines().filter_map(|line| line.strip_prefix(PROMPT))
}

/// Everything up to the next prompt, and what follows it at once.
fn answer(hears: &Receiver<Vec<u8>>) -> io::Result<String> {
    let start = Instant::now();
    let mut said = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&said);
        match hears.recv_timeout(QUIET) {
            Ok(more) => said.extend(more),
            Err(RecvTimeoutError::Timeout) if text.contains(PROMPT) => return Ok(text.into()),
            Err(RecvTimeoutError::Timeout) if start.elapsed() < LIMIT => {}
            Err(_) => return Err(io::Error::other(format!("gdb does not answer:\n{text}"))),
        }
    }
}

/// An answer without the prompt, empty lines, and lines that say where things are on this machine.
fn plain(answer: &str) -> String {
    let answer = answer.replace(PROMPT, "");
    let is_of_machine = |line: &&str| {
        let beginnings = ["Starting program: ", "[Thread debugging using ", "Using host libthread"];
        line.trim().is_empty() || beginnings.iter().any(|it| line.starts_with(it))
    };
    let lines = answer.lines().filter(|line| !is_of_machine(line));
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_kept_and_the_machine_is_left_out() {
        let shown = "```text\n(gdb) run\nThread 1 hit\n(gdb) print a\n$1 = 2\n```\n";
        assert_eq!(commands(shown).collect::<Vec<_>>(), ["run", "print a"]);
        assert_eq!(plain("Starting program: /x\n\nThread 1 hit\n(gdb) "), "Thread 1 hit\n");
    }
}
