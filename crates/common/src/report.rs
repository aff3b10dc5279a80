//! Lines, summary and JSON, all made from the records.

use std::time::Duration;

use console::{measure_text_width, style};
use serde_json::{Value, json};
use timeline::{Facts, Look, Section, Span, Timeline};

use crate::lessons::{Lesson, Part, Work};
use crate::record::{Outcome, Record};

/// A run that has ended.
pub(crate) struct Report<'a> {
    pub(crate) lesson: &'a Lesson,
    pub(crate) workers: usize,
    /// What there was to do: how many items of each kind.
    pub(crate) wanted: Vec<(Work, usize)>,
    /// The parts that have begun; none where the run is one.
    pub(crate) parts: &'a [PartBegun],
    pub(crate) took: Duration,
    /// Ctrl-C was pressed before it ended.
    pub(crate) interrupted: bool,
    pub(crate) records: &'a [Record],
    /// Of the race: how many threads were to add 1, and how often.
    pub(crate) threads: u64,
    pub(crate) increments: u64,
}

/// A part of a run that has begun: it lasts until the next one does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartBegun {
    pub(crate) part: &'static Part,
    /// Since the start of the run.
    pub(crate) start: Duration,
}

/// What stands above the lines of a part.
pub(crate) fn part_line(part: &Part) -> String {
    format!("{} {}", style("--").dim(), style(part.name).bold())
}

