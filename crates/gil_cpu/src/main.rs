//! Why threads slow Python down: a global lock, acted out.
//!
//! Mirrors: CPython's GIL, handed on after 5 ms to a thread that asks for it.
//! Run:     `cargo run -p gil_cpu`
//! Watch:   the cores that are busy: one with the GIL, however many threads there are; then all.
//! Try:     `--workers 4`, to see each thread's share; `--interval 100`: hand it on more often.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use common::Run;
use gil::Gil;

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
    compute_all(run, |number| gil.hold(|| fib_with(&gil, number)));
    run.part("threads without");
    compute_all(run, fib);
    run.finish()
}

// ANCHOR: compute_all
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
// ANCHOR_END: compute_all

// ANCHOR: fib_with
/// `fib` of a thread that holds the GIL: now and then it looks whether another wants it.
fn fib_with(gil: &Gil, n: u64) -> u64 {
    if n < 15 {
        return fib(n); // a microsecond: to look at every call would cost more than the call
    }
    gil.give_way_if_wanted();
    fib_with(gil, n - 1) + fib_with(gil, n - 2)
}
// ANCHOR_END: fib_with

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
