//! A lesson's program as a process of its own.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// The longest output that is read: an item takes about 250 bytes, and there are 100,000 at most.
const MOST_OUTPUT: u64 = 200 << 20;
/// How long a lesson may take to clean up.
const CLEAN_UP: Duration = Duration::from_secs(2);
/// The time between two checks whether a lesson has ended.
const CHECK: Duration = Duration::from_millis(5);

/// A program to run, and its first arguments.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) first: Vec<String>,
}

/// Why a lesson returned no usable report.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Its own trouble, in words.
    Trouble(String),
    /// Ctrl-C.
    Interrupted,
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Trouble(why)
    }
}

/// Runs a lesson's program for less than `limit`; returns what it printed.
pub(crate) fn output<S: AsRef<str>>(
    program: &Program,
    arguments: &[S],
    limit: Duration,
) -> Result<String, Stop> {
    if harness::interrupted() {
        return Err(Stop::Interrupted);
    }
    let first = program.first.iter().map(String::as_str);
    let arguments = first.chain(arguments.iter().map(AsRef::as_ref));
    let mut child =
        start(&program.path, arguments).map_err(|error| format!("it did not start: {error}"))?;
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let ended =
        wait(&mut child, limit).map_err(|error| format!("it cannot be waited for: {error}"))?;
    // On Windows the lesson receives Ctrl-C as well, and may end first.
    if harness::interrupted() {
        return Err(Stop::Interrupted);
    }
    let Some(status) = ended else {
        return Err(format!("it took longer than {} s (--limit)", limit.as_secs_f64()).into());
    };
    // Its own children may hold the pipe a moment longer.
    let text =
        |pipe: Receiver<String>| pipe.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let (stdout, stderr) = (text(stdout), text(stderr));
    // If items failed, the status is 1 and the report says which.
    if !status.success() && status.code() != Some(1) || stdout.is_empty() {
        // For wrong arguments, the first line says why; the last only mentions --help.
        let error = stderr.lines().find_map(|line| line.strip_prefix("error: "));
        let words = error.or(stderr.lines().last()).unwrap_or_default();
        // Control characters could be commands for the terminal.
        let words: String = words.chars().filter(|sign| !sign.is_control()).take(200).collect();
        let words = if words.is_empty() { words } else { format!(": {words}") };
        return Err(format!("it ended with {status}{words}").into());
    }
    Ok(stdout)
}

fn start<'a>(program: &Path, arguments: impl Iterator<Item = &'a str>) -> io::Result<Child> {
    let mut command = Command::new(program);
    // When this program ends, the lesson's standard input does, and then the lesson.
    command.args(arguments).arg(format!("--{}", harness::ENDS_WITH_INPUT));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    processes::own_group(&mut command);
    command.spawn()
}

/// Reads a pipe to its end, on a thread of its own: a full pipe would block the lesson.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MOST_OUTPUT).read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

/// Waits for it to end; ends it (and returns `None`) after Ctrl-C or when its time is up.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if harness::interrupted() || start.elapsed() > limit {
            end(child)?;
            return Ok(None);
        }
        thread::sleep(CHECK);
    }
}

/// Ends a lesson: closes its standard input, so that it cleans up and exits. Then kills the processes that are
/// left in its process group.
fn end(child: &mut Child) -> io::Result<()> {
    drop(child.stdin.take());
    let start = Instant::now();
    while child.try_wait()?.is_none() && start.elapsed() < CLEAN_UP {
        thread::sleep(CHECK);
    }
    #[cfg(unix)]
    if let Ok(group) = child.id().try_into() {
        // An error says that none of them is left.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    child.kill()?;
    child.wait().map(drop)
}
