//! One run of one lesson, as a process of its own.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::slice;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use common::{Lesson, Part, Work};
use serde_json::Value;
use timeline::{Section, Span, Timeline};

use crate::results::Sample;

/// More than this no lesson has to say: an item takes about 250 bytes, and there are 100,000 at the most.
const MOST_OUTPUT: u64 = 200 << 20;
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Times in a report are rounded: two that belong together may differ by this.
const ROUNDED: Duration = Duration::from_micros(2);

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With a report: one sample, or one of each of its parts.
    Well(Vec<Sample>),
    /// Without one that makes sense, and why.
    InTrouble(String),
    /// With Ctrl-C.
    Interrupted,
}

/// Runs a lesson, and expects so many items of it (any number, if it runs at sizes of its own), in less than
/// `limit`.
pub(crate) fn run(
    lesson: &Lesson,
    program: &Path,
    arguments: &[String],
    items: Option<usize>,
    limit: Duration,
) -> Ended {
    if common::interrupted() {
        return Ended::Interrupted;
    }
    let mut child = match start(program, arguments) {
        Ok(child) => child,
        Err(error) => return Ended::InTrouble(format!("it did not start: {error}")),
    };
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let status = match wait(&mut child, limit) {
        // On Windows it gets the Ctrl-C itself, and may be first.
        Ok(_) if common::interrupted() => return Ended::Interrupted,
        Ok(Some(status)) => status,
        Ok(None) => {
            let seconds = limit.as_secs_f64();
            return Ended::InTrouble(format!("it took longer than {seconds} s (--limit)"));
        }
        Err(error) => return Ended::InTrouble(format!("it cannot be waited for: {error}")),
    };
    // Its own children may hold the pipe a moment longer.
    let text =
        |pipe: Receiver<String>| pipe.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let (stdout, stderr) = (text(stdout), text(stderr));
    // Where items failed the status is 1, and the report says which.
    if !status.success() && status.code() != Some(1) || stdout.is_empty() {
        // Wrong arguments are told first, and then that there is a --help.
        let told = stderr.lines().find_map(|line| line.strip_prefix("error: "));
        let last = told.or(stderr.lines().last()).unwrap_or_default();
        // A terminal may take some signs for orders.
        let last: String = last.chars().filter(|sign| !sign.is_control()).take(200).collect();
        let last_words = if last.is_empty() { last } else { format!(": {last}") };
        return Ended::InTrouble(format!("it ended with {status}{last_words}"));
    }
    match read(lesson, &stdout, items) {
        Ok(samples) => Ended::Well(samples),
        Err(why) => Ended::InTrouble(format!("its report makes no sense: {why}")),
    }
}

fn start(program: &Path, arguments: &[String]) -> io::Result<Child> {
    let mut command = Command::new(program);
    // With this program its standard input ends, and then the lesson does.
    command.env(common::ENDS_WITH_INPUT, "1").stdin(Stdio::piped());
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    common::own_group(&mut command);
    command.spawn()
}

/// Reads a pipe to its end, on a thread of its own: a full pipe would stop the lesson.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MOST_OUTPUT).read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

/// Waits for its end; ends it (and gives `None`) with Ctrl-C, or when its time is up.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if common::interrupted() || start.elapsed() > limit {
            // Its own children end with their standard input.
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// An item as a lesson tells it.
struct Item<'a> {
    span: Span,
    /// The name of its part; none where the run is one.
    part: Option<&'a str>,
    /// Its size or number; none where it failed.
    got: Option<u64>,
}

