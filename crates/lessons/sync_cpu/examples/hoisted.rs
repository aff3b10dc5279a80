//! Wrong on purpose: `fib` is called once, before the loop, and twenty calls are reported.
//!
//! Run:     `cargo run -p sync_cpu --example hoisted`
//! Watch:   the results are right and the time is not: what the calls cost is measured nowhere.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Sync).start(calls::Calls);
    // An optimiser that sees twenty equal calls may do the same: `fib` does nothing but return a result.
    let result = numbers.first().map_or(0, |&number| fib(number));
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        call.end(result);
    }
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
