//! Assignment: let every core compute. Now one thread computes one call after another.
//!
//! Run:     `cargo run -p threaded_cpu --example all_cores`
//! Check:   `cargo run -p compare -- --check crates/lessons/threaded_cpu/assignments/all_cores.toml`

use std::process::ExitCode;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Calls);
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        call.end(fib(number));
    }
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
