//! Heat spreads over a plate: a step needs the whole last step, so the threads meet at a barrier.
//!
//! Mirrors: `threading.Barrier`, with a part of the rows for each thread.
//! Run:     `cargo run -p simulation`
//! Watch:   the checksums, which are the same in all sections; in a terminal, the plate.
//! Try:     `--size 100`: a step is so short that it costs more to meet; `--png plate.png`.

use std::iter::once;
use std::mem::swap;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;

use common::Run;
use plate::{Plate, inner, spread};
use rayon::prelude::*;

mod heat;
mod picture;
mod plate;

fn main() -> ExitCode {
    let sections = ["one core", "threads, a barrier", "rayon"];
    let lesson = harness::lesson!(Threads).worker_per_core();
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

// ANCHOR: one_core
fn one_core(Plate { last, next }: &mut Plate, steps: usize) {
    for _ in 0..steps {
        last.windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
        swap(last, next);
    }
}
// ANCHOR_END: one_core

// ANCHOR: with_a_barrier
fn with_a_barrier(run: &Run, plate: &mut Plate, steps: usize) {
    let rows = plate.rows_of_a_band(run.workers);
    let (edges, bands) = plate.edges(rows);
    let barrier = Barrier::new(bands);
    let (last, next) = (inner(&mut plate.last), inner(&mut plate.next));
    thread::scope(|scope| {
        // `chunks_mut`: a thread owns its band of rows, in both grids.
        let bands = last.chunks_mut(rows).zip(next.chunks_mut(rows));
        for (band, (mut last, mut next)) in bands.enumerate() {
            let (edges, barrier) = (&edges, &barrier);
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
                    rows.windows(3).zip(&mut *next).for_each(|(rows, next)| spread(rows, next));
                    swap(&mut last, &mut next);
                }
            };
            let thread = thread::Builder::new().name(format!("worker-{}", band + 1));
            thread.spawn_scoped(scope, compute).expect("the system gives the threads");
        }
    });
    plate.swap_after(steps);
}
// ANCHOR_END: with_a_barrier

// ANCHOR: with_rayon
fn with_rayon(Plate { last, next }: &mut Plate, steps: usize) {
    for _ in 0..steps {
        last.par_windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
        swap(last, next);
    }
}
// ANCHOR_END: with_rayon
