//! Prints the lines and the progress bar on its own thread: a slow terminal must not slow down the timed work.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{Record, cancel, is_cancelled};
use console::style;
use cpu_time::ProcessTime;
use indicatif::ProgressBar;
use timeline::{Look, plural};

use crate::observe::Plan;
use crate::report::Report;
use crate::{Model, give_up, is_order, terminal};

/// How much is printed while a lesson runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A line for each item, and a bar on a terminal.
    Lines,
    /// Only failures.
    Quiet,
}

/// A message to the printer's thread.
#[derive(Debug)]
pub(crate) enum Message {
    Begun(Record),
    Record(Record),
    Note(String),
    /// For stderr, in any style.
    Warning(&'static str),
    Section(&'static str),
    /// The program ends now: draw its items in progress, then send the answer.
    EndsNow(Sender<()>),
    End,
}

/// The result of the printer's thread.
#[derive(Debug)]
pub(crate) struct Printed {
    /// All records, in the order in which the items ended.
    pub(crate) records: Vec<Record>,
    /// How many items have begun,
    pub(crate) begun: usize,
    /// and those still in progress at the end of the run.
    pub(crate) open: Vec<Record>,
    /// The error if stdout could not be written.
    pub(crate) error: Option<io::Error>,
}

/// At most this many failures with one cause are printed; further ones are counted.
const MOST_ALIKE: usize = 100;

/// Starts the thread, which cancels the run if stdout accepts no more lines.
pub(crate) fn start(plan: Arc<Plan>, style: Style) -> (Sender<Message>, JoinHandle<Printed>) {
    let (sender, receiver) = mpsc::channel();
    let printer = thread::Builder::new().name("printer".into());
    let printer = printer.spawn(move || print_all(&plan, style, &receiver));
    let printer = printer.unwrap_or_else(|error| {
        give_up(&format!("the system does not let this process start a thread: {error}"))
    });
    (sender, printer)
}

fn print_all(plan: &Plan, style: Style, messages: &Receiver<Message>) -> Printed {
    let items = plan.items();
    let printed =
        Printed { records: Vec::with_capacity(items), begun: 0, open: Vec::new(), error: None };
    let bar = match style {
        Style::Lines => terminal::progress_bar(items as u64, terminal::NARROW),
        Style::Quiet => ProgressBar::hidden(),
    };
    let (started, failures, open) = (Instant::now(), BTreeMap::new(), Open::default());
    let (items, ended, mark) = (0, false, env::var("MARK_OF_NOTES").unwrap_or_default());
    let mut printer = Printer { plan, style, started, printed, items, failures, open, ended, mark };
    let mut silence = Silence::begin();
    while !printer.ended {
        match messages.recv_timeout(Silence::TICK) {
            // Prints all messages that have arrived: the bar is cleared and drawn again only once.
            Ok(first) => bar.suspend(|| {
                for message in [first].into_iter().chain(messages.try_iter()) {
                    printer.take(message);
                }
                silence = Silence::begin();
            }),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(time) = silence.is_a_finding(plan) {
                    bar.suspend(|| printer.tell_of_silence(time));
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        bar.set_position(printer.items);
    }
    bar.finish_and_clear();
    for (why, many) in &printer.failures {
        if let Some(more) = many.checked_sub(MOST_ALIKE).filter(|more| *more > 0) {
            let _ = writeln!(io::stderr(), "... and {more} more: {}", printable(why));
        }
    }
    printer.printed.open = printer.open.0.into_values().collect();
    printer.printed
}

/// The records in progress, by worker and start.
#[derive(Default)]
struct Open(BTreeMap<(String, Duration), Record>);

impl Open {
    fn begin(&mut self, record: Record) {
        self.0.insert((record.span.worker.clone(), record.span.start), record);
    }

    /// A worker does one item after another, so this is the last item that began on it by then.
    fn end(&mut self, record: &Record) {
        let until = (record.span.worker.clone(), record.span.start);
        let last = self.0.range(..=until).next_back().map(|(key, _)| key.clone());
        if let Some(key) = last.filter(|(worker, _)| *worker == record.span.worker) {
            self.0.remove(&key);
        }
    }

    fn items(&self) -> impl Iterator<Item = &Record> {
        self.0.values().filter(|record| !record.span.is_annotation)
    }
}

/// A time in which nothing has begun or ended.
struct Silence {
    ticks: u32,
    computed: ProcessTime,
    is_told: bool,
}

impl Silence {
    /// Counted in ticks, so that time in which the whole process was stopped (by Ctrl-Z, a debugger, a closed lid) does
    /// not count.
    const TICK: Duration = Duration::from_secs(1);
    /// Below this share of the time, threads count as not computing.
    const COMPUTES: f64 = 0.2;

    fn begin() -> Self {
        Self { ticks: 0, computed: ProcessTime::now(), is_told: false }
    }

    /// Counts another tick; returns the time in which nothing happened, once it is so long that it must be a
    /// mistake.
    fn is_a_finding(&mut self, plan: &Plan) -> Option<Duration> {
        self.ticks += 1;
        let time = self.ticks * Self::TICK;
        let patience = plan.patience.filter(|patience| time >= *patience)?;
        if self.is_told || is_cancelled() {
            return None;
        }
        if self.computed.elapsed().as_secs_f64() > Self::COMPUTES * patience.as_secs_f64() {
            *self = Self::begin();
            return None;
        }
        self.is_told = true;
        Some(time)
    }
}

/// The state of the printer: the records so far, and the items in progress.
struct Printer<'run> {
    plan: &'run Plan,
    style: Style,
    started: Instant,
    printed: Printed,
    /// How many items have ended.
    items: u64,
    /// How many times each cause of a failure occurred.
    failures: BTreeMap<String, usize>,
    open: Open,
    ended: bool,
    /// In front of each note: tests tell the lines of items from those of notes by it.
    mark: String,
}

impl Printer<'_> {
    fn take(&mut self, message: Message) {
        let written = match message {
            Message::Begun(record) => {
                self.printed.begun += usize::from(!record.span.is_annotation);
                self.open.begin(record);
                Ok(())
            }
            Message::Record(record) => self.record(record),
            Message::Note(text) if self.style == Style::Lines => {
                writeln!(io::stdout(), "{}{}", self.mark, printable(&text))
            }
            Message::Warning(text) => {
                let _ = writeln!(io::stderr(), "{text}");
                Ok(())
            }
            Message::Section(name) if self.style == Style::Lines => {
                let (dashes, name) = (style("--").dim(), style(name).bold());
                writeln!(io::stdout(), "{dashes} {name}")
            }
            Message::EndsNow(is_drawn) => {
                if self.style == Style::Lines {
                    let (done, in_flight) = (self.items, self.open.items().count());
                    let all = self.plan.items();
                    self.draw(&format!(
                        "Ended at once: {done} of {all} had ended, {in_flight} in flight."
                    ));
                }
                let _ = is_drawn.send(());
                Ok(())
            }
            Message::Note(_) | Message::Section(_) => Ok(()),
            Message::End => {
                self.ended = true;
                Ok(())
            }
        };
        if let (Err(error), None) = (written, &self.printed.error) {
            cancel();
            self.printed.error = Some(error);
        }
    }

    fn record(&mut self, mut record: Record) -> io::Result<()> {
        self.open.end(&record);
        if !record.span.is_annotation {
            self.plan.kind(&record).complete(&mut record);
            self.items += 1;
        }
        let alike = record.span.failed.as_ref().map(|why| {
            let alike = self.failures.entry(why.clone()).or_default();
            *alike += 1;
            *alike
        });
        let is_folded = alike.is_some_and(|alike| alike > MOST_ALIKE);
        let mut written =
            if is_folded { Ok(()) } else { print_record(self.plan, &record, self.style) };
        if self.style == Style::Lines && !record.span.is_annotation {
            let below = self.plan.drawing.as_ref().and_then(|it| it.below(&record));
            written = written.and_then(|()| write!(io::stdout(), "{}", below.unwrap_or_default()));
        }
        self.printed.records.push(record);
        written
    }

    /// Reports a hang, with what is known about it.
    fn tell_of_silence(&self, time: Duration) {
        let (plan, in_flight) = (self.plan, self.open.items().count());
        let left = plan.items().saturating_sub(self.printed.begun);
        let busy: BTreeSet<&str> = self.open.items().map(|it| it.span.worker.as_str()).collect();
        let idle = match plan.lesson.model {
            Model::Sync | Model::Async => 0,
            _ => plan.workers.saturating_sub(busy.len()),
        };
        let idle = match idle {
            0 => String::new(),
            idle => format!(", {idle} {} idle", plural("worker", idle)),
        };
        let question = match in_flight {
            0 | 1 => "Does something wait for a lock, a queue or a worker that never comes?",
            _ => "Do they wait for each other?",
        };
        let sentence = match (in_flight, left) {
            (0, 0) => format!("all items have ended, but the program is still running. {question}"),
            _ => format!("{in_flight} in flight{idle}, {left} not begun. {question}"),
        };
        self.draw(&format!("Nothing has begun or ended for {} s: {sentence}", time.as_secs()));
    }

    /// Prints a sentence and the lanes so far on stderr.
    fn draw(&self, sentence: &str) {
        let now = self.started.elapsed();
        let open = self.open.0.values().cloned().map(|mut record| {
            if !record.span.is_annotation {
                self.plan.kind(&record).complete(&mut record);
            }
            (record.span.end, record.span.is_open) = (now, true);
            record
        });
        let records: Vec<Record> = self.printed.records.iter().cloned().chain(open).collect();
        let timeline = Report::of(self.plan, &records, now, false).timeline();
        let look = Look { colour: console::colors_enabled_stderr(), ..terminal::look(80) };
        let _ = write!(io::stderr(), "{}\n{}", look.wrap(sentence), timeline.terminal(look));
    }
}

fn print_record(plan: &Plan, record: &Record, printing: Style) -> io::Result<()> {
    let span = &record.span;
    match (&span.failed, &record.done) {
        _ if span.is_annotation => Ok(()),
        (Some(why), _) => {
            // If even stderr is closed, the summary and the status still report the failure.
            let failed = style("Failed").red().for_stderr();
            let _ =
                writeln!(io::stderr(), "{failed} {}", printable(&format!("{}: {why}", span.label)));
            Ok(())
        }
        (None, Some(done)) if printing == Style::Lines => {
            writeln!(io::stdout(), "{}", printable(&(plan.kind(record).line)(span, done)))
        }
        _ => Ok(()),
    }
}

/// Returns a text that is safe for a terminal: what it would obey becomes `\u{1b}`.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_order) {
        return text.into();
    }
    let mut printable = String::new();
    for sign in text.chars() {
        if is_order(sign) {
            printable.extend(sign.escape_default());
        } else {
            printable.push(sign);
        }
    }
    printable.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(printable("Read 5 bytes from http://h/ä"), "Read 5 bytes from http://h/ä");
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\r\u{9b}\u{202e}"),
            "a\\u{1b}[2Jb\\nc\\r\\u{9b}\\u{202e}"
        );
        // Neither those that end a line or reverse it, nor those that nobody sees.
        let (orders, others) = (
            "\u{7f}\u{ad}\u{61c}\u{200b}\u{2028}\u{2069}\u{feff}\u{fffb}\u{e0041}",
            "'\u{a0}…é日\u{fffd}🦀",
        );
        assert!(orders.chars().all(is_order) && !others.contains(is_order));
    }
}
