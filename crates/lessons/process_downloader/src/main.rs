//! Worker processes download the pages: for waiting, a heavy tool does not pay.
//!
//! Mirrors: `ProcessPoolExecutor(initializer=...)`, a session for each process.
//! Run:     `cargo run -p process_downloader`
//! Watch:   each line names its worker; a system monitor shows a process for each of them.
//! Try:     `--workers 5`: as fast as five threads, but for the time it takes to start processes.

use std::process::ExitCode;
use std::time::Duration;

use common::{Run, Sites};
use process_pool::ProcessPool;

fn main() -> ExitCode {
    // A worker process is this program, too: it starts here, and never returns from this call.
    process_pool::serve(init_process);
    let (run, sites) = harness::lesson!(Processes).worker_per_core().start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

// ANCHOR: download_all_sites
fn download_all_sites(run: &Run, sites: &Sites) {
    let initargs = (sites.timeout, sites.proxy);
    let pool = ProcessPool::new(run.workers, &initargs).expect("JSON holds a time and a flag");
    // A page ends within its own time limit; a process that was stopped does not, and many take a while to start.
    let pool = pool.timeout(sites.timeout + Duration::from_secs(10));
    pool.for_each(&sites.urls, |worker, url| {
        let Some(page) = run.begin(url) else { return };
        // The URL crosses the process border as a line of JSON, and so does the result.
        page.end(worker.call(url));
    });
}
// ANCHOR_END: download_all_sites

// ANCHOR: init_process
/// A worker's start-up: its session is made once, for all the pages that it downloads.
fn init_process(
    (timeout, proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<u64, ureq::Error> {
    let session = http_clients::session(timeout, proxy);
    move |url| download_site(&session, &url)
}
// ANCHOR_END: init_process

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
