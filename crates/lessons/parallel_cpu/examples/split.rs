//! Solution: one call is split over all cores, as long as its halves are large enough to be worth it.
//!
//! Run:     `cargo run -p parallel_cpu --example split -- --calls 1 --number 40`
//! Watch:   the pieces on all lanes, where `parallel_cpu` with the same options has one busy core.

use std::process::ExitCode;

use common::Run;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Rayon).worker_per_core().start(calls::Calls);
    // No pool of the lesson's own: for one call it would have one worker. By itself, rayon starts a thread for each core.
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        call.end(fib_split(run, number, number.saturating_sub(6)));
    }
    run.finish()
}

/// `fib` in pieces: `fib(smallest)` and below stay whole.
fn fib_split(run: &Run, n: u64, smallest: u64) -> u64 {
    if n <= smallest || n < 2 {
        let _piece = run.annotate(format!("fib({n})"));
        return fib(n);
    }
    let half = |n| fib_split(run, n, smallest);
    let (one, other) = rayon::join(|| half(n - 1), || half(n - 2));
    one + other
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
