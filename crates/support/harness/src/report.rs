//! The report of a run: written as JSON by a lesson, and read by the programs that compare lessons.
//!
//! In JSON a section is a `part`, and an annotation an `aside`: the names that the format began with.

use std::fmt;
use std::time::Duration;

use common::{Record, Span, Turn};
use console::{measure_text_width, style};
use serde_json::{Value, json};
use timeline::{Clock, Facts, Look, Section, Timeline};

use crate::figures::{seconds, times_as_fast};
use crate::observe::Plan;
use crate::{Kind, Model, Total, Unit, cores};

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The lesson's name.
    pub lesson: String,
    /// Its model of concurrency.
    pub model: Model,
    /// How many items could be in progress at once.
    pub workers: usize,
    /// How many cores it could use.
    pub cores: usize,
    /// How long the run took.
    pub took: Duration,
    /// How many items were done,
    pub done: usize,
    /// and how many failed.
    pub failed: usize,
    /// Ctrl-C was pressed before the end.
    pub interrupted: bool,
    /// The noun for its items: `item` if there are several kinds.
    pub item: String,
    /// Whether its items compute and nothing else.
    pub only_computes: bool,
    /// The abilities of this run's clock.
    pub clock: Clock,
    /// Its sections, one after another; empty for a run without sections.
    pub sections: Vec<Section>,
    /// Its items, in the order in which they were reported.
    pub items: Vec<Item>,
    /// Spans that are drawn beside the items.
    pub annotations: Vec<Span>,
    /// Values for all items together, by name: written but not read.
    pub(crate) totals: Vec<(String, Value)>,
    /// The text in place of the timing diagram, if that would show nothing.
    pub(crate) drawing: Option<String>,
}

/// An item of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The item, its worker, and its times.
    pub span: Span,
    /// The name of its section; `None` in a run without sections.
    pub section: Option<String>,
    /// Its value and the unit; `None` if it failed.
    pub value: Option<(Unit, u64)>,
    /// More results: written but not read.
    details: Vec<(&'static str, Vec<u64>)>,
}

impl Report {
    /// Makes the report of a run that took this long.
    pub(crate) fn of(plan: &Plan, records: &[Record], took: Duration, interrupted: bool) -> Self {
        let kinds = || plan.kinds.iter().map(|(kind, _)| kind);
        let begun = plan.sections_begun().clone();
        let ends = begun.iter().skip(1).map(|(_, start)| *start).chain([took]);
        let sections: Vec<Section> = begun
            .iter()
            .zip(ends)
            .map(|(&(index, start), end)| {
                let section = plan.lesson.sections[index];
                let mut its = kinds().filter(|it| section.kind.is_none_or(|kind| kind == it.noun));
                Section {
                    name: section.name.into(),
                    item: section.kind.unwrap_or(plan.item()).into(),
                    only_computes: its.all(|kind| kind.only_computes),
                    start,
                    end,
                }
            })
            .collect();
        let (annotations, records): (Vec<&Record>, Vec<&Record>) =
            records.iter().partition(|record| record.span.is_annotation);
        let item = |record: &&Record| Item {
            span: record.span.clone(),
            section: sections.get(record.section).map(|section| section.name.clone()),
            value: record.done.as_ref().map(|done| (plan.kind(record).unit, done.value)),
            details: record.done.as_ref().map_or_else(Vec::new, |done| done.details.clone()),
        };
        let failed = records.iter().filter(|record| record.done.is_none()).count();
        Self {
            lesson: plan.lesson.name.into(),
            model: plan.lesson.model,
            workers: plan.workers,
            cores: cores(),
            took,
            done: records.len() - failed,
            failed,
            interrupted,
            item: plan.item().into(),
            only_computes: kinds().all(|kind| kind.only_computes),
            clock: clock(),
            totals: kinds().filter_map(|kind| total(plan, kind, &records)).collect(),
            items: records.iter().map(item).collect(),
            annotations: annotations.iter().map(|record| record.span.clone()).collect(),
            sections,
            drawing: None,
        }
    }

    /// Returns the run for drawing.
    pub fn timeline(&self) -> Timeline {
        let spans = self.items.iter().map(|item| &item.span).chain(&self.annotations);
        Timeline {
            title: self.lesson.clone(),
            item: self.item.clone(),
            worker: self.model.worker().into(),
            only_computes: self.only_computes,
            clock: self.clock,
            took: self.took,
            cores: self.cores,
            spans: spans.cloned().collect(),
            sections: self.sections.clone(),
        }
    }

