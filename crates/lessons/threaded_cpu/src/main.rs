//! Threads share the calls and use every core: Rust has no GIL.
//!
//! Mirrors: `ThreadPoolExecutor`, which made Python slower than its `for` loop.
//! Run:     `cargo run -p threaded_cpu`
//! Watch:   the time of `sync_cpu`, divided by the cores; a system monitor shows all of them busy.
//! Try:     `--workers 1`, then twice as many workers as cores: does it gain anything?

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

// ANCHOR: main
fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Threads).worker_per_core().start(calls::Calls);
    let queue = Mutex::new(numbers.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while computing.
    let next_number = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(&number) = next_number() {
                    let Some(call) = run.begin(number) else { break };
                    call.end(fib(number));
                }
            });
        }
    });
    run.finish()
}
// ANCHOR_END: main

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
