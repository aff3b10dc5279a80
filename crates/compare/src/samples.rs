//! From the report of a lesson's run to the samples that are compared.

use std::time::Duration;

use common::Span;
use course::Lesson;
use harness::report::{Item, Report};
use serde_json::json;
use timeline::{Section, Timeline};

use crate::evidence::Evidence;
use crate::results::{Sample, many};

/// Times in a report are rounded: two equal times may differ by this.
const ROUNDED: Duration = Duration::from_micros(2);

/// The samples in a lesson's report, if it makes sense and has this many items (`None`: any number): one, or one for
/// each section.
pub(crate) fn read(
    lesson: &Lesson,
    json: &str,
    items: Option<usize>,
    evidence: Evidence,
) -> Result<Vec<Sample>, String> {
    let mut report = Report::from_json(json)?;
    check(lesson, &report, items)?;
    for item in &mut report.items {
        put_into_section(item, &report.sections)?;
    }
    let timeline = report.timeline();
    if report.sections.is_empty() {
        return Ok(vec![sample(timeline, &report, None, evidence)?]);
    }
    let of_section = |section: &Section| {
        let title = format!("{}: {}", lesson.name(), section.name);
        let timeline = Timeline { title, ..timeline.section(section) };
        sample(timeline, &report, Some(&section.name), evidence)
            .map_err(|why| format!("{why} in '{}'", section.name))
    };
    report.sections.iter().map(of_section).collect()
}

/// Checks that a report is consistent, and that the lesson did its work.
fn check(lesson: &Lesson, report: &Report, items: Option<usize>) -> Result<(), String> {
    let &Report { took, done, failed, .. } = report;
    if report.lesson != lesson.found.package() {
        return Err(format!("it is {:?}'s", report.lesson));
    }
    let listed = report.items.len();
    let expected = items.unwrap_or(listed);
    if listed == 0 && expected > 0 {
        let items = many(expected, lesson.item());
        return Err(format!(
            "none of its {items} is in it: did it end before its threads or tasks?"
        ));
    }
    // The sum of two numbers from a file may overflow.
    if listed != expected || done.checked_add(failed) != Some(expected) {
        return Err(format!("{expected} items, {done} done, {failed} failed, and {listed} listed"));
    }
    let sections = &report.sections;
    let names: Vec<&str> = sections.iter().map(|section| section.name.as_str()).collect();
    if !names.iter().eq(lesson.described.sections.iter().map(|(name, _)| name)) {
        return Err(format!("its parts are {names:?}"));
    }
    let next = sections.iter().skip(1).map(|next| next.start).chain([took]);
    for (section, next) in sections.iter().zip(next) {
        if section.end > next.saturating_add(ROUNDED) {
            return Err(format!("'{}' ended too late", section.name));
        }
    }
    let spans = report.items.iter().map(|item| &item.span).chain(&report.annotations);
    if spans.into_iter().any(|span| span.end > took) {
        return Err("an item ended after the end".into());
    }
    let with_value = report.items.iter().filter(|item| item.value.is_some()).count();
    if with_value != done {
        return Err(format!("{done} done, and {with_value} with a result"));
    }
    Ok(())
}

/// Puts an item into its section. If it began in the section's last moment, its start may be rounded up to the
/// section's end, and it would belong to the next one.
fn put_into_section(item: &mut Item, sections: &[Section]) -> Result<(), String> {
    let section = sections.iter().find(|section| item.section.as_ref() == Some(&section.name));
    let Some(section) = section else {
        let is_whole = item.section.is_none() && sections.is_empty();
        let of_none = || format!("an item of the part {}", json!(item.section));
        return if is_whole { Ok(()) } else { Err(of_none()) };
    };
    let Span { start, end, .. } = item.span;
    if start.saturating_add(ROUNDED) < section.start || end > section.end.saturating_add(ROUNDED) {
        return Err(format!("an item outside of '{}'", section.name));
    }
    let last = section.end.saturating_sub(Duration::from_nanos(1));
    // A section that took no time has no such moment.
    item.span.start = start.max(section.start).min(last);
    item.span.end = end.max(item.span.start);
    Ok(())
}

