//! The measuring: warm-up, rounds, checks.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{Lesson, Work, Workers};
use indicatif::ProgressBar;

use crate::args::Arguments;
use crate::lesson::{self, Ended};
use crate::programs::Programs;
use crate::results::{Check, Results, Row, Sample, Sizes, Spread, many};
use crate::{machine, sweep};

/// So long all rounds may take, but for the first two: without a range there is no verdict. The default
/// sizes are such that it is under a minute, with all the rest but the build.
const BUDGET: Duration = Duration::from_secs(48);
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
    let mut rows: Vec<Row> = args
        .lessons
        .iter()
        .map(|lesson| Row { lesson, samples: Vec::new(), trouble: None })
        .collect();
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
        let sizes = Sizes { pages: 2, calls: 1, number: args.sizes.number.min(20), ..args.sizes };
        for row in rows {
            self.bar.set_message(format!("warming up {}", row.lesson.name));
            let ended = self.run(row.lesson, sizes, sizes.workers);
            match ended {
                Ended::Well(_) => {}
                Ended::InTrouble(why) => row.trouble = Some(why),
                Ended::Interrupted => return,
            }
        }
    }

    /// Round by round, so that a slow moment of the machine meets all lessons.
    fn run_rounds(&self, rows: &mut [Row]) {
        let start = Instant::now();
        let mut rounds = self.args.runs.unwrap_or(1);
        let mut round = 0;
        while round < rounds {
            self.bar.set_length((rounds * rows.len()) as u64);
            // Not always in the same order: what one leaves behind is not to meet always the same next.
            let first = round % rows.len().max(1);
            let (later, earlier) = rows.split_at_mut(first);
            for row in earlier.iter_mut().chain(later) {
                self.bar.set_message(row.lesson.name);
                if row.trouble.is_none() {
                    match self.run(row.lesson, self.args.sizes, self.args.sizes.workers) {
                        Ended::Well(sample) => row.samples.push(*sample),
                        Ended::InTrouble(why) => row.trouble = Some(why),
                        Ended::Interrupted => return,
                    }
                }
                self.bar.inc(1);
            }
            round += 1;
            if round == 1 && self.args.runs.is_none() {
                rounds = rounds_that_fit(start.elapsed());
            }
        }
    }

    /// One run of a lesson, of this size, with so many workers.
    pub(crate) fn run(&self, lesson: &Lesson, sizes: Sizes, workers: Option<usize>) -> Ended {
        let mut arguments = vec!["--json".to_string()];
        let mut option = |name: &str, value: &dyn std::fmt::Display| {
            arguments.extend([format!("--{name}"), value.to_string()]);
        };
        let items = match lesson.work {
            Work::Downloads => {
                option("site", &self.site);
                option("repeat", &(sizes.pages / common::PRACTICE_PAGES.len()));
                option("timeout", &self.args.timeout.as_secs_f64());
                sizes.pages
            }
            Work::Calls | Work::Rounds | Work::Pictures => {
                option("number", &sizes.number);
                option("calls", &sizes.calls);
                sizes.calls
            }
        };
        if let (Some(workers), true) = (workers, lesson.workers != Workers::One) {
            option("workers", &workers);
        }
        let program: PathBuf = self.programs.path(lesson);
        lesson::run(lesson, &program, &arguments, items, self.args.limit)
    }
}

/// How many rounds fit when the first took so long; two at least, for without them there is no range.
fn rounds_that_fit(first: Duration) -> usize {
    let fitting = BUDGET.as_secs_f64() / first.as_secs_f64().max(1e-3);
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
            row.lesson.name
        )
    })
}

/// Whether all runs got the same; `None` where there are no two of them.
fn check(rows: &[Row], work: Work) -> Option<Check> {
    let rows: Vec<&Row> =
        rows.iter().filter(|row| row.lesson.work == work && !row.samples.is_empty()).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rounds_as_fit() {
        assert_eq!(rounds_that_fit(Duration::from_secs(11)), 4);
        assert_eq!(rounds_that_fit(Duration::from_secs(100)), 2);
        assert_eq!(rounds_that_fit(Duration::ZERO), MOST_RUNS);
    }
}
