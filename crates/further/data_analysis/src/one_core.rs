//! The two ways without concurrency: what the others are measured by.

use common::Run;

use crate::answer::{Answer, Line, Request};
use crate::logs::Logs;

// ANCHOR: one_core
pub(crate) fn whole_in_memory(run: &Run, logs: &Logs) -> Answer {
    let mut all = Vec::new();
    read_all(run, logs, |line| all.push(line.map(Request::into_owned)));
    let _summing = run.annotate("sums up");
    all.into_iter().fold(Answer::default(), Answer::with)
}

pub(crate) fn line_by_line(run: &Run, logs: &Logs) -> Answer {
    let mut answer = Answer::default();
    read_all(run, logs, |line| answer.add(line));
    answer
}

/// Reads each file once, from its beginning to its end.
fn read_all(run: &Run, logs: &Logs, mut take: impl FnMut(Line)) {
    for log in &logs.files {
        let mut lines = log.lines();
        for chunk in log.chunks() {
            let Some(begun) = run.begin(chunk) else { return };
            begun.end(lines.read_until(chunk.end, &mut take));
        }
    }
}
// ANCHOR_END: one_core
