//! The older article's work: the squares below five million are added up, one call after another.
//!
//! Run:     `cargo run -p sync_cpu --example sync_sums`
//! Watch:   the sums do not fit into 64 bits. Take away `black_box`, and they take no time at all.

use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Sync).start(calls::Sums);
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        call.end(calls::Sum { below: number, sum: find_sum(number) });
    }
    run.finish()
}

/// The sum does not fit into 64 bits.
fn find_sum(below: u64) -> u128 {
    // Without `black_box` the optimiser finds the formula, and no loop is left.
    (0..below).map(black_box).map(|i| u128::from(i) * u128::from(i)).sum()
}
