//! Programs in a debugger.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// What gdb prints where it waits for a command.
pub const PROMPT: &str = "(gdb) ";

/// gdb has answered when its prompt is there and nothing has followed for this long: other threads stop a little later.
const QUIET: Duration = Duration::from_secs(1);

/// A command without an answer after this time has none.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether there is a gdb.
pub fn has_gdb() -> bool {
    Command::new("gdb").arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// Builds programs as `cargo step` does, and returns a folder with some of them (`names`). After that it puts the optimised
/// ones back: other tests run those, and a student may.
///
/// # Errors
/// When they cannot be built.
pub fn for_stepping(
    root: &Path,
    target: &Path,
    build: &[&str],
    names: &[&str],
) -> io::Result<PathBuf> {
    let cargo = |command| {
        let mut cargo = course::inner_cargo(env!("CARGO"));
        cargo.args([command, "--quiet", "--locked", "--target-dir"]).arg(target).args(build);
        let status = cargo.current_dir(root).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{cargo:?} fails"))) }
    };
    let folder = target.join("stepping");
    let keep = |name: &&str| -> io::Result<()> {
        let [from, to] =
            [&target.join("debug"), &folder].map(|folder| course::program(folder, name));
        fs::create_dir_all(to.parent().unwrap_or(&folder))?;
        fs::copy(from, to).map(|_| ())
    };
    let built = cargo("step");
    let kept = names.iter().try_for_each(keep);
    cargo("build")?;
    built.and(kept).map(|()| folder)
}

/// gdb as `cargo gdb` starts it, in the folder of the course.
pub fn gdb(root: &Path) -> Command {
    let mut gdb = Command::new("rust-gdb");
    gdb.args(["-q", "-nx", "-x", "scripts/debugger.gdb", "-ex", "set width 0"]).current_dir(root);
    gdb
}

/// Types commands to gdb, one after another as a student does, and returns the answers.
///
/// # Errors
/// When gdb does not start or does not answer.
pub fn talk<'a>(
    mut gdb: Command,
    program: &Path,
    arguments: &[String],
    commands: impl IntoIterator<Item = &'a str>,
) -> io::Result<Vec<String>> {
    gdb.arg("--args").arg(program).args(arguments);
    // On stderr a program says after a while that nothing happens in it, which is what a debugger does to it.
    let mut gdb = gdb.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (typed, output) = gdb.stdin.take().zip(gdb.stdout.take()).expect("both are piped");
    let (mut typed, mut output) = (typed, output);
    let (says, hears) = mpsc::channel();
    thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut some) {
            if says.send(some[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    let answers = || {
        answer(&hears)?;
        let ask = |command: &str| {
            typed.write_all(format!("{command}\n").as_bytes())?;
            answer(&hears)
        };
        commands.into_iter().map(ask).collect()
    };
    let answers: io::Result<Vec<String>> = answers();
    let _ = typed.write_all(b"quit\n"); // it may have ended
    drop(typed);
    if answers.is_err() {
        gdb.kill()?; // and its program with it
    }
    gdb.wait()?;
    answers
}

/// Everything up to the next prompt, and what follows it at once; without the prompt.
fn answer(hears: &Receiver<Vec<u8>>) -> io::Result<String> {
    let start = Instant::now();
    let mut said = Vec::new();
    loop {
        match hears.recv_timeout(QUIET) {
            Ok(more) => said.extend(more),
            Err(why) => {
                let text = String::from_utf8_lossy(&said);
                if text.contains(PROMPT) {
                    return Ok(text.replace(PROMPT, ""));
                }
                if why == RecvTimeoutError::Disconnected || start.elapsed() > LIMIT {
                    return Err(io::Error::other(format!("gdb does not answer:\n{text}")));
                }
            }
        }
    }
}
