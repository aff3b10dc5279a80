//! Solution: the loop becomes an iterator, whose `collect` runs it and keeps the results.
//!
//! Run:     `cargo run -p sync_cpu --example collected`
//! Watch:   the sum above the last line; without `collect` not a single call is made.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Sync).start(calls::Calls);
    let compute = |&number| {
        let call = run.begin(number)?;
        let result = fib(number);
        call.end(result);
        Some(result)
    };
    // Ends at the first `None`, as the loop does with `break`.
    let results: Vec<u64> = numbers.iter().map_while(compute).collect();
    run.note(format!("{} results add up to {}.", results.len(), results.iter().sum::<u64>()));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
