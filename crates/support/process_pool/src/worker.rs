//! The worker's side of the border.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::iter;
use std::process;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use common::plain_words;
use processes::{pass_over_ctrl_c, role};
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use thread_clock::usage;

use crate::{MARK, READY};

/// In a process that a [`ProcessPool`](crate::ProcessPool) started: does jobs until the pool has no more, and never
/// returns. In any other process: does nothing. Call it first in `main`.
///
/// `initializer` is called once with the pool's `initargs`, and returns the function that does a job.
pub fn serve<I, J, R, E, F>(initializer: impl FnOnce(I) -> F)
where
    I: DeserializeOwned,
    J: DeserializeOwned,
    R: Serialize,
    E: Error + 'static,
    F: FnMut(J) -> Result<R, E>,
{
    if worker_number().is_none() {
        return;
    }
    let work = || -> Result<(), Box<dyn Error>> {
        // The pool decides when to end.
        pass_over_ctrl_c()?;
        work(lines_of_stdin()?, io::stdout(), initializer)
    };
    match work() {
        Ok(()) => process::exit(0),
        Err(error) => {
            let _ = writeln!(io::stderr(), "worker process: {error}");
            process::exit(1)
        }
    }
}

/// Returns this worker's number in the pool, counted from 1; `None` in a process that is not a worker. A replacement
/// has the number of the worker that it replaces.
pub fn worker_number() -> Option<usize> {
    role(MARK)?.parse().ok()
}

/// Reads the `initargs` and then jobs, a line each, and writes a line for each job.
fn work<I, J, R, E, F>(
    lines: impl IntoIterator<Item = Vec<u8>>,
    mut replies: impl Write,
    initializer: impl FnOnce(I) -> F,
) -> Result<(), Box<dyn Error>>
where
    I: DeserializeOwned,
    J: DeserializeOwned,
    R: Serialize,
    E: Error + 'static,
    F: FnMut(J) -> Result<R, E>,
{
    let mut lines = lines.into_iter();
    let Some(initargs) = lines.next() else { return Ok(()) };
    let initargs = serde_json::from_slice(&initargs);
    let mut do_job = initializer(initargs.map_err(|error| format!("no initargs: {error}"))?);
    replies.write_all(READY.as_bytes())?;
    for line in lines {
        let before = usage();
        let job = serde_json::from_slice::<(u64, J)>(&line);
        let (number, job) = job.map_err(|error| format!("this is not a job: {error}"))?;
        let result = do_job(job).map_err(|error| plain_words(&error));
        let used = usage() - before;
        let reply = serde_json::to_string(&(number, result, (used.working, used.ready)))?;
        // A pool that reads no more results is gone.
        if writeln!(replies, "{reply}").is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads the lines on its own thread, which ends the process at the end of the input: then the pool is gone or
/// finished, and the result of a job in progress is not needed.
fn lines_of_stdin() -> io::Result<Receiver<Vec<u8>>> {
    let (sender, lines) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        for line in whole_lines(io::stdin().lock()) {
            let _ = sender.send(line);
        }
        process::exit(0)
    })?;
    Ok(lines)
}

/// The lines of an input. A last line without a line end does not count: its writer did not finish it.
fn whole_lines(mut input: impl BufRead) -> impl Iterator<Item = Vec<u8>> {
    iter::from_fn(move || {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line).ok()?;
        line.ends_with(b"\n").then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The output for these lines from a worker that returns each job unchanged.
    fn echo<J: DeserializeOwned + Serialize>(
        lines: &[u8],
    ) -> (Vec<u8>, Result<(), Box<dyn Error>>) {
        let mut replies = Vec::new();
        let ended = work(whole_lines(lines), &mut replies, |()| Ok::<J, Infallible>);
        let replies = replies.strip_prefix(READY.as_bytes()).unwrap_or_default().to_vec();
        (replies, ended)
    }

    /// Texts with everything that JSON must escape: quotes, line ends, NUL, characters with two surrogates.
    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(any::<char>(), 0..64).prop_map(String::from_iter)
    }

    /// A line that is nearly a job.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let json = prop_oneof![
            Just("null"),
            Just("[1,\"job\"]"),
            Just("[2,\"\\u0000\\ud83e\\udd80\"]"),
            Just("[3,\"\\ud800\"]"),
            Just("[4]"),
            Just("[-1,\"job\"]"),
            Just("[1e99,{}]"),
        ];
        prop_oneof![
            4 => json.prop_map(|json| json.as_bytes().to_vec()),
            1 => any::<Vec<u8>>(),
            1 => (0..300usize).prop_map(|depth| b"[".repeat(depth)),
        ]
    }

    proptest! {
        #[test]
        fn any_text_crosses_the_border_and_comes_back_the_same(
            jobs in prop::collection::vec(text(), 0..8),
        ) {
            let mut lines = b"null\n".to_vec();
            for job in jobs.iter().enumerate() {
                writeln!(lines, "{}", serde_json::to_string(&job)?)?;
            }
            let (replies, ended) = echo::<String>(&lines);
            prop_assert!(ended.is_ok(), "{ended:?}");
            let replies: Vec<Value> =
                whole_lines(&*replies).map(|line| serde_json::from_slice(&line)).collect::<Result<_, _>>()?;
            prop_assert_eq!(replies.len(), jobs.len());
            for (number, (job, reply)) in jobs.iter().zip(replies).enumerate() {
                prop_assert_eq!(&reply[0], number);
                prop_assert_eq!(reply[1]["Ok"].as_str(), Some(job.as_str()));
            }
        }

        #[test]
        fn any_lines_are_answered_or_end_it_with_a_sentence(
            greeted: bool,
            lines in prop::collection::vec(line(), 0..4),
            end in prop_oneof![Just(""), Just("\n"), Just("[1,")],
        ) {
            let greeting = greeted.then(|| b"null".to_vec());
            let lines: Vec<Vec<u8>> = greeting.into_iter().chain(lines).collect();
            let input = [&lines.join(&b'\n'), end.as_bytes()].concat();
            let (replies, ended) = echo::<String>(&input);
            let replies: Vec<Vec<u8>> = whole_lines(&*replies).collect();
            for reply in &replies {
                prop_assert!(serde_json::from_slice::<(u64, Value, Value)>(reply).is_ok());
            }
            match ended {
                // All lines but the first were jobs.
                Ok(()) => {
                    let asked = whole_lines(&*input).count().saturating_sub(1);
                    prop_assert_eq!(replies.len(), asked);
                }
                Err(error) => {
                    let told = error.to_string();
                    let begins = told.starts_with("no initargs: ") || told.starts_with("this is not a job: ");
                    prop_assert!(begins && told.lines().count() == 1, "{told:?}");
                }
            }
        }
    }

    #[test]
    fn a_megabyte_crosses_the_border() {
        let job = "\"\n\0\u{1f980}".repeat(1 << 17);
        let lines = format!("null\n{}\n", serde_json::to_string(&(1, &job)).expect("JSON"));
        let (replies, ended) = echo::<String>(lines.as_bytes());
        assert!(ended.is_ok(), "{ended:?}");
        let reply: Value = serde_json::from_slice(&replies).expect("JSON");
        assert!(reply[1]["Ok"] == job.as_str());
    }

    #[test]
    fn half_a_job_is_none() {
        let (replies, ended) = echo::<u64>(b"null\n[1,12]\n[2,3");
        assert!(ended.is_ok() && replies.starts_with(b"[1,{\"Ok\":12},"));
        assert_eq!(whole_lines(&*replies).count(), 1);
    }
}
