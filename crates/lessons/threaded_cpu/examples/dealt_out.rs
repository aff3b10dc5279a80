//! Solution: each thread gets its share before it starts, so there is no queue and no lock.
//!
//! Run:     `cargo run -p threaded_cpu --example dealt_out`
//! Watch:   as fast as with the queue while all calls take as long; `--calls 9 --workers 4` starts three threads.

use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Calls);
    let share = numbers.len().div_ceil(run.workers);
    thread::scope(|scope| {
        for numbers in numbers.chunks(share) {
            scope.spawn(move || {
                for &number in numbers {
                    let Some(call) = run.begin(number) else { break };
                    call.end(fib(number));
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
