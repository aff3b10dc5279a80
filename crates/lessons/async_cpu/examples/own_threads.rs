//! Solution: each call gets a thread that it may keep busy, and the event loop only awaits the results.
//!
//! Run:     `cargo run -p async_cpu --example own_threads`
//! Watch:   the time of `threaded_cpu`: it is the threads that use the cores, and not the awaiting.

use std::process::ExitCode;

use async_std::task;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Async).start(calls::Calls);
    task::block_on(async {
        let compute = |&number| {
            task::spawn_blocking(move || {
                let Some(call) = run.begin(number) else { return };
                call.end(fib(number));
            })
        };
        // All are started before the first is awaited.
        let computing: Vec<_> = numbers.iter().map(compute).collect();
        for call in computing {
            call.await;
        }
    });
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
