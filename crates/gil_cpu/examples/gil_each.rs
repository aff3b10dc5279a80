//! Solution: every call in an interpreter of its own, each with its own GIL: then nobody waits for it.
//!
//! Run:     `cargo run -p gil_cpu --example gil_each`
//! Watch:   the middle part is as fast as the last: a lock that nobody else wants costs next to nothing.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use common::Run;
use gil::Gil;

#[path = "../src/gil.rs"]
mod gil;

fn main() -> ExitCode {
    let run = common::start_calls("gil_cpu");
    let gil = Gil::new(Duration::from_micros(run.option("interval")));
    run.part("one thread");
    for &number in run.numbers() {
        let Some(call) = run.begin(number) else { break };
        call.end(gil.hold(|| fib_with(&gil, number)));
    }
    run.part("threads with a GIL");
    compute_all(run, |number| {
        let own = Gil::new(Duration::from_micros(run.option("interval")));
        own.hold(|| fib_with(&own, number))
    });
    run.part("threads without");
    compute_all(run, fib);
    run.finish()
}

fn compute_all(run: &Run, fib: impl Fn(u64) -> u64 + Sync) {
    let queue = Mutex::new(run.numbers().iter());
    // Unlocks as it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    call.end(fib(number));
                }
            });
        }
    });
}

/// `fib` of a thread that holds the GIL: now and then it looks whether another wants it.
fn fib_with(gil: &Gil, n: u64) -> u64 {
    if n < 15 {
        return fib(n); // a microsecond: to look at every call would cost more than the call
    }
    gil.give_way_if_wanted();
    fib_with(gil, n - 1) + fib_with(gil, n - 2)
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