    /// The last line: how much was done, and the time.
    pub(crate) fn summary(&self, plan: &Plan, records: &[Record]) -> String {
        let is_whole = self.done == plan.items() && !self.interrupted;
        let does_several = plan.kinds.len() > 1;
        let done = |(kind, wanted): (&Kind, usize)| {
            let is_counted = does_several || kind.counts_alone;
            let noun = if is_counted { format!(" {}", kind.counted) } else { String::new() };
            let of_kind = records.iter().filter(|it| it.done.is_some() && !it.span.is_annotation);
            let done = of_kind.filter(|record| plan.kind(record).noun == kind.noun).count();
            let verb = kind.verb;
            match is_whole {
                true if noun.is_empty() => verb.to_string(),
                true => format!("{verb} {done}{noun}"),
                false => format!("{verb} {done} of {wanted}{noun}"),
            }
        };
        let done: Vec<String> = plan.wanted().map(done).collect();
        let done = done.join(" and ");
        let failures =
            if self.failed > 0 { format!(" ({} failed)", self.failed) } else { String::new() };
        let rest = format!("in {:.3} seconds{failures}", seconds(self.took));
        if self.interrupted {
            format!("Interrupted: {done} {rest}")
        } else {
            format!("{}{} {rest}", done[..1].to_uppercase(), &done[1..])
        }
    }

    /// The sections side by side: the time of each, compared with the first section that did the same work.
    pub(crate) fn sections_compared(&self, timeline: &Timeline, look: Look) -> String {
        let sections = self.sections.iter().map(|section| timeline.section(section));
        // A section that did nothing because of Ctrl-C has no time of its own.
        let sections: Vec<(Timeline, Facts)> =
            sections.filter_map(|section| section.facts().map(|facts| (section, facts))).collect();
        if sections.is_empty() {
            return String::new();
        }
        let items =
            |section: &Timeline| section.spans.iter().filter(|it| !it.is_annotation).count();
        let mut rows = vec![["part", "seconds", "", "in flight", "cores busy"].map(String::from)];
        rows.extend(sections.iter().enumerate().map(|(index, (section, facts))| {
            let first = sections.iter().position(|(other, _)| other.item == section.item);
            // A part that ended before all was begun is not faster.
            let did_as_much = |first: &usize| items(&sections[*first].0) == items(section);
            let beside = first
                .filter(|first| *first < index && did_as_much(first))
                .map(|first| beside(sections[first].0.took, section.took));
            [
                section.title.clone(),
                digits(section.took),
                beside.unwrap_or_default(),
                facts.peak_in_flight.to_string(),
                format!("{:.2}", facts.cores_busy),
            ]
        }));
        table(&rows, &[0, 2], look)
    }

    /// Returns one JSON object; all times in seconds.
    pub fn to_json(&self) -> Value {
        let timeline = self.timeline();
        let mut object = json!({
            "lesson": self.lesson,
            "model": self.model.name(),
            "workers": self.workers,
            "cores": self.cores,
            "seconds": seconds(self.took),
            "done": self.done,
            "failed": self.failed,
            "interrupted": self.interrupted,
            "item": self.item,
            "only_computes": self.only_computes,
            "clock": { "tells_ready": self.clock.tells_ready, "step": seconds(self.clock.step) },
            "items": self.items.iter().map(Item::to_json).collect::<Vec<_>>(),
        });
        for (name, value) in &self.totals {
            object[name] = value.clone();
        }
        if !self.sections.is_empty() {
            let section = |it: &Section| {
                json!({
                    "name": it.name,
                    "item": it.item,
                    "only_computes": it.only_computes,
                    "start": seconds(it.start),
                    "seconds": seconds(it.end.saturating_sub(it.start)),
                    "facts": timeline.section(it).facts().map(facts_to_json),
                })
            };
            object["parts"] = self.sections.iter().map(section).collect();
        } else if let Some(facts) = timeline.facts().filter(|_| self.drawing.is_none()) {
            object["facts"] = facts_to_json(facts);
        }
        if !self.annotations.is_empty() {
            object["asides"] = self.annotations.iter().map(span_to_json).collect();
        }
        object
    }

