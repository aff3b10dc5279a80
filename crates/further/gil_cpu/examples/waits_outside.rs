//! Solution: a thread that waits releases the GIL, which is why Python's threads do help with downloads.
//!
//! Run:     `cargo run -p gil_cpu --example waits_outside -- --number 30`
//! Watch:   with the GIL, too, twenty threads are several times as fast as one: they wait at the same time.

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
        call.end(wait_and(|| gil.hold(|| fib_with(&gil, number))));
    }
    run.section(SECTIONS[1]);
    compute_all(run, numbers, |number| wait_and(|| gil.hold(|| fib_with(&gil, number))));
    run.section(SECTIONS[2]);
    compute_all(run, numbers, |number| wait_and(|| fib(number)));
    run.finish()
}

/// Waits for the answer of a slow site, without the GIL, and then computes with it.
fn wait_and(compute: impl FnOnce() -> u64) -> u64 {
    thread::sleep(Duration::from_millis(50));
    compute()
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
