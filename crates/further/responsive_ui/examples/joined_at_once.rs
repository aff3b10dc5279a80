//! Wrong on purpose: the interface starts the worker, and waits for its end at once.
//!
//! Run:     `cargo run -p responsive_ui --example joined_at_once`
//! Watch:   two threads now, and the keys are answered as late as with one.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use common::Run;
use screen::{Interface, Screen};

#[path = "../src/keyboard.rs"]
mod keyboard;
#[path = "../src/screen.rs"]
mod screen;

const PARTS: [&str; 2] = ["thread of the keys", "a worker thread"];

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).sections(&PARTS).default("number", "41");
    let (run, (numbers, interface)) =
        lesson.default("calls", "30").start((calls::Calls, Interface));
    on_the_thread_of_the_keys(run, numbers, interface.open(run, PARTS[0]));
    on_a_worker_thread(run, numbers, interface.open(run, PARTS[1]));
    run.finish()
}

fn on_the_thread_of_the_keys(run: &Run, numbers: &[u64], mut screen: Screen) {
    for &number in numbers {
        let Some(call) = run.begin(number) else { return };
        call.end(fib(number));
    }
    screen.draw(numbers.len());
    // Only now does this thread look at its keys.
    while let Ok(key) = screen.keys.try_recv() {
        screen.answer(&key);
    }
}

fn on_a_worker_thread(run: &Run, numbers: &[u64], mut screen: Screen) {
    let (progress, news) = mpsc::channel();
    let is_cancelled = &AtomicBool::new(false);
    let _lane = run.annotate("waits for keys, and answers them");
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            for (&number, done) in numbers.iter().zip(1..) {
                if is_cancelled.load(Relaxed) {
                    break;
                }
                let Some(call) = run.begin(number) else { break };
                call.end(fib(number));
                progress.send(done).expect("the interface is there until the worker has ended");
            }
        });
        // Wrong on purpose: this waits until the worker has ended.
        worker.join().expect("it does not panic");
        while let Ok(key) = screen.keys.try_recv() {
            is_cancelled.fetch_or(key.cancels(), Relaxed);
            screen.answer(&key);
        }
        if let Some(done) = news.try_iter().last() {
            screen.draw(done);
        }
    });
}

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
