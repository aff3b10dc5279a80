//! Solution: `fib` counts how often it is called, which shows what one call costs.
//!
//! Run:     `cargo run -p sync_cpu --example counted_calls`
//! Watch:   thirty million calls for each number, about two nanoseconds for one; `--number 36`: 1.6 times as many.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Sync).start(calls::Calls);
    let mut all_calls = 0;
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        let mut calls = 0;
        call.end(fib(number, &mut calls));
        all_calls += calls;
    }
    run.note(format!("fib was called {all_calls} times in all."));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64, calls: &mut u64) -> u64 {
    *calls += 1;
    if n < 2 { n } else { fib(n - 1, calls) + fib(n - 2, calls) }
}
