//! The pool: its workers, their jobs, and the results.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use thread_clock::{Usage, add_work};

use crate::process::Process;

/// A number of worker processes, which all start with the same `initargs`.
#[derive(Debug)]
pub struct ProcessPool {
    workers: usize,
    initargs: String,
    timeout: Option<Duration>,
}

/// One worker process, and the thread that manages it.
#[derive(Debug)]
pub struct Worker<'pool> {
    pool: &'pool ProcessPool,
    number: usize,
    process: Option<Process>,
}

/// Why a job has no result.
#[derive(Debug)]
pub enum CallError {
    /// The job failed, with this error.
    Job(String),
    /// The job cannot be written as JSON.
    NotSent(serde_json::Error),
    /// No worker process could be started for it.
    Start(io::Error),
    /// The worker process ended before it replied.
    Died(Option<ExitStatus>),
    /// The worker process did not reply within this time, and was ended.
    TimedOut(Duration),
    /// The worker process replied with something that is not a result of this job.
    Nonsense(String),
}

impl ProcessPool {
    /// Makes a pool of this many workers. Their processes start with [`for_each`](Self::for_each).
    ///
    /// # Errors
    /// When `initargs` cannot be written as JSON.
    pub fn new(workers: usize, initargs: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self { workers, initargs: serde_json::to_string(initargs)?, timeout: None })
    }

    /// Sets a time limit for a job, including the worker's start if it just started. A worker that takes longer is ended
    /// and replaced, even one that was stopped. Without a limit, the pool waits for it.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        Self { timeout: Some(limit), ..self }
    }

    /// Starts the workers, and calls `job` once for each item, with a worker that is free and on the thread that
    /// manages it, which is named `worker-1`, `worker-2`, ... All worker processes have ended when this returns.
    pub fn for_each<T: Sync>(&self, items: &[T], job: impl Fn(&mut Worker<'_>, &T) + Sync) {
        let queue = Mutex::new(items.iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let at_work = AtomicUsize::new(0);
        // A worker that fails leaves the items to the others, as long as there are others.
        let leave = || {
            let others = |at_work: usize| (at_work > 1).then(|| at_work - 1);
            at_work.fetch_update(SeqCst, SeqCst, others).is_ok()
        };
        let look_after = |mut worker: Worker<'_>| {
            loop {
                // Without a process, this thread would fail all items faster than the others can do them.
                if worker.ready().is_err() && leave() {
                    break;
                }
                let Some(item) = next() else { break };
                job(&mut worker, item);
            }
        };
        let new_worker = |number| Worker { pool: self, number, process: None };
        thread::scope(|scope| {
            for number in 1..=self.workers {
                let mut worker = new_worker(number);
                // The first worker is needed in any case: if it cannot start, its jobs report why.
                if worker.process().is_err() && number > 1 {
                    break;
                }
                at_work.fetch_add(1, SeqCst);
                let look_after = &look_after;
                let thread = thread::Builder::new().name(format!("worker-{number}"));
                if thread.spawn_scoped(scope, move || look_after(worker)).is_ok() {
                    continue;
                }
                // The system has no thread left: those that run do all the items, or else this one does.
                if !leave() {
                    look_after(new_worker(number));
                }
                break;
            }
        });
    }
}

impl Worker<'_> {
    /// Sends a job to the worker process, and waits for the result.
    ///
    /// A process that ended since its last job is replaced first, even if it ends only while the job is being sent. A
    /// process that ends during the job, replies with nonsense, or takes too long is replaced for the next job. This job
    /// is not tried again, since nobody knows how far it got.
    ///
    /// # Errors
    /// The job's own error, or the reason why the worker process did not reply.
    pub fn call<R: DeserializeOwned>(&mut self, job: &impl Serialize) -> Result<R, CallError> {
        let number = unguessable();
        let job = serde_json::to_string(&(number, job)).map_err(CallError::NotSent)?;
        let limit = self.pool.timeout;
        let mut reply = self.ready()?.exchange(&job, limit);
        if reply.is_err() && self.process.as_ref().is_some_and(|process| !process.has_a_job) {
            self.process = None;
            reply = self.ready()?.exchange(&job, limit);
        }
        match reply.and_then(|reply| read_reply(&reply, number)) {
            Ok((result, usage)) => {
                add_work(usage);
                result.map_err(CallError::Job)
            }
            Err(error) => {
                self.process = None;
                Err(error)
            }
        }
    }

    /// Returns the process, set up for a job.
    fn ready(&mut self) -> Result<&mut Process, CallError> {
        let limit = self.pool.timeout;
        let is_ready = self.process().map_err(CallError::Start)?.ready(limit);
        if is_ready.is_err() {
            self.process = None;
        }
        is_ready?;
        Ok(self.process.as_mut().expect("it is ready"))
    }

    /// Returns the process if it is alive and in step.
    fn process(&mut self) -> io::Result<&mut Process> {
        let fit = match self.process.take() {
            Some(mut process) => process.is_fit()?.then_some(process),
            None => None,
        };
        let process = fit.map_or_else(|| Process::start(&self.pool.initargs, self.number), Ok)?;
        Ok(self.process.insert(process))
    }
}

