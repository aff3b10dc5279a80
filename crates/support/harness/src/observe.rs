//! The observer of a lesson's run: lines and bar while it runs, then summary, diagram or report.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::{cell::RefCell, ffi::CString};

use common::{Observer, Record, Run};
use console::{Color, style};
use serde_json::json;
use timeline::Timeline;

use crate::class::{self, Class};
use crate::described::item;
use crate::printer::{self, Message, Printed, Style};
use crate::report::{Report, digits, table};
use crate::setup::{Prepared, Setup};
use crate::terminal::look;
use crate::{Beside, Drawing, Kind, Lesson, Limit, Model, give_up, interrupt, lock};

/// A hidden switch for a program that reads the `--json` of a lesson: the lesson ends when its own standard input
/// ends, and so together with that program.
pub const ENDS_WITH_INPUT: &str = "ends-with-input";

/// The exit status of a program whose output is no longer read: 128 + SIGPIPE, as shells report it.
pub const PIPE_CLOSED: u8 = 141;

/// The plan of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) lesson: Lesson,
    /// The kinds of its items, and the number of each in one section.
    pub(crate) kinds: Vec<(Kind, usize)>,
    /// The lesson's own drawing, if it has one.
    pub(crate) drawing: Option<Arc<dyn Drawing>>,
    /// How many items may be in progress at once.
    pub(crate) workers: usize,
    /// If nothing has begun or ended for this long, and nothing computes, something is wrong; `None` if this process
    /// cannot know that.
    pub(crate) patience: Option<Duration>,
    /// The sections that have begun: index, and start since the start of the run.
    sections: Mutex<Vec<(usize, Duration)>>,
}

impl Plan {
    /// The number of items to do.
    pub(crate) fn items(&self) -> usize {
        self.wanted().map(|(_, items)| items).sum()
    }

    /// The number of items to do of each kind, in all sections together.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = (&Kind, usize)> {
        self.kinds.iter().map(|(kind, items)| (kind, items * self.lesson.times(kind.noun)))
    }

    /// The noun for its items.
    pub(crate) fn item(&self) -> &'static str {
        item(self.kinds.iter().map(|(kind, _)| kind.noun))
    }

    /// Returns the kind of an item: the one it was begun as, or its section's, or the lesson's.
    pub(crate) fn kind(&self, record: &Record) -> &Kind {
        let section = self.sections_begun().get(record.section).map(|(index, _)| *index);
        let of_section = section.and_then(|index| self.lesson.sections[index].kind);
        let noun = record.kind.or(of_section);
        let is_named = |kind: &Kind| noun.is_none_or(|noun| noun == kind.noun);
        let kind = self.kinds.iter().map(|(kind, _)| kind).find(|kind| is_named(kind));
        kind.unwrap_or_else(|| panic!("{} does no work of the kind {noun:?}", self.lesson.name))
    }

    pub(crate) fn sections_begun(&self) -> MutexGuard<'_, Vec<(usize, Duration)>> {
        lock(&self.sections)
    }
}

/// Sends everything to the printer, and reports at the end.
struct Reporter {
    plan: Arc<Plan>,
    json: bool,
    quiet: bool,
    timeline: Option<PathBuf>,
    guess: Option<Duration>,
    messages: Sender<Message>,
    to_finish: Mutex<Option<ToFinish>>,
}

/// The parts of a reporter that the end of the run takes.
struct ToFinish {
    printer: JoinHandle<Printed>,
    prepared: Prepared,
    class: Option<Class>,
}

