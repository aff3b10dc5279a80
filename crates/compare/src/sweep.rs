//! The sweep: the same pages with more and more workers, to see where more stops helping.

use std::time::{Duration, Instant};

use common::PRACTICE_PAGES;
use course::Lesson;
use harness::Model;
use harness::figures::two_digits;

use crate::bench::Bench;
use crate::kinds::PAGES;
use crate::process::Stop;
use crate::results::{Curve, Doubt, Point, Sizes, Spread};

/// Without `--runs`, a point is measured until this time is over, but at most this many times.
const ENOUGH: Duration = Duration::from_millis(1_500);
const MOST_RUNS: usize = 5;
/// Beyond the knee, more workers gain less than half of what they could.
const WORTH_IT: f64 = 0.5;
/// More workers cost time if they are this many times slower than the best and the ranges do not overlap.
const COSTS: f64 = 1.05;

/// Whether a lesson has a number of workers to sweep over. The further lessons show something else.
pub(crate) fn can_sweep(lesson: &Lesson) -> bool {
    lesson.kind() == PAGES
        && !lesson.has_sections()
        && lesson.takes("workers")
        && !lesson.found.is_further
}

/// Runs the downloaders that have a limit over the numbers of workers.
pub(crate) fn measure(bench: &Bench<'_>, lessons: &[&'static Lesson]) -> Vec<Curve> {
    let args = bench.args;
    let Some(&most) = args.sweep.last() else { return Vec::new() };
    let lessons = lessons.iter().copied().filter(|lesson| can_sweep(lesson));
    let mut curves: Vec<Curve> =
        lessons.map(|lesson| Curve { lesson, points: Vec::new(), trouble: None }).collect();
    // Enough pages for the most workers.
    let pages = args.sizes.pages.max(most.next_multiple_of(PRACTICE_PAGES.len()));
    bench.bar.inc_length((args.sweep.len() * curves.len()) as u64);
    for &workers in &args.sweep {
        let sizes = Sizes { pages, workers: Some(workers), ..args.sizes };
        for curve in &mut curves {
            bench.bar.set_message(format!("{} with {workers}", curve.lesson.name()));
            if curve.trouble.is_none() {
                match point(bench, curve.lesson, sizes) {
                    Ok((seconds, runs)) => {
                        curve.points.push(Point { workers, pages, seconds, runs });
                    }
                    Err(Stop::Trouble(why)) => {
                        curve.trouble = Some(format!("with {workers} workers, {why}"));
                    }
                    Err(Stop::Interrupted) => return curves,
                }
            }
            bench.bar.inc(1);
        }
    }
    curves
}

/// The seconds at one point, and how often it ran.
fn point(bench: &Bench<'_>, lesson: &Lesson, sizes: Sizes) -> Result<(Spread, usize), Stop> {
    let start = Instant::now();
    let mut times = Vec::new();
    loop {
        for sample in bench.run(lesson, None, sizes, &[])? {
            if sample.failed > 0 {
                return Err(format!("{} pages failed", sample.failed).into());
            }
            times.push(sample.seconds);
        }
        let runs = times.len();
        let is_enough = match bench.args.runs {
            Some(wanted) => runs >= wanted,
            None => start.elapsed() > ENOUGH || runs >= MOST_RUNS,
        };
        if let Some(seconds) = Spread::of(times.iter().copied()).filter(|_| is_enough) {
            return Ok((seconds, runs));
        }
    }
}

