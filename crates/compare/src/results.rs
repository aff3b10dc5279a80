//! The measurements and their verdicts.

use console::Style;
use course::Lesson;
use harness::figures::times_as_fast;
use timeline::{Facts, Timeline};

use crate::evidence::Evidence;
use crate::python::Python;
use crate::tables::IN_TROUBLE;
use crate::whole::Foreign;

/// A first run that took this many times the median of the others was slow.
const MUCH_SLOWER: f64 = 1.25;
/// Runs of fewer seconds than this are often slow by chance.
const SHORT: f64 = 0.05;

/// Everything that is printed and written.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) sizes: Sizes,
    /// The base lesson for each kind of work that is compared between lessons, in the order of the tables. It
    /// need not have a row.
    pub(crate) bases: Vec<&'static Lesson>,
    /// The comparison: a row for each lesson, or for each of its sections, in the order of the course.
    pub(crate) rows: Vec<Row>,
    /// The commands of `--command`, compared as whole processes.
    pub(crate) commands: Vec<Foreign>,
    /// The sweep over the numbers of workers; empty without `--sweep`.
    pub(crate) sweep: Vec<Curve>,
    /// The checks, as sentences.
    pub(crate) checks: Vec<Check>,
    /// Reasons to doubt the figures, as sentences.
    pub(crate) warnings: Vec<String>,
    /// Reasons to doubt all verdicts; each verdict repeats them.
    pub(crate) doubts: Vec<Doubt>,
    /// Ctrl-C was pressed: the results are those from before.
    pub(crate) interrupted: bool,
}

/// The machine of the comparison.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// Operating system and processor architecture.
    pub(crate) system: String,
    /// Cargo's profile, and what it means for the timings.
    pub(crate) profile: String,
}

/// The work of each lesson.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) pages: usize,
    pub(crate) latency_ms: u64,
    pub(crate) number: u64,
    pub(crate) calls: usize,
    /// The same limit for every model, if `--workers` gave one.
    pub(crate) workers: Option<usize>,
}

/// The runs of a lesson, or of a section of one.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) lesson: &'static Lesson,
    /// The Python that runs the lesson's original; `None` for the lesson itself.
    pub(crate) python: Option<&'static Python>,
    /// The section's name; `None` if the lesson has no sections.
    pub(crate) section: Option<&'static str>,
    /// The noun for one of its items. Sections with the same kind of items are compared.
    pub(crate) item: &'static str,
    pub(crate) samples: Vec<Sample>,
    /// Why there is no complete result: it crashed, hung, or reported nonsense.
    pub(crate) trouble: Option<String>,
}

/// One run of a lesson, or of a section of one.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The lesson's own clock.
    pub(crate) seconds: f64,
    pub(crate) workers: usize,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) facts: Facts,
    pub(crate) timeline: Timeline,
    /// The run, seen from outside.
    pub(crate) evidence: Evidence,
    /// Its results, to be compared between models: the label and the size or number of each item, sorted.
    pub(crate) got: Vec<(String, u64)>,
}

/// A check that every model, or every section, got the same.
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
    /// Why the curve ends early.
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

/// A time compared with the base: the sync lesson, or the first section that does the same work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is the base.
    Base,
    /// Its range and the base's overlap; the number is the ratio of the medians.
    TooClose(f64),
    /// How many times as fast as the base: above 1 faster, below 1 slower.
    Ratio(f64),
    /// There is nothing to compare it with.
    None,
}

/// A reason to doubt a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Other programs used the machine during the comparison.
    Busy,
    /// The lessons were not built for speed.
    SlowBuild,
    /// A single run has no range.
    OneRun,
    /// The first run was much slower than the others.
    SlowFirstRun,
}

impl Doubt {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Busy => "busy machine",
            Self::SlowBuild => "not built for speed",
            Self::OneRun => "one run",
            Self::SlowFirstRun => "slow first run",
        }
    }

    /// `one run, busy machine`
    pub(crate) fn list(doubts: &[Self]) -> String {
        doubts.iter().map(|doubt| doubt.words()).collect::<Vec<_>>().join(", ")
    }

    /// The text behind a verdict: ` (one run, busy machine)`; empty without doubts.
    pub(crate) fn behind(doubts: &[Self]) -> String {
        if doubts.is_empty() { String::new() } else { format!(" ({})", Self::list(doubts)) }
    }
}

impl Spread {
    /// Returns the spread of these values; `None` if there are none.
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