/// Starts the clock.
pub(crate) fn start(mut setup: Setup) -> &'static Run {
    let (json, quiet) = (setup.flag("json"), setup.flag("quiet"));
    setup.catch_ctrl_c();
    let has_a_reader = setup.flag(ENDS_WITH_INPUT);
    if has_a_reader {
        // If no thread can be started for it, the lesson runs to its own end.
        let _ = thread::Builder::new().spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            interrupt::exit(interrupt::STATUS.into())
        });
    }
    let timeline = setup.timeline();
    let workers = setup.workers(setup.prepared.kinds.first().map_or(0, |(_, items)| *items));
    let guess: Option<Duration> = setup.optional("guess");
    let options = class::options(setup.given());
    let Setup { lesson, mut prepared, .. } = setup;
    let (kinds, drawing) = (mem::take(&mut prepared.kinds), prepared.drawing.take());
    // The work of worker processes is not known until they end.
    let is_seen = computes_here(&lesson, &kinds);
    let patience = is_seen.then(|| prepared.longest.unwrap_or(LONGEST) + MARGIN);
    let plan = Plan { lesson, kinds, drawing, workers, patience, sections: Mutex::default() };
    let plan = Arc::new(plan);
    let is_quiet = json || quiet || prepared.draws_itself;
    let printing = if is_quiet { Style::Quiet } else { Style::Lines };
    let (messages, printer) = printer::start(plan.clone(), printing);
    let explanation = messages.clone();
    interrupt::explain_delay(move || {
        let _ = explanation.send(Message::Warning(
            "Ctrl-C: waiting for what is in progress; nothing new begins. Press it again to end at once.",
        ));
    });
    let last_words = messages.clone();
    interrupt::before_the_end(move || {
        let (sender, is_drawn) = mpsc::channel();
        let _ = last_words.send(Message::EndsNow(sender));
        // Does not wait for a terminal that accepts nothing.
        let _ = is_drawn.recv_timeout(Duration::from_millis(300));
    });
    // What a program reads is no run of a student's.
    let is_read = json || has_a_reader;
    let class =
        if is_read { None } else { Class::joined(|| class::message(&plan, options, guess)) };
    let class = class.map(|mut class| {
        class.begins();
        class
    });
    let to_finish = Mutex::new(Some(ToFinish { printer, prepared, class }));
    let reporter = Reporter { plan, json, quiet, timeline, guess, messages, to_finish };
    Run::start(workers, reporter)
}

/// How long an item that does not compute may take, unless its work says otherwise.
const LONGEST: Duration = Duration::from_secs(10);
/// Silence may last as long as an item may take, and this much longer.
const MARGIN: Duration = Duration::from_secs(5);

/// Whether this process can see that its items compute.
fn computes_here(lesson: &Lesson, kinds: &[(Kind, usize)]) -> bool {
    let computes = kinds.iter().any(|(kind, _)| kind.only_computes);
    !(computes && lesson.model == Model::Processes)
}

/// Gives this thread the name of its lane, which debuggers and `top -H` then show. The main thread keeps its name: it
/// is the program's. Costs a system call when a lane begins, and nothing measurable for each further item.
#[cfg(target_os = "linux")]
fn name_this_thread(lane: &str) {
    thread_local!(static NAME: RefCell<String> = const { RefCell::new(String::new()) });
    NAME.with_borrow_mut(|name| {
        if lane != "main" && name != lane {
            lane.clone_into(name);
            // A thread without its name works as well.
            let _ = CString::new(lane).map(|lane| nix::sys::prctl::set_name(&lane));
        }
    });
}

impl Observer for Reporter {
    fn begin(&self, record: &Record) {
        #[cfg(target_os = "linux")]
        name_this_thread(&record.span.worker);
        self.send(Message::Begun(record.clone()));
    }

    fn record(&self, record: Record) {
        self.send(Message::Record(record));
    }

    fn section(&self, name: &'static str, start: Duration) {
        let lesson = &self.plan.lesson;
        let index = lesson.sections.iter().position(|section| section.name == name);
        let index = index.unwrap_or_else(|| panic!("{} declares no '{name}'", lesson.name));
        self.plan.sections_begun().push((index, start));
        self.send(Message::Section(name));
    }

    fn note(&self, text: String) {
        self.send(Message::Note(text));
    }

