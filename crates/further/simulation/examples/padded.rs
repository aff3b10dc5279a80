//! Solution: each counter has a cache line for itself, which stays in the cache of its core.
//!
//! Run:     `cargo run -p simulation --example padded`
//! Watch:   the second section, beside that of the example `false_sharing`, which counts the same.

use std::iter::once;
use std::mem::swap;
use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use common::Run;
use plate::{Plate, inner, spread};
use rayon::prelude::*;

#[path = "../src/heat.rs"]
mod heat;
#[path = "../src/picture.rs"]
mod picture;
#[path = "../src/plate.rs"]
mod plate;

fn main() -> ExitCode {
    let sections = ["one core", "threads, a barrier", "rayon"];
    let lesson = harness::lesson!(Threads).worker_per_core().default("steps", "50");
    let (run, heat) = lesson.sections(&sections).start(heat::Heat);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(run.workers).build();
    let pool = pool.expect("the system gives the threads");
    heat.simulate(run, sections[0], 1, one_core);
    heat.simulate(run, sections[1], run.workers, |plate, steps| with_a_barrier(run, plate, steps));
    heat.simulate(run, sections[2], run.workers, |plate, steps| {
        let _lanes = heat::lanes(run, &pool);
        pool.install(|| with_rayon(plate, steps));
    });
    run.finish()
}

/// A counter with nothing else in its cache line. A line has 64 bytes, or 128; some processors fetch two at a time.
#[derive(Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

fn one_core(Plate { last, next }: &mut Plate, steps: usize) {
    for _ in 0..steps {
        last.windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
        swap(last, next);
    }
}

fn with_a_barrier(run: &Run, plate: &mut Plate, steps: usize) {
    let rows = plate.rows_of_a_band(run.workers);
    let (edges, bands) = plate.edges(rows);
    let barrier = Barrier::new(bands);
    // How often a cell has changed: each thread counts for itself, and waits for no other.
    let changed: Vec<Padded> = (0..bands).map(|_| Padded::default()).collect();
    let (last, next) = (inner(&mut plate.last), inner(&mut plate.next));
    thread::scope(|scope| {
        // `chunks_mut`: a thread owns its band of rows, in both grids.
        let bands = last.chunks_mut(rows).zip(next.chunks_mut(rows));
        for (band, (mut last, mut next)) in bands.enumerate() {
            let (edges, barrier, changed) = (&edges, &barrier, &changed);
            let compute = move || {
                let _lane = run.annotate(format!("band {}", band + 1));
                for step in 0..steps {
                    // Two sets in turn: a neighbour may still read the other one.
                    let edge = |at: usize| edges[step % 2][at].lock().expect("no thread panics");
                    edge(2 * band + 1).copy_from_slice(&last[0]);
                    edge(2 * band + 2).copy_from_slice(&last[last.len() - 1]);
                    barrier.wait(); // now the neighbours' edges are there, too
                    let (above, below) = (edge(2 * band), edge(2 * band + 3));
                    let rows: Vec<_> = once(&*above).chain(&*last).chain(once(&*below)).collect();
                    rows.windows(3).zip(&mut *next).for_each(|(rows, next)| {
                        spread(rows, next);
                        next.iter().zip(rows[1]).filter(|(new, old)| new != old).for_each(|_| {
                            changed[band].0.fetch_add(1, Relaxed);
                        });
                    });
                    swap(&mut last, &mut next);
                }
            };
            let thread = thread::Builder::new().name(format!("worker-{}", band + 1));
            thread.spawn_scoped(scope, compute).expect("the system gives the threads");
        }
    });
    plate.swap_after(steps);
    let changed: u64 = changed.iter().map(|of_a_thread| of_a_thread.0.load(Relaxed)).sum();
    run.note(format!("{changed} times a cell has changed"));
}

fn with_rayon(Plate { last, next }: &mut Plate, steps: usize) {
    for _ in 0..steps {
        last.par_windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
        swap(last, next);
    }
}
