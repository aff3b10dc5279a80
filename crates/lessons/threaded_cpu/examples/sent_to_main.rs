//! Solution: the threads send their results over a channel, and the main thread adds them up.
//!
//! Run:     `cargo run -p threaded_cpu --example sent_to_main`
//! Watch:   the sum above the last line: it was never shared, so no lock was needed for it.

use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Calls);
    let queue = Mutex::new(numbers.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    let (results, received) = mpsc::channel();
    let sum: u64 = thread::scope(|scope| {
        for _ in 0..run.workers {
            let results = results.clone();
            scope.spawn(move || {
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    let result = fib(number);
                    call.end(result);
                    results.send(result).expect("the main thread receives to the end");
                }
            });
        }
        // The channel ends when no sender is left: this one would keep it open.
        drop(results);
        received.iter().sum()
    });
    run.note(format!("The results add up to {sum}."));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