    /// Compares the medians, and says whether the ranges overlap.
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
            Self::Ratio(ratio) => times_as_fast(ratio),
        }
    }

    /// The colour of its words on a terminal.
    pub(crate) fn style(self) -> Style {
        match self {
            Self::Base | Self::None => Style::new(),
            Self::TooClose(_) => Style::new().yellow(),
            Self::Ratio(ratio) if ratio < 1.0 => Style::new().red(),
            Self::Ratio(_) => Style::new().green(),
        }
    }
}

/// The number of runs: `2 runs`, or `1 to 2 runs` if it differs between lessons.
pub(crate) fn runs<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let runs = rows.into_iter().map(|row| row.samples.len());
    let (least, most) =
        runs.fold((usize::MAX, 0), |(least, most), runs| (least.min(runs), most.max(runs)));
    let most_runs = many(most, "run");
    if least < most { format!("{least} to {most_runs}") } else { most_runs }
}

/// A number and its noun: `2 runs`.
pub(crate) fn many(number: usize, word: &str) -> String {
    format!("{number} {}", timeline::plural(word, number))
}

/// Seconds with the digits that matter.
pub(crate) fn digits(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 0.001 => format!("{seconds:.6}"),
        seconds if seconds < 0.01 => format!("{seconds:.5}"),
        seconds if seconds < 1.0 => format!("{seconds:.3}"),
        seconds => format!("{seconds:.2}"),
    }
}

impl Row {
    /// The rows of a lesson, before it runs: one, or one for each section.
    pub(crate) fn of(lesson: &'static Lesson, python: Option<&'static Python>) -> Vec<Self> {
        let row = |section, item| {
            let (samples, trouble) = Default::default();
            Self { lesson, python, section, item, samples, trouble }
        };
        let sections = lesson.described.sections.iter();
        let rows = sections
            .map(|(name, kind)| row(Some(name.as_str()), kind.as_deref().unwrap_or(lesson.item())));
        if lesson.has_sections() { rows.collect() } else { vec![row(None, lesson.item())] }
    }

    /// The name of the program, and the section's: `lesson: section`.
    pub(crate) fn name(&self) -> String {
        match self.section {
            None => self.program(),
            Some(section) => format!("{}: {section}", self.program()),
        }
    }

    /// The name of the program: `lesson`, or `lesson, Python 3.14.2`.
    pub(crate) fn program(&self) -> String {
        match self.python {
            None => self.lesson.name().into(),
            Some(python) => format!("{}, {python}", self.lesson.name()),
        }
    }

    /// The lesson's name, or the Python's for an original, which stands below its lesson.
    pub(crate) fn title(&self) -> String {
        self.python.map_or_else(|| self.lesson.name().into(), |python| format!("- {python}"))
    }

    /// Whether both rows come from the same runs.
    pub(crate) fn is_of_same_program(&self, other: &Self) -> bool {
        self.lesson.name() == other.lesson.name() && self.python == other.python
    }

    /// Its trouble, if this row shows it: a lesson's sections share one trouble.
    pub(crate) fn shown_trouble(&self) -> Option<&str> {
        let first = self.lesson.described.sections.first().map(|(name, _)| name.as_str());
        self.trouble.as_deref().filter(|_| self.section == first)
    }

    pub(crate) fn seconds(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.seconds))
    }

    /// How many cores it kept busy: the median of the runs.
    pub(crate) fn cores_busy(&self) -> Option<f64> {
        Some(Spread::of(self.samples.iter().map(|sample| sample.facts.cores_busy))?.median)
    }

    /// The items that were done and that failed, in all runs together.
    pub(crate) fn done_and_failed(&self) -> (usize, usize) {
        let done = self.samples.iter().map(|sample| sample.done).sum();
        let failed = self.samples.iter().map(|sample| sample.failed).sum();
        (done, failed)
    }

    /// Whether its times are those of all the work: a failed item may have ended early.
    pub(crate) fn is_sound(&self) -> bool {
        self.trouble.is_none() && self.done_and_failed().1 == 0
    }

    /// What stands beside its time in place of a verdict, if the time is not that of all the work.
    pub(crate) fn words_of_failure(&self) -> Option<String> {
        let (done, failed) = self.done_and_failed();
        let items = (failed > 0).then(|| format!("{failed} of {} failed", done + failed));
        items.or_else(|| self.trouble.as_ref().map(|_| IN_TROUBLE.into()))
    }

    /// Why the first item that failed did so.
    pub(crate) fn first_failure(&self) -> Option<&str> {
        let spans = self.samples.iter().flat_map(|sample| &sample.timeline.spans);
        spans.filter_map(|span| span.failed.as_deref()).next()
    }

    /// The run in the middle; of an even number, the faster of the two in the middle.
    pub(crate) fn middle_run(&self) -> Option<&Sample> {
        let mut samples: Vec<&Sample> = self.samples.iter().collect();
        samples.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
        samples.get(samples.len().saturating_sub(1) / 2).copied()
    }

    /// What [`Row::middle_run`] is among the runs.
    pub(crate) fn words_of_middle_run(&self) -> String {
        match self.samples.len() {
            1 => "the only run".into(),
            2 => "the faster of 2 runs".into(),
            even if even % 2 == 0 => format!("the faster of the middle two of {even} runs"),
            odd => format!("the median of {odd} runs"),
        }
    }

    /// The first run's time as a multiple of the others', if it was slow.
    pub(crate) fn slow_first_run(&self) -> Option<f64> {
        let (first, others) = self.samples.split_first()?;
        let others = Spread::of(others.iter().map(|sample| sample.seconds))?;
        let times = first.seconds / others.median;
        let is_slow =
            times > MUCH_SLOWER && first.seconds > others.highest && others.median > SHORT;
        is_slow.then_some(times)
    }

    /// Whether the runs of both got the same results.
    fn got_the_same_as(&self, other: &Self) -> bool {
        self.samples.iter().zip(&other.samples).all(|(one, other)| one.got == other.got)
    }
}

