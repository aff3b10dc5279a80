//! Wrong on purpose: the first page that fails ends the loop, and takes with it all that come after.
//!
//! Run:     `cargo run -p sync_downloader --example first_failure_ends`
//! Watch:   `-- http://127.0.0.1:9/`, where no server listens: one page has failed, and 79 were not even requested.

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
        let outcome = download_site(&session, url);
        let failed = outcome.is_err();
        page.end(outcome);
        // An error that is not caught leaves the loop, as a `?` does.
        if failed {
            break;
        }
    }
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
