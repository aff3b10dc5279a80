//! Solution: small numbers are plain calls, so few are left to await, and async costs next to nothing.
//!
//! Run:     `cargo run -p async_cpu --example cut_off`
//! Watch:   nearly the time of `sync_cpu`; still one core.

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
    // Some microseconds of plain calls for each awaited one.
    if n < 20 { plain_fib(n) } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}

fn plain_fib(n: u64) -> u64 {
    if n < 2 { n } else { plain_fib(n - 1) + plain_fib(n - 2) }
}
