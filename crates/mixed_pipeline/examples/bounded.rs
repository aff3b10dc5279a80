//! Solution: a page is asked for only when there is room for it: the computing holds the downloading back.
//!
//! Run:     `cargo run -p mixed_pipeline --example bounded -- --latency 1`
//! Watch:   pages come as fast as they are computed with; in the lesson all are there long before, in memory.

use std::process::ExitCode;
use std::sync::Arc;

use common::Run;
use futures_util::future::{join_all, select};
use futures_util::stream::{self, StreamExt};
use rayon::prelude::*;
use reqwest::Client;
use session::Failure;
use tokio::runtime;
use tokio::sync::{Semaphore, oneshot};

fn main() -> ExitCode {
    let run = common::start_downloads("mixed_pipeline", practice_site::start);
    let event_loop = runtime::Builder::new_current_thread().enable_all().build();
    // Ctrl-C drops what is in flight.
    let downloads = select(Box::pin(download_all_sites(run)), Box::pin(run.interrupted()));
    event_loop.expect("the system gives an event loop").block_on(downloads);
    run.finish()
}

async fn download_all_sites(run: &'static Run) {
    let session = session::client(run.timeout(), run.without_proxy());
    // Each page comes with the number to compute, and gives it back if it arrives.
    let download = async |(url, &number): (&String, &u64)| {
        let arrived = run.begin(url)?.end_after(download_site(&session, url)).await;
        arrived.then_some(number)
    };
    let pages = || stream::iter(run.sites().iter().zip(run.numbers()));
    run.part("stage after stage");
    let arrived: Vec<_> = pages().map(download).buffer_unordered(run.workers()).collect().await;
    // It holds up the event loop, which has nothing left to do.
    arrived.par_iter().flatten().for_each(|&number| compute(run, number));

    run.part("pipeline");
    // For those that are on their way, and as many that are computed with or wait for that.
    let room = Arc::new(Semaphore::new(2 * run.workers()));
    let computing = pages().map(async |page| {
        let place = room.clone().acquire_owned().await.expect("it is never closed");
        let number = download(page).await?;
        let (done, computed) = oneshot::channel();
        rayon::spawn(move || {
            compute(run, number);
            drop(place); // for another page
            let _ = done.send(()); // after Ctrl-C nobody waits for it
        });
        Some(computed) // to be awaited later: the next page is on its way meanwhile
    });
    let computing: Vec<_> = computing.buffer_unordered(run.workers()).collect().await;
    join_all(computing.into_iter().flatten()).await;
}

fn compute(run: &Run, number: u64) {
    let Some(call) = run.begin(number) else { return };
    call.end(fib(number));
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

async fn download_site(session: &Client, url: &str) -> Result<u64, Failure> {
    let mut response = session::success(session.get(url).send().await?)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
