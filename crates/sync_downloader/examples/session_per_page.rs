//! Wrong on purpose: a session for each page, so that each page needs a connection of its own.
//!
//! Run:     `cargo run -p sync_downloader --example session_per_page`
//! Watch:   beside `cargo run -p practice_site -- --connecting 100`, with `--site http://127.0.0.1:8000`.

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
    for url in run.sites() {
        let Some(page) = run.begin(url) else { break };
        // Its connection goes with it: no other page will find it here.
        let session = session::agent(run.timeout(), run.without_proxy());
        page.end(download_site(&session, url));
    }
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
