//! A trace in Chrome's format, which Perfetto opens as well.
//!
//! Its description is "Trace Event Format" of Chromium's tracing project: `X` is a complete event on a
//! thread, `b` and `e` are the ends of one that may overlap others, `M` gives a name; times are in
//! microseconds.

use std::time::Duration;

use common::Span;
use serde_json::{Value, json};

use crate::Timeline;
use crate::lanes::{Kind, lanes, share};

/// Everything is in one process with this number; threads are numbered from 1.
const PROCESS: u32 = 1;
/// The track of a run's sections. Perfetto takes thread 0 for the main one, and threads have the low numbers.
const SECTIONS: u32 = 1_000_000;

impl Timeline {
    /// Returns the run as a Chrome trace: a track for each worker, and one for each task of those that overlap.
    pub fn chrome_trace(&self) -> String {
        let mut events = vec![name("process_name", 0, &self.title)];
        if !self.sections.is_empty() {
            events.push(name("thread_name", SECTIONS, "parts"));
            let first = json!({ "sort_index": -1 });
            let sort = json!({ "ph": "M", "pid": PROCESS, "tid": SECTIONS, "name": "thread_sort_index", "args": first });
            events.push(sort);
        }
        for section in &self.sections {
            events.push(json!({
                "ph": "X",
                "pid": PROCESS,
                "tid": SECTIONS,
                "cat": "part",
                "name": section.name,
                "ts": microseconds(section.start),
                "dur": microseconds(section.end.saturating_sub(section.start)),
            }));
        }
        let (mut worker, mut task) = (0, 0);
        for lane in lanes(&self.spans) {
            if lane.kind == Kind::Worker {
                worker += 1;
                events.push(name("thread_name", worker, &lane.name));
            }
            for piece in &lane.pieces {
                let working = share(piece.working, piece.length());
                if lane.kind == Kind::Task {
                    task += 1;
                    events.extend(overlapping(piece.span, worker, task));
                } else if let Some(span) = piece.span {
                    events.push(json!({
                        "ph": "X",
                        "pid": PROCESS,
                        "tid": worker,
                        "cat": match span {
                            Span { is_annotation: true, .. } => "aside",
                            span if span.turns.is_empty() => self.item.as_str(),
                            _ => "turn",
                        },
                        "name": span.label,
                        "ts": microseconds(piece.start),
                        "dur": microseconds(piece.length()),
                        "args": {
                            "working_ms": piece.working.as_secs_f64() * 1e3,
                            "ready_ms": piece.ready.as_secs_f64() * 1e3,
                            "working_percent": (working * 100.0).round(),
                            "error": span.failed,
                        },
                    }));
                }
            }
        }
        json!({ "traceEvents": events, "displayTimeUnit": "ms" }).to_string()
    }
}

fn name(what: &str, thread: u32, name: &str) -> Value {
    json!({ "ph": "M", "pid": PROCESS, "tid": thread, "name": what, "args": { "name": name } })
}

/// The two ends of a task; each task has an id of its own, so that those in flight at once stay apart.
fn overlapping(span: Option<&Span>, worker: u32, task: u32) -> Vec<Value> {
    let Some(span) = span else { return Vec::new() };
    let event = |phase: &str, time: Duration| {
        json!({
            "ph": phase,
            "pid": PROCESS,
            "tid": worker,
            "cat": "task",
            "id2": { "local": format!("{task:#x}") }, // with a global "id", Perfetto would take it out of the process
            "name": span.label,
            "ts": microseconds(time),
            "args": {
                "working_ms": span.working.as_secs_f64() * 1e3,
                "ready_ms": span.ready.as_secs_f64() * 1e3,
                "error": span.failed,
            },
        })
    };
    vec![event("b", span.start), event("e", span.end)]
}

/// Whole nanoseconds, as microseconds: two consecutive spans must not overlap because of rounding.
fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::tests::{span, with_turns};

    #[test]
    fn overlapping_tasks_have_ids_of_their_own_and_turns_do_not_overlap() {
        let run = Timeline {
            title: "async".into(),
            item: "page".into(),
            worker: "thread".into(),
            only_computes: false,
            clock: crate::Clock::default(),
            took: Duration::from_millis(50),
            cores: 2,
            spans: vec![
                with_turns(span("main", 0, 50, 0), &[[0, 2, 2, 0], [49, 50, 1, 0]]),
                with_turns(span("main", 1, 40, 0), &[[2, 4, 1, 0]]),
            ],
            sections: Vec::new(),
        };
        let trace: Value = serde_json::from_str(&run.chrome_trace()).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("events");
        let of = |phase| events.iter().filter(move |event| event["ph"] == phase);
        assert_eq!(of("M").count(), 2);
        assert_eq!(of("X").count(), 3);
        assert_eq!(of("b").count(), 2);
        let ids: Vec<_> = of("e").map(|event| event["id2"]["local"].as_str()).collect();
        assert_eq!(ids, [Some("0x1"), Some("0x2")]);
        let last = of("X").next_back().expect("an event");
        assert_eq!((&last["ts"], &last["dur"]), (&49_000.0.into(), &1_000.0.into()));
    }
}
