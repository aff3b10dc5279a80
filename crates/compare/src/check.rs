//! Judges one program by an assignment: by what is measured here, with the same runs and the same evidence as the comparison.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use common::PRACTICE_PAGES;
use console::style;
use course::Lesson;
use harness::Model;
#[cfg(unix)]
use harness::report::Report;
use serde_json::json;
use timeline::Bound;

use crate::args::{Arguments, refuse};
use crate::assignment::{self, Kind, Rule};
use crate::bench::Bench;
use crate::evidence::{did_less, is_counted};
use crate::kinds::{CALLS, PAGES};
use crate::lessons::Programs;
use crate::machine;
use crate::process::{Stop, TOOK_LONGER};
use crate::results::{Sample, Sizes, Spread, many};

/// How often each program runs if the assignment does not say. One more run before these is not counted.
const RUNS: usize = 3;
/// A page that the practice site does not have.
const NO_PAGE: &str = "/no-such-page";
/// A program that keeps fewer cores busy than this computes on one.
const ONE_CORE: f64 = 1.2;

/// Whether a rule is kept, and a sentence. `None`: it cannot be known on this machine. Then it neither passes nor fails, and
/// adds nothing to the score: a student with another system can do nothing about it.
type Finding = (Option<bool>, String);

/// The runs of a program and of its base.
struct Measured<'a> {
    bench: &'a Bench<'a>,
    lesson: &'static Lesson,
    samples: Vec<Sample>,
    base: Option<(&'static Lesson, Vec<Sample>)>,
}

