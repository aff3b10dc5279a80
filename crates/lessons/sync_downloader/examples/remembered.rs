//! Solution: what was read once is remembered, so that 160 pages take two requests.
//!
//! Run:     `cargo run -p sync_downloader --example remembered`
//! Watch:   two pages take their time, and then the others are there at once; but all throws of the dice are the first.

use std::collections::HashMap;
use std::process::ExitCode;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Sync).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    let mut remembered = HashMap::new();
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { return };
        if let Some(&bytes) = remembered.get(url) {
            page.end(bytes);
            continue;
        }
        let outcome = download_site(&session, url);
        // Forget a failure: the next request may succeed.
        if let Ok(bytes) = outcome {
            remembered.insert(url, bytes);
        }
        page.end(outcome);
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
