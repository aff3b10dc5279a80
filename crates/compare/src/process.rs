//! A lesson's program as a process of its own.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use harness::is_order;
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
/// How long another command may take to end after it was asked to.
const ASKED: Duration = Duration::from_millis(300);
/// The time between two checks whether a lesson has ended.
const CHECK: Duration = Duration::from_millis(5);

/// The beginning of the sentence about a program that did not end in time.
pub(crate) const TOOK_LONGER: &str = "it took longer than";

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
    /// The most threads that its own process was seen with, at moments 5 ms apart; 0 if the system does not tell.
    pub(crate) threads: usize,
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
    let Ended { status, stdout, stderr, usage } = run(command(program, arguments), limit)?;
    // If items failed, the status is 1 and the report says which.
    if !status.success() && status.code() != Some(1) || stdout.is_empty() {
        return Err(ended_with(status, &stderr).into());
    }
    Ok(Output { stdout, usage })
}

fn command<S: AsRef<str>>(program: &Program, arguments: &[S]) -> Command {
    let mut command = Command::new(&program.path);
    command.args(&program.first).args(arguments.iter().map(AsRef::as_ref));
    // When this program ends, the lesson's standard input does, and then the lesson.
    command.arg(format!("--{}", harness::ENDS_WITH_INPUT)).stdin(Stdio::piped());
    command
}

/// A program that got a Ctrl-C.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Stopped {
    /// How it ended, and how long that took; `None` if it was still there when its time was up.
    pub(crate) ended: Option<(ExitStatus, Duration)>,
    pub(crate) stdout: String,
    /// Whether processes of its group outlived it; they are killed.
    pub(crate) left_some: bool,
}

/// Starts a lesson's program, and presses Ctrl-C after this time. `None` if it ended before.
#[cfg(unix)]
pub(crate) fn stop<S: AsRef<str>>(
    program: &Program,
    arguments: &[S],
    after: Duration,
    patience: Duration,
) -> Result<Option<Stopped>, Stop> {
    /// Processes need a moment to end after their parent.
    const MOMENT: Duration = Duration::from_millis(300);
    let in_words = |error: io::Error| format!("it cannot be waited for: {error}");
    let mut running = Running::start(&mut command(program, arguments))
        .map_err(|error| format!("it did not start: {error}"))?;
    if watch(&mut running, after, &mut 0).map_err(in_words)?.is_some() {
        running.kill_group();
        return Ok(None);
    }
    // As a terminal does, to the whole group.
    signal_group(running.id, Signal::SIGINT);
    let start = Instant::now();
    let ended = watch(&mut running, patience, &mut 0).map_err(in_words)?;
    let ended = ended.map(|ended| (ended.status, start.elapsed()));
    if ended.is_some() {
        thread::sleep(MOMENT);
    }
    let group = Pid::from_raw(running.id.try_into().unwrap_or(i32::MAX));
    let left_some = ended.is_some() && killpg(group, None).is_ok();
    running.kill_group();
    if harness::interrupted() {
        return Err(Stop::Interrupted);
    }
    Ok(Some(Stopped { ended, stdout: text(&running.stdout), left_some }))
}

/// Runs any command for less than `limit`; it must end with status 0.
pub(crate) fn foreign(words: &[String], limit: Duration) -> Result<Usage, Stop> {
    let (program, arguments) = words.split_first().ok_or_else(|| String::from("it is empty"))?;
    let mut command = Command::new(program);
    // A measurement is no run of a student's.
    command.args(arguments).env(classroom::VARIABLE, "").stdin(Stdio::null());
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
    let start = Instant::now();
    let mut running =
        Running::start(&mut command).map_err(|error| format!("it did not start: {error}"))?;
    let mut threads = 0;
    let ended = watch(&mut running, limit, &mut threads).and_then(|ended| {
        if ended.is_none() {
            running.end()?;
        }
        Ok(ended)
    });
    let ended = ended.map_err(|error| format!("it cannot be waited for: {error}"))?;
    let wall = start.elapsed().as_secs_f64();
    // Processes that it left behind would disturb the next run, and keep the pipes open.
    running.kill_group();
    // On Windows the program receives Ctrl-C as well, and may end first.
    if harness::interrupted() {
        return Err(Stop::Interrupted);
    }
    let Some(ResUse { status, rusage }) = ended else {
        return Err(format!("{TOOK_LONGER} {} s (--limit)", limit.as_secs_f64()).into());
    };
    let cpu = (rusage.utime + rusage.stime).as_secs_f64();
    let usage = Usage { wall, cpu, memory: rusage.maxrss, threads };
    Ok(Ended { status, stdout: text(&running.stdout), stderr: text(&running.stderr), usage })
}

