//! The measuring: warm-up, rounds, sweep.

use std::time::{Duration, Instant};

use course::Lesson;

use crate::args::Arguments;
use crate::bench::Bench;
use crate::lessons::Compared;
use crate::process::Stop;
use crate::python::Python;
use crate::results::{Doubt, Results, Row};
use crate::whole::Foreign;
use crate::{checks, evidence, machine, sweep};

/// Time for all rounds. The first two always run, since there is no verdict without a range. With the default
/// sizes, everything but the build takes less than a minute.
const BUDGET: Duration = Duration::from_secs(48);
/// Time with further lessons or with originals, which are about twice the work.
const BUDGET_WITH_MORE: Duration = Duration::from_secs(96);
/// More runs than these add nothing.
const MOST_RUNS: usize = 10;

/// Measures all that the arguments ask for. Ctrl-C ends it early, with what was done.
///
/// # Errors
/// When there is no practice site.
pub(crate) fn measure(args: &Arguments, compared: Compared) -> Result<Results, String> {
    let Compared { programs, lessons, originals, bases, silent } = compared;
    let rounds = args.runs.unwrap_or(2); // until the first round shows how many fit
    let bench = Bench::new(args, &programs, rounds * (lessons.len() + originals.len()))?;
    let (mut warnings, mut doubts) = (Vec::new(), Vec::new());
    if let Some(warning) = machine::warn_of_build(&programs.profile) {
        warnings.push(warning);
        doubts.push(Doubt::SlowBuild);
    }
    let mut loads = vec![machine::warn_of_load("before the runs")];
    let mut rows: Vec<Row> = with_originals(&lessons, &originals);
    warm_up(&bench, &mut rows);
    let mut commands: Vec<Foreign> = args.commands.iter().cloned().map(Foreign::new).collect();
    run_rounds(&bench, &mut rows, &mut commands);
    let sweep = sweep::measure(&bench, &lessons);
    bench.bar.finish_and_clear();
    let interrupted = harness::interrupted();
    if !interrupted {
        loads.push(machine::warn_of_load("after the runs"));
    }
    let loads: Vec<String> = loads.into_iter().flatten().collect();
    doubts.extend((!loads.is_empty()).then_some(Doubt::Busy));
    warnings.extend(loads);
    warnings.extend(rows.iter().filter_map(warn_of_first_run));
    if rows.iter().any(|row| row.samples.len() == 1) {
        warnings
            .push("One run has no range: nobody knows whether the next would be the same.".into());
    }
    let machine = machine::describe(&programs.profile);
    let (sizes, checks) = (args.sizes, silent);
    let mut results = Results {
        machine,
        sizes,
        bases,
        rows,
        commands,
        sweep,
        checks,
        warnings,
        doubts,
        interrupted,
    };
    for (row, why) in evidence::too_little_work(&results) {
        results.rows[row].trouble = Some(why);
    }
    results.checks.extend(checks::all(&results));
    Ok(results)
}

/// The rows of the lessons, and behind those of each the rows of its originals.
fn with_originals(
    lessons: &[&'static Lesson],
    originals: &[(&'static Lesson, &'static Python)],
) -> Vec<Row> {
    let rows = |lesson: &&'static Lesson| {
        let its = originals.iter().filter(|(it, _)| it.name() == lesson.name());
        let its = its.flat_map(|&(it, python)| Row::of(it, Some(python)));
        Row::of(lesson, None).into_iter().chain(its).collect::<Vec<_>>()
    };
    lessons.iter().flat_map(rows).collect()
}

/// A small run of each lesson.
fn warm_up(bench: &Bench<'_>, rows: &mut [Row]) {
    for rows in by_lesson(rows) {
        bench.bar.set_message(format!("warming up {}", rows[0].program()));
        match bench.warm_up(&rows[0]) {
            Ok(_) => {}
            Err(Stop::Trouble(why)) => in_trouble(rows, &why),
            Err(Stop::Interrupted) => return,
        }
    }
}

/// Round by round, so that a slow moment of the machine affects all lessons.
fn run_rounds(bench: &Bench<'_>, rows: &mut [Row], commands: &mut [Foreign]) {
    let has_more = !commands.is_empty()
        || rows.iter().any(|row| row.lesson.found.is_further || row.python.is_some());
    let start = Instant::now();
    let mut rounds = bench.args.runs.unwrap_or(1);
    let mut round = 0;
    while round < rounds {
        let lessons = by_lesson(rows).into_iter().map(Entrant::Lesson);
        let mut entrants: Vec<Entrant<'_>> =
            lessons.chain(commands.iter_mut().map(Entrant::Foreign)).collect();
        bench.bar.set_length((rounds * entrants.len()) as u64);
        // Rotate the order, so that after-effects do not always hit the same lesson.
        let first = round % entrants.len().max(1);
        entrants.rotate_left(first);
        for entrant in entrants {
            if entrant.run(bench).is_err() {
                return;
            }
            bench.bar.inc(1);
        }
        round += 1;
        if round == 1 && bench.args.runs.is_none() {
            let budget = if has_more { BUDGET_WITH_MORE } else { BUDGET };
            rounds = rounds_that_fit(start.elapsed(), budget);
        }
    }
}

/// A program that runs once in each round.
enum Entrant<'a> {
    Lesson(&'a mut [Row]),
    Foreign(&'a mut Foreign),
}

/// Ctrl-C was pressed.
struct Interrupted;

impl Entrant<'_> {
    /// Runs it, unless it already failed.
    fn run(self, bench: &Bench<'_>) -> Result<(), Interrupted> {
        match self {
            Self::Lesson(rows) if rows[0].trouble.is_none() => {
                bench.bar.set_message(rows[0].program());
                match bench.measure(&rows[0]) {
                    Ok(samples) => {
                        for (row, sample) in rows.iter_mut().zip(samples) {
                            row.samples.push(sample);
                        }
                    }
                    Err(Stop::Trouble(why)) => in_trouble(rows, &why),
                    Err(Stop::Interrupted) => return Err(Interrupted),
                }
            }
            Self::Foreign(command) if command.trouble.is_none() => {
                bench.bar.set_message(command.name());
                match bench.run_foreign(command) {
                    Ok(run) => command.runs.push(run),
                    Err(Stop::Trouble(why)) => command.trouble = Some(why),
                    Err(Stop::Interrupted) => return Err(Interrupted),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The rows of each lesson: it runs once for all of them.
fn by_lesson(rows: &mut [Row]) -> Vec<&mut [Row]> {
    rows.chunk_by_mut(Row::is_of_same_program).collect()
}

fn in_trouble(rows: &mut [Row], why: &str) {
    for row in rows {
        row.trouble = Some(why.into());
    }
}

/// Returns how many rounds fit if the first took this long: at least two, since one has no range.
fn rounds_that_fit(first: Duration, budget: Duration) -> usize {
    let fitting = budget.as_secs_f64() / first.as_secs_f64().max(1e-3);
    (fitting as usize).clamp(2, MOST_RUNS)
}

fn warn_of_first_run(row: &Row) -> Option<String> {
    row.slow_first_run().map(|times| {
        format!(
            "The first run of {} took {times:.1} times as long as the others: something was still cold, or \
             a virus scanner looked at it.",
            row.name()
        )
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
