//! Wrong on purpose: the parsers hand on each line, so the thread that merges does most of the work, alone.
//!
//! Run:     `cargo run -p data_analysis --example merge_each_line`
//! Watch:   the pipeline, and the lane of the thread that merges.

use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc::sync_channel};
use std::thread;

use answer::{Answer, Line, Request};
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
    let (sender, receiver) = sync_channel::<(Chunk, io::Result<Vec<u8>>)>(2);
    let (merger, lines) = sync_channel::<Line<'static>>(1_000);
    let queue = Mutex::new(receiver); // a receiver has one owner: the parsers share it behind a lock
    let next_chunk = || queue.lock().expect("no parser panics here").recv();
    thread::scope(|scope| {
        let merge = || {
            let _merging = run.annotate("merges");
            lines.into_iter().fold(Answer::default(), Answer::with)
        };
        let thread = thread::Builder::new().name("worker-merger".into()); // the name of its lane
        let merging = thread.spawn_scoped(scope, merge).expect("the system gives the thread");
        for merger in vec![merger; run.workers] {
            scope.spawn(move || {
                // Keep draining after Ctrl-C, or the reader blocks forever.
                while let Ok((chunk, bytes)) = next_chunk() {
                    let Some(begun) = run.begin(chunk) else { continue };
                    // Wrong on purpose: a message for each line, and its path is copied for it.
                    begun.end(chunk.parse(bytes, |line| {
                        let line = line.map(Request::into_owned);
                        merger.send(line).expect("it merges until the end");
                    }));
                }
            });
        }
        for chunk in logs.chunks() {
            let Some(_reading) = run.annotate("reads") else { break };
            sender.send((chunk, chunk.bytes())).expect("the parsers are there until the end");
        }
        drop(sender); // now the parsers end, and then the thread that merges
        merging.join().expect("it does not panic")
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
