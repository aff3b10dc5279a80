//! The loop becomes a parallel iterator, and the rest stays.
//!
//! Mirrors: `ProcessPoolExecutor`, Python's way around the GIL.
//! Run:     `cargo run -p parallel_cpu`
//! Watch:   as fast as `threaded_cpu`, with `par_iter` in place of threads and queue.
//! Try:     `--workers 1`: the same program, as fast as `sync_cpu`.

use std::process::ExitCode;

use rayon::prelude::*;

// ANCHOR: main
fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Rayon).worker_per_core().start(calls::Calls);
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(run.workers);
    threads.build_global().expect("the system gives the threads");
    numbers.par_iter().for_each(|&number| {
        let Some(call) = run.begin(number) else { return };
        call.end(fib(number));
    });
    run.finish()
}
// ANCHOR_END: main

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
