//! Solution: every process counts for itself, and the one that asks for the pages counts none.
//!
//! Run:     `cargo run -p process_downloader --example own_memory`
//! Watch:   the last line before the summary: what a worker has counted is known here only because it says so.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use common::Run;
use process_pool::ProcessPool;
use session::Failure;
use ureq::Agent;

/// One for all threads of a process; but not one for all processes.
static PAGES: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    // A worker process is this program too: it starts here, and does not go past this line.
    process_pool::serve(init_process);
    let run = common::start_downloads("process_downloader", practice_site::start);
    download_all_sites(run);
    run.finish()
}

fn download_all_sites(run: &Run) {
    let initargs = (run.timeout(), run.without_proxy());
    let pool = ProcessPool::new(run.workers(), &initargs).expect("JSON holds a time and a flag");
    // A page ends within its own time; a process that was stopped does not, and many take a while to start.
    let pool = pool.timeout(run.timeout() + Duration::from_secs(10));
    let most = AtomicU64::new(0);
    pool.for_each(run.sites(), |worker, url| {
        let Some(page) = run.begin(url) else { return };
        // The URL crosses the border as a line of JSON, and so does the result.
        page.end(worker.call(url).map(|(bytes, pages)| {
            most.fetch_max(pages, Relaxed);
            bytes
        }));
    });
    let (most, here) = (most.into_inner(), PAGES.load(Relaxed));
    run.note(format!("the busiest worker counted {most} pages, this process counted {here}"));
}

/// A worker's start-up: its session is made once, and serves all the pages that come to it.
fn init_process(
    (timeout, without_proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<(u64, u64), Failure> {
    let session = session::agent(timeout, without_proxy);
    move |url| {
        let bytes = download_site(&session, &url)?;
        Ok((bytes, 1 + PAGES.fetch_add(1, Relaxed)))
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
