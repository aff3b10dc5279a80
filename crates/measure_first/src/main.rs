//! Before concurrency: a better algorithm and a reused connection beat more workers.
//!
//! Mirrors: `functools.lru_cache`, and one `requests.Session` for all pages.
//! Run:     `cargo run -p measure_first`
//! Watch:   what all cores bring, and what another algorithm brings on one: so quick that most of its
//!          time goes into recording that it was there.
//! Try:     `--connecting 0`: then a session gains little; on the internet it is never 0.

use std::io;
use std::process::ExitCode;

use common::Run;
use rayon::prelude::*;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("measure_first", practice_site::start);
    compute_all(run);
    download_all_sites(run);
    run.finish()
}

// ANCHOR: compute_all
fn compute_all(run: &Run) {
    let compute = |number, fib: fn(u64) -> u64| {
        let Some(call) = run.begin(number) else { return };
        call.end(fib(number));
    };
    run.part("naive, one core");
    run.numbers().iter().for_each(|&number| compute(number, fib));
    run.part("naive, all cores");
    run.numbers().par_iter().for_each(|&number| compute(number, fib));
    run.part("memoised, one core");
    run.numbers().iter().for_each(|&number| compute(number, |n| memoised(n, &mut [0; 94])));
    run.part("iterative, one core");
    run.numbers().iter().for_each(|&number| compute(number, iterative));
}
// ANCHOR_END: compute_all

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

// ANCHOR: better
/// The same recursion, which computes nothing twice.
fn memoised(n: u64, known: &mut [u64; 94]) -> u64 {
    if n >= 2 && known[n as usize] == 0 {
        known[n as usize] = memoised(n - 1, known) + memoised(n - 2, known);
    }
    if n < 2 { n } else { known[n as usize] }
}

/// No recursion: each number is made of the two before it.
fn iterative(n: u64) -> u64 {
    (0..n).fold((1, 0), |(before, this), _| (this, before + this)).1
}
// ANCHOR_END: better

fn download_all_sites(run: &Run) {
    let new_session = || session::agent(run.timeout(), run.without_proxy());
    let download = |session: &Agent, url| {
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(session, url));
    };
    run.part("a connection each");
    run.sites().iter().for_each(|url| download(&new_session(), url));
    run.part("one session");
    let session = new_session();
    run.sites().iter().for_each(|url| download(&session, url));
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
