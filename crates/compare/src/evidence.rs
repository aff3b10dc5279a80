//! What is seen of a run from outside. `compare` does not believe a program whose report contradicts it.

use course::Lesson;
use harness::Model;
use practice_site::Seen;

use crate::kinds::{CALLS, PAGES};
use crate::process::Usage;
use crate::results::{Results, Row, Sample, Spread, digits, many};

/// Processor time is counted in steps: two counts may differ by this many seconds plus this part of the whole.
const STEPS: (f64, f64) = (0.05, 0.1);
/// Times on the clock are rounded to these seconds. One that lies within another is not longer.
const ROUNDED: (f64, f64) = (0.002, 0.0);
/// With less than this part of the base's processor time, a program did not compute the same.
const TOO_LITTLE: f64 = 0.5;
/// With less processor time than these seconds, a base is no measure.
const MEASURABLE: f64 = 0.1;
/// Seconds of processor time that may be spent outside of the items: on starting, threads, processes and printing.
const OTHER_WORK: f64 = 0.5;

/// A run, seen from outside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    /// The system's account of its process.
    pub(crate) usage: Usage,
    /// The practice site's record of it.
    pub(crate) seen: Option<Seen>,
}

/// Returns why a report cannot be true; `None` if nothing contradicts it.
///
/// `asked` is the number of workers that it was told to have.
pub(crate) fn contradiction(
    lesson: &Lesson,
    is_python: bool,
    asked: Option<usize>,
    sample: &Sample,
) -> Option<String> {
    let Evidence { usage, seen } = sample.evidence;
    let seconds = sample.seconds;
    if let Some(asked) = asked.filter(|asked| *asked < sample.workers) {
        return Some(format!(
            "it was told --workers {asked}, and says that it had {}",
            sample.workers
        ));
    }
    if exceeds(seconds, usage.wall, ROUNDED) {
        return Some(format!(
            "it says that it took {} s, and its process was there for {} s",
            digits(seconds),
            digits(usage.wall)
        ));
    }
    let is_known = is_counted(lesson, is_python);
    let spans = sample.timeline.spans.iter().filter(|span| !span.is_annotation);
    let worked: f64 = spans.map(|span| span.working.as_secs_f64()).sum();
    if is_known && exceeds(worked, usage.cpu, STEPS) {
        return Some(format!(
            "it says that it worked for {} s, and it used {} s of processor time",
            digits(worked),
            digits(usage.cpu)
        ));
    }
    // A Python takes a while to start, and starts once more for each process.
    let starts = is_python || lesson.model() == Model::Processes;
    if lesson.item() == CALLS && !starts && usage.cpu - worked > OTHER_WORK.max(usage.cpu / 2.0) {
        return Some(format!(
            "its calls account for {} s of processor time, and it used {} s: what did it compute besides?",
            digits(worked),
            digits(usage.cpu)
        ));
    }
    seen.filter(|_| lesson.item() == PAGES).and_then(|seen| of_the_site(lesson, sample, seen))
}

/// Returns what in the site's record contradicts the report.
fn of_the_site(lesson: &Lesson, sample: &Sample, seen: Seen) -> Option<String> {
    let &Sample { done, failed, seconds, workers, facts, .. } = sample;
    let Seen { requests, peak_in_flight: peak, bytes, took, .. } = seen;
    let (requests, peak) = (requests as usize, peak as usize);
    let pages = |pages| many(pages, "page");
    if (1..done).contains(&requests) {
        return Some(format!(
            "it got {} with {}, so it did not do the same work",
            pages(done),
            many(requests, "request")
        ));
    }
    if requests < done || failed == 0 && requests != done {
        return Some(format!(
            "it says that it got {}, and the site was asked for {requests}",
            pages(done)
        ));
    }
    let got: u64 = sample.got.iter().map(|(_, bytes)| bytes).sum();
    if failed == 0 && got != bytes {
        return Some(format!("it says that its pages had {got} bytes, and the site sent {bytes}"));
    }
    let limit = match lesson.model() {
        Model::Sync => 1,
        _ if lesson.takes("workers") => workers,
        _ => usize::MAX,
    };
    // A request that the program gave up stays with the site for a moment.
    if peak > limit.saturating_add(failed) {
        return Some(format!(
            "its limit is {}, and the site had {peak} in flight at once",
            pages(limit)
        ));
    }
    if peak > facts.peak_in_flight + failed {
        return Some(format!(
            "it says that at most {} were in flight at once, and the site had {peak}",
            pages(facts.peak_in_flight)
        ));
    }
    // The site may answer a request that the program no longer waits for.
    (failed == 0 && exceeds(took.as_secs_f64(), seconds, ROUNDED)).then(|| {
        format!(
            "it says that it took {} s, and the site was asked for pages over {} s",
            digits(seconds),
            digits(took.as_secs_f64())
        )
    })
}

/// Whether the system's account of a program's processor time is complete. On Windows it lacks the processes that the
/// program started: its workers, and the Python behind the launcher of a virtual environment. With a fork server, as in
/// Python 3.14, it lacks the workers everywhere.
pub(crate) fn is_counted(lesson: &Lesson, is_python: bool) -> bool {
    let has_workers = lesson.model() == Model::Processes;
    if is_python { cfg!(unix) && !has_workers } else { cfg!(unix) || !has_workers }
}

/// Whether one time is longer than another by more than they may differ.
fn exceeds(one: f64, other: f64, (seconds, part): (f64, f64)) -> bool {
    one > other * (1.0 + part) + seconds
}

