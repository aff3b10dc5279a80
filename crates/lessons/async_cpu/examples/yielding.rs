//! Wrong on purpose: every call yields to other tasks, of which there are none.
//!
//! Run:     `cargo run -p async_cpu --example yielding -- --number 20`
//! Watch:   many times the time of `async_cpu -- --number 20`: to yield costs, even where no other task is ready.

use std::process::ExitCode;

use async_std::task;

fn main() -> ExitCode {
    let (run, numbers) = harness::lesson!(Async).start(calls::Calls);
    task::block_on(async {
        for &number in numbers {
            let Some(call) = run.begin(number) else { break };
            call.end(fib(number).await);
        }
    });
    run.finish()
}

/// The naive recursion, awaited. A future that contains another of its own type must keep it on the heap.
async fn fib(n: u64) -> u64 {
    // The loop sets the task aside, wakes it, and polls it from the outermost call down to here.
    task::yield_now().await;
    if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}
