//! The older article's work with rayon: the squares below five million are added up.
//!
//! Run:     `cargo run -p parallel_cpu --example parallel_sums`
//! Watch:   the ratio to `sync_sums` is that of the lessons; only the work is another.

use std::hint::black_box;
use std::process::ExitCode;

use rayon::prelude::*;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Rayon).worker_per_core().start(calls::Sums);
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(run.workers);
    threads.build_global().expect("the system gives the threads");
    numbers.par_iter().for_each(|&number| {
        let Some(call) = run.begin(number) else { return };
        call.end(calls::Sum { below: number, sum: find_sum(number) });
    });
    run.finish()
}

/// The sum does not fit into 64 bits.
fn find_sum(below: u64) -> u128 {
    // Without `black_box` the optimiser finds the formula, and no loop is left.
    (0..below).map(black_box).map(|i| u128::from(i) * u128::from(i)).sum()
}
