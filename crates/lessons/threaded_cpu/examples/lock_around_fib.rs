//! Wrong on purpose: a lock around the computing, a home-made GIL, lets one thread work at a time.
//!
//! Run:     `cargo run -p threaded_cpu --example lock_around_fib`
//! Watch:   one busy core, and the time of `sync_cpu`: in the diagram all but one wait.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Calls);
    let queue = Mutex::new(numbers.iter());
    let gil = Mutex::new(());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    let held = gil.lock().expect("fib does not panic");
                    let result = fib(number);
                    drop(held);
                    call.end(result);
                }
            });
        }
    });
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
