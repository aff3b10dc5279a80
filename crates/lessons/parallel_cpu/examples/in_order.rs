//! Solution: `collect` puts the results into the order of the list, whatever the order in which the calls ended.
//!
//! Run:     `cargo run -p parallel_cpu --example in_order`
//! Watch:   the two lists of places above the last line: the order of ending, and the order of the results.

use std::process::ExitCode;
use std::sync::Mutex;

use rayon::prelude::*;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Rayon).worker_per_core().start(calls::Calls);
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(run.workers);
    threads.build_global().expect("the system gives the threads");
    let ended = Mutex::new(Vec::new());
    let compute = |(place, &number)| {
        let call = run.begin(number)?;
        call.end(fib(number));
        ended.lock().expect("no worker panics here").push(place);
        Some(place)
    };
    // `None` once the run is cancelled: `filter_map` leaves those calls out.
    let results: Vec<usize> = numbers.par_iter().enumerate().filter_map(compute).collect();
    let ended = ended.into_inner().expect("no worker panicked");
    run.note(format!("Ended in this order: {ended:?}"));
    run.note(format!("Collected:           {results:?}"));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
