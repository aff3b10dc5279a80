//! The older article's work on threads: the squares below five million are added up.
//!
//! Run:     `cargo run -p threaded_cpu --example threaded_sums`
//! Watch:   the ratio to `sync_sums` is that of the lessons; only the work is another.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Sums);
    let queue = Mutex::new(numbers.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    call.end(calls::Sum { below: number, sum: find_sum(number) });
                }
            });
        }
    });
    run.finish()
}

/// The sum does not fit into 64 bits.
fn find_sum(below: u64) -> u128 {
    // Without `black_box` the optimiser finds the formula, and no loop is left.
    (0..below).map(black_box).map(|i| u128::from(i) * u128::from(i)).sum()
}