    /// Reads the output of [`to_json`](Self::to_json).
    ///
    /// # Errors
    /// The name of a member that is missing or wrong.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let object: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let lacks = |key: &str| format!("no proper \"{key}\"");
        let number = |key: &str| {
            let number = object[key].as_u64().and_then(|number| usize::try_from(number).ok());
            number.ok_or_else(|| lacks(key))
        };
        let list = |key: &str| object[key].as_array().map(Vec::as_slice);
        let took = duration(&object["seconds"]).filter(|took| !took.is_zero());
        let took = took.ok_or_else(|| lacks("seconds"))?;
        let lesson = object["lesson"].as_str().ok_or_else(|| lacks("lesson"))?;
        let model = object["model"].as_str().and_then(Model::named);
        let sections = list("parts").unwrap_or_default().iter().map(section_from_json);
        let items = list("items").ok_or("no \"items\"")?.iter().map(Item::from_json);
        let annotations = list("asides").unwrap_or_default().iter().map(|span| {
            let span = span_from_json(span).map_err(|error| error.to_string())?;
            Ok(Span { is_annotation: true, ..span })
        });
        Ok(Self {
            lesson: lesson.into(),
            model: model.ok_or_else(|| lacks("model"))?,
            workers: number("workers")?,
            cores: number("cores")?,
            took,
            done: number("done")?,
            failed: number("failed")?,
            interrupted: object["interrupted"].as_bool().unwrap_or_default(),
            item: object["item"].as_str().unwrap_or("item").into(),
            only_computes: object["only_computes"].as_bool().unwrap_or_default(),
            clock: Clock {
                tells_ready: object["clock"]["tells_ready"].as_bool().unwrap_or_default(),
                step: duration(&object["clock"]["step"]).unwrap_or_default(),
            },
            sections: sections.collect::<Result<_, String>>()?,
            items: items.collect::<Result<_, String>>()?,
            annotations: annotations.collect::<Result<_, String>>()?,
            totals: Vec::new(),
            drawing: None,
        })
    }
}

/// The abilities of this system's clock.
pub(crate) fn clock() -> Clock {
    Clock { tells_ready: thread_clock::tells_ready(), step: thread_clock::STEP }
}

/// The report's value for all items of a kind together.
fn total(plan: &Plan, kind: &Kind, records: &[&Record]) -> Option<(String, Value)> {
    let records = records.iter().filter(|record| plan.kind(record).noun == kind.noun);
    let values = records.filter_map(|it| it.done.as_ref()).map(|done| done.value);
    match kind.total {
        Total::None => None,
        Total::Sum(name) => Some((name.into(), json!(values.sum::<u64>()))),
        Total::Values(name) => Some((name.into(), values.collect())),
    }
}

impl Item {
    fn to_json(&self) -> Value {
        let mut object = span_to_json(&self.span);
        if let Some(section) = &self.section {
            object["part"] = json!(section);
        }
        if let Some((unit, value)) = self.value {
            object[unit.name()] = json!(value);
        }
        for (name, numbers) in &self.details {
            object[*name] = match numbers.as_slice() {
                [number] => json!(number),
                several => json!(several),
            };
        }
        object
    }

    fn from_json(object: &Value) -> Result<Self, String> {
        let span = span_from_json(object).map_err(|error| error.to_string())?;
        let value = |unit: Unit| Some((unit, object[unit.name()].as_u64()?));
        let value = Unit::ALL.into_iter().find_map(value).filter(|_| span.failed.is_none());
        if value.is_none() && span.failed.is_none() {
            let names = Unit::ALL.map(Unit::name).join("\" and \"");
            return Err(format!("an item without \"{names}\""));
        }
        let section = object["part"].as_str().map(String::from);
        Ok(Self { span, section, value, details: Vec::new() })
    }
}

fn section_from_json(object: &Value) -> Result<Section, String> {
    let text = |key: &str| object[key].as_str().map(String::from);
    let time = |key| duration(&object[key]).ok_or_else(|| format!("no proper \"{key}\""));
    let start = time("start")?;
    Ok(Section {
        name: text("name").unwrap_or_default(),
        item: text("item").unwrap_or_else(|| "item".into()),
        only_computes: object["only_computes"].as_bool().unwrap_or_default(),
        start,
        end: start.saturating_add(time("seconds")?),
    })
}

/// As one JSON object, times in seconds.
fn span_to_json(span: &Span) -> Value {
    let mut object = json!({
        "label": span.label,
        "worker": span.worker,
        "start": seconds(span.start),
        "end": seconds(span.end),
        "working": seconds(span.working),
        "ready": seconds(span.ready),
    });
    if !span.turns.is_empty() {
        let times =
            |it: &Turn| [it.start, it.end, it.woken, it.working, it.ready, it.before].map(seconds);
        object["turns"] = span.turns.iter().map(|turn| json!(times(turn))).collect();
    }
    if let Some(why) = &span.failed {
        object["error"] = json!(why);
    }
    object
}