/// Measures, judges, and prints the result. An error is a sentence for the user: nothing was judged.
pub(crate) fn run(args: &Arguments, file: &Path) -> Result<ExitCode, String> {
    let assignment = assignment::read(file).unwrap_or_else(|why| refuse(why));
    let root = course::root()?;
    let find = |which: &str| {
        let in_file = |why| format!("{}: {why}", file.display());
        course::extra(&root, which).unwrap_or_else(|why| refuse(in_file(why)))
    };
    let program = find(args.with.first().unwrap_or(&assignment.program));
    let base = assignment.base.as_deref().map(find);
    let (programs, limit) = (Programs::beside_this_program()?, assignment.args.limit);
    let base = base.map(|base| programs.one(&base, limit)).transpose()?;
    let rounds = 1 + assignment.args.runs.unwrap_or(RUNS);
    let bench = Bench::new(&assignment.args, &programs, 2 * rounds)?;
    let mut warnings: Vec<String> = machine::warn_of_build(&programs.profile).into_iter().collect();
    let mut findings = match programs.one(&program, limit) {
        Ok(lesson) => {
            warnings.extend(machine::warn_of_load("before the runs"));
            let base = base.map(|base| (base, Vec::new()));
            let mut measured = Measured { bench: &bench, lesson, samples: Vec::new(), base };
            measured.judge(&assignment.rules, rounds)?
        }
        Err(_) if harness::interrupted() => return Err(interrupted()),
        Err(why) => vec![no(format!("It does not build or start: {why}."))],
    };
    bench.bar.finish_and_clear();
    let not_judged = || no("Not judged: it did not run to its end.".into());
    findings.resize_with(1 + assignment.rules.len(), not_judged);
    let names = ["runs"].into_iter().chain(assignment.rules.iter().map(|rule| rule.name));
    let rules = names.zip(findings).collect();
    let judgement = Judgement { file, program: &program.found.name, rules, warnings };
    judgement.print(args.json).map_err(|error| format!("the output cannot be written: {error}"))?;
    Ok(if judgement.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn interrupted() -> String {
    "Ctrl-C was pressed, so nothing was judged".into()
}

fn yes(sentence: String) -> Finding {
    (Some(true), sentence)
}

fn no(sentence: String) -> Finding {
    (Some(false), sentence)
}

fn unknown(why: &str) -> Finding {
    (None, format!("Not known here, so not judged: {why}."))
}

impl Measured<'_> {
    /// The findings of "it runs", and of each rule if it does.
    fn judge(&mut self, rules: &[Rule], rounds: usize) -> Result<Vec<Finding>, String> {
        for round in 0..rounds {
            if let Some((base, samples)) = &mut self.base {
                let sample = once(self.bench, base);
                samples.push(sample.map_err(|why| in_words(why, base.name()))?);
            }
            match once(self.bench, self.lesson) {
                Ok(sample) => self.samples.push(sample),
                Err(Stop::Interrupted) => return Err(interrupted()),
                Err(Stop::Trouble(why)) => return Ok(vec![no(does_not_run(&why))]),
            }
            if round == 0 {
                // The first run of a program may pay for a cold disk.
                self.samples.clear();
                self.base.iter_mut().for_each(|(_, samples)| samples.clear());
            }
        }
        let lie =
            self.bench.lie(self.lesson, None, self.bench.args.sizes, &self.samples).or_else(|| {
                let (base, bases) = self.base.as_ref()?;
                let is_known = is_counted(self.lesson, false);
                let did_less = || did_less(self.lesson.item(), &self.samples, base.name(), bases);
                is_known.then(did_less).flatten()
            });
        let runs = many(self.samples.len(), "time");
        let runs = match lie {
            Some(why) => no(format!("Its report is not true: {why}.")),
            None => yes(format!("It ran to its end, {runs}.")),
        };
        [Ok(runs)].into_iter().chain(rules.iter().map(|rule| self.of(rule))).collect()
    }

    fn of(&self, rule: &Rule) -> Result<Finding, String> {
        let most = |value: &dyn Fn(&Sample) -> Option<u64>| {
            let values: Option<Vec<u64>> = self.samples.iter().map(value).collect();
            values.and_then(|values| values.into_iter().max())
        };
        let pages = self.bench.args.sizes.pages as u64;
        let peak = most(&|sample| Some(sample.evidence.seen?.peak_in_flight));
        let (most, unit, hint) = match rule.kind {
            Kind::TimesAsFast => return Ok(self.times_as_fast(rule.number)),
            Kind::PagesOnce => return Ok(self.pages_once(pages)),
            Kind::NamesFailures => return self.names_failures(),
            Kind::CtrlCClean => return self.ctrl_c(Duration::from_secs_f64(rule.number)),
            Kind::SameResults => return Ok(self.same_results()),
            Kind::Results => return Ok(self.results(&rule.results)),
            Kind::Connections => {
                let most = most(&|sample| Some(sample.evidence.seen?.connections));
                let hint = match most {
                    _ if most == peak && peak > Some(1) => "one for each page in flight",
                    Some(most) if most >= pages => "a session for each page",
                    _ => "more than one session for a worker",
                };
                (most, ["connection", ""], hint)
            }
            Kind::InFlight if peak >= Some(pages) => {
                (peak, ["page", " in flight"], "are all pages started at once")
            }
            Kind::InFlight => (peak, ["page", " in flight"], "what limits it"),
            Kind::Threads => {
                let hint = "are there threads where tasks would do";
                // Only Linux tells it.
                let known = |sample: &Sample| {
                    Some(sample.evidence.usage.threads as u64).filter(|&it| it > 0)
                };
                (most(&known), ["thread", ""], hint)
            }
            Kind::Memory => {
                let known =
                    |sample: &Sample| Some(sample.evidence.usage.memory).filter(|&it| it > 0);
                let most = most(&known).map(|bytes| bytes.div_ceil(1_000_000));
                (most, ["megabyte", " of memory"], "must all of it be there at once")
            }
            Kind::Queued => {
                let most = most(&|sample| Some(queued(sample)));
                if most == Some(0) {
                    let sentence =
                        "It does not draw how it fills its queue: where is `run.annotate`?";
                    return Ok(no(sentence.into()));
                }
                (most, ["page", " waiting in the queue"], "what bounds the queue")
            }
        };
        let allowed = rule.number as u64;
        Ok(match most {
            None => unknown("the system or the practice site does not tell"),
            Some(most) => {
                let is_kept = most <= allowed;
                let hint = if is_kept { ".".into() } else { format!(": {hint}?") };
                let most = many(most as usize, unit[0]) + unit[1];
                (Some(is_kept), format!("{most}, at most {allowed} allowed{hint}"))
            }
        })
    }

    fn pages_once(&self, pages: u64) -> Finding {
        for sample in &self.samples {
            let Some(seen) = sample.evidence.seen else {
                return unknown("the practice site does not tell");
            };
            let (requests, done) = (seen.requests, sample.done as u64);
            let hint = match requests {
                _ if requests == pages && done == pages => continue,
                more if more > pages => "are some requested twice",
                fewer if fewer < done => "are some not requested at all",
                _ => "are some left out",
            };
            return no(format!(
                "{requests} requests and {done} pages done, for {pages} pages: {hint}?"
            ));
        }
        yes(format!("{pages} pages, each requested once."))
    }

    fn times_as_fast(&self, wanted: f64) -> Finding {
        let seconds = |samples: &[Sample]| Spread::of(samples.iter().map(|sample| sample.seconds));
        let both = self.base.as_ref().and_then(|(base, samples)| Some((base, seconds(samples)?)));
        let Some(((base, bases), its)) = both.zip(seconds(&self.samples)) else {
            return unknown("there are no times");
        };
        if self.lesson.kind() == CALLS && harness::cores() == 1 {
            return unknown("this machine has one core");
        }
        let (ratio, at_best) = (bases.median / its.median, bases.highest / its.lowest);
        let is_kept = ratio >= wanted && !its.overlaps(bases);
        let is_close = !is_kept && at_best >= wanted;
        let close = if is_close { "Too close to call: " } else { "" };
        let range = if is_close { format!(" (at best {at_best:.1})") } else { String::new() };
        let hint = self.slowness().filter(|_| !is_kept);
        let hint = hint.map_or_else(|| ".".into(), |hint| format!(": {hint}?"));
        let name = base.name();
        let sentence = format!(
            "{close}{ratio:.1} times as fast as {name}{range}, at least {wanted} required{hint}"
        );
        (Some(is_kept), sentence)
    }

    /// What keeps it from being faster, if that shows.
    fn slowness(&self) -> Option<&'static str> {
        let sample = self.samples.first()?;
        let spans = sample.timeline.spans.iter().filter(|span| !span.is_annotation);
        let workers: BTreeSet<&str> = spans.map(|span| span.worker.as_str()).collect();
        let has_threads = |(_, bases): &(_, Vec<Sample>)| {
            let threads = bases.first().map_or(0, |base| base.evidence.usage.threads);
            sample.evidence.usage.threads > threads + 1
        };
        let is_shared = workers.len() > 1 || self.base.as_ref().is_some_and(has_threads);
        let is_each = workers.len() > 1 && workers.len() >= sample.done;
        let computes = self.lesson.kind() == CALLS;
        let one_at_a_time = if computes {
            sample.facts.cores_busy < ONE_CORE
        } else {
            sample.evidence.seen.is_some_and(|seen| seen.peak_in_flight == 1)
        };
        if !one_at_a_time {
            return None;
        }
        if computes && sample.facts.bound == Some(Bound::Core) {
            return Some("its threads were ready and got no core, so is the machine busy");
        }
        Some(match (self.lesson.model(), computes) {
            (Model::Async, false) => {
                "one page at a time, so is each awaited before the next begins"
            }
            (Model::Async, true) => {
                "one core was busy, so can the event loop's thread compute two things at once"
            }
            (_, false) if is_each => {
                "a thread for each page, and one page at a time, so is each joined before the next is spawned"
            }
            (_, false) if is_shared => {
                "several threads, and one page at a time, so is a lock held during the download"
            }
            (_, true) if is_shared => {
                "several threads, and one core was busy, so is a lock held around the computing"
            }
            (_, false) => "one page at a time, so does a second thread ever start",
            (_, true) => "one core was busy, so does a second thread ever start",
        })
    }

    /// Runs it once more, with a page among the others that the site does not have.
    fn names_failures(&self) -> Result<Finding, String> {
        if self.lesson.kind() != PAGES {
            return Ok(no("It downloads no pages.".into()));
        }
        let sizes = Sizes { pages: 2, ..self.bench.args.sizes };
        let (mut arguments, _) = self.bench.arguments(self.lesson, None, sizes, &[]);
        if let Some(at) = arguments.iter().position(|word| word == "--site") {
            arguments.drain(at..at + 2);
        }
        let [one, other] = PRACTICE_PAGES;
        let urls =
            [one, other, NO_PAGE, one, other, one].map(|page| self.bench.url().to_owned() + page);
        let (listed, missing) = (urls.len(), urls[2].clone());
        arguments.splice(0..0, urls);
        let sample = match self.bench.run_with(self.lesson, None, &arguments, None) {
            Err(Stop::Interrupted) => return Err(interrupted()),
            Err(Stop::Trouble(why)) => {
                return Ok(no(format!(
                    "With a page that the site does not have, it does not run: {why}."
                )));
            }
            Ok(mut samples) => samples.remove(0), // it has no parts
        };
        let named = sample.timeline.spans.iter().filter(|span| span.label == missing);
        let named = named.filter_map(|span| span.failed.as_deref()).next();
        let gone = listed.saturating_sub(sample.done + sample.failed);
        Ok(match named {
            _ if gone > 0 => no(format!(
                "A page failed that the site does not have, and then {} not even tried: does an error end the loop?",
                if gone == 1 { "1 page was".into() } else { format!("{gone} pages were") }
            )),
            Some(why) if sample.failed == 1 => {
                yes(format!("A page that the site does not have is named, and not counted: {why}."))
            }
            Some(_) => {
                no(format!("{} pages failed, and the site lacks one of them.", sample.failed))
            }
            None => {
                no("It counts a page that the site does not have: is the answer's status checked?"
                    .into())
            }
        })
    }

    /// Runs it once more, with four times the work, and presses Ctrl-C.
    #[cfg(unix)]
    fn ctrl_c(&self, within: Duration) -> Result<Finding, String> {
        let Sizes { pages, calls, .. } = self.bench.args.sizes;
        let sizes = Sizes { pages: 4 * pages, calls: 4 * calls, ..self.bench.args.sizes };
        let (arguments, _) = self.bench.arguments(self.lesson, None, sizes, &[]);
        let walls = Spread::of(self.samples.iter().map(|sample| sample.evidence.usage.wall));
        let wall = walls.map_or(0.0, |walls| walls.median);
        for part in [1.0, 0.5, 0.25] {
            let after = Duration::from_secs_f64(wall * part);
            let stopped = self.bench.stop(self.lesson, &arguments, after, within);
            let stopped = stopped.map_err(|why| in_words(why, self.lesson.name()))?;
            let Some((stopped, seen)) = stopped else { continue }; // it was faster than before
            let Some((status, took)) = stopped.ended else {
                return Ok(no(format!(
                    "{} s after Ctrl-C it is still running: does it wait for something that nobody does any more?",
                    within.as_secs_f64()
                )));
            };
            let report =
                Report::from_json(&stopped.stdout).ok().filter(|report| report.interrupted);
            let done = report.map(|report| report.done as u64);
            let (requests, peak) = (seen.requests, seen.peak_in_flight);
            // Pages in flight may be finished or dropped.
            let can_be = |done| (requests.saturating_sub(peak)..=requests).contains(&done);
            return Ok(match done {
                _ if status.code() != Some(harness::INTERRUPTED.into()) => {
                    no(format!("After Ctrl-C it ended with {status}, not 130."))
                }
                None => no("After Ctrl-C it does not say what was done.".into()),
                Some(done) if self.lesson.kind() == PAGES && !can_be(done) => no(format!(
                    "After Ctrl-C it says {done} pages, and the site was asked for {requests}."
                )),
                _ if stopped.left_some => {
                    no("After Ctrl-C processes of it were still running.".into())
                }
                Some(done) => yes(format!(
                    "Ctrl-C ended it in {:.2} s; it says what was done ({done}), and left nothing running.",
                    took.as_secs_f64()
                )),
            });
        }
        Ok(unknown("it ended before Ctrl-C came"))
    }

    #[cfg(not(unix))]
    fn ctrl_c(&self, _: Duration) -> Result<Finding, String> {
        Ok(unknown("on this system one program cannot send Ctrl-C to another"))
    }

    fn same_results(&self) -> Finding {
        let Some((base, expected)) =
            self.base.as_ref().and_then(|(base, samples)| Some((base, &samples.first()?.got)))
        else {
            return unknown("there is no base");
        };
        let results = |got: &[(String, u64)]| many(got.len(), "result");
        match self.samples.iter().find(|sample| sample.got != *expected) {
            None => yes(format!("The same {} as {}.", results(expected), base.name())),
            Some(other) => no(format!(
                "{}, and not the same as the {} of {}.",
                results(&other.got),
                results(expected),
                base.name()
            )),
        }
    }

    fn results(&self, results: &[(String, u64)]) -> Finding {
        let runs = self.samples.len();
        for (run, sample) in (1..).zip(&self.samples) {
            for (name, expected) in results {
                let got = sample.got.iter().find(|(its, _)| its == name).map(|(_, got)| *got);
                let Some(got) = got else { return no(format!("There is no result '{name}'.")) };
                if got != *expected {
                    let hint = if got < *expected {
                        ": can anything come between a read and its write?"
                    } else {
                        "."
                    };
                    return no(format!(
                        "'{name}' is {got} in run {run} of {runs}, not {expected}{hint}"
                    ));
                }
            }
        }
        let right: Vec<String> =
            results.iter().map(|(name, expected)| format!("'{name}' is {expected}")).collect();
        yes(format!("{} in each of {runs} runs.", right.join(", ")))
    }
}