/// The sample of a run, or of its section of that name.
fn sample(
    timeline: Timeline,
    report: &Report,
    section: Option<&str>,
    evidence: Evidence,
) -> Result<Sample, String> {
    let items = report.items.iter().filter(|item| item.section.as_deref() == section);
    let got = items.clone().filter_map(|item| Some((item.span.label.clone(), item.value?.1)));
    let mut got: Vec<(String, u64)> = got.collect();
    got.sort_unstable();
    let facts = timeline.facts().ok_or("nothing was done")?;
    Ok(Sample {
        seconds: timeline.took.as_secs_f64(),
        workers: report.workers,
        done: got.len(),
        failed: items.count() - got.len(),
        facts,
        timeline,
        evidence,
        got,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::sample::with_sections;

    /// Two sections with a page each. The first page begins in the last microsecond of its section.
    fn report() -> Value {
        let page = |section: &str, start: f64, end: f64| {
            json!({
                "label": "/jython", "worker": "main", "start": start, "end": end, "working": 0.0, "ready": 0.0,
                "part": section, "bytes": 7,
            })
        };
        json!({
            "lesson": "in_two_ways", "model": "async", "seconds": 0.9, "done": 2, "failed": 0, "workers": 1,
            "cores": 2,
            "parts": [
                {"name": "one by one", "start": 0.0, "seconds": 0.5},
                {"name": "joined", "start": 0.500_001, "seconds": 0.4},
            ],
            "items": [page("one by one", 0.5, 0.500_001), page("joined", 0.500_001, 0.9)],
            "asides": [
                {"label": "blocks", "worker": "main", "start": 0.6, "end": 0.7, "working": 0.0, "ready": 0.0},
            ],
        })
    }

    fn read_report(report: &Value) -> Result<Vec<Sample>, String> {
        read(with_sections(), &report.to_string(), None, Evidence::default())
    }

    #[test]
    fn each_section_is_a_run_of_its_own() {
        let samples = read_report(&report()).expect("it makes sense");
        let seen: Vec<_> = samples
            .iter()
            .map(|it| (it.timeline.title.as_str(), it.done, it.failed, it.timeline.spans.len()))
            .collect();
        assert_eq!(seen, [("in_two_ways: one by one", 1, 0, 1), ("in_two_ways: joined", 1, 0, 2)]);
        assert!((samples[1].seconds - 0.4).abs() < 1e-6);
        assert_eq!(samples[0].got, samples[1].got);
        assert!(samples[1].timeline.spans[1].is_annotation);
        assert_eq!(samples[1].facts.peak_in_flight, 1);
    }

    #[test]
    fn nonsense_about_sections_is_refused() {
        for (path, value, why) in [
            ("/parts", json!([]), "its parts are []"),
            ("/parts/1/name", json!(2), "its parts are [\"one by one\", \"\"]"),
            ("/parts/1/start", json!("soon"), "no proper \"start\""),
            ("/parts/1/seconds", json!(1e19), "'joined' ended too late"),
            ("/parts/0/seconds", json!(0.6), "'one by one' ended too late"),
            ("/items/1/part", json!("one by one"), "an item outside of 'one by one'"),
            ("/items/0/part", json!(null), "an item of the part null"),
            ("/items/1/bytes", json!(null), "an item without \"bytes\" and \"result\""),
            ("/asides/0/end", json!(1.5), "an item ended after the end"),
            ("/done", json!(3), "2 items, 3 done, 0 failed, and 2 listed"),
        ] {
            let mut report = report();
            *report.pointer_mut(path).expect("it is there") = value;
            assert_eq!(read_report(&report).err().as_deref(), Some(why), "{path}");
        }
        let mut report = report();
        report["items"][1]["error"] = json!("it failed");
        assert_eq!(read_report(&report).err().as_deref(), Some("2 done, and 1 with a result"));
        let mut report = self::report();
        report["items"][0]["part"] = json!("joined");
        assert_eq!(read_report(&report).err().as_deref(), Some("nothing was done in 'one by one'"));
    }

    /// The positions of all values in a report.
    fn places(value: &Value, at: &str, all: &mut Vec<String>) {
        all.push(at.into());
        match value {
            Value::Array(values) => values
                .iter()
                .enumerate()
                .for_each(|(place, value)| places(value, &format!("{at}/{place}"), all)),
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), all));
            }
            _ => {}
        }
    }

    fn nonsense() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!([])),
            Just(json!({})),
            Just(json!("joined")),
            Just(json!([[0, 1, 1, 0]])),
            any::<f64>().prop_map(Value::from),
            (0.0..1.0f64).prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (0..4u8).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn a_report_with_anything_in_it_makes_sense_or_is_refused_with_a_reason(
            changes in prop::collection::vec((any::<prop::sample::Index>(), nonsense()), 0..4),
        ) {
            let mut report = report();
            for (place, value) in changes {
                let mut all: Vec<String> = Vec::new();
                places(&report, "", &mut all);
                *report.pointer_mut(&all[place.index(all.len())]).expect("it is there") = value;
            }
            match read_report(&report) {
                Ok(samples) => {
                    prop_assert_eq!(samples.len(), 2);
                    for sample in samples {
                        prop_assert!(sample.seconds > 0.0 && sample.done <= 2, "{report}");
                        let end = sample.timeline.took + ROUNDED;
                        let mut items = sample.timeline.spans.iter().filter(|span| !span.is_annotation);
                        prop_assert!(items.all(|span| span.start <= span.end && span.end <= end));
                        // An annotation may last longer than its section: it is drawn anyway.
                        prop_assert!(sample.timeline.svg().trim_end().ends_with("</svg>"));
                    }
                }
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }

        #[test]
        fn any_text_is_no_report(text: String, cut: prop::sample::Index) {
            prop_assert!(read(with_sections(), &text, None, Evidence::default()).is_err());
            let report = report().to_string();
            prop_assert!(read(with_sections(), &report[..cut.index(report.len())], None, Evidence::default()).is_err());
        }
    }
}