/// Reads the output of `span_to_json`; ignores other members of the object.
fn span_from_json(object: &Value) -> Result<Span, Malformed> {
    let text = |key: &'static str| object[key].as_str().map(String::from).ok_or(Malformed(key));
    let time = |key: &'static str| duration(&object[key]).ok_or(Malformed(key));
    let span = Span {
        label: text("label")?,
        worker: text("worker")?,
        start: time("start")?,
        end: time("end")?,
        working: time("working")?,
        ready: time("ready")?,
        turns: match object.get("turns") {
            None => Vec::new(),
            Some(turns) => turns_from_json(turns).ok_or(Malformed("turns"))?,
        },
        failed: object["error"].as_str().map(String::from),
        ..Span::default()
    };
    if span.start <= span.end { Ok(span) } else { Err(Malformed("end")) }
}

fn turns_from_json(turns: &Value) -> Option<Vec<Turn>> {
    let turn = |turn: &Value| match turn.as_array()?.as_slice() {
        [start, end, woken, working, ready, before] => {
            let (start, end, woken) = (duration(start)?, duration(end)?, duration(woken)?);
            let (working, ready) = (duration(working)?, duration(ready)?);
            let turn = Turn { start, end, woken, working, ready, before: duration(before)? };
            (woken <= start && start <= end).then_some(turn)
        }
        _ => None,
    };
    turns.as_array()?.iter().map(turn).collect()
}

/// A member of a span's JSON that is missing or wrong.
#[derive(Debug, PartialEq, Eq)]
struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an item without a proper \"{}\"", self.0)
    }
}

fn duration(seconds: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.as_f64()?).ok()
}

/// The facts of a run as one JSON object.
pub fn facts_to_json(facts: Facts) -> Value {
    let round = |number: f64| (number * 1e4).round() / 1e4;
    json!({
        "peak_in_flight": facts.peak_in_flight,
        "workers": facts.workers,
        "working": round(facts.working),
        "ready": round(facts.ready),
        "cores_busy": round(facts.cores_busy),
        "bound": facts.bound.map(|bound| bound.to_string()),
    })
}

/// Formats rows; the first names the columns, of which these have text, aligned to the left. If they do not fit, the
/// columns move together, and then columns on the right are left out.
pub(crate) fn table<R: AsRef<[String]>>(rows: &[R], text: &[usize], look: Look) -> String {
    let is_text = |column: usize| text.contains(&column);
    let all = rows.first().map_or(0, |head| head.as_ref().len());
    let width =
        |column: usize| rows.iter().map(|row| measure_text_width(&row.as_ref()[column])).max();
    let widths: Vec<usize> = (0..all).map(|column| width(column).unwrap_or_default()).collect();
    let fitting = |gap: usize| {
        (1..=all).rev().find(|&columns| {
            widths[..columns].iter().sum::<usize>() + gap * (columns - 1) <= look.width
        })
    };
    let gap = if fitting(2) == Some(all) { "  " } else { " " };
    let columns = fitting(gap.len()).unwrap_or(1);
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.as_ref().iter().zip(&widths).enumerate().take(columns);
        let cells: Vec<String> = cells
            .map(|(column, (cell, width))| {
                if is_text(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            })
            .collect();
        let line = cells.join(gap);
        let painted = style(line.trim_end()).force_styling(look.colour);
        text += &format!("{}\n", if number == 0 { painted.dim() } else { painted });
    }
    text
}

/// Compares a time with a base: `5.0x faster`, `17x slower`, or `the same` if they differ by less than a single
/// run can show.
fn beside(base: Duration, took: Duration) -> String {
    match base.as_secs_f64() / took.as_secs_f64().max(1e-9) {
        ratio if (0.98..=1.02).contains(&ratio) => "the same".into(),
        ratio => times_as_fast(ratio),
    }
}

