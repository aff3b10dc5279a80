//! The measuring: warm-up, rounds, checks.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{Lesson, Work};
use indicatif::ProgressBar;

use crate::args::{Arguments, takes};
use crate::lesson::{self, Ended};
use crate::programs::Programs;
use crate::results::{Check, Results, Row, Sample, Sizes, Spread, many};
use crate::{machine, sweep};

/// So long all rounds may take, but for the first two: without a range there is no verdict. The default
/// sizes are such that it is under a minute, with all the rest but the build.
const BUDGET: Duration = Duration::from_secs(48);
/// With further lessons there is about twice as much to do.
const BUDGET_WITH_FURTHER: Duration = Duration::from_secs(96);
/// More runs than these say nothing new.
const MOST_RUNS: usize = 10;
/// So many times the others' median, and a first run was not like them.
const MUCH_SLOWER: f64 = 1.25;
/// Of runs as short as this, in seconds, one is often slower for no reason.
const SHORT: f64 = 0.05;

/// What every run of a lesson needs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Arguments,
    programs: &'a Programs,
    /// The practice site's URL.
    site: String,
    pub(crate) bar: ProgressBar,
}

/// Measures all that the arguments ask for. Ctrl-C ends it early, with what was done.
///
/// # Errors
/// When there is no practice site.
pub(crate) fn measure(args: &Arguments, programs: &Programs) -> Result<Results, String> {
    let latency = Duration::from_millis(args.sizes.latency_ms);
    let (site, _site) = practice_site::start(latency)
        .map_err(|error| format!("the practice site did not come up: {error}"))?;
    let steps = args.runs.unwrap_or(2) * args.lessons.len(); // until it is known better
    let bench = Bench { args, programs, site, bar: common::progress_bar(steps as u64) };
    let mut warnings = Vec::new();
    warnings.extend(machine::warn_of_build(programs));
    warnings.extend(machine::warn_of_load("before the runs"));
    let mut rows: Vec<Row> = args.lessons.iter().flat_map(|lesson| Row::of(lesson)).collect();
    bench.warm_up(&mut rows);
    bench.run_rounds(&mut rows);
    let sweep = sweep::measure(&bench);
    bench.bar.finish_and_clear();
    let interrupted = common::interrupted();
    if !interrupted {
        warnings.extend(machine::warn_of_load("after the runs"));
    }
    warnings.extend(rows.iter().filter_map(warn_of_first_run));
    if rows.iter().any(|row| row.samples.len() == 1) {
        warnings
            .push("One run has no range: nobody knows whether the next would be the same.".into());
    }
    let checks = [Work::Downloads, Work::Calls].into_iter().filter_map(|work| check(&rows, work));
    let checks = checks.chain(check_parts(&rows));
    Ok(Results {
        machine: machine::describe(programs),
        sizes: args.sizes,
        checks: checks.collect(),
        rows,
        sweep,
        warnings,
        interrupted,
    })
}

