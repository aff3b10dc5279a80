//! Solution: a page is asked for only when there is room for it: the computing holds the downloading back.
//!
//! Run:     `cargo run -p mixed_pipeline --example bounded -- --latency 1`
//! Watch:   pages come only as fast as the cores compute; in the lesson they arrive early and wait in memory.

use std::process::ExitCode;
use std::sync::Arc;

use common::{Run, Sites};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use rayon::prelude::*;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).workers(5).sections(&["stage after stage", "pipeline"]);
    let lesson = lesson.default("repeat", "20");
    let (run, (sites, numbers)) = lesson.start((downloads::Pages, calls::CallForEachPage));
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop
        .expect("the system gives an event loop")
        .block_on(download_all_sites(run, sites, numbers));
    run.finish()
}

async fn download_all_sites(run: &'static Run, sites: &'static Sites, numbers: &[u64]) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    // Returns the number to compute for this page, if the page arrives.
    let download = async |(url, &number): (&String, &u64)| {
        let arrived = run.begin(url)?.end_after(download_site(&session, url)).await;
        arrived.then_some(number)
    };
    let pages = || stream::iter(sites.urls.iter().zip(numbers));
    run.section("stage after stage");
    let arrived: Vec<_> = pages().map(download).buffer_unordered(run.workers).collect().await;
    // It blocks the event loop, which has nothing left to do.
    arrived.par_iter().flatten().for_each(|&number| compute(run, number));

    run.section("pipeline");
    // Half for pages that are on their way, half for pages that compute or wait to compute.
    let room = Arc::new(Semaphore::new(2 * run.workers));
    let computing = pages().map(async |page| {
        let place = room.clone().acquire_owned().await.expect("it is never closed");
        let number = download(page).await?;
        let (done, computed) = oneshot::channel();
        rayon::spawn(move || {
            compute(run, number);
            drop(place); // for another page
            done.send(()).expect("it is awaited below");
        });
        Some(computed) // to be awaited later: the next page is on its way meanwhile
    });
    let computing: Vec<_> = computing.buffer_unordered(run.workers).collect().await;
    join_all(computing.into_iter().flatten()).await;
}

fn compute(run: &Run, number: u64) {
    let Some(call) = run.begin_as("call", number) else { return };
    call.end(fib(number));
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
