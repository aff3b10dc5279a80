//! A pool whose workers misbehave, as each job demands.
//!
//! On stdin it takes a JSON object: `workers`, `jobs` (an array), and if wanted `timeout` (in milliseconds) and
//! `greeting` (what a worker does before its first job). A job is an object with an `answer`, and if wanted
//! `before` and `after`: what its worker does before the answer and about when it is sent. That is `{"say": BYTES,
//! "times": N}` on the stream on which the pool waits for answers, or `{"exit": STATUS}`, or `"stop"`, as SIGSTOP
//! does. For each job it prints an array: its place in the list, the answer, and the error.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::process::{self, Command};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use process_pool::ProcessPool;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    process_pool::serve(misbehave);
    let request: Value = serde_json::from_reader(io::stdin())?;
    let workers = request["workers"].as_u64().ok_or("no workers")?;
    let mut pool = ProcessPool::new(workers.try_into()?, &request["greeting"])?;
    if let Some(timeout) = request["timeout"].as_u64() {
        pool = pool.timeout(Duration::from_millis(timeout));
    }
    let jobs: Vec<_> = request["jobs"].as_array().ok_or("no jobs")?.iter().enumerate().collect();
    let told = Mutex::new(Ok(()));
    pool.for_each(&jobs, |worker, (place, job)| {
        let line = match worker.call::<Value>(job) {
            Ok(answer) => json!([place, answer, null]),
            Err(error) => json!([place, null, error.to_string()]),
        };
        let mut told = told.lock().expect("nobody panics with it");
        if told.is_ok() {
            *told = writeln!(io::stdout(), "{line}");
        }
    });
    Ok(told.into_inner().expect("nobody panics with it")?)
}

fn misbehave(greeting: Value) -> impl FnMut(Value) -> Result<Value, Infallible> {
    act(&greeting);
    |job| {
        act(&job["before"]);
        let after = job["after"].clone();
        if !after.is_null() {
            thread::spawn(move || act(&after));
        }
        Ok(job["answer"].clone())
    }
}

fn act(what: &Value) {
    if *what == "stop" {
        let this = process::id().to_string();
        let _ = Command::new("kill").args(["-STOP", &this]).status();
    } else if let Some(status) = what["exit"].as_i64() {
        process::exit(status as i32);
    } else if let Some(bytes) = what["say"].as_array() {
        let bytes: Vec<u8> =
            bytes.iter().filter_map(Value::as_u64).map(|byte| byte as u8).collect();
        let bytes = bytes.repeat(what["times"].as_u64().unwrap_or(1) as usize);
        let mut stdout = io::stdout().lock();
        // If the pool reads no more, it is gone.
        if stdout.write_all(&bytes).and_then(|()| stdout.flush()).is_err() {
            process::exit(0);
        }
    }
}