fn does_not_run(why: &str) -> String {
    if why.starts_with(TOOK_LONGER) {
        return format!(
            "It does not end: {why}. Does it wait for a lock or a message that never comes?"
        );
    }
    format!("It does not run: {why}{}", if why.ends_with('?') { "" } else { "." })
}

/// How many items had been put into a queue and not yet begun, at the peak; 0 if nothing was drawn of a queue.
fn queued(sample: &Sample) -> u64 {
    let spans = &sample.timeline.spans;
    let event = |span: &common::Span| {
        if span.is_annotation { (span.end, 1) } else { (span.start, -1) }
    };
    let mut events: Vec<(Duration, i64)> = spans.iter().map(event).collect();
    events.sort_unstable();
    let mut waiting = 0;
    let after = events.into_iter().map(|(_, change)| {
        waiting += change;
        waiting
    });
    after.max().and_then(|most| u64::try_from(most).ok()).unwrap_or_default()
}

/// One run.
fn once(bench: &Bench<'_>, lesson: &Lesson) -> Result<Sample, Stop> {
    bench.bar.set_message(lesson.name().to_owned());
    bench.bar.inc(1);
    if lesson.has_sections() {
        return Err(Stop::Trouble(
            "it compares parts of its own run, and an assignment needs a program without parts"
                .into(),
        ));
    }
    let (arguments, items) = bench.arguments(lesson, None, bench.args.sizes, &[]);
    let mut samples = bench.run_with(lesson, None, &arguments, items)?;
    samples.pop().ok_or_else(|| Stop::Trouble("it reports nothing".into()))
}

