//! Solution: no queue and no lock, for each thread has its share from the start, dealt out like cards.
//!
//! Run:     `cargo run -p threaded_downloader --example shares_dealt_out`
//! Watch:   it is as fast; but where every other page is slow, `--workers 4` leaves two threads without work.

use std::io;
use std::process::ExitCode;
use std::thread;

use common::Run;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("threaded_downloader", practice_site::start);
    download_all_sites(run);
    run.finish()
}

fn download_all_sites(run: &Run) {
    thread::scope(|scope| {
        for first in 0..run.workers() {
            scope.spawn(move || {
                // A session for each thread, as in the article; one shared `Agent` would be as fast.
                let session = session::agent(run.timeout(), run.without_proxy());
                // Nobody takes over what is left of the share of a thread that has slow pages.
                for url in run.sites().iter().skip(first).step_by(run.workers()) {
                    let Some(page) = run.begin(url) else { break };
                    page.end(download_site(&session, url));
                }
            });
        }
    });
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
