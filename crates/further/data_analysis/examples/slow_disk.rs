//! The bottleneck moves: the reader of the pipeline has a slow disk, so the parsers wait for it.
//!
//! Run:     `cargo run -p data_analysis --example slow_disk -- --megabytes 40 --workers 4`
//! Watch:   the pipeline: how many of its four parsers are ever in flight at once, and its memory.
//! Try:     `--workers 1`: how much slower is it?

use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc::sync_channel};
use std::thread;
use std::time::Duration;

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
/// A slow disk, or a network drive: 20 MB a second. Only the pipeline's reader waits for it.
const A_BYTE: Duration = Duration::from_nanos(50);

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).worker_per_core().sections(&WAYS);
    let (run, logs) = lesson.start(logs::Requests { cut });
    let ways = [whole_in_memory, line_by_line, pipeline, with_rayon];
    WAYS.into_iter().zip(ways).for_each(|(name, way)| logs.measure(run, name, way));
    logs.status(run.finish())
}

fn pipeline(run: &Run, logs: &Logs) -> Answer {
    let (sender, receiver) = sync_channel::<(Chunk, io::Result<Vec<u8>>)>(2);
    let (merger, parts) = sync_channel::<Answer>(2);
    let queue = Mutex::new(receiver); // a receiver has one owner: the parsers share it behind a lock
    let next_chunk = || queue.lock().expect("no parser panics here").recv();
    thread::scope(|scope| {
        let merge = || {
            let _merging = run.annotate("merges");
            parts.into_iter().fold(Answer::default(), Answer::merge)
        };
        let thread = thread::Builder::new().name("worker-merger".into()); // the name of its lane
        let merging = thread.spawn_scoped(scope, merge).expect("the system gives the thread");
        for merger in vec![merger; run.workers] {
            scope.spawn(move || {
                // Keep draining after Ctrl-C, or the reader blocks forever.
                while let Ok((chunk, bytes)) = next_chunk() {
                    let Some(begun) = run.begin(chunk) else { continue };
                    let mut part = Answer::default();
                    begun.end(chunk.parse(bytes, |line| part.add(line)));
                    merger.send(part).expect("it merges until the end");
                }
            });
        }
        for chunk in logs.chunks() {
            let Some(reading) = run.annotate("reads") else { break };
            thread::sleep(A_BYTE * (chunk.end - chunk.start) as u32);
            let bytes = chunk.bytes();
            drop(reading); // to wait for room in the channel is no reading
            sender.send((chunk, bytes)).expect("the parsers are there until the end");
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