fn in_words(stop: Stop, name: &str) -> String {
    match stop {
        Stop::Interrupted => interrupted(),
        Stop::Trouble(why) => format!("{name} does not run: {why}"),
    }
}

/// Everything that is printed.
struct Judgement<'a> {
    file: &'a Path,
    program: &'a str,
    rules: Vec<(&'static str, Finding)>,
    warnings: Vec<String>,
}

impl Judgement<'_> {
    /// How many rules passed, and how many were judged.
    fn score(&self) -> (usize, usize) {
        let known = self.rules.iter().filter_map(|(_, (passed, _))| *passed);
        (known.clone().filter(|passed| *passed).count(), known.count())
    }

    fn passed(&self) -> bool {
        let (score, max) = self.score();
        score == max
    }

    fn print(&self, as_json: bool) -> io::Result<()> {
        let (score, max) = self.score();
        let mut text = format!("{} by {}:\n", self.program, self.file.display());
        for (rule, (passed, sentence)) in &self.rules {
            let word = match passed {
                Some(true) => style("passed ").green(),
                Some(false) => style("failed ").red().bold(),
                None => style("unknown").yellow(),
            };
            let word = if as_json { word.for_stderr() } else { word };
            text += &format!("  {word}  {rule:<14}  {sentence}\n");
        }
        for warning in &self.warnings {
            text += &format!("Warning: {warning}\n");
        }
        text += &format!("{score} of {} passed.\n", many(max, "rule"));
        if !as_json {
            return write!(io::stdout(), "{text}");
        }
        let rules = self.rules.iter().map(|(rule, (passed, sentence))| {
            json!({ "name": rule, "passed": passed, "sentence": sentence })
        });
        let result = json!({
            "assignment": self.file.display().to_string(),
            "program": self.program,
            "passed": self.passed(),
            "score": score,
            "max": max,
            "rules": rules.collect::<Vec<_>>(),
            "warnings": self.warnings,
        });
        writeln!(io::stdout(), "{result:#}")?;
        write!(io::stderr(), "{text}")
    }
}
