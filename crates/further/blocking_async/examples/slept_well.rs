//! Solution: a sleep that is awaited lets other tasks run, so no thread is needed for it.
//!
//! Run:     `cargo run -p blocking_async --example slept_well`
//! Watch:   a task that sleeps delays only itself, and all of them sleep at the same time.

use std::process::ExitCode;
use std::{cell::Cell, hint::black_box};
use std::{thread, time::Duration};

use common::{Run, Sites};
use futures_util::future::join_all;
use harness::{Number, Switch};
use tokio::{runtime::Builder, task::spawn_blocking, time::sleep};

const SECTIONS: [&str; 3] = ["one task blocks", "every task blocks", "spawn_blocking"];
const BLOCK: Number =
    Number::new("block", "MS", "100", 1..=10_000, "How long a task blocks, in milliseconds");
const COMPUTE: Switch = Switch::new("compute", "Block by computing instead of sleeping");

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).sections(&SECTIONS).default("repeat", "2");
    let (run, (sites, milliseconds, compute)) = lesson.start((downloads::Pages, BLOCK, COMPUTE));
    let time = (!compute).then(|| Duration::from_millis(*milliseconds));
    let downloads = download_all_sites(run, sites, time);
    let event_loop = Builder::new_current_thread().enable_all().build();
    event_loop.expect("the system gives an event loop").block_on(downloads);
    run.finish()
}

async fn download_all_sites(run: &'static Run, sites: &'static Sites, time: Option<Duration>) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    for section in SECTIONS {
        run.section(section);
        let all = Cell::new(sites.urls.len());
        let download = async |url: &String| {
            let Some(page) = run.begin(url) else { return };
            page.end_after(async {
                let bytes = download_site(&session, url).await?;
                // The first task to arrive blocks for all of them, or each blocks for itself.
                let times = if section == "one task blocks" { all.take() } else { 1 };
                if section == "spawn_blocking" {
                    // The fix: a thread that may block, while this one goes on with the other tasks.
                    spawn_blocking(move || block(run, times, time)).await.expect("no panic");
                } else {
                    // While this task sleeps, the others have their turns.
                    sleep(time.unwrap_or_default() * times as u32).await;
                }
                Ok::<_, reqwest::Error>(bytes)
            })
            .await;
        };
        join_all(sites.urls.iter().map(download)).await;
    }
}

/// Blocks, without an `.await`: sleeps for this time, or computes if there is none.
fn block(run: &Run, times: usize, time: Option<Duration>) {
    for _ in 0..times {
        let Some(_blocking) = run.annotate("blocks") else { return };
        match time {
            Some(time) => thread::sleep(time),
            None => _ = black_box(fib(black_box(35))),
        }
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

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
