//! What was measured, and what follows from it.

use common::{Lesson, Part, Work, two_digits};
use timeline::{Facts, Timeline};

/// All that is printed and written.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) sizes: Sizes,
    /// The comparison: a row for each lesson, or for each of its parts, in the order of the course.
    pub(crate) rows: Vec<Row>,
    /// The sweep over the numbers of workers; empty where none was asked for.
    pub(crate) sweep: Vec<Curve>,
    /// What was checked, in sentences.
    pub(crate) checks: Vec<Check>,
    /// What makes the figures doubtful, in sentences.
    pub(crate) warnings: Vec<String>,
    /// Ctrl-C was pressed: what is here was done before.
    pub(crate) interrupted: bool,
}

/// Where it ran.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// Operating system and processor architecture.
    pub(crate) system: String,
    /// Cargo's profile, and what it means for the timings.
    pub(crate) profile: String,
}

/// How much each lesson had to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) pages: usize,
    pub(crate) latency_ms: u64,
    pub(crate) number: u64,
    pub(crate) calls: usize,
    /// The same limit for every model, if `--workers` gave one.
    pub(crate) workers: Option<usize>,
}

/// The runs of a lesson, or of a part of one.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) lesson: &'static Lesson,
    /// The part; none where the lesson has none.
    pub(crate) part: Option<&'static Part>,
    pub(crate) samples: Vec<Sample>,
    /// Why it was not run to the end: it crashed, hung, or reported nonsense.
    pub(crate) trouble: Option<String>,
}

/// One run of a lesson, or of a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The lesson's own clock.
    pub(crate) seconds: f64,
    pub(crate) workers: usize,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) facts: Facts,
    pub(crate) timeline: Timeline,
    /// What it got, to be compared between models: of each item its label and its size or number, sorted.
    pub(crate) got: Vec<(String, u64)>,
}

/// A check that every model, or every part, got the same.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) passed: bool,
    pub(crate) sentence: String,
}

/// One model over the numbers of workers.
#[derive(Debug)]
pub(crate) struct Curve {
    pub(crate) lesson: &'static Lesson,
    pub(crate) points: Vec<Point>,
    /// Why it ends early.
    pub(crate) trouble: Option<String>,
}

/// One number of workers of a curve.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) workers: usize,
    pub(crate) pages: usize,
    pub(crate) seconds: Spread,
    /// How often it ran.
    pub(crate) runs: usize,
}

/// The median of some runs, with the lowest and the highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

/// A time beside that of a base: the sync lesson, or the first part that does the same work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is the base.
    Base,
    /// Its range and the base's overlap; so many times as fast, by the medians.
    TooClose(f64),
    /// So many times as fast: above 1 faster, below 1 slower.
    Ratio(f64),
    /// The same of a single run, which has no range.
    OneRun(f64),
    /// There is nothing to compare it with.
    None,
}

impl Spread {
    /// Of these; `None` of none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (lowest, highest) = (*values.first()?, *values.last()?);
        let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: f64::midpoint(lower, upper), lowest, highest })
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.lowest <= other.highest && other.lowest <= self.highest
    }

    /// Its median as a multiple of the other's, and whether that says anything.
    pub(crate) fn verdict(self, base: Self) -> Verdict {
        let ratio = base.median / self.median;
        if self.overlaps(base) { Verdict::TooClose(ratio) } else { Verdict::Ratio(ratio) }
    }
}

impl Verdict {
    /// `5.0x faster`, `17x slower`, `too close to call (1.02x)`.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Base => "the base".into(),
            Self::None => "-".into(),
            Self::TooClose(ratio) => format!("too close to call ({ratio:.2}x)"),
            Self::Ratio(ratio) if ratio >= 1.0 => format!("{}x faster", two_digits(ratio)),
            Self::Ratio(ratio) => format!("{}x slower", two_digits(1.0 / ratio)),
            Self::OneRun(ratio) => format!("{}?", Self::Ratio(ratio).words()),
        }
    }
}

/// So many of them, in words.
pub(crate) fn many(number: usize, word: &str) -> String {
    format!("{number} {}", timeline::plural(word, number))
}

/// Seconds with as many digits as say something.
pub(crate) fn digits(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 0.001 => format!("{seconds:.6}"),
        seconds if seconds < 0.01 => format!("{seconds:.5}"),
        seconds if seconds < 1.0 => format!("{seconds:.3}"),
        seconds => format!("{seconds:.2}"),
    }
}

impl Row {
    /// The rows of a lesson, before it runs: one, or one for each part.
    pub(crate) fn of(lesson: &'static Lesson) -> Vec<Self> {
        let row = |part| Self { lesson, part, samples: Vec::new(), trouble: None };
        if lesson.parts.is_empty() {
            vec![row(None)]
        } else {
            lesson.parts.iter().map(|part| row(Some(part))).collect()
        }
    }

    /// `sync_cpu`, `sequential_await: joined`
    pub(crate) fn name(&self) -> String {
        match self.part {
            None => self.lesson.name.into(),
            Some(part) => format!("{}: {}", self.lesson.name, part.name),
        }
    }

