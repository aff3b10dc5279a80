//! Wrong on purpose: every call of `fib` offers its halves to other threads, down to `fib(1)`.
//!
//! Run:     `cargo run -p parallel_cpu --example split_to_the_end -- --number 30`
//! Watch:   all cores are busy, and `sync_cpu -- --number 30` is faster: to offer a call costs more than to make it.

use std::process::ExitCode;

use rayon::prelude::*;

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

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (one, other) = rayon::join(|| fib(n - 1), || fib(n - 2));
    one + other
}