impl Results {
    /// The kinds of work that are compared between lessons, in the order of the tables.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.bases.iter().map(|base| base.kind())
    }

    /// The rows of lessons that do one kind of work, and all the same.
    pub(crate) fn rows_of(&self, kind: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.section.is_none() && row.lesson.kind() == kind)
    }

    /// The rows of lessons that compare their sections.
    pub(crate) fn rows_of_sections(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.section.is_some())
    }

    /// All rows in the order of the tables.
    pub(crate) fn rows_in_order(&self) -> impl Iterator<Item = &Row> {
        self.kinds().flat_map(|kind| self.rows_of(kind)).chain(self.rows_of_sections())
    }

    /// The base of a row's kind of work.
    fn base_lesson(&self, row: &Row) -> Option<&'static Lesson> {
        self.bases.iter().copied().find(|base| base.kind() == row.lesson.kind())
    }

    /// The row's base: the sync lesson of its kind, or the first section that does the same work.
    pub(crate) fn base(&self, row: &Row) -> Option<&Row> {
        let base = self.base_lesson(row);
        self.rows.iter().find(|other| match row.section {
            // An original is compared with the sync original, on the same Python.
            None => {
                base.is_some_and(|base| base.name() == other.lesson.name())
                    && other.python == row.python
            }
            Some(_) => other.is_of_same_program(row) && other.item == row.item,
        })
    }

    /// A row compared with its base, in words: `5.0x faster`, `5.0x faster (one run)`.
    pub(crate) fn verdict(&self, row: &Row) -> String {
        let base = self.base(row);
        let (verdict, doubts) = base.map_or((Verdict::None, Vec::new()), |it| self.beside(row, it));
        verdict.words() + &Doubt::behind(&doubts)
    }

    /// A row compared with another that does the same work, and the reasons to doubt that.
    pub(crate) fn beside(&self, row: &Row, base: &Row) -> (Verdict, Vec<Doubt>) {
        let can_be_compared = base.is_sound() && row.is_sound() && row.got_the_same_as(base);
        let (Some(seconds), Some(base_seconds), true) =
            (row.seconds(), base.seconds(), can_be_compared)
        else {
            return (Verdict::None, Vec::new());
        };
        if base.name() == row.name() {
            return (Verdict::Base, Vec::new());
        }
        match seconds.verdict(base_seconds) {
            verdict @ Verdict::Ratio(_) => (verdict, self.doubts_of(&[row, base])),
            verdict => (verdict, Vec::new()),
        }
    }

    fn doubts_of(&self, rows: &[&Row]) -> Vec<Doubt> {
        let any =
            |doubt, is_it: fn(&Row) -> bool| rows.iter().any(|row| is_it(row)).then_some(doubt);
        let one_run = any(Doubt::OneRun, |row| row.samples.len() == 1);
        let slow_first = any(Doubt::SlowFirstRun, |row| row.slow_first_run().is_some());
        one_run.into_iter().chain(slow_first).chain(self.doubts.iter().copied()).collect()
    }

    /// The lesson's original compared with the sync original: as measured here, with the first Python that ran it; or
    /// as the article says.
    pub(crate) fn python(&self, row: &Row) -> String {
        let its = |it: &&Row| it.lesson.name() == row.lesson.name() && it.section == row.section;
        let mut originals = self.rows.iter().filter(its).filter(|it| it.python.is_some());
        match originals.find(|it| !it.samples.is_empty()) {
            _ if row.python.is_some() => Verdict::None.words(),
            Some(original) => self.verdict(original),
            None => self.article(row),
        }
    }

    /// The Pythons that ran any original.
    pub(crate) fn pythons(&self) -> Vec<&'static Python> {
        let mut pythons: Vec<&Python> = Vec::new();
        for python in self.rows.iter().filter_map(|row| row.python) {
            if !pythons.contains(&python) {
                pythons.push(python);
            }
        }
        pythons
    }

    /// The article's figure for the same comparison.
    pub(crate) fn article(&self, row: &Row) -> String {
        let is_base = self.base_lesson(row).is_some_and(|base| base.name() == row.lesson.name());
        let base = (is_base && row.section.is_none()).then(|| Verdict::Base.words());
        row.lesson.found.article.clone().or(base).unwrap_or_else(|| Verdict::None.words())
    }

    /// Whether everything was done and all checks passed.
    pub(crate) fn is_fine(&self) -> bool {
        let troubles = self.rows.iter().map(|row| &row.trouble);
        let troubles = troubles.chain(self.commands.iter().map(|command| &command.trouble));
        troubles.chain(self.sweep.iter().map(|curve| &curve.trouble)).all(Option::is_none)
            && self.rows.iter().all(Row::is_sound)
            && self.checks.iter().all(|check| check.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::sample;

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

    /// These seconds as the runs of a lesson, whose place is this.
    fn with_seconds(results: &mut Results, row: usize, seconds: &[f64]) {
        let run = results.rows[row].samples[0].clone();
        let runs = seconds.iter().map(|&seconds| Sample { seconds, ..run.clone() });
        results.rows[row].samples = runs.collect();
    }

    /// A diagram shows a run that there was, and it is always the same one.
    #[test]
    fn the_run_in_the_middle() {
        let mut results = sample();
        let middle = |results: &Results| {
            let row = &results.rows[0];
            row.middle_run().map(|run| (run.seconds, row.words_of_middle_run()))
        };
        for (seconds, expected) in [
            (&[3.0, 1.0, 2.0][..], Some((2.0, "the median of 3 runs"))),
            (&[0.3, 0.1], Some((0.1, "the faster of 2 runs"))),
            (&[0.1, 0.3], Some((0.1, "the faster of 2 runs"))),
            (&[4.0, 9.0, 1.0, 2.0], Some((2.0, "the faster of the middle two of 4 runs"))),
            (&[7.0], Some((7.0, "the only run"))),
            (&[], None),
        ] {
            with_seconds(&mut results, 0, seconds);
            let expected = expected.map(|(seconds, words)| (seconds, words.into()));
            assert_eq!(middle(&results), expected, "{seconds:?}");
        }
    }

    #[test]
    fn a_doubtful_verdict_says_so_itself() {
        let mut results = sample();
        with_seconds(&mut results, 0, &[8.0, 8.1]);
        let mut verdict = |seconds: &[f64], doubts: &[Doubt]| {
            with_seconds(&mut results, 1, seconds);
            results.doubts = doubts.into();
            results.verdict(&results.rows[1])
        };
        assert_eq!(verdict(&[2.0, 2.1], &[]), "3.9x faster");
        assert_eq!(verdict(&[2.0, 2.1], &[Doubt::Busy]), "3.9x faster (busy machine)");
        assert_eq!(verdict(&[2.0], &[]), "4.0x faster (one run)");
        assert_eq!(verdict(&[2.0], &[Doubt::Busy]), "4.0x faster (one run, busy machine)");
        assert_eq!(verdict(&[4.0, 2.0], &[]), "2.7x faster (slow first run)");
        // It claims nothing that could be doubted.
        assert_eq!(verdict(&[8.05, 8.2], &[Doubt::Busy]), "too close to call (0.99x)");
    }

    #[test]
    fn who_got_something_else_has_no_verdict() {
        let mut results = sample();
        results.rows[1].samples[2].got[7].1 += 1;
        assert_eq!(results.verdict(&results.rows[1]), "-");
        assert_eq!(results.verdict(&results.rows[2]), "126x faster");
    }

    #[test]
    fn how_often_they_ran() {
        let mut results = sample();
        assert_eq!(runs(&results.rows), "3 runs");
        results.rows[2].samples.pop();
        assert_eq!(runs(&results.rows), "2 to 3 runs");
        assert_eq!(runs(&results.rows[8..]), "0 runs");
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
