//! The worker's side of the border.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufRead, Write};
use std::process;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use common::thread_time;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::MARK;

/// In a process that a [`ProcessPool`](crate::ProcessPool) started: does jobs until the pool wants no
/// more, and never returns. In any other process: does nothing. To be called first in `main`.
///
/// `initializer` is called once with the pool's `initargs`, and makes the function that does a job.
pub fn serve<I, J, R, E, F>(initializer: impl FnOnce(I) -> F)
where
    I: DeserializeOwned,
    J: DeserializeOwned,
    R: Serialize,
    E: Display,
    F: FnMut(J) -> Result<R, E>,
{
    if env::var_os(MARK).is_none() {
        return;
    }
    let work = || -> Result<Infallible, Box<dyn Error>> {
        // Where Ctrl-C reaches this process (on Windows), it is the pool that decides when to end.
        ctrlc::set_handler(|| {})?;
        let lines = lines_of_stdin()?;
        let mut job = initializer(serde_json::from_str(&lines.recv()?)?);
        let mut stdout = io::stdout();
        loop {
            let line = lines.recv()?;
            let before = thread_time();
            let result = job(serde_json::from_str(&line)?);
            let worked = thread_time().saturating_sub(before);
            let result = result.map_err(|error| error.to_string());
            // A pool that takes no results any more is gone.
            if writeln!(stdout, "{}", serde_json::to_string(&(result, worked))?).is_err() {
                process::exit(0);
            }
        }
    };
    let Err(error) = work();
    let _ = writeln!(io::stderr(), "worker process: {error}");
    process::exit(1)
}

/// Which of the pool's workers this process is, counted from 1; `None` where it is none. One that replaces
/// another has its number.
pub fn worker_number() -> Option<usize> {
    env::var(MARK).ok()?.parse().ok()
}

/// Reads them on a thread of its own, which ends the process where they end: the pool is gone then,
/// or wants no more, and nobody waits for what is still being done.
fn lines_of_stdin() -> io::Result<Receiver<String>> {
    let (sender, lines) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        process::exit(0)
    })?;
    Ok(lines)
}
