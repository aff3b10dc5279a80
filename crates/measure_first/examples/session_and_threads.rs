//! Solution: the reused connections first, and then threads: their gains are multiplied.
//!
//! Run:     `cargo run -p measure_first --example session_and_threads`
//! Watch:   the last part: five connections in place of one, made at the same time, and five pages at once.

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

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

/// No recursion: each number is made of the two before it.
fn iterative(n: u64) -> u64 {
    (0..n).fold((1, 0), |(before, this), _| (this, before + this)).1
}

fn download_all_sites(run: &Run) {
    let new_session = || session::agent(run.timeout(), run.without_proxy());
    let download = |session: &Agent, url| {
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(session, url));
    };
    run.part("a connection each");
    run.sites().iter().for_each(|url| download(&new_session(), url));
    run.part("one session");
    let session = new_session(); // for all threads: it keeps a connection for each that needs one
    let queue = Mutex::new(run.sites().iter());
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

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
