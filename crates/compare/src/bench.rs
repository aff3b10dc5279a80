//! What every run of a lesson needs.

use std::time::Duration;

use common::PRACTICE_PAGES;
use course::Lesson;
use indicatif::ProgressBar;
use practice_site::PracticeSite;

use crate::args::Arguments;
use crate::kinds;
use crate::lessons::Programs;
use crate::process::{self, Stop};
use crate::python::Python;
use crate::results::{Row, Sample, Sizes};
use crate::samples;

/// The practice site, the programs, and a progress bar.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Arguments,
    programs: &'a Programs,
    site: String,
    pub(crate) bar: ProgressBar,
    /// The site runs until this is dropped.
    _site: PracticeSite,
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
        let (site, _site) = practice_site::start(latency)
            .map_err(|error| format!("the practice site did not come up: {error}"))?;
        Ok(Self { args, programs, site, bar: harness::progress_bar(steps as u64, u16::MAX), _site })
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
            options.extend(python.map(|_| ("site", self.site.clone())));
        } else {
            options.push(("site", self.site.clone()));
            items = kinds::items(lesson.item(), sizes);
        }
        let options = options.into_iter().filter(|(name, _)| lesson.takes(name));
        let mut arguments: Vec<String> =
            options.flat_map(|(name, value)| [format!("--{name}"), value]).collect();
        arguments.push("--json".into());
        let program = self.programs.of(lesson, python);
        let json = process::output(&program, &arguments, self.args.limit)?;
        samples::read(lesson, &json, items)
            .map_err(|why| format!("its report makes no sense: {why}").into())
    }
}
