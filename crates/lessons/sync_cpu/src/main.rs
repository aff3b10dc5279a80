//! One call after another: one core computes, the others have nothing to do.
//!
//! Mirrors: a `for` loop over `fib(35)`.
//! Run:     `cargo run -p sync_cpu`
//! Watch:   the calls come at even steps; a system monitor shows one busy core.
//! Try:     `--calls 40` takes twice as long, `--number 36` 1.6 times.

use std::process::ExitCode;

// ANCHOR: main
fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Sync).start(calls::Calls);
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        call.end(fib(number));
    }
    run.finish()
}
// ANCHOR_END: main

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
