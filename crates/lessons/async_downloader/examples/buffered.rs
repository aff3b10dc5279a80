//! Solution: a stream that awaits a limited number of downloads at once: no task and no semaphore.
//!
//! Run:     `cargo run -p async_downloader --example buffered`
//! Watch:   it is as fast; as nothing is spawned, all of it may borrow: no clones, no `Arc`, no `'static`.

use std::process::ExitCode;

use common::{Run, Sites};
use futures_util::stream::{self, StreamExt};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Async).all_at_once().start(downloads::Pages);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(download_all_sites(run, sites));
    run.finish()
}

async fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    let download = async |url: &String| {
        let Some(page) = run.begin(url) else { return };
        page.end_after(download_site(&session, url)).await;
    };
    // A future does nothing until it is awaited: when one has ended, the next is awaited in its place.
    let downloads = stream::iter(&sites.urls).map(download).buffer_unordered(run.workers);
    downloads.collect::<()>().await;
}

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
