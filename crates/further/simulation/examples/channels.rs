//! Solution: channels in place of the barrier, so that a thread waits for its neighbours alone.
//!
//! Run:     `cargo run -p simulation --example channels`
//! Watch:   the same checksums, though a thread may be a step ahead of its neighbour.

use std::iter::once;
use std::mem::swap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::channel;
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

fn one_core(Plate { last, next }: &mut Plate, steps: usize) {
    for _ in 0..steps {
        last.windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
        swap(last, next);
    }
}

fn with_a_barrier(run: &Run, plate: &mut Plate, steps: usize) {
    let rows = plate.rows_of_a_band(run.workers);
    let (edges, bands) = plate.edges(rows);
    let links = (0..2 * bands + 2).map(|_| channel());
    let links: Vec<_> = links.map(|(sender, receiver)| (sender, Mutex::new(receiver))).collect();
    let send = |at: usize, row: &Vec<f64>| links[at].0.send(row.clone()).expect("both ends live");
    for at in [0, 2 * bands + 1] {
        // The plate's own edges, which never change: one for each step.
        (0..steps).for_each(|_| send(at, &edges[0][at].lock().expect("no thread panics")));
    }
    let (last, next) = (inner(&mut plate.last), inner(&mut plate.next));
    thread::scope(|scope| {
        // `chunks_mut`: a thread owns its band of rows, in both grids.
        let bands = last.chunks_mut(rows).zip(next.chunks_mut(rows));
        for (band, (mut last, mut next)) in bands.enumerate() {
            let (send, links) = (&send, &links);
            let compute = move || {
                let _lane = run.annotate(format!("band {}", band + 1));
                for _ in 0..steps {
                    let receive = |at: usize| links[at].1.lock().expect("no thread panics").recv();
                    let edge = |at: usize| receive(at).expect("both ends live");
                    send(2 * band + 1, &last[0]);
                    send(2 * band + 2, &last[last.len() - 1]);
                    let (above, below) = (edge(2 * band), edge(2 * band + 3));
                    let rows: Vec<_> = once(&above).chain(&*last).chain(once(&below)).collect();
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

fn with_rayon(Plate { last, next }: &mut Plate, steps: usize) {
    for _ in 0..steps {
        last.par_windows(3).zip(&mut next[1..]).for_each(|(rows, next)| spread(rows, next));
        swap(last, next);
    }
}