/// A time in seconds, with the digits that matter.
pub(crate) fn digits(time: Duration) -> String {
    let seconds = seconds(time);
    if seconds < 0.001 { format!("{seconds:.6}") } else { format!("{seconds:.3}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn beside_a_base() {
        let beside =
            |one, other| beside(Duration::from_secs_f64(one), Duration::from_secs_f64(other));
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
        assert_eq!(table(&rows, &[0, 2], look(80)), all);
        for width in 0..80 {
            let text = table(&rows, &[0, 2], look(width));
            let widest = text.lines().map(measure_text_width).max();
            assert!(widest <= Some(width.max(6)), "{width}: {text}");
        }
        assert_eq!(table(&rows, &[0, 2], look(16)), "part   seconds\njoined   0.056\n");
    }

    #[test]
    fn json_there_and_back_again() {
        let millis = Duration::from_millis;
        let turn = Turn {
            start: millis(5),
            end: millis(8),
            woken: millis(4),
            working: millis(1),
            ready: millis(2),
            before: millis(3),
        };
        let span = Span {
            label: "http://127.0.0.1/jython?\"<&".into(),
            worker: "main".into(),
            start: millis(3),
            end: millis(9),
            working: millis(1),
            ready: millis(3),
            turns: vec![turn],
            failed: Some("the page was cut short".into()),
            ..Span::default()
        };
        assert_eq!(span_from_json(&span_to_json(&span)), Ok(span));
    }

    #[test]
    fn nonsense_is_told_by_its_name() {
        let whole =
            json!({"label": "", "worker": "", "start": 1, "end": 2, "working": 0, "ready": 0});
        assert!(span_from_json(&whole).is_ok());
        for (key, value) in [
            ("label", json!(7)),
            ("start", json!("soon")),
            ("working", json!(-1)),
            ("ready", json!(null)),
            ("end", json!(0.5)),
            ("turns", json!([[1, 2]])),
            ("turns", json!([[2, 1, 0, 0, 0, 0]])),
            ("turns", json!([[1, 2, 2, 0, 0, 0]])),
        ] {
            let mut object = whole.clone();
            object[key] = value;
            assert_eq!(span_from_json(&object), Err(Malformed(key)), "{object}");
        }
    }

    /// JSON of any shape, with the members of a span here and there.
    fn json() -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec![
            "label", "worker", "start", "end", "working", "ready", "turns", "error", "more",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (0..3u8).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..8).prop_map(Value::from_iter),
            ]
        })
    }

    /// The members of a span, each intact or any JSON.
    fn nearly_a_span() -> impl Strategy<Value = Value> {
        let member = |whole: Value| prop_oneof![9 => Just(whole), 1 => json()];
        let turns = prop_oneof![
            Just(Value::Null),
            prop::collection::vec(prop::collection::vec(0..3u8, 5..7), 0..3)
                .prop_map(|turns| json!(turns)),
            json(),
        ];
        let times = [1.5, 2.0, 0.25, 0.125].map(|time| member(json!(time)));
        (member(json!("a call")), member(json!("main")), times, turns, json()).prop_map(
            |(label, worker, [start, end, working, ready], turns, error)| {
                let mut span = json!({
                    "label": label, "worker": worker, "start": start, "end": end,
                    "working": working, "ready": ready, "error": error,
                });
                if !turns.is_null() {
                    span["turns"] = turns;
                }
                span
            },
        )
    }

    /// Up to a day. In months, a number of seconds would have no room for all the nanoseconds.
    fn time() -> impl Strategy<Value = Duration> {
        (0..86_400_000_000_000u64).prop_map(Duration::from_nanos)
    }

    fn span() -> impl Strategy<Value = Span> {
        let times = [time(), time(), time(), time(), time(), time()];
        let turn = times.prop_map(|[woken, late, took, working, ready, before]| {
            let start = woken + late;
            Turn { start, end: start + took, woken, working, ready, before }
        });
        let text = || prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter);
        let turns = prop::collection::vec(turn, 0..4);
        let times = [time(), time(), time(), time()];
        (text(), text(), times, turns, prop::option::of(text())).prop_map(
            |(label, worker, [start, took, working, ready], turns, failed)| {
                let end = start + took;
                let times = Span { start, end, working, ready, ..Span::default() };
                Span { label, worker, turns, failed, ..times }
            },
        )
    }

    proptest! {
        #[test]
        fn any_json_is_a_span_or_is_told_what_it_lacks(
            object in prop_oneof![json(), nearly_a_span()],
        ) {
            match span_from_json(&object) {
                Ok(span) => {
                    prop_assert!(span.start <= span.end);
                    prop_assert_eq!(object["label"].as_str(), Some(span.label.as_str()));
                    // A report that was read can be written and read again.
                    prop_assert!(span_from_json(&span_to_json(&span)).is_ok());
                }
                Err(Malformed(key)) => prop_assert!(
                    ["label", "worker", "start", "end", "working", "ready", "turns"].contains(&key)
                ),
            }
        }

        #[test]
        fn any_span_there_and_back_again(span in span()) {
            let text = span_to_json(&span).to_string();
            prop_assert_eq!(span_from_json(&serde_json::from_str(&text)?), Ok(span));
        }
    }
}
