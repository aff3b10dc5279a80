//! Solution: the write happens only if no other thread wrote since the read; otherwise all three steps are repeated.
//!
//! Run:     `cargo run -p race_counter --example compare_exchange`
//! Watch:   nothing is lost, and it costs more than `fetch_add`: a sum that came too late is computed again.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::{Barrier, Mutex, atomic::AtomicU64, atomic::Ordering::Relaxed};
use std::thread;

use race_counter::{Interleaving, Rounds, counted};

fn main() -> ExitCode {
    let (run, racers) = harness::lesson!(Threads).start(Rounds(5));
    let (n, k) = (racers.threads, racers.increments);
    run.note("Wide window: in their first step, all threads read before any of them writes.");
    let round = |way, threads, increments, count: &dyn Fn(u64, u64) -> u64| {
        let Some(round) = run.begin(way) else { return };
        round.end(counted(threads, increments, count));
    };
    round("unprotected", 5_000, 100, &unprotected); // the article's numbers
    round("unprotected, wide window", n, k, &|n, k| wide_window(n, k, &racers.watch));
    round("mutex", n, k, &mutex);
    round("compare and exchange", n, k, &compare_exchange);
    round("sum per thread, joined", n, k, &joined_sums);
    run.finish()
}

/// Wrong on purpose: anything that other threads add between the read and the write is lost.
fn unprotected(threads: u64, increments: u64) -> u64 {
    race(AtomicU64::new(0), threads, increments, |counter, _| add(counter)).into_inner()
}

fn add(counter: &AtomicU64) {
    let read = counter.load(Relaxed);
    counter.store(read + 1, Relaxed);
}

/// The same mistake, with its first step recorded: all threads have read before any of them writes.
fn wide_window(threads: u64, increments: u64, watch: &Interleaving) -> u64 {
    let all_have_read = Barrier::new(threads as usize);
    race(AtomicU64::new(0), threads, increments, |counter, step| {
        if step > 0 {
            return add(counter);
        }
        let read = watch.read(|| counter.load(Relaxed));
        all_have_read.wait();
        let sum = watch.add(|| read + 1);
        watch.write(sum, || counter.swap(sum, Relaxed)); // a store that returns what it overwrites
    })
    .into_inner()
}

/// Fixed by a lock: no thread can come between the three steps of another. It costs the most.
fn mutex(threads: u64, increments: u64) -> u64 {
    let add = |counter: &Mutex<u64>, _| *counter.lock().expect("no thread panics") += 1;
    race(Mutex::new(0), threads, increments, add).into_inner().expect("no thread panics")
}

/// Fixed by a check before the write. It works for any step, not for an addition alone.
fn compare_exchange(threads: u64, increments: u64) -> u64 {
    let add = |counter: &AtomicU64, _| {
        let mut read = counter.load(Relaxed);
        // If another thread wrote in between, the error has the new value: add to that one.
        while let Err(now) = counter.compare_exchange_weak(read, read + 1, Relaxed, Relaxed) {
            read = now;
        }
    };
    race(AtomicU64::new(0), threads, increments, add).into_inner()
}

/// Fixed by sharing nothing: each thread counts alone, and the sums are added at the end.
fn joined_sums(threads: u64, increments: u64) -> u64 {
    // Without `black_box` the optimiser would add all at once.
    let count = || (0..increments).fold(0, |sum, _| black_box(sum + 1));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no thread panics")).sum()
    })
}

/// Has this many threads add to one counter this many times; returns the counter when all have ended.
fn race<C: Sync>(counter: C, threads: u64, increments: u64, add: impl Fn(&C, u64) + Sync) -> C {
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..increments).for_each(|step| add(&counter, step)));
        }
    });
    counter
}
