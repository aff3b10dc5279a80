//! Wrong on purpose: each worker process dies at its tenth page, and a new one takes its place.
//!
//! Run:     `cargo run -p process_downloader --example worker_dies`
//! Watch:   a death costs one page and no other; a thread that called `exit` would end the whole program.

use std::process::{self, ExitCode};
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

/// A worker's start-up: its session is made once, for all the pages that it downloads.
fn init_process(
    (timeout, proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<u64, ureq::Error> {
    let session = http_clients::session(timeout, proxy);
    let mut pages = 0;
    move |url: String| {
        pages += 1;
        if pages == 10 {
            // It stands for whatever ends a process: a crash, too little memory, a `kill`.
            process::exit(3);
        }
        download_site(&session, &url)
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