/// Returns a number for a job, which its reply repeats. A worker cannot guess the number of its next job.
fn unguessable() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The longest time that a job may report. Sums of such times do not overflow.
const LONGEST_WORK: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A job's result as the worker reports it, and the work that it took.
type Reply<R> = (Result<R, String>, Usage);

/// Reads a line as the reply to the job with that number.
fn read_reply<R: DeserializeOwned>(line: &[u8], number: u64) -> Result<Reply<R>, CallError> {
    match serde_json::from_slice::<(u64, Result<R, String>, [Duration; 2])>(line) {
        Ok((of, result, [working, ready])) if of == number && working.max(ready) < LONGEST_WORK => {
            Ok((result, Usage { working, ready }))
        }
        _ => Err(CallError::nonsense(line)),
    }
}

impl CallError {
    /// Keeps the beginning, without characters that a terminal might obey.
    pub(crate) fn nonsense(line: &[u8]) -> Self {
        const SIGNS: usize = 60;
        let text = String::from_utf8_lossy(&line[..line.len().min(4 * SIGNS)]);
        Self::Nonsense(text.chars().filter(|sign| !sign.is_control()).take(SIGNS).collect())
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
            Self::TimedOut(limit) => {
                write!(f, "its worker process did not answer within {} s", limit.as_secs_f64())
            }
            Self::Nonsense(reply) => write!(f, "its worker process answered nonsense: {reply}"),
        }
    }
}

impl Error for CallError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Proper replies to job 7.
    const PROPER: [&str; 2] = [
        r#"[7,{"Ok":"text"},[{"secs":0,"nanos":5},{"secs":0,"nanos":0}]]"#,
        r#"[7,{"Err":"text"},[{"secs":1,"nanos":0},{"secs":0,"nanos":2}]]"#,
    ];

    #[test]
    fn a_proper_reply_is_taken() {
        for (reply, result) in PROPER.into_iter().zip([Ok("text"), Err("text")]) {
            let read = read_reply::<String>(reply.as_bytes(), 7).map(|(result, _)| result);
            let read = read.unwrap_or_else(|error| panic!("{reply}: {error}"));
            assert_eq!(read, result.map(String::from).map_err(String::from), "{reply}");
        }
    }

    /// A proper reply of which some bytes were replaced.
    fn nearly_a_reply() -> impl Strategy<Value = Vec<u8>> {
        let reply = prop::sample::select(PROPER.to_vec());
        (reply, prop::collection::vec((0..80usize, any::<u8>()), 0..4)).prop_map(
            |(reply, changes)| {
                let mut reply = reply.as_bytes().to_vec();
                for (at, byte) in changes {
                    let at = at % reply.len();
                    reply[at] = byte;
                }
                reply
            },
        )
    }

    fn any_work() -> impl Strategy<Value = Vec<u8>> {
        let work = (any::<u64>(), any::<u32>());
        work.prop_map(|(secs, nanos)| {
            format!(
                r#"[7,{{"Ok":"text"}},[{{"secs":0,"nanos":1}},{{"secs":{secs},"nanos":{nanos}}}]]"#
            )
            .into_bytes()
        })
    }

    proptest! {
        #[test]
        fn any_line_is_a_reply_or_a_clear_error(
            line in prop_oneof![any::<Vec<u8>>(), nearly_a_reply(), any_work()],
        ) {
            match read_reply::<String>(&line, 7) {
                Ok((_, usage)) => {
                    add_work(usage);
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
                }
                Err(error @ CallError::Nonsense(_)) => {
                    let told = error.to_string();
                    prop_assert!(told.starts_with("its worker process answered nonsense"), "{told}");
                    prop_assert!(told.chars().count() < 120, "{told}");
                    prop_assert!(!told.contains(char::is_control), "{told:?}");
                }
                Err(error) => prop_assert!(false, "{error:?}"),
            }
        }

        #[test]
        fn the_answer_to_another_job_is_none_to_this_one(of in 0..3u64, number in 0..3u64) {
            let line = serde_json::to_string(&(of, Ok::<_, String>(5), [Duration::ZERO; 2])).expect("JSON");
            prop_assert_eq!(read_reply::<u64>(line.as_bytes(), number).is_ok(), of == number);
        }
    }
}
