//! Solution: a sentinel for each worker ends it, as in the article, instead of the end of the channel.
//!
//! Run:     `cargo run -p work_queue --example sentinel`
//! Watch:   the same lanes as in the lesson; leave one of the sentinels out, and one worker waits for ever.

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
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
    let (sender, receiver) = sync_channel::<Option<&String>>(2);
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
                    while let Ok(Some(url)) = lock().recv() {
                        download(url)
                    }
                    return; // its sentinel is gone: a second `recv` would wait for ever
                }
                while let Ok(Some(url)) = next_site() {
                    download(url)
                }
            });
        }
        for url in run.sites() {
            let _filling = run.aside("fills the queue");
            sender.send(Some(url)).expect("the workers are there until the end");
        }
        for _ in 0..run.workers() {
            // Each worker takes one and ends: so there must be as many as there are workers.
            sender.send(None).expect("the workers are there until the end");
        }
    });
}

fn download_site(session: &Agent, url: &str) -> Result<u64, Failure> {
    let mut body = session.get(url).call()?.into_body().into_reader();
    Ok(io::copy(&mut body, &mut io::sink())?)
}
