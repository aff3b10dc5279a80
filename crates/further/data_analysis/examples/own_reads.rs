//! Solution: no thread reads for the others; each takes the next chunk and reads it itself.
//!
//! Run:     `cargo run -p data_analysis --example own_reads`
//! Watch:   the memory of the pipeline, and its lanes: nobody waits for a reader.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use answer::Answer;
use common::Run;
use cut::cut;
use logs::{Chunk, Logs};
use one_core::{line_by_line, whole_in_memory};
use rayon::{ThreadPoolBuilder, prelude::*};

#[path = "../src/answer.rs"]
mod answer;
#[path = "../src/cut.rs"]
mod cut;
#[path = "../src/logs.rs"]
mod logs;
#[path = "../src/made.rs"]
mod made;
#[path = "../src/one_core.rs"]
mod one_core;

const WAYS: [&str; 4] = ["whole in memory", "line by line", "pipeline", "rayon"];

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).worker_per_core().sections(&WAYS);
    let (run, logs) = lesson.start(logs::Requests { cut });
    let ways = [whole_in_memory, line_by_line, pipeline, with_rayon];
    WAYS.into_iter().zip(ways).for_each(|(name, way)| logs.measure(run, name, way));
    logs.status(run.finish())
}

fn pipeline(run: &Run, logs: &Logs) -> Answer {
    let queue = Mutex::new(logs.chunks().into_iter());
    let next_chunk = || queue.lock().expect("no parser panics here").next();
    let sum_up = || {
        let mut part = Answer::default();
        while let Some(chunk) = next_chunk() {
            let Some(begun) = run.begin(chunk) else { break };
            begun.end(chunk.parse(chunk.bytes(), |line| part.add(line)));
        }
        part
    };
    thread::scope(|scope| {
        let parsers: Vec<_> = (0..run.workers).map(|_| scope.spawn(sum_up)).collect();
        let parts = parsers.into_iter().map(|it| it.join().expect("no parser panics"));
        parts.fold(Answer::default(), Answer::merge)
    })
}

fn with_rayon(run: &Run, logs: &Logs) -> Answer {
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = ThreadPoolBuilder::new().num_threads(run.workers).build();
    let sum_up = |mut part: Answer, chunk: Chunk| {
        let Some(begun) = run.begin(chunk) else { return part };
        begun.end(chunk.read(|line| part.add(line)));
        part
    };
    threads.expect("the system gives the threads").install(|| {
        let parts = logs.chunks().into_par_iter().fold(Answer::default, sum_up);
        parts.reduce(Answer::default, Answer::merge)
    })
}
