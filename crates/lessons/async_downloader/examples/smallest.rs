//! An async program at its smallest: 160 waits, a task for each, all on one thread.
//!
//! Run:     `cargo run -p async_downloader --example smallest`
//! Watch:   160 waits of 50 ms take hardly longer than one of them.

#![allow(clippy::print_stdout, reason = "what it prints is a line, and nothing is lost with it")]

use std::time::{Duration, Instant};

use tokio::{runtime::Builder, task::JoinSet, time::sleep};

// ANCHOR: smallest
/// Stands for a download: 50 ms of waiting, then a page of 100 bytes.
async fn download(_page: u64) -> u64 {
    sleep(Duration::from_millis(50)).await;
    100
}

async fn download_all() -> u64 {
    let mut tasks = JoinSet::new();
    for page in 1..=160 {
        tasks.spawn(download(page));
    }
    let mut bytes = 0;
    while let Some(result) = tasks.join_next().await {
        bytes += result.expect("no task panics here");
    }
    bytes
}

fn main() {
    let start = Instant::now();
    let event_loop = Builder::new_current_thread().enable_all().build();
    let bytes = event_loop.expect("the system gives an event loop").block_on(download_all());
    println!("{bytes} bytes in {:.3} seconds", start.elapsed().as_secs_f64());
}
// ANCHOR_END: smallest
