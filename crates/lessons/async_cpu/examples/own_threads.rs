//! Solution: each call gets a thread that it may keep busy, and the event loop awaits the results.
//!
//! Run:     `cargo run -p async_cpu --example own_threads`
//! Watch:   the time of `threaded_cpu`: the threads use the cores. To await a handle returns the thread's result.

use std::process::ExitCode;

use async_std::task;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Async).start(calls::Calls);
    let sum: u64 = task::block_on(async {
        let compute = |&number| {
            task::spawn_blocking(move || {
                let Some(call) = run.begin(number) else { return 0 };
                let result = fib(number);
                call.end(result);
                result
            })
        };
        // All are started before the first is awaited.
        let computing: Vec<_> = numbers.iter().map(compute).collect();
        let mut sum = 0;
        for call in computing {
            sum += call.await;
        }
        sum
    });
    run.note(format!("The results add up to {sum}."));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
