//! Solution: every call in an interpreter of its own, each with its own GIL: then no call waits for it.
//!
//! Run:     `cargo run -p gil_cpu --example gil_each`
//! Watch:   the middle section is as fast as the last: a lock that no other thread wants costs next to nothing.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use common::Run;
use gil::Gil;
use harness::Number;

#[path = "../src/gil.rs"]
mod gil;

const SECTIONS: [&str; 3] = ["one thread", "threads with a GIL", "threads without"];
const HELP: &str = "How long a thread waits for the GIL before it asks for it";
const INTERVAL: Number = Number::new("interval", "MICROSECONDS", "5000", 10..=1_000_000, HELP);

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).workers(20).sections(&SECTIONS);
    let (run, (numbers, interval)) = lesson.start((calls::Calls, INTERVAL));
    let interval = Duration::from_micros(*interval);
    let gil = Gil::new(interval);
    run.section(SECTIONS[0]);
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        call.end(gil.hold(|| fib_with(&gil, number)));
    }
    run.section(SECTIONS[1]);
    compute_all(run, numbers, |number| {
        let own = Gil::new(interval);
        own.hold(|| fib_with(&own, number))
    });
    run.section(SECTIONS[2]);
    compute_all(run, numbers, fib);
    run.finish()
}

fn compute_all(run: &Run, numbers: &[u64], fib: impl Fn(u64) -> u64 + Sync) {
    let queue = Mutex::new(numbers.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    call.end(fib(number));
                }
            });
        }
    });
}

/// `fib` on a thread that holds the GIL: now and then it checks whether another thread wants it.
fn fib_with(gil: &Gil, n: u64) -> u64 {
    if n < 15 {
        return fib(n); // a microsecond: a check in every call would cost more than the call
    }
    gil.give_way_if_wanted();
    fib_with(gil, n - 1) + fib_with(gil, n - 2)
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
