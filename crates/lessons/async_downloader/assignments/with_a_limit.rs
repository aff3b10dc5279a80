//! Assignment: let up to `run.workers` pages be in flight at once, on this one thread. Now it awaits one after another.
//!
//! Run:     `cargo run -p async_downloader --example with_a_limit`
//! Check:   `cargo run -p compare -- --check crates/lessons/async_downloader/assignments/with_a_limit.toml`

use std::process::ExitCode;

use common::{Run, Sites};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Async).all_at_once().start(downloads::Pages);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(download_all_sites(run, sites));
    run.finish()
}

async fn download_all_sites(run: &'static Run, sites: &'static Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { return };
        page.end_after(download_site(&session, url)).await;
    }
}

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
