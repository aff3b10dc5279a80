//! The older article's work in an async function: one core, and nothing is gained.
//!
//! Run:     `cargo run -p async_cpu --example async_sums`
//! Watch:   about the time of `sync_sums`: only each call is awaited, and not each step of it.

use std::hint::black_box;
use std::process::ExitCode;

use async_std::task;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Async).start(calls::Sums);
    task::block_on(async {
        for &number in numbers {
            let Some(call) = run.begin(number) else { break };
            call.end(calls::Sum { below: number, sum: find_sum(number).await });
        }
    });
    run.finish()
}

/// The sum does not fit into 64 bits.
async fn find_sum(below: u64) -> u128 {
    // Without `black_box` the optimiser finds the formula, and no loop is left.
    (0..below).map(black_box).map(|i| u128::from(i) * u128::from(i)).sum()
}