    /// Prints the summary (or the JSON), and drops what was kept.
    ///
    /// The status is 0 if everything was done, 1 if something failed, 130 after Ctrl-C, and 141 if stdout was
    /// closed by its reader.
    fn finish(&self, took: Duration) -> ExitCode {
        let interrupted = interrupt::interrupted();
        self.send(Message::End);
        let to_finish = lock(&self.to_finish).take();
        let to_finish = to_finish.expect("a run is finished once");
        let ToFinish { printer, prepared, class } = to_finish;
        let Ok(Printed { records, begun, open, error }) = printer.join() else {
            return ExitCode::FAILURE;
        };
        let mut report = Report::of(&self.plan, &records, took, interrupted);
        let mut tables = Vec::new();
        for (name, make) in prepared.tables {
            let (value, rows) = make();
            report.totals.push((name.into(), value));
            tables.push(rows);
        }
        report.totals.extend(self.guess.map(|guess| ("guess".into(), json!(guess.as_secs_f64()))));
        report.drawing = self.plan.drawing.as_ref().and_then(|it| it.terminal(look(80)));
        let timeline = report.timeline();
        let mut doubts = doubts(&self.plan, &timeline, interrupted, begun, &open);
        doubts.extend(prepared.remarks.into_iter().filter_map(|remark| remark(&timeline)));
        drop(prepared.kept);
        let written = match error {
            Some(error) => Err(error),
            None if self.json => writeln!(io::stdout(), "{}", report.to_json()),
            None => {
                let lines = self.last_lines(&report, &records, &timeline, &doubts, &tables);
                write!(io::stdout(), "{lines}")
            }
        };
        // The diagram is written even if the output could not be, and the other way round.
        let drawn = self.timeline.as_ref().map_or(Ok(()), |file| self.draw(&timeline, file));
        let drawn = prepared.files.into_iter().fold(drawn, |drawn, write| drawn.and(write()));
        if let Some(class) = class {
            class.ended(&report);
        }
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(PIPE_CLOSED),
            Err(error) => give_up(&format!("the output cannot be written: {error}")),
            Ok(()) => match drawn {
                Err(sentence) => give_up(&sentence),
                Ok(()) if interrupted => ExitCode::from(interrupt::STATUS),
                Ok(()) if report.done < self.plan.items() => ExitCode::FAILURE,
                Ok(()) => ExitCode::SUCCESS,
            },
        }
    }
}

impl Reporter {
    fn send(&self, message: Message) {
        // The printer only ends before the last message if it panicked; `finish` notices that.
        let _ = self.messages.send(message);
    }

    /// The summary, then working and waiting in a sentence and in a diagram.
    fn last_lines(
        &self,
        report: &Report,
        records: &[Record],
        timeline: &Timeline,
        doubts: &[String],
        tables: &[Vec<Vec<String>>],
    ) -> String {
        let colour = match report.done {
            _ if report.interrupted => Color::Yellow,
            done if done == self.plan.items() => Color::Green,
            _ => Color::Red,
        };
        let mut lines =
            format!("{}\n", style(report.summary(&self.plan, records)).bold().fg(colour));
        let guess = self.guess.map_or_else(String::new, |guess| guessed(guess, report, &self.plan));
        if !self.quiet {
            let look = look(80);
            lines.extend(doubts.iter().map(|doubt| look.wrap(doubt) + "\n"));
            if let Some(drawing) = &report.drawing {
                return lines + drawing + &guess;
            }
            if self.plan.lesson.sections.is_empty() {
                let sentence = timeline.sentence();
                lines += &sentence.map_or_else(String::new, |text| look.wrap(&text) + "\n");
            } else {
                lines += &report.sections_compared(timeline, look);
            }
            lines.extend(tables.iter().map(|rows| table(rows, &[0], look)));
            lines += &timeline.terminal(look);
        }
        lines + &guess
    }

    /// Writes the timing diagram to a file; an error is a sentence.
    fn draw(&self, timeline: &Timeline, file: &Path) -> Result<(), String> {
        let is_picture = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
        let text = if is_picture {
            let drawing = self.plan.drawing.as_ref().and_then(|it| it.svg(&timeline.title));
            drawing.unwrap_or_else(|| timeline.svg())
        } else {
            timeline.chrome_trace()
        };
        Beside::write(file, text).and_then(Beside::place).map_err(|error| {
            format!("the timing diagram was not written to {}: {error}", file.display())
        })
    }
}

/// A student's guess beside the time that it took.
fn guessed(guess: Duration, report: &Report, plan: &Plan) -> String {
    let (guess, took) = (guess.as_secs_f64(), digits(report.took));
    let is_whole = report.done == plan.items() && !report.interrupted;
    let more = if is_whole { "" } else { ", but not all of the work was done" };
    format!("You guessed {guess} s; it took {took}{more}.\n")
}

