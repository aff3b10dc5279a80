//! Typical mistakes of students, one for each option. No program downloads anything: the mistake is in when its pages
//! begin and end.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use common::{Run, Sites};
use harness::{Lesson, Model, Switch};

const DEADLOCK: Switch = Switch::new("deadlock", "Two threads lock two mutexes in opposite order");
const NOT_JOINED: Switch = Switch::new("not-joined", "Nobody joins the threads");
const NO_LIMIT: Switch = Switch::new("no-limit", "A thread for each page, whatever --workers says");
const ONE_SHORT: Switch =
    Switch::new("one-short", "One worker too few: counted from 1 to --workers, without the last");
const NOT_AWAITED: Switch = Switch::new("not-awaited", "A future for each page, and no await");
const NONE: Switch = Switch::new("none", "No thread is started");

fn main() -> ExitCode {
    let lesson = Lesson::new("mistakes", "//! What goes wrong.\n", Model::Threads).workers(5);
    let work = ((downloads::Pages, DEADLOCK), NOT_JOINED, (NO_LIMIT, NONE));
    let work = (work, ONE_SHORT, NOT_AWAITED);
    let (run, (work, one_short, not_awaited)) = lesson.start(work);
    let ((sites, deadlock), not_joined, (no_limit, none)) = work;
    if *deadlock {
        lock_in_opposite_order(run, sites);
    } else if *not_joined {
        begin_and_go_on(run, sites);
    } else if *no_limit {
        a_thread_each(run, sites);
    } else if *one_short {
        workers_from_one(run, sites);
    } else if *not_awaited {
        sites.urls.iter().for_each(|url| drop(a_page(run, url)));
    } else if !none {
        sites.urls.iter().filter_map(|url| run.begin(url)).for_each(|page| page.end(1));
    }
    run.finish()
}

fn lock_in_opposite_order(run: &Run, sites: &Sites) {
    let locks = [Mutex::new(()), Mutex::new(())];
    thread::scope(|scope| {
        for (number, url) in sites.urls.iter().enumerate().take(2) {
            let [one, other] = [&locks[number], &locks[1 - number]];
            scope.spawn(move || {
                let Some(page) = run.begin(url) else { return };
                let _one = one.lock();
                thread::sleep(Duration::from_millis(100));
                let _other = other.lock();
                page.end(1);
            });
        }
    });
}

/// The first thread has begun when the program continues, and most have not.
fn begin_and_go_on(run: &'static Run, sites: &'static Sites) {
    thread::spawn(|| {
        for url in &sites.urls {
            let Some(page) = run.begin(url) else { return };
            thread::sleep(Duration::from_millis(400));
            page.end(1);
        }
    });
    thread::sleep(Duration::from_millis(600));
}

fn a_thread_each(run: &Run, sites: &Sites) {
    thread::scope(|scope| {
        for url in &sites.urls {
            scope.spawn(move || {
                let Some(page) = run.begin(url) else { return };
                thread::sleep(Duration::from_millis(200));
                page.end(1);
            });
        }
    });
}

fn workers_from_one(run: &Run, sites: &Sites) {
    let queue = Mutex::new(sites.urls.iter());
    thread::scope(|scope| {
        for _ in 1..run.workers {
            scope.spawn(|| {
                while let Some(url) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                    let Some(page) = run.begin(url) else { return };
                    thread::sleep(Duration::from_millis(50));
                    page.end(1);
                }
            });
        }
    });
}

async fn a_page(run: &Run, url: &str) {
    if let Some(page) = run.begin(url) {
        page.end(1);
    }
}