impl Bench<'_> {
    /// A small run of each, so that no first run pays for a cold disk.
    fn warm_up(&self, rows: &mut [Row]) {
        let args = self.args;
        let number = args.sizes.number.min(20);
        let sizes = Sizes { pages: 2, calls: 1, number, ..args.sizes };
        let small =
            [("repeat", "1"), ("calls", "1"), ("number", &number.to_string()), ("pictures", "2")];
        for rows in by_lesson(rows) {
            let lesson = rows[0].lesson;
            self.bar.set_message(format!("warming up {}", lesson.name));
            let ended = if lesson.parts.is_empty() {
                self.run(lesson, sizes, sizes.workers)
            } else {
                self.run_parts(lesson, &small)
            };
            match ended {
                Ended::Well(_) => {}
                Ended::InTrouble(why) => in_trouble(rows, &why),
                Ended::Interrupted => return,
            }
        }
    }

    /// Round by round, so that a slow moment of the machine meets all lessons.
    fn run_rounds(&self, rows: &mut [Row]) {
        let args = self.args;
        let start = Instant::now();
        let mut rounds = args.runs.unwrap_or(1);
        let mut round = 0;
        while round < rounds {
            let mut lessons = by_lesson(rows);
            self.bar.set_length((rounds * lessons.len()) as u64);
            // Not always in the same order: what one leaves behind is not to meet always the same next.
            let first = round % lessons.len().max(1);
            lessons.rotate_left(first);
            for rows in lessons {
                let lesson = rows[0].lesson;
                self.bar.set_message(lesson.name);
                if rows[0].trouble.is_none() {
                    let ended = if lesson.parts.is_empty() {
                        self.run(lesson, args.sizes, args.sizes.workers)
                    } else {
                        self.run_parts(lesson, &[])
                    };
                    match ended {
                        Ended::Well(samples) => {
                            for (row, sample) in rows.iter_mut().zip(samples) {
                                row.samples.push(sample);
                            }
                        }
                        Ended::InTrouble(why) => in_trouble(rows, &why),
                        Ended::Interrupted => return,
                    }
                }
                self.bar.inc(1);
            }
            round += 1;
            if round == 1 && args.runs.is_none() {
                let has_further = args.lessons.iter().any(|lesson| lesson.is_further);
                let budget = if has_further { BUDGET_WITH_FURTHER } else { BUDGET };
                rounds = rounds_that_fit(start.elapsed(), budget);
            }
        }
    }

    /// One run of a lesson, of this size, with so many workers.
    pub(crate) fn run(&self, lesson: &Lesson, sizes: Sizes, workers: Option<usize>) -> Ended {
        let mut arguments = Vec::new();
        let mut option = |name: &str, value: &dyn std::fmt::Display| {
            arguments.extend([format!("--{name}"), value.to_string()]);
        };
        let items = if lesson.work == Work::Downloads {
            option("site", &self.site);
            option("repeat", &(sizes.pages / common::PRACTICE_PAGES.len()));
            option("timeout", &self.args.timeout.as_secs_f64());
            sizes.pages
        } else {
            option("number", &sizes.number);
            option("calls", &sizes.calls);
            sizes.calls
        };
        if let Some(workers) = workers.filter(|_| takes(lesson, "workers")) {
            option("workers", &workers);
        }
        self.run_with(lesson, arguments, Some(items))
    }

    /// One run of a lesson with parts: on a site of its own and at its own sizes, but for these and those that
    /// were given.
    fn run_parts(&self, lesson: &Lesson, sizes: &[(&str, &str)]) -> Ended {
        let given = self.args.given.iter().map(|(name, value)| (*name, value.as_str()));
        let given = given.filter(|(given, _)| sizes.iter().all(|(name, _)| name != given));
        let options = sizes.iter().copied().chain(given).filter(|(name, _)| takes(lesson, name));
        let arguments = options.flat_map(|(name, value)| [format!("--{name}"), value.into()]);
        self.run_with(lesson, arguments.collect(), None)
    }

    fn run_with(&self, lesson: &Lesson, mut arguments: Vec<String>, items: Option<usize>) -> Ended {
        arguments.push("--json".into());
        let program: PathBuf = self.programs.path(lesson);
        lesson::run(lesson, &program, &arguments, items, self.args.limit)
    }
}

/// The rows of each lesson: it runs once for all of them.
fn by_lesson(rows: &mut [Row]) -> Vec<&mut [Row]> {
    rows.chunk_by_mut(|one, other| one.lesson.name == other.lesson.name).collect()
}

fn in_trouble(rows: &mut [Row], why: &str) {
    for row in rows {
        row.trouble = Some(why.into());
    }
}

/// How many rounds fit when the first took so long; two at least, for without them there is no range.
fn rounds_that_fit(first: Duration, budget: Duration) -> usize {
    let fitting = budget.as_secs_f64() / first.as_secs_f64().max(1e-3);
    (fitting as usize).clamp(2, MOST_RUNS)
}

