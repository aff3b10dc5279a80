//! An update lost between a read and a write, and three ways to keep it.
//!
//! Mirrors: 5,000 workers that add 1 a hundred times to one unprotected global.
//! Run:     `cargo run -p race_counter`
//! Watch:   the first two counts: the same mistake, seen now and then, and seen always.
//! Try:     `--threads 1`: a thread alone loses nothing. `lib.rs` shows what Rust does not compile.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;

use common::Outcome;

/// Counts with this many threads, each of which adds 1 this many times, and returns the count.
type Way = fn(u64, u64) -> u64;
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let run = common::start_rounds("race_counter", ROUNDS);
    run.note("Wide window: in their first step, all threads read before any of them writes.");
    let (threads, increments) = (run.threads(), run.increments());
    let rounds: [(&str, Way, u64, u64); ROUNDS] = [
        ("unprotected", |n, k| unprotected(n, k, |_| {}), 5_000, 100), // the article's numbers
        ("unprotected, wide window", wide_window, threads, increments),
        ("mutex", mutex, threads, increments),
        ("atomic add", atomic_add, threads, increments),
        ("sum per thread, joined", joined_sums, threads, increments),
    ];
    for (way, count, threads, increments) in rounds {
        let Some(round) = run.begin(way) else { break };
        round.end(Outcome::Counted { threads, increments, counted: count(threads, increments) });
    }
    run.finish()
}

/// Wrong on purpose: what others add between the read and the write is lost.
fn unprotected(threads: u64, increments: u64, window: impl Fn(u64) + Sync) -> u64 {
    let counter = AtomicU64::new(0);
    race(threads, increments, |step| {
        let read = counter.load(Relaxed);
        window(step);
        counter.store(read + 1, Relaxed);
    });
    counter.into_inner()
}

/// The same mistake: in the first step all have read before anyone writes.
fn wide_window(threads: u64, increments: u64) -> u64 {
    let all_have_read = Barrier::new(threads as usize);
    unprotected(threads, increments, |step| {
        if step == 0 {
            all_have_read.wait();
        }
    })
}

/// Mended by a lock: the three steps are one for all who take it. It costs the most.
fn mutex(threads: u64, increments: u64) -> u64 {
    let counter = Mutex::new(0);
    race(threads, increments, |_| *counter.lock().expect("nobody panics") += 1);
    counter.into_inner().expect("nobody panics")
}

/// Mended by the processor: nothing comes between the steps of its own addition.
fn atomic_add(threads: u64, increments: u64) -> u64 {
    let counter = AtomicU64::new(0);
    race(threads, increments, |_| _ = counter.fetch_add(1, Relaxed));
    counter.into_inner()
}

/// Mended by sharing nothing: each thread counts alone, and the sums are added at the end.
fn joined_sums(threads: u64, increments: u64) -> u64 {
    // Without `black_box` the optimiser would add all at once.
    let count = || (0..increments).fold(0, |sum, _| black_box(sum + 1));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        workers.into_iter().map(|worker| worker.join().expect("nobody panics")).sum()
    })
}

/// Has so many threads add so many times, and returns when all have ended.
fn race(threads: u64, increments: u64, add: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..increments).for_each(&add));
        }
    });
}