/// What a lesson says of its run with `--json`, if it makes sense: one sample, or one of each part.
fn read(lesson: &Lesson, json: &str, items: Option<usize>) -> Result<Vec<Sample>, String> {
    let run: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let number = |key: &str| {
        let number = run[key].as_u64().and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| format!("no proper \"{key}\""))
    };
    let took = time(&run, "seconds")?;
    if took.is_zero() {
        return Err("no proper \"seconds\"".into());
    }
    let listed = run["items"].as_array().ok_or("no \"items\"")?;
    let (done, failed) = (number("done")?, number("failed")?);
    if run["lesson"] != lesson.name {
        return Err(format!("it is {}'s", run["lesson"]));
    }
    let expected = items.unwrap_or(listed.len());
    if (listed.len(), done + failed) != (expected, expected) {
        let listed = listed.len();
        return Err(format!("{expected} items, {done} done, {failed} failed, and {listed} listed"));
    }
    let sections = sections(lesson, &run, took)?;
    let items: Vec<Item<'_>> =
        listed.iter().map(|told| item(lesson, told)).collect::<Result<_, String>>()?;
    let asides = asides(&run)?;
    if items.iter().map(|item| &item.span).chain(&asides).any(|span| span.end > took) {
        return Err("an item ended after the end".into());
    }
    let got = items.iter().filter(|item| item.got.is_some()).count();
    if got != done {
        return Err(format!("{done} done, and {got} with a result"));
    }
    let (workers, cores) = (number("workers")?, number("cores")?);
    let timeline = |spans: Vec<Span>| Timeline {
        title: lesson.name.into(),
        item: lesson.item().into(),
        worker: lesson.model.worker().into(),
        only_computes: lesson.only_computes(),
        took,
        cores,
        spans: spans.iter().chain(&asides).cloned().collect(),
        sections: Vec::new(),
    };
    if sections.is_empty() {
        let items: Vec<&Item<'_>> = items.iter().collect();
        let spans = items.iter().map(|item| item.span.clone()).collect();
        return Ok(vec![sample(timeline(spans), &items, workers)?]);
    }
    let of_part = |section: &Section| {
        let items = items.iter().filter(|item| item.part == Some(&section.name));
        let items: Vec<&Item<'_>> = items.collect();
        let spans = items.iter().map(|item| within(section, &item.span)).collect::<Option<_>>();
        let spans = spans.ok_or_else(|| format!("an item outside of '{}'", section.name))?;
        let title = format!("{}: {}", lesson.name, section.name);
        let timeline = Timeline { title, ..timeline(spans).section(section) };
        let sample = sample(timeline, &items, workers);
        sample.map_err(|why| format!("{why} in '{}'", section.name))
    };
    sections.iter().map(of_part).collect()
}

/// A span of a part; `None` where it lies outside. What began in the part's last moment may be rounded up to
/// its end, and would be the next part's.
fn within(section: &Section, span: &Span) -> Option<Span> {
    let is_within = span.start.saturating_add(ROUNDED) >= section.start
        && span.end <= section.end.saturating_add(ROUNDED);
    let last = section.end.saturating_sub(Duration::from_nanos(1));
    // A part that took no time has no such moment.
    let start = span.start.max(section.start).min(last);
    is_within.then(|| Span { start, end: span.end.max(start), ..span.clone() })
}

/// One run, or one part of it.
fn sample(timeline: Timeline, items: &[&Item<'_>], workers: usize) -> Result<Sample, String> {
    let got = items.iter().filter_map(|item| Some((item.span.label.clone(), item.got?)));
    let mut got: Vec<(String, u64)> = got.collect();
    got.sort_unstable();
    let facts = timeline.facts().ok_or("nothing was done")?;
    Ok(Sample {
        seconds: timeline.took.as_secs_f64(),
        workers,
        done: got.len(),
        failed: items.len() - got.len(),
        facts,
        timeline,
        got,
    })
}

/// What it says of its parts: none, or exactly those in the list of lessons, one after another.
fn sections(lesson: &Lesson, run: &Value, took: Duration) -> Result<Vec<Section>, String> {
    let listed = run["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> =
        listed.iter().map(|part| part["name"].as_str().unwrap_or_default()).collect();
    if !names.iter().eq(lesson.parts.iter().map(|part| &part.name)) {
        return Err(format!("its parts are {names:?}"));
    }
    let section = |(part, told): (&Part, &Value)| {
        let start = time(told, "start")?;
        Ok(Section {
            name: part.name.into(),
            item: part.item().into(),
            start,
            end: start.saturating_add(time(told, "seconds")?),
        })
    };
    let sections: Vec<Section> =
        lesson.parts.iter().zip(listed).map(section).collect::<Result<_, String>>()?;
    let next = sections.iter().skip(1).map(|next| next.start).chain([took]);
    match sections
        .iter()
        .zip(next)
        .find(|(section, next)| section.end > next.saturating_add(ROUNDED))
    {
        Some((section, _)) => Err(format!("'{}' ended too late", section.name)),
        None => Ok(sections),
    }
}

fn item<'a>(lesson: &Lesson, told: &'a Value) -> Result<Item<'a>, String> {
    let span = Span::from_json(told).map_err(|error| error.to_string())?;
    let name = told["part"].as_str();
    let part = lesson.parts.iter().find(|part| Some(part.name) == name);
    if part.is_none() && (name.is_some() || !lesson.parts.is_empty()) {
        return Err(format!("an item of the part {}", told["part"]));
    }
    let works = part.map_or(slice::from_ref(&lesson.work), |part| part.works);
    let got = works.iter().find_map(|work| told[result(*work)].as_u64());
    if got.is_none() && span.failed.is_none() {
        let keys: Vec<&str> = works.iter().map(|work| result(*work)).collect();
        return Err(format!("an item without \"{}\"", keys.join("\" and \"")));
    }
    let got = got.filter(|_| span.failed.is_none());
    Ok(Item { span, part: name, got })
}

