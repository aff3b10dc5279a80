//! Solution: the reused connections first, and then threads: the two gains multiply.
//!
//! Run:     `cargo run -p measure_first --example session_and_threads`
//! Watch:   the last section: five connections in place of one, made at the same time, and five pages at once.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::{Run, Sites};
use rayon::prelude::*;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Sync)
        .sections_of("call", &["naive, one core", "naive, all cores"])
        .sections_of("call", &["memoised, one core", "iterative, one core"])
        .sections_of("page", &["a connection each", "one session"])
        .default("repeat", "5")
        .default("connecting", "100");
    let (run, (sites, numbers)) = lesson.start((downloads::PagesWithConnecting, calls::Calls));
    compute_all(run, numbers);
    download_all_sites(run, sites);
    run.finish()
}

fn compute_all(run: &Run, numbers: &[u64]) {
    let compute = |number, fib: fn(u64) -> u64| {
        let Some(call) = run.begin(number) else { return };
        call.end(fib(number));
    };
    run.section("naive, one core");
    numbers.iter().for_each(|&number| compute(number, fib));
    run.section("naive, all cores");
    numbers.par_iter().for_each(|&number| compute(number, fib));
    run.section("memoised, one core");
    numbers.iter().for_each(|&number| compute(number, |n| memoised(n, &mut [0; 94])));
    run.section("iterative, one core");
    numbers.iter().for_each(|&number| compute(number, iterative));
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

/// The same recursion, which computes nothing twice.
fn memoised(n: u64, known: &mut [u64; 94]) -> u64 {
    if n >= 2 && known[n as usize] == 0 {
        known[n as usize] = memoised(n - 1, known) + memoised(n - 2, known);
    }
    if n < 2 { n } else { known[n as usize] }
}

/// No recursion: each number is the sum of the two before it.
fn iterative(n: u64) -> u64 {
    (0..n).fold((1, 0), |(before, this), _| (this, before + this)).1
}

fn download_all_sites(run: &Run, sites: &Sites) {
    let new_session = || http_clients::session(sites.timeout, sites.proxy);
    let download = |session: &ureq::Agent, url| {
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(session, url));
    };
    run.section("a connection each");
    sites.urls.iter().for_each(|url| download(&new_session(), url));
    run.section("one session");
    let session = new_session(); // for all threads: it keeps a connection for each thread that needs one
    let queue = Mutex::new(sites.urls.iter());
    let next_url = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                while let Some(url) = next_url() {
                    download(&session, url);
                }
            });
        }
    });
}

fn download_site(session: &ureq::Agent, url: &str) -> Result<u64, ureq::Error> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(std::io::copy(&mut body, &mut std::io::sink())?)
}
