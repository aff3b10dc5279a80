//! Solution: each call is timed, and the shortest, the median and the longest are printed.
//!
//! Run:     `cargo run -p sync_cpu --example spread`
//! Watch:   the same work does not always take the same time, so one run, or one call, is no measurement.

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Sync).start(calls::Calls);
    let mut times = Vec::new();
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        let start = Instant::now();
        let result = fib(number);
        times.push(start.elapsed());
        call.end(result);
    }
    times.sort();
    // The median, not the mean: one interrupted call would pull the mean up.
    if let [shortest, .., longest] = times[..] {
        let median = times[times.len() / 2];
        run.note(format!("shortest {shortest:.1?}, median {median:.1?}, longest {longest:.1?}"));
    }
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
