//! Async does nothing for work that never waits: it uses one core, and every await costs.
//!
//! Mirrors: `async def fib`, every call awaited.
//! Run:     `cargo run -p async_cpu`
//! Watch:   many times the time of `sync_cpu`: each awaited call is a future on the heap.
//! Try:     `--number 30`, here and in `sync_cpu`: the ratio stays.
//!
//! async-std is no longer developed; its authors point to smol (RUSTSEC-2025-0052). The course shows
//! it beside tokio, and no program should start with it today.

use std::process::ExitCode;

use async_std::task;

// ANCHOR: main
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
// ANCHOR_END: main

// ANCHOR: fib
/// The naive recursion, awaited. A future that contains another of its own type must keep it on the heap.
async fn fib(n: u64) -> u64 {
    if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}
// ANCHOR_END: fib
