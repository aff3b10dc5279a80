//! One page after another, on one thread: each wait begins when the last one has ended.
//!
//! Mirrors: one `requests.Session` and a `for` loop.
//! Run:     `cargo run -p sync_downloader`
//! Watch:   the lines come at even steps: each page waits until the one before it has arrived.
//! Try:     `--latency 100` takes twice as long: nearly all the time is the site's.

use std::process::ExitCode;

use common::{Run, Sites};

// ANCHOR: program
fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Sync).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

// ANCHOR: download_all_sites
fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(&session, url));
    }
}
// ANCHOR_END: download_all_sites

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
// ANCHOR_END: program
