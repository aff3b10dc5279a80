//! Solution: the same steps with one worker, two, four, and eight: it ends where the cores end, or the way to the memory.
//!
//! Run:     `cargo run -p simulation --example more_workers`
//! Watch:   the last table: how many cells a nanosecond each number of workers computes.
//! Try:     `--size 3000 --steps 100`: this plate is in no cache, and all cores share the way to the memory.

use std::iter::once;
use std::mem::swap;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;

use common::Run;
use plate::{Plate, inner, spread};

#[expect(dead_code, reason = "no lanes of rayon")]
#[path = "../src/heat.rs"]
mod heat;
#[path = "../src/picture.rs"]
mod picture;
#[path = "../src/plate.rs"]
mod plate;

fn main() -> ExitCode {
    let sections = ["1 worker", "2 workers", "4 workers", "8 workers"];
    let (run, heat) = harness::lesson!(Threads).sections(&sections).start(heat::Heat);
    for (section, workers) in sections.into_iter().zip([1, 2, 4, 8]) {
        heat.simulate(run, section, workers, |plate, steps| {
            with_a_barrier(run, workers, plate, steps);
        });
    }
    run.finish()
}

fn with_a_barrier(run: &Run, workers: usize, plate: &mut Plate, steps: usize) {
    let rows = plate.rows_of_a_band(workers);
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
