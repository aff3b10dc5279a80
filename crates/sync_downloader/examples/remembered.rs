//! Solution: what was read once is remembered, so that 160 pages take two requests.
//!
//! Run:     `cargo run -p sync_downloader --example remembered`
//! Watch:   two pages take their time, and then the others are there at once; but the dice are thrown no more.

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;

use common::Run;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("sync_downloader", practice_site::start);
    download_all_sites(run);
    run.finish()
}

fn download_all_sites(run: &Run) {
    let session = session::agent(run.timeout(), run.without_proxy());
    let mut remembered = HashMap::new();
    for url in run.sites() {
        let Some(page) = run.begin(url) else { break };
        if let Some(&bytes) = remembered.get(url) {
            page.end(bytes);
            continue;
        }
        let outcome = download_site(&session, url);
        // A failure is not remembered: the next time it may go well.
        if let Ok(bytes) = outcome {
            remembered.insert(url, bytes);
        }
        page.end(outcome);
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
