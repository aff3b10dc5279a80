//! A lesson's program as a process of its own.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use wait4::{ResUse, Wait4};

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

/// A program's standard output, and the system's account of its process.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) usage: Usage,
}

/// The system's account of a process, including the processes that it waited for; on Windows without them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// From its start to its end, in seconds.
    pub(crate) wall: f64,
    /// Its processor time, in seconds.
    pub(crate) cpu: f64,
    /// The peak memory of the largest of these processes, in bytes; 0 if the system does not tell.
    pub(crate) memory: u64,
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Trouble(why)
    }
}

/// Runs a lesson's program for less than `limit`; returns its output.
pub(crate) fn output<S: AsRef<str>>(
    program: &Program,
    arguments: &[S],
    limit: Duration,
) -> Result<Output, Stop> {
    let first = program.first.iter().map(String::as_str);
    let mut command = Command::new(&program.path);
    command.args(first).args(arguments.iter().map(AsRef::as_ref));
    // When this program ends, the lesson's standard input does, and then the lesson.
    command.arg(format!("--{}", harness::ENDS_WITH_INPUT)).stdin(Stdio::piped());
    let Ended { status, stdout, stderr, usage } = run(command, limit)?;
    // If items failed, the status is 1 and the report says which.
    if !status.success() && status.code() != Some(1) || stdout.is_empty() {
        return Err(ended_with(status, &stderr).into());
    }
    Ok(Output { stdout, usage })
}

/// Runs any command for less than `limit`; it must end with status 0.
pub(crate) fn foreign(words: &[String], limit: Duration) -> Result<Usage, Stop> {
    let (program, arguments) = words.split_first().ok_or_else(|| String::from("it is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let Ended { status, stderr, usage, .. } = run(command, limit)?;
    if status.success() { Ok(usage) } else { Err(ended_with(status, &stderr).into()) }
}

/// A process that has ended, and its output.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    usage: Usage,
}

fn run(mut command: Command, limit: Duration) -> Result<Ended, Stop> {
    if harness::interrupted() {
        return Err(Stop::Interrupted);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    processes::own_group(&mut command);
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("it did not start: {error}"))?;
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let ended =
        wait(&mut child, limit).map_err(|error| format!("it cannot be waited for: {error}"))?;
    let wall = start.elapsed().as_secs_f64();
    // On Windows the program receives Ctrl-C as well, and may end first.
    if harness::interrupted() {
        return Err(Stop::Interrupted);
    }
    let Some(ResUse { status, rusage }) = ended else {
        return Err(format!("it took longer than {} s (--limit)", limit.as_secs_f64()).into());
    };
    // Its own children may hold the pipe a moment longer.
    let text =
        |pipe: Receiver<String>| pipe.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let cpu = (rusage.utime + rusage.stime).as_secs_f64();
    let usage = Usage { wall, cpu, memory: rusage.maxrss };
    Ok(Ended { status, stdout: text(stdout), stderr: text(stderr), usage })
}

/// A sentence about an end that was not expected.
fn ended_with(status: ExitStatus, stderr: &str) -> String {
    // For wrong arguments, the first line says why; the last only mentions --help.
    let error = stderr.lines().find_map(|line| line.strip_prefix("error: "));
    let words = error.or(stderr.lines().last()).unwrap_or_default();
    // Control characters could be commands for the terminal.
    let words: String = words.chars().filter(|sign| !sign.is_control()).take(200).collect();
    let words = if words.is_empty() { words } else { format!(": {words}") };
    format!("it ended with {status}{words}")
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
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ResUse>> {
    let start = Instant::now();
    loop {
        if let Some(ended) = child.try_wait4()? {
            return Ok(Some(ended));
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
