//! Solution: every process counts for itself, and the one that asks for the pages counts none.
//!
//! Run:     `cargo run -p process_downloader --example own_memory`
//! Watch:   the line above the summary: this process knows the count of a worker only because an answer brought it along.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use common::{Run, Sites};
use process_pool::ProcessPool;

/// All threads of a process share it, but each process has its own.
static PAGES: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    // A worker process is this program, too: it starts here, and never returns from this call.
    process_pool::serve(init_process);
    let (run, sites) = harness::lesson!(Processes).worker_per_core().start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let initargs = (sites.timeout, sites.proxy);
    let pool = ProcessPool::new(run.workers, &initargs).expect("JSON holds a time and a flag");
    // A page ends within its own time limit; a process that was stopped does not, and many take a while to start.
    let pool = pool.timeout(sites.timeout + Duration::from_secs(10));
    let most = AtomicU64::new(0);
    pool.for_each(&sites.urls, |worker, url| {
        let Some(page) = run.begin(url) else { return };
        // The URL crosses the process border as a line of JSON, and so does the result.
        page.end(worker.call(url).map(|(bytes, pages)| {
            most.fetch_max(pages, Relaxed);
            bytes
        }));
    });
    let (most, here) = (most.into_inner(), PAGES.load(Relaxed));
    run.note(format!("the busiest worker counted {most} pages, this process counted {here}"));
}

/// A worker's start-up: its session is made once, for all the pages that it downloads.
fn init_process(
    (timeout, proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<(u64, u64), ureq::Error> {
    let session = http_clients::session(timeout, proxy);
    move |url| {
        let bytes = download_site(&session, &url)?;
        Ok((bytes, 1 + PAGES.fetch_add(1, Relaxed)))
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
