//! The loop becomes a parallel iterator, and the rest stays.
//!
//! Mirrors: `ProcessPoolExecutor`, Python's way around the GIL.
//! Run:     `cargo run -p parallel_cpu`
//! Watch:   as fast as `threaded_cpu`, with nothing but `par_iter` to read.
//! Try:     `--workers 1`: the same program, as fast as `sync_cpu`.

use std::process::ExitCode;

use rayon::prelude::*;

fn main() -> ExitCode {
    let run = common::start_calls("parallel_cpu");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(run.workers()).build_global();
    pool.expect("the system gives one thread per core");
    run.numbers().par_iter().for_each(|&number| {
        if let Some(call) = run.begin(number) {
            call.end(fib(number));
        }
    });
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