/// The line of an item that did not fail.
pub(crate) fn line(lesson: &Lesson, record: &Record) -> String {
    let Span { label, worker, .. } = &record.span;
    match &record.outcome {
        Outcome::Done(bytes) if record.work == Some(Work::Downloads) => {
            if lesson.lines_name_the_worker() {
                format!("{worker}: Read {bytes} bytes from {label}")
            } else {
                format!("Read {bytes} bytes from {label}")
            }
        }
        Outcome::Done(number) => format!("{label} = {number}"),
        Outcome::Counted { threads, increments, counted } => {
            let expected = threads * increments;
            format!(
                "{label:<24} {threads:>4} x {increments:<7} counted {counted:>7}, lost {:>7}, {:.3} s",
                expected - counted,
                seconds(record.span.took()),
            )
        }
        Outcome::Resized { from, to, bytes } => {
            let ((width, height), (new_width, new_height)) = (from, to);
            format!("{label}: {width}x{height} -> {new_width}x{new_height}, {bytes} bytes")
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
            Span { failed, is_aside: record.work.is_none(), ..record.span.clone() }
        };
        let ends = self.parts.iter().skip(1).map(|next| next.start).chain([self.took]);
        let section = |(begun, end): (&PartBegun, Duration)| Section {
            name: begun.part.name.into(),
            item: begun.part.item().into(),
            start: begun.start,
            end,
        };
        Timeline {
            title: self.lesson.name.into(),
            item: self.lesson.item().into(),
            worker: self.lesson.model.worker().into(),
            only_computes: self.lesson.only_computes(),
            took: self.took,
            cores: cores(),
            spans: self.records.iter().map(span).collect(),
            sections: self.parts.iter().zip(ends).map(section).collect(),
        }
    }

    /// How many items there were to do.
    pub(crate) fn items(&self) -> usize {
        self.wanted.iter().map(|(_, count)| count).sum()
    }

    /// The records of items: without what was only drawn.
    fn item_records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| record.work.is_some())
    }

    fn done_of(&self, work: Work) -> usize {
        let done = self.records.iter().filter(|record| !record.outcome.is_failed());
        done.filter(|record| record.work == Some(work)).count()
    }

    pub(crate) fn done(&self) -> usize {
        self.wanted.iter().map(|(work, _)| self.done_of(*work)).sum()
    }

    pub(crate) fn failed(&self) -> usize {
        self.records.iter().filter(|record| record.outcome.is_failed()).count()
    }

    /// The last line: what was done, of how much, in what time.
    pub(crate) fn summary(&self) -> String {
        let is_whole = self.done() == self.items() && !self.interrupted;
        let done = |&(work, wanted): &(Work, usize)| {
            let (verb, noun) = match work {
                Work::Downloads => ("downloaded", " sites"),
                Work::Calls if self.wanted.len() > 1 => ("computed", " calls"),
                Work::Calls => ("computed", ""),
                Work::Rounds => ("counted", ""),
                Work::Pictures => ("resized", " pictures"),
            };
            match self.done_of(work) {
                _ if is_whole && noun.is_empty() => verb.to_string(),
                done if is_whole => format!("{verb} {done}{noun}"),
                done => format!("{verb} {done} of {wanted}{noun}"),
            }
        };
        let done: Vec<String> = self.wanted.iter().map(done).collect();
        let done = done.join(" and ");
        let failed = self.failed();
        let failures = if failed > 0 { format!(" ({failed} failed)") } else { String::new() };
        let rest = format!("in {:.3} seconds{failures}", seconds(self.took));
        if self.interrupted {
            format!("Interrupted: {done} {rest}")
        } else {
            format!("{}{} {rest}", done[..1].to_uppercase(), &done[1..])
        }
    }

    /// The parts side by side: how long each took, beside the first that did the same work.
    pub(crate) fn parts_compared(&self, timeline: &Timeline, look: Look) -> String {
        let sections = timeline.sections.iter().map(|section| timeline.section(section));
        // A part in which Ctrl-C left nothing to do has no time of its own.
        let parts: Vec<(Timeline, Facts)> =
            sections.filter_map(|part| part.facts().map(|facts| (part, facts))).collect();
        let mut rows = vec![["part", "seconds", "", "in flight", "cores busy"].map(String::from)];
        rows.extend(parts.iter().enumerate().map(|(index, (part, facts))| {
            let first = parts.iter().position(|(other, _)| other.item == part.item);
            let beside = first
                .filter(|first| *first < index)
                .map(|first| beside(parts[first].0.took.as_secs_f64(), part.took.as_secs_f64()));
            [
                part.title.clone(),
                digits(seconds(part.took)),
                beside.unwrap_or_default(),
                facts.peak_in_flight.to_string(),
                format!("{:.2}", facts.cores_busy),
            ]
        }));
        table(&rows, look)
    }

    /// The whole run as one JSON object; all times in seconds.
    pub(crate) fn json(&self, timeline: &Timeline) -> Value {
        let outcomes = |work| {
            let records = self.records.iter().filter(move |record| record.work == Some(work));
            records.map(|record| &record.outcome)
        };
        let numbers = |work| {
            outcomes(work).filter_map(|outcome| match outcome {
                Outcome::Done(number) => Some(*number),
                _ => None,
            })
        };
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
        if self.lesson.does(Work::Downloads) {
            object["bytes"] = json!(numbers(Work::Downloads).sum::<u64>());
        }
        if self.lesson.does(Work::Calls) {
            object["results"] = numbers(Work::Calls).collect();
        }
        if self.lesson.does(Work::Rounds) {
            object["threads"] = json!(self.threads);
            object["increments"] = json!(self.increments);
            object["expected"] = json!(self.threads * self.increments);
            object["rounds"] = self.records.iter().map(round).collect();
        }
        // A round has one record, and is the work of many threads: of those nothing is known.
        let facts = timeline.facts().filter(|_| self.lesson.work != Work::Rounds);
        if let Some(facts) = facts.filter(|_| self.parts.is_empty()) {
            object["facts"] = facts.to_json();
        }
        if !self.parts.is_empty() {
            object["parts"] = timeline.sections.iter().map(|it| part(timeline, it)).collect();
        }
        object["items"] = self.item_records().map(|record| self.item(record)).collect();
        let asides = timeline.spans.iter().filter(|span| span.is_aside);
        let asides: Vec<Value> = asides.map(Span::to_json).collect();
        if !asides.is_empty() {
            object["asides"] = json!(asides);
        }
        object
    }

    fn item(&self, record: &Record) -> Value {
        let mut object = record.span.to_json();
        if let Some(part) = self.parts.get(record.part) {
            object["part"] = json!(part.part.name);
        }
        match &record.outcome {
            Outcome::Done(bytes) if record.work == Some(Work::Downloads) => {
                object["bytes"] = json!(bytes);
            }
            Outcome::Done(number) => object["result"] = json!(number),
            Outcome::Counted { counted, .. } => object["result"] = json!(counted),
            Outcome::Resized { from, to, bytes } => {
                object["from"] = json!([from.0, from.1]);
                object["to"] = json!([to.0, to.1]);
                object["bytes"] = json!(bytes);
            }
            Outcome::Failed(why) => object["error"] = json!(why),
        }
        object
    }
}