/// A sentence about a curve, with the reasons to doubt it; `None` if it has fewer than two points.
pub(crate) fn sentence(curve: &Curve, doubts: &[Doubt]) -> Option<String> {
    let points = &curve.points;
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < 2 {
        return None;
    }
    let best = points.iter().min_by(|a, b| a.seconds.median.total_cmp(&b.seconds.median))?;
    let name = match curve.lesson.model() {
        Model::Async => "async (a worker is a page in flight)",
        model => model.name(),
    };
    let helps = match knee(points) {
        None => {
            format!("{name}: more workers help up to {}, the most that were tried", last.workers)
        }
        Some(knee) => {
            format!("{name}: beyond {knee}, more workers gain less than half of what they could")
        }
    };
    let as_fast = points.iter().filter(|point| point.seconds.overlaps(best.seconds));
    let as_fast: Vec<String> = as_fast.map(|point| point.workers.to_string()).collect();
    let too_close = if as_fast.len() > 1 { " (too close to call)" } else { "" };
    let fastest = format!(
        "; fastest with {}{too_close}, {} times as fast as with {}",
        as_fast.join(" or "),
        two_digits(first.seconds.median / best.seconds.median),
        first.workers
    );
    let times = last.seconds.median / best.seconds.median;
    let cost = if times > COSTS && !last.seconds.overlaps(best.seconds) {
        format!("; {} cost, at {times:.2} times the time of {}", last.workers, best.workers)
    } else {
        String::new()
    };
    let one_run = points.iter().any(|point| point.runs == 1).then_some(Doubt::OneRun);
    let doubts: Vec<Doubt> = one_run.into_iter().chain(doubts.iter().copied()).collect();
    Some(format!("{helps}{fastest}{cost}{}.", Doubt::behind(&doubts)))
}

/// The largest number of workers that is worth it; `None` if all that were tried are.
pub(crate) fn knee(points: &[Point]) -> Option<usize> {
    let pays = |few: &Point, many: &Point| {
        let gain = few.seconds.median / many.seconds.median - 1.0;
        let possible = many.workers as f64 / few.workers as f64 - 1.0;
        gain >= WORTH_IT * possible
    };
    // One slow point, or a number of workers that needs as many rounds as a smaller one, is not a knee.
    let is_knee = |few: usize| points[few + 1..].iter().all(|many| !pays(&points[few], many));
    (0..points.len().checked_sub(1)?).find(|&few| is_knee(few)).map(|few| points[few].workers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::lesson;

    fn curve(points: &[(usize, f64)]) -> Curve {
        let point = |&(workers, median): &(usize, f64)| Point {
            workers,
            pages: 160,
            seconds: Spread { median, lowest: median * 0.99, highest: median * 1.01 },
            runs: 3,
        };
        Curve {
            lesson: lesson("with_threads", Model::Threads, PAGES),
            points: points.iter().map(point).collect(),
            trouble: None,
        }
    }

    #[test]
    fn the_knee_and_the_cost() {
        let curve = curve(&[(1, 8.0), (10, 0.8), (40, 0.25), (80, 0.2), (160, 0.3)]);
        assert_eq!(knee(&curve.points), Some(40));
        assert_eq!(
            sentence(&curve, &[]).as_deref(),
            Some(
                "threads: beyond 40, more workers gain less than half of what they could; fastest with 80, \
                 40 times as fast as with 1; 160 cost, at 1.50 times the time of 80."
            )
        );
    }

    /// 40 and 60 workers take the same two rounds for 80 pages: that is no knee, since 80 take one.
    #[test]
    fn a_step_without_gain_before_one_with_it_is_no_knee() {
        assert_eq!(knee(&curve(&[(40, 0.2), (60, 0.2), (80, 0.1)]).points), None);
        assert_eq!(knee(&curve(&[(40, 0.2), (60, 0.2), (80, 0.16)]).points), Some(40));
    }

    #[test]
    fn what_is_doubtful_in_a_sweep_is_said_with_it() {
        let mut curve = curve(&[(1, 8.0), (40, 0.201), (80, 0.2)]);
        let sentence = |curve: &Curve, doubts: &[Doubt]| sentence(curve, doubts).expect("points");
        let says = "; fastest with 40 or 80 (too close to call), 40 times as fast as with 1.";
        assert!(sentence(&curve, &[]).ends_with(says), "{}", sentence(&curve, &[]));
        curve.points[1].runs = 1;
        let says = "40 times as fast as with 1 (one run, busy machine).";
        assert!(sentence(&curve, &[Doubt::Busy]).ends_with(says));
    }

    #[test]
    fn where_all_help_that_is_said() {
        let curve = curve(&[(1, 8.0), (2, 4.0)]);
        assert_eq!(
            sentence(&curve, &[]).as_deref(),
            Some(
                "threads: more workers help up to 2, the most that were tried; fastest with 2, 2.0 times as \
                 fast as with 1."
            )
        );
        assert_eq!(sentence(&self::curve(&[(1, 8.0)]), &[]), None);
    }
}