/// What was read from a pipe. Its own children may hold the pipe a moment longer.
fn text(pipe: &Receiver<String>) -> String {
    pipe.recv_timeout(Duration::from_secs(5)).unwrap_or_default()
}

/// A process in a group of its own, with all that it prints.
struct Running {
    id: u32,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// `wait4` blocks, so another thread calls it.
    ended: Receiver<io::Result<ResUse>>,
    has_ended: bool,
}

/// The group of the process that runs now; 0 if none does.
static GROUP: AtomicU32 = AtomicU32::new(0);

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        static ENDS_EARLY: Once = Once::new();
        // At the second Ctrl-C this program ends without waiting: the running program has to end first.
        ENDS_EARLY.call_once(|| harness::before_exit(|| kill_group(GROUP.load(Relaxed))));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        processes::own_group(command);
        let mut child = command.spawn()?;
        let (id, stdin) = (child.id(), child.stdin.take());
        GROUP.store(id, Relaxed);
        let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || sender.send(child.wait4()));
        Ok(Self { id, stdin, stdout, stderr, ended, has_ended: false })
    }

    /// How it ended, if it has.
    fn try_wait(&mut self, patience: Duration) -> io::Result<Option<ResUse>> {
        match self.ended.recv_timeout(patience) {
            Ok(ended) => {
                self.has_ended = true;
                ended.map(Some)
            }
            Err(_) => Ok(None),
        }
    }

    /// Ends it. A lesson cleans up and exits when its standard input ends; any other command is asked to end.
    fn end(&mut self) -> io::Result<()> {
        let patience = match self.stdin.take() {
            Some(_) => CLEAN_UP,
            None => {
                signal_group(self.id, Signal::SIGTERM);
                ASKED
            }
        };
        if self.try_wait(patience)?.is_none() {
            kill_group(self.id);
            self.try_wait(CLEAN_UP)?;
        }
        Ok(())
    }

    /// Kills the processes that are left in its group.
    fn kill_group(&self) {
        // On Windows a process that has ended is not found, nor are those that it started.
        if cfg!(unix) || !self.has_ended {
            kill_group(self.id);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        GROUP.store(0, Relaxed);
    }
}

/// Kills all processes of a group; on Windows a process and those that it started.
fn kill_group(id: u32) {
    signal_group(id, Signal::SIGKILL);
}

/// Windows knows no signals; each of these kills.
#[cfg(not(unix))]
#[derive(Clone, Copy)]
enum Signal {
    SIGTERM,
    SIGKILL,
}

#[cfg(unix)]
fn signal_group(id: u32, signal: Signal) {
    if let Some(group) = i32::try_from(id).ok().filter(|id| *id > 0) {
        // An error says that none of them is left.
        let _ = killpg(Pid::from_raw(group), signal);
    }
}

#[cfg(not(unix))]
fn signal_group(id: u32, signal: Signal) {
    if id > 0 && matches!(signal, Signal::SIGKILL) {
        let kill = ["/pid", &id.to_string(), "/t", "/f"];
        let _ = Command::new("taskkill")
            .args(kill)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// A sentence about an end that was not expected.
fn ended_with(status: ExitStatus, stderr: &str) -> String {
    // For wrong arguments, the first line says why; the last only mentions --help.
    let error = stderr.lines().find_map(|line| line.strip_prefix("error: "));
    let words = error.or(stderr.lines().last()).unwrap_or_default();
    let words: String = words.chars().filter(|sign| !is_order(*sign)).take(200).collect();
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

/// Waits for it to end, and counts its threads at their peak. `None` after Ctrl-C or when its time is up.
fn watch(
    running: &mut Running,
    limit: Duration,
    threads: &mut usize,
) -> io::Result<Option<ResUse>> {
    let start = Instant::now();
    loop {
        if let Some(ended) = running.try_wait(CHECK)? {
            return Ok(Some(ended));
        }
        if harness::interrupted() || start.elapsed() > limit {
            return Ok(None);
        }
        *threads = threads_of(running.id).max(*threads);
    }
}

/// How many threads a process has now; 0 where the system does not tell (it is not Linux).
fn threads_of(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    threads.and_then(|threads| threads.trim().parse().ok()).unwrap_or_default()
}
