//! Solution: each thread returns its results, and `join` hands them to the main thread.
//!
//! Run:     `cargo run -p threaded_cpu --example joined`
//! Watch:   how many results each thread returned, and their sum: no lock guards it, for only main adds up.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Calls);
    let queue = Mutex::new(numbers.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    let mut sum = 0;
    thread::scope(|scope| {
        let mut handles = Vec::new();
        for _ in 0..run.workers {
            handles.push(scope.spawn(|| {
                let mut results = Vec::new();
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    let result = fib(number);
                    call.end(result);
                    results.push(result);
                }
                results
            }));
        }
        // All threads run before the first is joined.
        for handle in handles {
            let results = handle.join().expect("fib does not panic");
            run.note(format!("A thread returned {} results.", results.len()));
            sum += results.iter().sum::<u64>();
        }
    });
    run.note(format!("The results add up to {sum}."));
    run.finish()
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
