//! The pool's side of the border.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use common::{this_program_again, worked_elsewhere};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::MARK;

/// So many worker processes, each of which starts with the same `initargs`.
#[derive(Debug)]
pub struct ProcessPool {
    workers: usize,
    initargs: String,
}

/// One worker process, and the thread that looks after it.
#[derive(Debug)]
pub struct Worker<'pool> {
    initargs: &'pool str,
    number: usize,
    process: Option<Process>,
}

/// Why a job has no result.
#[derive(Debug)]
pub enum CallError {
    /// The job failed, and this is what it said.
    Job(String),
    /// The job cannot be written as JSON.
    NotSent(serde_json::Error),
    /// No worker process could be started for it.
    Start(io::Error),
    /// The worker process ended before it had an answer.
    Died(Option<ExitStatus>),
    /// The worker process answered something that is no result.
    Nonsense(String),
}

#[derive(Debug)]
struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl ProcessPool {
    /// A pool of so many workers. Their processes start with [`for_each`](Self::for_each).
    ///
    /// # Errors
    /// When `initargs` cannot be written as JSON.
    pub fn new(workers: usize, initargs: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self { workers, initargs: serde_json::to_string(initargs)? })
    }

    /// Starts the workers, and calls `job` once for each of the items: on whichever worker is free,
    /// and on the thread that looks after that worker, which is named `worker-1`, `worker-2`, ...
    /// All worker processes have ended when it returns.
    pub fn for_each<T: Sync>(&self, items: &[T], job: impl Fn(&mut Worker<'_>, &T) + Sync) {
        let queue = Mutex::new(items.iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let at_work = AtomicUsize::new(0);
        let look_after = |mut worker: Worker<'_>| {
            while let Some(item) = next() {
                job(&mut worker, item);
                // Without a process it would fail all items faster than the others can do them: it
                // leaves them to the others, as long as there are others.
                let others = |at_work: usize| (at_work > 1).then(|| at_work - 1);
                if worker.process.is_none()
                    && worker.process().is_err()
                    && at_work.fetch_update(SeqCst, SeqCst, others).is_ok()
                {
                    break;
                }
            }
        };
        let new_worker = |number| Worker { initargs: &self.initargs, number, process: None };
        thread::scope(|scope| {
            for number in 1..=self.workers {
                let mut worker = new_worker(number);
                // The first is needed in any case: if it cannot start, its jobs tell why.
                if worker.process().is_err() && number > 1 {
                    break;
                }
                at_work.fetch_add(1, SeqCst);
                let look_after = &look_after;
                let thread = thread::Builder::new().name(format!("worker-{number}"));
                if thread.spawn_scoped(scope, move || look_after(worker)).is_ok() {
                    continue;
                }
                // No thread is left: those that run take all the items, or else this one does.
                if number == 1 {
                    look_after(new_worker(number));
                } else {
                    at_work.fetch_sub(1, SeqCst);
                }
                break;
            }
        });
    }
}

impl Worker<'_> {
    /// Has the worker process do a job, and waits for the result.
    ///
    /// A process that ended since its last job is replaced first. One that ends during the job, or
    /// answers nonsense, is replaced for the next: this job is not tried again, since nobody can know
    /// how far it got.
    ///
    /// # Errors
    /// What the job said, or what kept the worker process from answering.
    pub fn call<R: DeserializeOwned>(&mut self, job: &impl Serialize) -> Result<R, CallError> {
        let job = serde_json::to_string(job).map_err(CallError::NotSent)?;
        let process = self.process().map_err(CallError::Start)?;
        let Ok(reply) = process.exchange(&job) else {
            let status = self.process.take().and_then(|mut process| process.end());
            return Err(CallError::Died(status));
        };
        match serde_json::from_str::<(Result<R, String>, Duration)>(&reply) {
            Ok((result, worked)) => {
                worked_elsewhere(worked);
                result.map_err(CallError::Job)
            }
            Err(_) => {
                self.process = None;
                Err(CallError::Nonsense(reply.trim_end().into()))
            }
        }
    }

    /// The process, alive when last seen.
    fn process(&mut self) -> io::Result<&mut Process> {
        let alive = match self.process.take() {
            Some(mut process) => process.child.try_wait()?.is_none().then_some(process),
            None => None,
        };
        let process = alive.map_or_else(|| Process::start(self.initargs, self.number), Ok)?;
        Ok(self.process.insert(process))
    }
}

impl Process {
    fn start(initargs: &str, number: usize) -> io::Result<Self> {
        let mut child = this_program_again(MARK, &number.to_string())?.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let mut process = Self { child, stdin, stdout: BufReader::new(stdout) };
        writeln!(process.stdin, "{initargs}")?;
        Ok(process)
    }

    /// Sends one line, and waits for the one that comes back.
    fn exchange(&mut self, job: &str) -> io::Result<String> {
        writeln!(self.stdin, "{job}")?;
        let mut reply = String::new();
        self.stdout.read_line(&mut reply)?;
        if reply.ends_with('\n') { Ok(reply) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Ends the process, unless it has ended, and says how it ended.
    fn end(&mut self) -> Option<ExitStatus> {
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

/// A worker that nobody looks after any more has nothing left to do.
impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(error) => f.write_str(error),
            Self::NotSent(error) => write!(f, "the job cannot be sent: {error}"),
            Self::Start(error) => write!(f, "no worker process could be started: {error}"),
            Self::Died(Some(status)) => write!(f, "its worker process ended ({status})"),
            Self::Died(None) => f.write_str("its worker process ended"),
            Self::Nonsense(reply) => write!(f, "its worker process answered nonsense: {reply:.60}"),
        }
    }
}

impl Error for CallError {}
