//! Wrong on purpose: a worker makes a new session for each page, instead of one at its start-up.
//!
//! Run:     `cargo run -p process_downloader --example session_per_job`
//! Watch:   beside `cargo run -p practice_site -- --connecting 100`, with `--site http://127.0.0.1:8000`.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use common::Run;
use process_pool::ProcessPool;
use session::Failure;
use ureq::Agent;

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
    pool.for_each(run.sites(), |worker, url| {
        let Some(page) = run.begin(url) else { return };
        // The URL crosses the border as a line of JSON, and so does the result.
        page.end(worker.call(url));
    });
}

/// A worker's start-up: here it only keeps what its sessions will be made of.
fn init_process(
    (timeout, without_proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<u64, Failure> {
    move |url| {
        let session = session::agent(timeout, without_proxy);
        download_site(&session, &url)
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