    /// What one of its items is.
    pub(crate) fn item(&self) -> &'static str {
        self.part.map_or(self.lesson.item(), Part::item)
    }

    /// Its trouble, where it is to be told: the parts of a lesson are in trouble together.
    pub(crate) fn told_trouble(&self) -> Option<&str> {
        let is_first = self.part == self.lesson.parts.first();
        self.trouble.as_deref().filter(|_| is_first)
    }

    pub(crate) fn seconds(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.seconds))
    }

    /// How many cores it kept busy: the median of the runs.
    pub(crate) fn cores_busy(&self) -> Option<f64> {
        Some(Spread::of(self.samples.iter().map(|sample| sample.facts.cores_busy))?.median)
    }

    /// Items that were done and that failed, in all runs together.
    pub(crate) fn done_and_failed(&self) -> (usize, usize) {
        let done = self.samples.iter().map(|sample| sample.done).sum();
        let failed = self.samples.iter().map(|sample| sample.failed).sum();
        (done, failed)
    }

    /// Whether its times are those of all the work: what fails may fail faster.
    pub(crate) fn is_sound(&self) -> bool {
        self.trouble.is_none() && self.done_and_failed().1 == 0
    }

    /// Why the first item that failed did so.
    pub(crate) fn first_failure(&self) -> Option<&str> {
        let spans = self.samples.iter().flat_map(|sample| &sample.timeline.spans);
        spans.filter_map(|span| span.failed.as_deref()).next()
    }

    /// The run that took the median time, or is nearest to it.
    pub(crate) fn median_run(&self) -> Option<&Sample> {
        let median = self.seconds()?.median;
        let distance = |sample: &&Sample| (sample.seconds - median).abs();
        self.samples.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)))
    }
}

impl Results {
    /// The rows of lessons that do one kind of work, and all the same.
    pub(crate) fn rows_of(&self, work: Work) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.part.is_none() && row.lesson.work == work)
    }

    /// The rows of lessons that compare their parts.
    pub(crate) fn rows_of_parts(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.part.is_some())
    }

    /// All rows in the order of the tables.
    pub(crate) fn rows_in_order(&self) -> impl Iterator<Item = &Row> {
        let of_lessons = [Work::Downloads, Work::Calls].into_iter().flat_map(|it| self.rows_of(it));
        of_lessons.chain(self.rows_of_parts())
    }

    /// What a row is compared with: the sync lesson of its kind, or the first part that does the same work.
    pub(crate) fn base(&self, row: &Row) -> Option<&Row> {
        match row.part {
            None => self.rows_of(row.lesson.work).find(|row| is_base(row.lesson)),
            Some(part) => self.rows_of_parts().find(|other| {
                other.lesson.name == row.lesson.name
                    && other.part.is_some_and(|other| other.works == part.works)
            }),
        }
    }

    /// A row beside its base.
    pub(crate) fn verdict(&self, row: &Row) -> Verdict {
        let base = self.base(row);
        let Some(base) = base.filter(|base| base.is_sound() && row.is_sound()) else {
            return Verdict::None;
        };
        match (row.seconds(), base.seconds()) {
            (Some(_), _) if base.name() == row.name() => Verdict::Base,
            (Some(seconds), Some(base_seconds)) => {
                match (seconds.verdict(base_seconds), row.samples.len().min(base.samples.len())) {
                    (Verdict::Ratio(ratio) | Verdict::TooClose(ratio), 1) => Verdict::OneRun(ratio),
                    (verdict, _) => verdict,
                }
            }
            _ => Verdict::None,
        }
    }

    /// What the article's figures say of the same.
    pub(crate) fn article_verdict(&self, row: &Row) -> Verdict {
        let base = common::LESSONS.iter().find(|it| is_base(it) && it.work == row.lesson.work);
        match (row.lesson.article_seconds, base.and_then(|lesson| lesson.article_seconds)) {
            (Some(_), _) if is_base(row.lesson) => Verdict::Base,
            (Some(seconds), Some(base)) => Verdict::Ratio(base / seconds),
            _ => Verdict::None,
        }
    }

    /// Whether all was done as it should be.
    pub(crate) fn is_fine(&self) -> bool {
        let troubles = self.rows.iter().map(|row| &row.trouble);
        troubles.chain(self.sweep.iter().map(|curve| &curve.trouble)).all(Option::is_none)
            && self.rows.iter().all(Row::is_sound)
            && self.checks.iter().all(|check| check.passed)
    }
}

/// Whether the others of its kind are compared with it: the sync lessons of the nine.
fn is_base(lesson: &Lesson) -> bool {
    lesson.model == common::Model::Sync && !lesson.is_further
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: &[f64]) -> Spread {
        Spread::of(values.iter().copied()).expect("there are values")
    }

    #[test]
    fn the_median_of_odd_and_even_numbers_of_runs() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Spread { median: 2.0, lowest: 1.0, highest: 3.0 });
        assert_eq!(spread(&[4.0, 1.0]).median, 2.5);
        assert_eq!(spread(&[7.0]).median, 7.0);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn where_ranges_overlap_there_is_no_verdict() {
        let base = spread(&[10.0, 11.0]);
        assert_eq!(spread(&[10.9, 12.0]).verdict(base).words(), "too close to call (0.92x)");
        assert_eq!(spread(&[5.25]).verdict(base).words(), "2.0x faster");
        assert_eq!(spread(&[189.0]).verdict(base).words(), "18x slower");
        assert_eq!(spread(&[9.0, 9.9]).verdict(base).words(), "1.11x faster");
    }
}