fn warn_of_first_run(row: &Row) -> Option<String> {
    let (first, others) = row.samples.split_first()?;
    let others = Spread::of(others.iter().map(|sample| sample.seconds))?;
    let times = first.seconds / others.median;
    let is_slow = times > MUCH_SLOWER && first.seconds > others.highest && others.median > SHORT;
    is_slow.then(|| {
        format!(
            "The first run of {} took {times:.1} times as long as the others: something was still cold, or \
             a virus scanner looked at it.",
            row.name()
        )
    })
}

/// Whether all runs got the same; `None` where there are no two of them.
fn check(rows: &[Row], work: Work) -> Option<Check> {
    let is_of_work = |row: &&Row| row.part.is_none() && row.lesson.work == work;
    let rows: Vec<&Row> =
        rows.iter().filter(is_of_work).filter(|row| !row.samples.is_empty()).collect();
    let runs: Vec<(&Row, &Sample)> =
        rows.iter().flat_map(|row| row.samples.iter().map(move |sample| (*row, sample))).collect();
    let what = if work == Work::Downloads { "page" } else { "number" };
    let [(first_row, first), _, ..] = runs.as_slice() else { return None };
    let fails = |sentence: String| Some(Check { passed: false, sentence });
    if let Some(row) = rows.iter().find(|row| row.done_and_failed().1 > 0) {
        return fails(format!("{} did not get all of its {what}s.", row.lesson.name));
    }
    if let Some((row, _)) = runs.iter().find(|(_, sample)| sample.got != first.got) {
        let (one, other) = (first_row.lesson.name, row.lesson.name);
        return fails(if one == other {
            format!("Two runs of {one} did not get the same {what}s.")
        } else {
            format!("{one} and {other} did not get the same {what}s.")
        });
    }
    Some(Check {
        passed: true,
        sentence: format!(
            "All {} runs of {} got the same {}.",
            runs.len(),
            many(rows.len(), "lesson"),
            many(first.got.len(), what)
        ),
    })
}

/// Whether in each run the parts with the same work got the same; `None` where none was compared.
fn check_parts(rows: &[Row]) -> Option<Check> {
    let fails = |sentence: String| Some(Check { passed: false, sentence });
    let (mut runs, mut lessons) = (0, 0);
    for rows in rows.chunk_by(|one, other| one.lesson.name == other.lesson.name) {
        let lesson = rows[0].lesson;
        if lesson.parts.is_empty() || rows[0].samples.is_empty() {
            continue;
        }
        if let Some(row) = rows.iter().find(|row| row.done_and_failed().1 > 0) {
            let items = timeline::plural(row.item(), 2);
            return fails(format!("{} did not get all of its {items}.", row.name()));
        }
        for (at, row) in rows.iter().enumerate() {
            let works = |row: &Row| row.part.map(|part| part.works);
            let Some(base) = rows[..at].iter().find(|base| works(base) == works(row)) else {
                continue;
            };
            let mut pairs = base.samples.iter().zip(&row.samples);
            if pairs.any(|(base, sample)| base.got != sample.got) {
                let name = |row: &Row| row.part.map_or("", |part| part.name);
                return fails(format!(
                    "{}: '{}' and '{}' did not get the same {}.",
                    lesson.name,
                    name(base),
                    name(row),
                    timeline::plural(row.item(), 2),
                ));
            }
        }
        runs += rows[0].samples.len();
        lessons += 1;
    }
    (lessons > 0).then(|| Check {
        passed: true,
        sentence: format!(
            "Every part got the same as the first with the same work, in {} of {}.",
            many(runs, "run"),
            many(lessons, "further lesson"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rounds_as_fit() {
        assert_eq!(rounds_that_fit(Duration::from_secs(11), BUDGET), 4);
        assert_eq!(rounds_that_fit(Duration::from_secs(100), BUDGET), 2);
        assert_eq!(rounds_that_fit(Duration::ZERO, BUDGET), MOST_RUNS);
    }
}
