//! The words of a worker's whole share are counted first, not those of each book.
//!
//! Run:     `cargo run -p distributed --example whole_share`
//! Watch:   the table of bytes: each word is sent once by each process, however many books there are.

use std::collections::HashMap;
use std::process::ExitCode;

use team::{Job, Links, Start, What, source, text};
use timely::communication::Allocator;
use timely::dataflow::operators::{
    Exchange, Input, Inspect, Map, ToStream, aggregation::Aggregate,
};
use timely::{WorkerConfig, dataflow::InputHandle, execute::execute_from, worker::Worker};

#[path = "../src/team/mod.rs"]
mod team;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Processes).worker_per_core();
    let lesson = lesson
        .sections_of("call", &["calls, threads", "calls, pool", "calls, network"])
        .sections_of("book", &["words, threads", "words, network", "counts, network"]);
    let (run, team) = lesson.start(Start { take_part, fib, source: source!() });
    team.on_threads(run, "calls, threads", What::Calls);
    team.on_pool(run, "calls, pool");
    team.on_all(run, "calls, network", What::Calls);
    team.on_threads(run, "words, threads", What::Words);
    team.on_all(run, "words, network", What::Words);
    team.on_all(run, "counts, network", What::Counts);
    run.finish()
}

/// Runs in each process; all are this program. Its links lead to other threads, or to other machines.
fn take_part((builders, guard): Links, job: Job) {
    let work = move |worker: &mut Worker<Allocator>| match job.what {
        What::Calls => compute_all(worker, &job),
        What::Words => count_words(worker, &job, text::words),
        What::Counts => count_words(worker, &job, text::counts),
    };
    execute_from(builders, guard, WorkerConfig::default(), work).expect("threads start").join();
}

fn compute_all(worker: &mut Worker<Allocator>, job: &Job) {
    let run = job.run;
    let numbers = if worker.index() == 0 { job.numbers } else { &[] };
    worker.dataflow::<u64, _, _>(|scope| {
        let calls = (0..).zip(numbers.iter().copied()).to_stream(scope);
        let computed = calls.exchange(|(index, _)| *index).flat_map(move |(index, number)| {
            let call = run.begin(number)?;
            let result = fib(number);
            call.end(result);
            Some((index.to_string(), result))
        });
        computed.exchange(|_| 0).inspect(job.keep());
    });
}

fn count_words(worker: &mut Worker<Allocator>, job: &Job, read: text::Read) {
    let mut input = InputHandle::new();
    worker.dataflow::<u64, _, _>(|scope| {
        let words = scope.input_from(&mut input);
        // Each word has one worker that counts it, wherever it was read: there it must go.
        let sums = words.aggregate(|_, n, sum| *sum += n, |word, n: u64| (word, n), text::place);
        sums.exchange(|_| 0).inspect(job.keep());
    });
    let mut counts = HashMap::<String, u64>::new();
    // Each worker reads its own share of the books.
    for book in (1..=job.books).skip(worker.index()).step_by(worker.peers()) {
        let Some(reading) = job.run.begin(book) else { break };
        reading.end(read(&mut |(word, n)| *counts.entry(word).or_default() += n));
    }
    counts.into_iter().for_each(|pair| input.send(pair));
    input.close();
    job.rest(worker);
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
