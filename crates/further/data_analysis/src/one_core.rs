//! The two ways without concurrency: what the others are measured by.

use std::fs::File;
use std::io::{self, Take};

use common::Run;

use crate::answer::{Answer, Request};
use crate::logs::{Chunk, Lines, Logs};

// ANCHOR: one_core
pub(crate) fn whole_in_memory(run: &Run, logs: &Logs) -> Answer {
    let mut all = Vec::new(); // of a `Vec` for each chunk: a single one copies everything each time that it is full
    read_all(run, logs, |lines, chunk| {
        let mut requests = Vec::new();
        let read = lines.read_until(chunk.end, |line| requests.push(line.map(Request::into_owned)));
        requests.shrink_to_fit();
        all.push(requests);
        read
    });
    let Some(_summing) = run.annotate("sums up") else { return Answer::default() };
    all.into_iter().flatten().fold(Answer::default(), Answer::with)
}

pub(crate) fn line_by_line(run: &Run, logs: &Logs) -> Answer {
    let mut answer = Answer::default();
    read_all(run, logs, |lines, chunk| lines.read_until(chunk.end, |line| answer.add(line)));
    answer
}

/// Reads each file once, from its beginning to its end.
fn read_all(
    run: &Run,
    logs: &Logs,
    mut read: impl FnMut(&mut Lines<Take<File>>, Chunk) -> io::Result<u64>,
) {
    for log in &logs.files {
        let mut lines = log.lines();
        for chunk in log.chunks() {
            let Some(begun) = run.begin(chunk) else { return };
            begun.end(read(&mut lines, chunk));
        }
    }
}
// ANCHOR_END: one_core
