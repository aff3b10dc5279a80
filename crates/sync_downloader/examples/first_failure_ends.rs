//! Wrong on purpose: the first page that fails ends the loop, and takes with it all that come after.
//!
//! Run:     `cargo run -p sync_downloader --example first_failure_ends`
//! Watch:   `-- http://127.0.0.1:9/`, where nobody listens: one page has failed, and 79 were not even asked for.

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
        let outcome = download_site(&session, url);
        let failed = outcome.is_err();
        page.end(outcome);
        // What an error does that nobody catches, or a `?`: it leaves the loop.
        if failed {
            break;
        }
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
