//! One page after another: a single train of thought, and all its waiting in a row.
//!
//! Mirrors: one `requests.Session` and a `for` loop.
//! Run:     `cargo run -p sync_downloader`
//! Watch:   the lines come at even steps: each page waits until the one before it has arrived.
//! Try:     `--latency 100` takes twice as long: nearly all the time is the site's.

use std::io;
use std::process::ExitCode;

use common::Run;
use session::Failure;
use ureq::Agent;

// ANCHOR: program
fn main() -> ExitCode {
    let run = common::start_downloads("sync_downloader", practice_site::start);
    download_all_sites(run);
    run.finish()
}

// ANCHOR: download_all_sites
fn download_all_sites(run: &Run) {
    let session = session::agent(run.timeout(), run.without_proxy());
    for url in run.sites() {
        let Some(page) = run.begin(url) else { break };
        page.end(download_site(&session, url));
    }
}
// ANCHOR_END: download_all_sites

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
// ANCHOR_END: program