/// Sentences about a run in which something went wrong, from its records.
fn doubts(
    plan: &Plan,
    timeline: &Timeline,
    interrupted: bool,
    begun: usize,
    open: &[Record],
) -> Vec<String> {
    let mut doubts = Vec::new();
    let (all, open) = (plan.items(), open.iter().filter(|it| !it.span.is_annotation).count());
    let left = all.saturating_sub(begun);
    if interrupted {
        return doubts;
    }
    if begun == 0 {
        doubts.push(format!("0 of {all} were begun: no worker and no task took any."));
    } else if left > 0 {
        let were = if left == 1 { "was" } else { "were" };
        doubts.push(format!("{left} of {all} {were} never begun."));
    }
    if open > 0 {
        doubts.push(format!("{open} of {all} had not ended: was their worker never joined?"));
    }
    // With several kinds of items, or with sections, not every item takes a worker.
    let is_limited = plan.lesson.takes_workers();
    let peak = timeline.facts().map_or(0, |facts| facts.peak_in_flight);
    if is_limited && plan.lesson.sections.is_empty() && plan.kinds.len() == 1 && peak > plan.workers
    {
        let workers = plan.workers;
        doubts.push(format!("Up to {peak} at once, though --workers is {workers}."));
    }
    // The default of a lesson that begins all at once is no promise.
    let is_promised = is_limited && plan.lesson.limit != Limit::All;
    let could = is_promised && plan.lesson.sections.is_empty() && plan.kinds.len() == 1;
    if could && left == 0 && peak < plan.workers && is_long_enough(plan, timeline) {
        let workers = plan.workers;
        doubts.push(format!("Never more than {peak} at once, though --workers is {workers}."));
    }
    doubts
}

/// Whether there are enough items for each worker, and each takes so long that another worker could begin meanwhile.
fn is_long_enough(plan: &Plan, timeline: &Timeline) -> bool {
    const WHILE_A_THREAD_STARTS: Duration = Duration::from_millis(10);
    let items = timeline.spans.iter().filter(|span| !span.is_annotation);
    let long = items.filter(|span| span.end.saturating_sub(span.start) > WHILE_A_THREAD_STARTS);
    long.count() >= 2 * plan.workers
}

/// Prints each panic in one line from now on.
pub(crate) fn catch_panics() {
    panic::set_hook(Box::new(print_in_one_line));
}

/// A panic is a mistake in the program, or a thread that the system refused. It is printed in one line. A panic on the
/// main thread ends the process: threads that were started may wait for threads that were not.
fn print_in_one_line(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic");
    let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    let sentence = format!("{}{place}", in_words(&text.join(", ")));
    if thread::current().name() == Some("main") {
        give_up(&sentence);
    }
    let _ = writeln!(io::stderr(), "{sentence}");
}

/// The text of a panic, without Rust's names for an error of the system: of
/// `Os { code: 11, kind: WouldBlock, message: "Resource temporarily unavailable" }` only the message remains.
fn in_words(text: &str) -> String {
    let message = text.split_once("Os { ").and_then(|(before, error)| {
        let (_, message) = error.split_once("message: \"")?;
        let (message, after) = message.split_once("\" }")?;
        // The error may be wrapped in others: `ThreadPoolBuildError { kind: IOError(`.
        let before = before.rsplit_once(": ").map_or(before, |(words, _)| words);
        let before = before.split_once(": ").map_or(before, |(words, _)| words);
        Some(format!("{before}: {message}{}", after.trim_start_matches([')', '}', ' '])))
    });
    message.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_put_into_words() {
        for (text, words) in [
            (
                "failed to spawn thread: Os { code: 11, kind: WouldBlock, message: \"no more\" }",
                "failed to spawn thread: no more",
            ),
            (
                "the system gives the threads: ThreadPoolBuildError { kind: IOError(Os { code: 11, kind: \
                 WouldBlock, message: \"no more\" }) }",
                "the system gives the threads: no more",
            ),
            ("it is wrong: Os { odd", "it is wrong: Os { odd"),
            ("plain", "plain"),
        ] {
            assert_eq!(in_words(text), words);
        }
    }
}