/// Where an item of this kind has what was got.
fn result(work: Work) -> &'static str {
    match work {
        Work::Downloads | Work::Pictures => "bytes",
        Work::Calls | Work::Rounds => "result",
    }
}

/// What is drawn beside the items.
fn asides(run: &Value) -> Result<Vec<Span>, String> {
    let listed = run["asides"].as_array().map(Vec::as_slice).unwrap_or_default();
    let aside = |told| Ok(Span { is_aside: true, ..Span::from_json(told)? });
    let asides: Result<Vec<Span>, timeline::Malformed> = listed.iter().map(aside).collect();
    asides.map_err(|error| error.to_string())
}

fn time(told: &Value, key: &str) -> Result<Duration, String> {
    let seconds = told[key].as_f64().map(Duration::try_from_secs_f64);
    match seconds {
        Some(Ok(time)) => Ok(time),
        _ => Err(format!("no proper \"{key}\"")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Two parts with a page each. The first page begins in the last microsecond of its part.
    fn report() -> Value {
        let page = |part: &str, start: f64, end: f64| {
            json!({
                "label": "/jython", "worker": "main", "start": start, "end": end, "working": 0.0,
                "part": part, "bytes": 7,
            })
        };
        json!({
            "lesson": "sequential_await", "seconds": 0.9, "done": 2, "failed": 0, "workers": 1,
            "cores": 2,
            "parts": [
                {"name": "one by one", "start": 0.0, "seconds": 0.5},
                {"name": "joined", "start": 0.500_001, "seconds": 0.4},
            ],
            "items": [page("one by one", 0.5, 0.500_001), page("joined", 0.500_001, 0.9)],
            "asides": [
                {"label": "blocks", "worker": "main", "start": 0.6, "end": 0.7, "working": 0.0},
            ],
        })
    }

    fn read_report(report: &Value) -> Result<Vec<Sample>, String> {
        let lesson = common::LESSONS.iter().find(|lesson| lesson.name == "sequential_await");
        read(lesson.expect("it is a lesson"), &report.to_string(), None)
    }

    #[test]
    fn each_part_is_a_run_of_its_own() {
        let samples = read_report(&report()).expect("it makes sense");
        let told: Vec<_> = samples
            .iter()
            .map(|it| (it.timeline.title.as_str(), it.done, it.failed, it.timeline.spans.len()))
            .collect();
        assert_eq!(
            told,
            [("sequential_await: one by one", 1, 0, 1), ("sequential_await: joined", 1, 0, 2)]
        );
        assert!((samples[1].seconds - 0.4).abs() < 1e-6);
        assert_eq!(samples[0].got, samples[1].got);
        assert!(samples[1].timeline.spans[1].is_aside);
        assert_eq!(samples[1].facts.peak_in_flight, 1);
    }

    #[test]
    fn nonsense_about_parts_is_told() {
        for (path, value, why) in [
            ("/parts", json!([]), "its parts are []"),
            ("/parts/1/name", json!(2), "its parts are [\"one by one\", \"\"]"),
            ("/parts/1/start", json!("soon"), "no proper \"start\""),
            ("/parts/1/seconds", json!(1e19), "'joined' ended too late"),
            ("/parts/0/seconds", json!(0.6), "'one by one' ended too late"),
            ("/items/1/part", json!("one by one"), "an item outside of 'one by one'"),
            ("/items/0/part", json!(null), "an item of the part null"),
            ("/items/1/bytes", json!(null), "an item without \"bytes\""),
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

    /// The places of all that stands in a report.
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
        fn a_report_with_anything_in_it_makes_sense_or_is_told_why_not(
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
                        let mut items = sample.timeline.spans.iter().filter(|span| !span.is_aside);
                        prop_assert!(items.all(|span| span.start <= span.end && span.end <= end));
                        // An aside may go on after its part: it is drawn all the same.
                        prop_assert!(sample.timeline.svg().trim_end().ends_with("</svg>"));
                    }
                }
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }

        #[test]
        fn any_text_is_no_report(text: String, cut: prop::sample::Index) {
            let lesson = common::LESSONS.first().expect("there are lessons");
            prop_assert!(read(lesson, &text, None).is_err());
            let report = report().to_string();
            prop_assert!(read(lesson, &report[..cut.index(report.len())], None).is_err());
        }
    }
}