/// Returns the rows of computing programs that used far less processor time than their base, each with a sentence.
pub(crate) fn too_little_work(results: &Results) -> Vec<(usize, String)> {
    let sentence = |row: &Row| {
        let base = results.base(row).filter(|base| base.name() != row.name())?;
        let is_known = row.section.is_none() && is_counted(row.lesson, row.python.is_some());
        let did_less = || did_less(row.item, &row.samples, &base.program(), &base.samples);
        is_known.then(did_less).flatten()
    };
    let rows = results.rows.iter().enumerate();
    rows.filter_map(|(at, row)| Some((at, sentence(row)?))).collect()
}

/// A sentence about runs that compute, if they used far less processor time than those of the base.
pub(crate) fn did_less(item: &str, its: &[Sample], base: &str, bases: &[Sample]) -> Option<String> {
    let cpu = |samples: &[Sample]| {
        let cpu = samples.iter().map(|sample| sample.evidence.usage.cpu);
        Some(Spread::of(cpu)?.median)
    };
    let (its, bases) = (cpu(its)?, cpu(bases)?);
    (item == CALLS && bases > MEASURABLE && its < bases * TOO_LITTLE).then(|| {
        format!(
            "it used {} s of processor time where {base} used {} s, so it did not compute the same",
            digits(its),
            digits(bases)
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sample::{lesson, sample};

    /// A run of five threads, and what was seen of it: nothing speaks against that.
    fn honest() -> Sample {
        let mut run = sample().rows[1].samples[0].clone();
        run.evidence = Evidence {
            usage: Usage { wall: run.seconds + 0.02, cpu: 0.4, memory: 9 << 20, threads: 7 },
            seen: Some(Seen {
                connections: 5,
                requests: 160,
                peak_in_flight: 5,
                bytes: 160,
                took: Duration::from_secs_f64(run.seconds - 0.01),
                given_up: 0,
            }),
        };
        run
    }

    fn said(change: impl FnOnce(&mut Sample, &mut Seen)) -> Option<String> {
        let mut run = honest();
        let mut seen = run.evidence.seen.expect("the site saw it");
        change(&mut run, &mut seen);
        run.evidence.seen = Some(seen);
        let mut lesson = lesson("threads", Model::Threads, PAGES).clone();
        lesson.described.options = vec![("workers".into(), None)];
        contradiction(&lesson, false, None, &run)
    }

    #[test]
    fn an_honest_report_is_believed() {
        assert_eq!(said(|_, _| {}), None);
        // It failed, and says so.
        assert_eq!(said(|run, seen| (run.done, run.failed, seen.bytes) = (158, 2, 158)), None);
        assert_eq!(said(|run, seen| (run.done, run.failed, seen.requests) = (158, 2, 158)), None);
        // The site may see the next request before the end of one that was given up.
        let given_up = said(|run, seen| {
            (run.done, run.failed, seen.peak_in_flight, seen.bytes) = (159, 1, 6, 159);
        });
        assert_eq!(given_up, None);
        // Or answer it after the program has ended.
        let late = said(|run, seen| {
            (run.done, run.failed, seen.bytes, seen.took) = (159, 1, 159, Duration::from_secs(9));
        });
        assert_eq!(late, None);
    }

    #[test]
    fn each_lie_has_its_sentence() {
        for (why, words) in [
            (
                said(|_, seen| (seen.requests, seen.bytes) = (0, 0)),
                "it says that it got 160 pages, and the site was asked for 0",
            ),
            (
                said(|_, seen| seen.requests = 80),
                "it got 160 pages with 80 requests, so it did not do the same work",
            ),
            (
                said(|_, seen| seen.requests = 320),
                "it says that it got 160 pages, and the site was asked for 320",
            ),
            (
                said(|_, seen| seen.bytes = 7),
                "it says that its pages had 160 bytes, and the site sent 7",
            ),
            (
                said(|_, seen| seen.peak_in_flight = 160),
                "its limit is 5 pages, and the site had 160 in flight at once",
            ),
            (
                said(|run, seen| (run.workers, seen.peak_in_flight) = (200, 160)),
                "it says that at most 5 pages were in flight at once, and the site had 160",
            ),
            (
                said(|_, seen| seen.took = Duration::from_secs(9)),
                "and the site was asked for pages over 9.00 s",
            ),
            (said(|run, _| run.evidence.usage.wall = 0.5), "and its process was there for 0.500 s"),
            (
                said(|run, _| run.evidence.usage.cpu = 0.0),
                "and it used 0.000000 s of processor time",
            ),
        ] {
            let why = why.unwrap_or_else(|| panic!("nothing is said: {words}"));
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn work_that_was_not_done_is_missed() {
        let mut results = sample();
        let of = |cpu| Evidence { usage: Usage { cpu, ..Usage::default() }, seen: None };
        for row in &mut results.rows {
            row.samples.iter_mut().for_each(|run| run.evidence = of(0.6));
        }
        assert!(too_little_work(&results).is_empty());
        let last = results.rows.len() - 1;
        results.rows[last].samples.iter_mut().for_each(|run| run.evidence = of(0.1));
        let said = too_little_work(&results);
        assert_eq!(said.len(), 1, "{said:?}");
        let why = "it used 0.100 s of processor time where computing used 0.600 s";
        assert!(said[0].0 == last && said[0].1.starts_with(why), "{said:?}");
        // A base that took no time is no measure.
        for row in &mut results.rows {
            row.samples.iter_mut().for_each(|run| run.evidence = of(0.01));
        }
        results.rows[last].samples.iter_mut().for_each(|run| run.evidence = of(0.0));
        assert!(too_little_work(&results).is_empty());
    }
}
