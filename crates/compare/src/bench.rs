//! What every run of a lesson needs.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use common::PRACTICE_PAGES;
use course::Lesson;
use indicatif::ProgressBar;
use practice_site::{PracticeSite, Seen};

use crate::args::Arguments;
use crate::evidence::{Evidence, contradiction};
use crate::kinds;
use crate::lessons::Programs;
#[cfg(unix)]
use crate::process::Stopped;
use crate::process::{self, Output, Stop, Usage};
use crate::python::Python;
use crate::results::{Row, Sample, Sizes};
use crate::samples;
use crate::whole::Foreign;

/// How long the site may take to say what it saw: on a machine with other work, too.
const SITE_ANSWERS: Duration = Duration::from_secs(10);

/// The practice site, the programs, and a progress bar.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Arguments,
    programs: &'a Programs,
    url: String,
    pub(crate) bar: ProgressBar,
    /// The site runs until this is dropped. Only [`Bench::watch`] asks for its record.
    site: RefCell<PracticeSite>,
}

impl<'a> Bench<'a> {
    /// # Errors
    /// When there is no practice site.
    pub(crate) fn new(
        args: &'a Arguments,
        programs: &'a Programs,
        steps: usize,
    ) -> Result<Self, String> {
        let latency = Duration::from_millis(args.sizes.latency_ms);
        let (url, site) = practice_site::start(latency)
            .map_err(|error| format!("the practice site did not come up: {error}"))?;
        let bar = harness::progress_bar(steps as u64, u16::MAX);
        Ok(Self { args, programs, url, bar, site: site.into() })
    }

    /// A run to be measured: one sample, or one of each section.
    pub(crate) fn measure(&self, row: &Row) -> Result<Vec<Sample>, Stop> {
        self.run(row.lesson, row.python, self.args.sizes, &self.args.given)
    }

    /// A small run, so that no first run pays for a cold disk.
    pub(crate) fn warm_up(&self, row: &Row) -> Result<Vec<Sample>, Stop> {
        let number = self.args.sizes.number.min(20);
        let sizes = Sizes { pages: 2, calls: 1, number, ..self.args.sizes };
        let given = [&self.args.given[..], &["repeat", "calls", "number"]].concat();
        self.run(row.lesson, row.python, sizes, &given)
    }

    /// One run of a lesson, of this size. A lesson with sections has its own site and sizes, except for the
    /// options in `given`.
    pub(crate) fn run(
        &self,
        lesson: &Lesson,
        python: Option<&Python>,
        sizes: Sizes,
        given: &[&str],
    ) -> Result<Vec<Sample>, Stop> {
        let (arguments, items) = self.arguments(lesson, python, sizes, given);
        let samples = self.run_with(lesson, python, &arguments, items)?;
        self.lie(lesson, python, sizes, &samples)
            .map_or(Ok(samples), |why| Err(format!("its report is not true: {why}").into()))
    }

    /// What the report of a run says that cannot be true.
    pub(crate) fn lie(
        &self,
        lesson: &Lesson,
        python: Option<&Python>,
        sizes: Sizes,
        samples: &[Sample],
    ) -> Option<String> {
        if lesson.has_sections() {
            return None; // it had its own site, and each sample is a part of the run
        }
        let asked = sizes.workers.filter(|_| lesson.takes("workers"));
        samples.iter().find_map(|sample| contradiction(lesson, python.is_some(), asked, sample))
    }

    /// The arguments for a run of this size, and how many items it then has (`None`: any number).
    pub(crate) fn arguments(
        &self,
        lesson: &Lesson,
        python: Option<&Python>,
        sizes: Sizes,
        given: &[&str],
    ) -> (Vec<String>, Option<usize>) {
        let mut options = vec![
            ("repeat", (sizes.pages / PRACTICE_PAGES.len()).to_string()),
            ("timeout", self.args.timeout.as_secs_f64().to_string()),
            ("number", sizes.number.to_string()),
            ("calls", sizes.calls.to_string()),
        ];
        options.extend(sizes.workers.map(|workers| ("workers", workers.to_string())));
        let mut items = None; // any number
        if lesson.has_sections() {
            options.push(("latency", sizes.latency_ms.to_string()));
            options.retain(|(name, _)| given.contains(name));
            // An original starts no site.
            options.extend(python.map(|_| ("site", self.url.clone())));
        } else {
            options.push(("site", self.url.clone()));
            items = kinds::items(lesson.item(), sizes);
        }
        let options = options.into_iter().filter(|(name, _)| lesson.takes(name));
        let mut arguments: Vec<String> =
            options.flat_map(|(name, value)| [format!("--{name}"), value]).collect();
        arguments.push("--json".into());
        (arguments, items)
    }

    /// One run with these arguments. Its report makes sense; nobody has yet compared it with what was seen.
    pub(crate) fn run_with(
        &self,
        lesson: &Lesson,
        python: Option<&Python>,
        arguments: &[String],
        items: Option<usize>,
    ) -> Result<Vec<Sample>, Stop> {
        let program = self.programs.of(lesson, python);
        let (json, evidence) = self.watch(|| {
            let Output { stdout, usage } = process::output(&program, arguments, self.args.limit)?;
            Ok((stdout, usage))
        })?;
        samples::read(lesson, &json, items, evidence)
            .map_err(|why| format!("its report makes no sense: {why}").into())
    }

    /// A run that gets a Ctrl-C after this time, and what the site saw of it. `None` if it ended before.
    #[cfg(unix)]
    pub(crate) fn stop(
        &self,
        lesson: &Lesson,
        arguments: &[String],
        after: Duration,
        patience: Duration,
    ) -> Result<Option<(Stopped, Seen)>, Stop> {
        let program = self.programs.of(lesson, None);
        let (stopped, evidence) = self.watch(|| {
            Ok((process::stop(&program, arguments, after, patience)?, Usage::default()))
        })?;
        Ok(stopped.zip(evidence.seen))
    }

    /// The address of the practice site.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a command that is not of the course once.
    pub(crate) fn run_foreign(&self, command: &Foreign) -> Result<Evidence, Stop> {
        let words = command.words_for(&self.url, self.args.sizes.pages);
        let run = self.watch(|| Ok(((), process::foreign(&words, self.args.limit)?)));
        run.map(|((), evidence)| evidence)
    }

    /// Runs something; returns its result, and what was seen of it from outside.
    fn watch<T>(
        &self,
        run: impl FnOnce() -> Result<(T, Usage), Stop>,
    ) -> Result<(T, Evidence), Stop> {
        // Forget what came before: a warm-up, or a run that was ended and whose requests are still in flight.
        let start = Instant::now();
        while self.seen()? != Seen::default() && start.elapsed() < SITE_ANSWERS {
            thread::sleep(Duration::from_millis(1));
        }
        let (result, usage) = run()?;
        Ok((result, Evidence { usage, seen: Some(self.seen()?) }))
    }

    /// The site's record since the last call.
    fn seen(&self) -> Result<Seen, Stop> {
        let seen = self.site.borrow_mut().seen(SITE_ANSWERS);
        seen.ok_or_else(|| String::from("the practice site does not answer").into())
    }
}
