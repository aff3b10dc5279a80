//! Solution: one thread owns the counter, and the others send it what to add.
//!
//! Run:     `cargo run -p race_counter --example one_owner`
//! Watch:   nothing is shared but the channel, and nothing is lost; sending each 1 by itself costs the most.

use std::process::ExitCode;
use std::sync::{Barrier, Mutex, atomic::AtomicU64, atomic::Ordering::Relaxed, mpsc};
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
    round("atomic add", n, k, &atomic_add);
    round("one owner, by channel", n, k, &one_owner);
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

/// Fixed by the processor: nothing comes between the steps of its own addition.
fn atomic_add(threads: u64, increments: u64) -> u64 {
    let add = |counter: &AtomicU64, _| _ = counter.fetch_add(1, Relaxed);
    race(AtomicU64::new(0), threads, increments, add).into_inner()
}

/// Fixed by an owner: the counter is a plain variable of this thread, which alone reads and writes it.
fn one_owner(threads: u64, increments: u64) -> u64 {
    let (sender, received) = mpsc::channel();
    let mut counter = 0;
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let send = move |_| sender.send(1).expect("the owner receives to the end");
            scope.spawn(move || (0..increments).for_each(send));
        }
        drop(sender); // the channel ends when no sender is left
        received.iter().for_each(|one: u64| counter += one);
    });
    counter
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
