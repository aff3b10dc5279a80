//! Solution: the parallel iterator gives results back: `map` and `sum` in place of `for_each`.
//!
//! Run:     `cargo run -p parallel_cpu --example summed`
//! Watch:   the sum above the last line: rayon adds up on each thread, and then the threads' sums.

use std::process::ExitCode;

use rayon::prelude::*;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Rayon).worker_per_core().start(calls::Calls);
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(run.workers);
    threads.build_global().expect("the system gives the threads");
    let compute = |&number| {
        let Some(call) = run.begin(number) else { return 0 };
        let result = fib(number);
        call.end(result);
        result
    };
    let sum: u64 = numbers.par_iter().map(compute).sum();
    run.note(format!("The results add up to {sum}."));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
