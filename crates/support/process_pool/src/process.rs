//! A worker process, seen from the pool's side of the border.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use processes::this_program_again;

use crate::{CallError, MARK, READY};

/// Longest accepted reply, so that a runaway worker cannot exhaust memory.
const MOST_REPLY: u64 = 64 << 20;
/// A limit is waited for in this many steps. If this program was stopped for a while, that counts as one step: its
/// workers continued, and their replies are there.
const STEPS: u32 = 10;

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    is_ready: bool,
    /// Whether it was sent a whole line after its start: from then on, nobody knows whether it did the job.
    pub(crate) has_a_job: bool,
}

impl Process {
    pub(crate) fn start(initargs: &str, number: usize) -> io::Result<Self> {
        let mut child = this_program_again(MARK, &number.to_string())?.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let stdout = BufReader::new(stdout);
        let mut process = Self { child, stdin, stdout, is_ready: false, has_a_job: false };
        process.stdin.write_all(format!("{initargs}\n").as_bytes())?;
        Ok(process)
    }

    /// Waits until it has set itself up, at most this long. After an error it is useless, and has seen no job.
    pub(crate) fn ready(&mut self, limit: Option<Duration>) -> Result<(), CallError> {
        if !self.is_ready {
            let line = self.line(limit, None)?;
            if line != READY.as_bytes() {
                return Err(CallError::nonsense(&line));
            }
            self.is_ready = true;
        }
        Ok(())
    }

    /// Whether it is alive, and has written nothing unasked.
    pub(crate) fn is_fit(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none() && self.stdout.buffer().is_empty())
    }

    /// Sends one line, and waits for the reply, at most this long. After an error it is useless.
    pub(crate) fn exchange(
        &mut self,
        job: &str,
        limit: Option<Duration>,
    ) -> Result<Vec<u8>, CallError> {
        self.line(limit, Some(format!("{job}\n")))
    }

    /// Returns the reply to this line, or the next one, if it comes within this time.
    fn line(&mut self, limit: Option<Duration>, job: Option<String>) -> Result<Vec<u8>, CallError> {
        let Self { child, stdin, stdout, has_a_job, .. } = self;
        *has_a_job = false;
        let exchange = || {
            if let Some(job) = job {
                stdin.write_all(job.as_bytes())?;
                *has_a_job = true;
            }
            read_line(stdout)
        };
        let reply = match limit {
            None => exchange(),
            Some(limit) => {
                within(limit, || child.kill(), exchange).ok_or(CallError::TimedOut(limit))?
            }
        };
        match reply {
            Ok(line) if line.len() as u64 == MOST_REPLY => Err(CallError::nonsense(&line)),
            Ok(line) if line.ends_with(b"\n") => Ok(line),
            _ => Err(CallError::Died(self.end())),
        }
    }

    /// Ends the process if it is still running, and returns how it ended.
    fn end(&mut self) -> Option<ExitStatus> {
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

/// A worker without its pool has nothing left to do.
impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads a line with its line end. Without a line end, the input ended or the line reached the longest length.
fn read_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.take(MOST_REPLY).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Returns the result of `work`; `None` if it took longer than `limit`. In that case `end_it` was called, and must
/// have ended it.
fn within<T, E>(
    limit: Duration,
    end_it: impl FnOnce() -> E + Send,
    work: impl FnOnce() -> T,
) -> Option<T> {
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let watch = thread::Builder::new().spawn_scoped(scope, move || {
            let step = limit / STEPS;
            let is_too_late =
                (0..STEPS).all(|_| is_done.recv_timeout(step) == Err(RecvTimeoutError::Timeout));
            if is_too_late {
                end_it();
            }
            is_too_late
        });
        let result = work();
        drop(done);
        // If the system has no thread left, a late end is better than none.
        let is_too_late = watch.is_ok_and(|watch| watch.join().is_ok_and(|is_late| is_late));
        (!is_too_late).then_some(result)
    })
}

#[cfg(test)]
mod tests {
    use std::io::repeat;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_line_by_line(bytes: Vec<u8>, buffer in 1..64usize) {
            let mut input = BufReader::with_capacity(buffer, bytes.as_slice());
            for expected in bytes.split_inclusive(|byte| *byte == b'\n') {
                prop_assert_eq!(read_line(&mut input)?, expected);
            }
            prop_assert_eq!(read_line(&mut input)?, b"");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_no_longer_reads_has_no_job() -> io::Result<()> {
        use std::process::{Command, Stdio};
        for (script, has_a_job) in [("exec <&-; echo", false), ("echo; read -r job", true)] {
            let mut command = Command::new("sh");
            let piped = command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = piped.spawn()?;
            let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
            let mut stdout = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
            assert_eq!(read_line(&mut stdout)?, b"\n"); // stdin is closed now, or read
            let mut process = Process { child, stdin, stdout, is_ready: true, has_a_job: true };
            assert!(matches!(process.exchange("[1,2]", None), Err(CallError::Died(_))));
            assert_eq!(process.has_a_job, has_a_job);
        }
        Ok(())
    }

    #[test]
    fn a_line_without_an_end_is_given_up() -> io::Result<()> {
        let line = read_line(&mut BufReader::new(repeat(b'*')))?;
        assert_eq!(line.len() as u64, MOST_REPLY);
        Ok(())
    }

    #[test]
    fn work_without_an_end_is_ended() {
        let is_ended = AtomicBool::new(false);
        let work = || {
            while !is_ended.load(SeqCst) {
                thread::yield_now();
            }
        };
        assert_eq!(within(Duration::from_millis(20), || is_ended.store(true, SeqCst), work), None);
    }

    #[test]
    fn work_that_is_done_in_time_is_left_alone() {
        let is_ended = AtomicBool::new(false);
        let work = || thread::sleep(Duration::from_millis(20));
        assert_eq!(
            within(Duration::from_secs(60), || is_ended.store(true, SeqCst), work),
            Some(())
        );
        assert!(!is_ended.into_inner());
    }
}
