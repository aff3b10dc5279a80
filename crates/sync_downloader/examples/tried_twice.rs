//! Solution: a page that fails is asked for once more, and has failed when it fails again.
//!
//! Run:     `cargo run -p sync_downloader --example tried_twice`
//! Watch:   `--timeout 0.051`: hardly longer than the site takes, so that some pages need the second try.

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
    for url in run.sites() {
        let Some(page) = run.begin(url) else { break };
        // Once more and no oftener: a site that is down is not to be kept busy with our hope.
        page.end(download_site(&session, url).or_else(|_| download_site(&session, url)));
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