fn part(timeline: &Timeline, section: &Section) -> Value {
    json!({
        "name": section.name,
        "start": seconds(section.start),
        "seconds": seconds(section.end.saturating_sub(section.start)),
        "facts": timeline.section(section).facts().map(Facts::to_json),
    })
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
        Outcome::Done(_) | Outcome::Resized { .. } => {}
    }
    object
}

/// Rows of which the first names the columns. Where they do not fit side by side they move together, and
/// columns from the right are left out.
fn table(rows: &[[String; 5]], look: Look) -> String {
    let width = |column: usize| rows.iter().map(|row| measure_text_width(&row[column])).max();
    let widths: Vec<usize> = (0..5).map(|column| width(column).unwrap_or_default()).collect();
    let fitting = |gap: usize| {
        (1..=5).rev().find(|&columns| {
            widths[..columns].iter().sum::<usize>() + gap * (columns - 1) <= look.width
        })
    };
    let gap = if fitting(2) == Some(5) { "  " } else { " " };
    let columns = fitting(gap.len()).unwrap_or(1);
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().take(columns);
        let cells: Vec<String> = cells
            .map(|(column, (cell, width))| match column {
                0 | 2 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        let line = cells.join(gap);
        let painted = style(line.trim_end()).force_styling(look.colour);
        text += &format!("{}\n", if number == 0 { painted.dim() } else { painted });
    }
    text
}

/// How many cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A time beside that of a base, both in seconds: `5.0x faster`, `17x slower`, and `the same` where they
/// differ by less than is to be told from a single run.
fn beside(base: f64, seconds: f64) -> String {
    match base / seconds.max(1e-9) {
        ratio if (0.98..=1.02).contains(&ratio) => "the same".into(),
        ratio if ratio > 1.0 => format!("{}x faster", two_digits(ratio)),
        ratio => format!("{}x slower", two_digits(1.0 / ratio)),
    }
}

/// A ratio with the digits that say something: `1.82`, `5.0`, `17`, `8200`.
pub fn two_digits(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 2.0 => format!("{ratio:.2}"),
        ratio if ratio < 9.95 => format!("{ratio:.1}"),
        ratio if ratio < 1_000.0 => format!("{ratio:.0}"),
        ratio => {
            let unit = 10_f64.powf(ratio.log10().floor() - 1.0);
            format!("{:.0}", (ratio / unit).round() * unit)
        }
    }
}

/// A time in seconds, with as many digits as say something.
fn digits(seconds: f64) -> String {
    if seconds < 0.001 { format!("{seconds:.6}") } else { format!("{seconds:.3}") }
}

/// Seconds to the nanosecond: a call may take less than a microsecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_the_digits_that_say_something() {
        let ratios = [1.0, 1.824, 5.03, 9.96, 17.4, 113.2, 8_208.0, 65_432.1];
        let words = ["1.00", "1.82", "5.0", "10", "17", "113", "8200", "65000"];
        assert_eq!(ratios.map(two_digits), words);
    }

    #[test]
    fn beside_a_base() {
        assert_eq!(beside(1.0, 0.2), "5.0x faster");
        assert_eq!(beside(1.0, 17.0), "17x slower");
        assert_eq!(beside(1.0, 1.005), "the same");
        assert_eq!(beside(1.0, 0.0), "1000000000x faster");
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out() {
        let rows = [
            ["part", "seconds", "", "in flight", "cores busy"].map(String::from),
            ["joined", "0.056", "9.2x faster", "10", "0.12"].map(String::from),
        ];
        let look = |width| Look { width, unicode: false, colour: false };
        let all = "part    seconds               in flight  cores busy\n\
                   joined    0.056  9.2x faster         10        0.12\n";
        assert_eq!(table(&rows, look(80)), all);
        for width in 0..80 {
            let text = table(&rows, look(width));
            let widest = text.lines().map(measure_text_width).max();
            assert!(widest <= Some(width.max(6)), "{width}: {text}");
        }
        assert_eq!(table(&rows, look(16)), "part   seconds\njoined   0.056\n");
    }
}
