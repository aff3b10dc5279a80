//! Wrong on purpose: the event loop computes by itself, and has no time for the pages meanwhile.
//!
//! Run:     `cargo run -p mixed_pipeline --example on_the_loop`
//! Watch:   in the second section one lane does it all: one call at a time, and pages that wait to be read.

use std::process::ExitCode;

use common::{Run, Sites};
use futures_util::stream::{self, StreamExt};
use rayon::prelude::*;
use tokio::runtime::Builder;

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
    let computing = pages().map(async |page| {
        let number = download(page).await?;
        compute(run, number); // wrong on purpose: no other task runs until it returns
        Some(())
    });
    computing.buffer_unordered(run.workers).collect::<Vec<_>>().await;
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
