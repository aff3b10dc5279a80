//! Solution: each page is a task, which goes on by itself, so that awaiting them one by one loses nothing.
//!
//! Run:     `cargo run -p sequential_await --example spawned`
//! Watch:   the first section is as fast as the second: a task runs while others are awaited, a future does not.

use std::process::ExitCode;

use common::{Run, Sites};
use futures_util::future::join_all;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).sections(&["one by one", "joined"]);
    let (run, sites) = lesson.default("repeat", "5").start(downloads::Pages);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(download_all_sites(run, sites));
    run.finish()
}

// A spawned task may outlive this call: it owns its data, or borrows what lives as long as the program.
async fn download_all_sites(run: &'static Run, sites: &'static Sites) {
    let session: reqwest::Client = http_clients::session(sites.timeout, sites.proxy);
    let download = |url: &'static String| {
        let session = session.clone();
        async move {
            let Some(page) = run.begin(url) else { return };
            // A page that fails is reported, and does not stop the others.
            page.end_after(download_site(&session, url)).await;
        }
    };
    run.section("one by one");
    let tasks: Vec<_> = sites.urls.iter().map(|url| tokio::spawn(download(url))).collect();
    for task in tasks {
        // A task that panicked has said so, and its page has failed.
        let _ = task.await;
    }
    run.section("joined");
    // A future does nothing until it is awaited: these are awaited together.
    join_all(sites.urls.iter().map(download)).await;
}

async fn download_site(session: &reqwest::Client, url: &str) -> Result<u64, reqwest::Error> {
    let mut response = session.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
