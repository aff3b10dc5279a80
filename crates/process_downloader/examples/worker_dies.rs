//! Wrong on purpose: each worker process dies at its tenth page, and a new one takes its place.
//!
//! Run:     `cargo run -p process_downloader --example worker_dies`
//! Watch:   a death costs one page and no other; a thread that called `exit` would end the whole program.

use std::io;
use std::process::{self, ExitCode};
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

/// A worker's start-up: its session is made once, and serves all the pages that come to it.
fn init_process(
    (timeout, without_proxy): (Duration, bool),
) -> impl FnMut(String) -> Result<u64, Failure> {
    let session = session::agent(timeout, without_proxy);
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

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
