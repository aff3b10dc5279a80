//! Wrong on purpose: a queue without a bound, so that who fills it never waits for who empties it.
//!
//! Run:     `cargo run -p work_queue --example no_bound`
//! Watch:   `main` is done at once, and the whole list lies in the queue: how long may a list be, if it does not end?

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use common::Run;
use session::Failure;
use ureq::Agent;

fn main() -> ExitCode {
    let run = common::start_downloads("work_queue", practice_site::start);
    download_all_sites(run);
    run.finish()
}

fn download_all_sites(run: &Run) {
    let (sender, receiver) = channel::<&String>();
    let queue = Mutex::new(receiver); // a receiver has one owner: the workers take turns with it
    let lock = || queue.lock().expect("no worker panics here");
    let next_site = || lock().recv(); // unlocks as it returns
    let session = session::agent(run.timeout(), run.without_proxy());
    let download = |url| {
        // After Ctrl-C the queue is emptied all the same: who fills it is not to wait for ever.
        let Some(page) = run.begin(url) else { return };
        page.end(download_site(&session, url));
    };
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                if run.switch("hold-the-lock") {
                    // Wrong on purpose: what `lock` gives lives, locked, until the body has ended.
                    while let Ok(url) = lock().recv() {
                        download(url)
                    }
                }
                while let Ok(url) = next_site() {
                    download(url)
                }
            });
        }
        for url in run.sites() {
            let _filling = run.aside("fills the queue");
            sender.send(url).expect("the workers are there until the end");
        }
        drop(sender); // no sentinel: without a sender, `recv` fails as soon as the queue is empty
    });
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
