//! Solution: the results come back to the process that asked for them, which adds them up behind a lock.
//!
//! Run:     `cargo run -p process_downloader --example summed_here`
//! Watch:   the line above the summary: one sum for all workers, since all answers arrive in this process.

use std::process::ExitCode;
use std::sync::Mutex;
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
    // The closure below runs on several threads, but all of them are in this process.
    let total = Mutex::new(0);
    pool.for_each(&sites.urls, |worker, url| {
        let Some(page) = run.begin(url) else { return };
        // The URL crosses the process border as a line of JSON, and so does the result.
        let outcome = worker.call::<u64>(url);
        if let Ok(bytes) = outcome {
            *total.lock().expect("no thread panics here") += bytes;
        }
        page.end(outcome);
    });
    let total = total.into_inner().expect("no thread panics here");
    run.note(format!("The workers sent back {total} bytes in all."));
}

/// A worker's start-up: its session is made once, for all the pages that it downloads.
fn init_process(
    (timeout, proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<u64, ureq::Error> {
    let session = http_clients::session(timeout, proxy);
    move |url| download_site(&session, &url)
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
