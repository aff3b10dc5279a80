//! Wrong on purpose: all futures are made before the first is awaited, which starts none of them.
//!
//! Run:     `cargo run -p sequential_await --example collected_first`
//! Watch:   the second section is as slow as the first, for a future does nothing until it is awaited.

use std::process::ExitCode;

use common::{Run, Sites};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).sections(&["one by one", "joined"]);
    let (run, sites) = lesson.default("repeat", "5").start(downloads::Pages);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(download_all_sites(run, sites));
    run.finish()
}

async fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    let download = async |url: &String| {
        let Some(page) = run.begin(url) else { return };
        // A page that fails is reported, and does not stop the others.
        page.end_after(download_site(&session, url)).await;
    };
    run.section("one by one");
    for url in &sites.urls {
        download(url).await;
    }
    run.section("joined");
    let downloads: Vec<_> = sites.urls.iter().map(download).collect();
    // All futures exist now, and none of them has requested its page yet.
    for download in downloads {
        download.await;
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
