//! Lines, summary and JSON, all made from the records.

use std::time::Duration;

use serde_json::{Value, json};
use timeline::{Span, Timeline};

use crate::lessons::{Lesson, Work};
use crate::record::{Outcome, Record};

/// A run that has ended.
pub(crate) struct Report<'a> {
    pub(crate) lesson: &'a Lesson,
    pub(crate) workers: usize,
    pub(crate) items: usize,
    pub(crate) took: Duration,
    /// Ctrl-C was pressed before it ended.
    pub(crate) interrupted: bool,
    pub(crate) records: &'a [Record],
    /// Of the race: how many threads were to add 1, and how often.
    pub(crate) threads: u64,
    pub(crate) increments: u64,
}

/// The line of an item that did not fail.
pub(crate) fn line(lesson: &Lesson, record: &Record) -> String {
    let Span { label, worker, .. } = &record.span;
    match &record.outcome {
        Outcome::Bytes(bytes) if lesson.lines_name_the_worker() => {
            format!("{worker}: Read {bytes} bytes from {label}")
        }
        Outcome::Bytes(bytes) => format!("Read {bytes} bytes from {label}"),
        Outcome::Number(number) => format!("{label} = {number}"),
        Outcome::Counted { threads, increments, counted } => {
            let expected = threads * increments;
            format!(
                "{label:<26} {threads:>5} x {increments:<9} counted {counted:>9}, lost {:>9}, in {:.3} s",
                expected - counted,
                seconds(record.span.took()),
            )
        }
        Outcome::Failed(why) => format!("Failed {label}: {why}"),
    }
}

impl Report<'_> {
    /// The run, to be drawn.
    pub(crate) fn timeline(&self) -> Timeline {
        let span = |record: &Record| {
            let failed = match &record.outcome {
                Outcome::Failed(why) => Some(why.clone()),
                _ => None,
            };
            Span { failed, ..record.span.clone() }
        };
        Timeline {
            title: self.lesson.name.into(),
            item: self.lesson.item().into(),
            worker: self.lesson.model.worker().into(),
            only_computes: self.lesson.work == Work::Calls,
            took: self.took,
            cores: cores(),
            spans: self.records.iter().map(span).collect(),
        }
    }

    pub(crate) fn done(&self) -> usize {
        self.records.iter().filter(|record| !record.outcome.is_failed()).count()
    }

    pub(crate) fn failed(&self) -> usize {
        self.records.len() - self.done()
    }

    /// The last line: what was done, of how much, in what time.
    pub(crate) fn summary(&self) -> String {
        let (verb, noun) = match self.lesson.work {
            Work::Downloads => ("downloaded", " sites"),
            Work::Calls => ("computed", ""),
            Work::Rounds => ("counted", ""),
        };
        let (done, failed, items) = (self.done(), self.failed(), self.items);
        let is_whole = done == items && !self.interrupted;
        let count = match self.lesson.work {
            Work::Downloads if is_whole => format!(" {done}{noun}"),
            _ if is_whole => String::new(),
            _ => format!(" {done} of {items}{noun}"),
        };
        let failures = if failed > 0 { format!(" ({failed} failed)") } else { String::new() };
        let rest = format!("{count} in {:.3} seconds{failures}", seconds(self.took));
        if self.interrupted {
            format!("Interrupted: {verb}{rest}")
        } else {
            format!("{}{}{rest}", verb[..1].to_uppercase(), &verb[1..])
        }
    }

    /// The whole run as one JSON object; all times in seconds.
    pub(crate) fn json(&self, timeline: &Timeline) -> Value {
        let outcomes = self.records.iter().map(|record| &record.outcome);
        let mut object = json!({
            "lesson": self.lesson.name,
            "model": self.lesson.model.name(),
            "workers": self.workers,
            "seconds": seconds(self.took),
            "done": self.done(),
            "failed": self.failed(),
            "interrupted": self.interrupted,
            "cores": timeline.cores,
        });
        match self.lesson.work {
            Work::Downloads => {
                let bytes = outcomes.map(|outcome| match outcome {
                    Outcome::Bytes(bytes) => *bytes,
                    _ => 0,
                });
                object["bytes"] = json!(bytes.sum::<u64>());
            }
            Work::Calls => {
                let numbers = outcomes.filter_map(|outcome| match outcome {
                    Outcome::Number(number) => Some(*number),
                    _ => None,
                });
                object["results"] = numbers.collect();
            }
            Work::Rounds => {
                object["threads"] = json!(self.threads);
                object["increments"] = json!(self.increments);
                object["expected"] = json!(self.threads * self.increments);
                object["rounds"] = self.records.iter().map(round).collect();
            }
        }
        // A round has one record, and is the work of many threads: of those nothing is known.
        let facts = timeline.facts().filter(|_| self.lesson.work != Work::Rounds);
        if let Some(facts) = facts {
            object["facts"] = facts.to_json();
        }
        let items = self.records.iter().zip(&timeline.spans);
        object["items"] = items.map(|(record, span)| item(record, span)).collect();
        object
    }
}

fn item(record: &Record, span: &Span) -> Value {
    let mut object = span.to_json();
    match &record.outcome {
        Outcome::Bytes(bytes) => object["bytes"] = json!(bytes),
        Outcome::Number(number) => object["result"] = json!(number),
        Outcome::Counted { counted, .. } => object["result"] = json!(counted),
        Outcome::Failed(_) => {}
    }
    object
}

fn round(record: &Record) -> Value {
    let mut object = json!({
        "way": record.span.label,
        "seconds": seconds(record.span.took()),
    });
    match &record.outcome {
        Outcome::Counted { threads, increments, counted } => {
            let expected = threads * increments;
            object["threads"] = json!(threads);
            object["increments"] = json!(increments);
            object["expected"] = json!(expected);
            object["counted"] = json!(counted);
            object["lost"] = json!(expected - counted);
        }
        Outcome::Failed(why) => object["error"] = json!(why),
        Outcome::Bytes(_) | Outcome::Number(_) => {}
    }
    object
}

/// How many cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Seconds to the microsecond: what is finer is noise.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}
