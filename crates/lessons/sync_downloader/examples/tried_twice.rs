//! Solution: a page that fails is asked for once more, and has failed when it fails again.
//!
//! Run:     `cargo run -p sync_downloader --example tried_twice`
//! Watch:   `--timeout 0.051`: hardly longer than the site takes, so that some pages need the second try.

use std::process::ExitCode;

use common::{Run, Sites};

fn main() -> ExitCode {
    let (run, sites) = harness::lesson!(Sync).start(downloads::Pages);
    download_all_sites(run, sites);
    run.finish()
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let session = http_clients::session(sites.timeout, sites.proxy);
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { return };
        // Only once more: a site that is down does not come back for more requests.
        page.end(download_site(&session, url).or_else(|_| download_site(&session, url)));
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
