//! A lesson's run, from its arguments to its exit status.

use std::any::Any;
use std::cell::OnceCell;
use std::env;
use std::fmt::Display;
use std::fs;
use std::future::poll_fn;
use std::hint::black_box;
use std::io::{self, ErrorKind, Write};
use std::panic::{self, PanicHookInfo};
use std::pin::pin;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::{Color, style};
use timeline::{Interleaving, Span, Timeline, Turn};

use crate::args::{Arguments, Format, Source, TimelineFile};
use crate::descriptors::reserve_descriptors;
use crate::lessons::{Lesson, Work};
use crate::printer::{self, Message, Printed, Style};
use crate::record::{Outcome, Record};
use crate::report::Report;
use crate::terminal::look;
use crate::{busy, interrupt, sites};

/// Set in the environment of a lesson by a program that reads its `--json`: the lesson ends with that
/// program, when its own standard input does.
pub const ENDS_WITH_INPUT: &str = "LESSON_ENDS_WITH_INPUT";

/// The exit status of a program whose reader has gone away: 128 + SIGPIPE, as shells have it.
pub const PIPE_CLOSED: u8 = 141;

/// A lesson that runs. It lives as long as the program, so threads and tasks share it as it is.
#[derive(Debug)]
pub struct Run {
    lesson: &'static Lesson,
    items: Items,
    workers: usize,
    json: bool,
    quiet: bool,
    timeline: Option<TimelineFile>,
    interleaving: Interleaving,
    started: Instant,
    threads_seen: AtomicUsize,
    /// Raised when stdout takes no more lines: then nothing new is to start either.
    stop: Arc<AtomicBool>,
    messages: Sender<Message>,
    /// What `finish` takes.
    to_finish: Mutex<Option<ToFinish>>,
}

#[derive(Debug)]
struct ToFinish {
    printer: JoinHandle<Printed>,
    /// What keeps the practice site up: it goes down when this is dropped.
    site: Option<Box<dyn Any + Send>>,
}

/// What there is to do; what a lesson has not stays empty.
#[derive(Debug, Default)]
struct Items {
    count: usize,
    sites: Vec<String>,
    timeout: Duration,
    without_proxy: bool,
    numbers: Vec<u64>,
    fib: u64,
    threads: u64,
    increments: u64,
}

/// An item that has begun and not ended yet.
#[derive(Debug)]
#[must_use = "an item that has begun must end"]
pub struct Begun<'run> {
    run: &'run Run,
    span: Span,
    /// How long its thread had worked when it began.
    worked_before: Duration,
    ended: bool,
}

/// Starts a downloader: reads its arguments, brings the practice site up if they name no other, and
/// starts the clock.
///
/// `bring_up` takes the site's latency, and gives its URL and what keeps it up until it is dropped.
/// Where the arguments are wrong, or the site does not come up, a sentence says so and the process
/// ends (status 2 or 1).
pub fn start_downloads<S: Send + 'static>(
    lesson: &str,
    bring_up: impl FnOnce(Duration) -> io::Result<(String, S)>,
) -> &'static Run {
    let lesson = Lesson::named(lesson);
    let mut args = Arguments::read(lesson);
    let source = args.source();
    let repeat = args.repeat(source.pages());
    let without_proxy = matches!(source, Source::OwnSite(_) | Source::RunningSite(_));
    let mut up: Option<Box<dyn Any + Send>> = None;
    let list = match source {
        Source::OwnSite(latency) => {
            let (base, site) = bring_up(latency).unwrap_or_else(|error| {
                give_up(&format!("the practice site did not come up: {error}"))
            });
            up = Some(Box::new(site));
            sites::practice_sites(&base)
        }
        Source::RunningSite(base) => sites::practice_sites(&base),
        Source::Live => sites::LIVE_SITES.map(String::from).to_vec(),
        Source::Listed(urls) => urls,
    };
    let sites = vec![list; repeat].concat();
    reserve_descriptors(args.workers(lesson, sites.len()) + 64);
    let items = Items {
        count: sites.len(),
        sites,
        timeout: args.value("timeout"),
        without_proxy,
        ..Items::default()
    };
    start(lesson, &args, items, up)
}

/// Starts a CPU lesson: reads its arguments and starts the clock.
pub fn start_calls(lesson: &str) -> &'static Run {
    let lesson = Lesson::named(lesson);
    let args = Arguments::read(lesson);
    let (number, calls) = (args.value("number"), args.value("calls"));
    let items = Items {
        count: calls,
        // The optimiser must not see that the calls are alike: it would compute one for all of them.
        numbers: black_box(vec![number; calls]),
        fib: fib_by_addition(number),
        ..Items::default()
    };
    start(lesson, &args, items, None)
}

/// Starts a lesson of so many rounds: reads its arguments and starts the clock.
pub fn start_rounds(lesson: &str, rounds: usize) -> &'static Run {
    let lesson = Lesson::named(lesson);
    let args = Arguments::read(lesson);
    let items = Items {
        count: rounds,
        threads: args.value("threads"),
        increments: args.value("increments"),
        ..Items::default()
    };
    start(lesson, &args, items, None)
}

fn start(
    lesson: &'static Lesson,
    args: &Arguments,
    items: Items,
    site: Option<Box<dyn Any + Send>>,
) -> &'static Run {
    let (json, quiet) = (args.flag("json"), args.flag("quiet"));
    let printing = if json || quiet { Style::Quiet } else { Style::Lines };
    panic::set_hook(Box::new(told_in_one_line));
    interrupt::listen().unwrap_or_else(|error| give_up(&format!("no handler for Ctrl-C: {error}")));
    if env::var_os(ENDS_WITH_INPUT).is_some() {
        thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            process::exit(interrupt::STATUS.into())
        });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (messages, printer) = printer::start(lesson, items.count, printing, stop.clone());
    Box::leak(Box::new(Run {
        lesson,
        workers: args.workers(lesson, items.count),
        items,
        json,
        quiet,
        timeline: args.timeline(),
        interleaving: Interleaving::default(),
        threads_seen: AtomicUsize::new(0),
        stop,
        messages,
        to_finish: Mutex::new(Some(ToFinish { printer, site })),
        started: Instant::now(),
    }))
}

impl Run {
    /// The pages to download: URLs, in the order of the list.
    pub fn sites(&self) -> &[String] {
        &self.items.sites
    }

    /// How long one page may take, as a whole.
    pub fn timeout(&self) -> Duration {
        self.items.timeout
    }

    /// Whether the pages are a practice site's: that one is reached without the environment's proxy.
    pub fn without_proxy(&self) -> bool {
        self.items.without_proxy
    }

    /// The numbers to call `fib` with.
    pub fn numbers(&self) -> &[u64] {
        &self.items.numbers
    }

    /// How many items may be in progress at once.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// How many threads add.
    pub fn threads(&self) -> u64 {
        self.items.threads
    }

    /// How often each of them adds 1.
    pub fn increments(&self) -> u64 {
        self.items.increments
    }

    /// May I go on? `None` says no: Ctrl-C was pressed, or nobody reads the output any more.
    /// Otherwise the item begins now, on this thread.
    pub fn begin(&self, item: impl Display) -> Option<Begun<'_>> {
        if interrupt::interrupted() || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let label = match self.lesson.work {
            Work::Downloads | Work::Rounds => item.to_string(),
            Work::Calls => format!("fib({item})"),
        };
        let mut span = Span { label, worker: self.this_thread(), ..Span::default() };
        let worked_before = self.worked();
        span.start = self.started.elapsed();
        Some(Begun { run: self, span, worked_before, ended: false })
    }

    /// How long a processor was kept busy so far: by this thread, or by all the threads of a round.
    fn worked(&self) -> Duration {
        match self.lesson.work {
            Work::Downloads | Work::Calls => busy::of_thread(),
            Work::Rounds => busy::of_process(),
        }
    }

    /// The single steps that threads take at one counter, to be drawn.
    pub fn interleaving(&self) -> &Interleaving {
        &self.interleaving
    }

    /// Completes with Ctrl-C, for an event loop that is to drop what is in flight.
    pub fn interrupted(&self) -> impl Future<Output = ()> {
        interrupt::wait()
    }

    /// A line between the lines of the items, for what they do not say themselves.
    pub fn note(&self, text: impl Into<String>) {
        self.tell(Message::Note(text.into()));
    }

    /// Stops the clock, prints the summary (or the JSON) and takes the practice site down.
    ///
    /// The status is 0 where all was done, 1 where something failed, 130 after Ctrl-C, and 141 where
    /// the reader of stdout went away.
    pub fn finish(&self) -> ExitCode {
        let (took, interrupted) = (self.started.elapsed(), interrupt::interrupted());
        self.tell(Message::End);
        let to_finish = self.to_finish.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ToFinish { printer, site } = to_finish.expect("a run is finished once");
        let Ok(Printed { records, error }) = printer.join() else {
            return ExitCode::FAILURE;
        };
        drop(site);
        let report = Report {
            lesson: self.lesson,
            workers: self.workers,
            items: self.items.count,
            took,
            interrupted,
            records: &records,
            threads: self.items.threads,
            increments: self.items.increments,
        };
        let timeline = report.timeline();
        let written = match error {
            Some(error) => Err(error),
            None if self.json => writeln!(io::stdout(), "{}", report.json(&timeline)),
            None => write!(io::stdout(), "{}", self.last_lines(&report, &timeline)),
        };
        // Also where the output could not be written, and the other way round.
        let drawn = self.timeline.as_ref().map_or(Ok(()), |file| self.draw(&timeline, file));
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(PIPE_CLOSED),
            Err(error) => give_up(&format!("the output cannot be written: {error}")),
            Ok(()) => match drawn {
                Err(sentence) => give_up(&sentence),
                Ok(()) if report.interrupted => ExitCode::from(interrupt::STATUS),
                Ok(()) if report.done() < report.items => ExitCode::FAILURE,
                Ok(()) => ExitCode::SUCCESS,
            },
        }
    }

    /// The summary, and what explains it: working and waiting in a sentence and in a diagram.
    fn last_lines(&self, report: &Report<'_>, timeline: &Timeline) -> String {
        let colour = match report.done() {
            _ if report.interrupted => Color::Yellow,
            done if done == report.items => Color::Green,
            _ => Color::Red,
        };
        let mut lines = format!("{}\n", style(report.summary()).bold().fg(colour));
        if !self.quiet {
            let look = look(80);
            if self.lesson.work == Work::Rounds {
                lines += &self.interleaving.terminal(look);
            } else if let Some(sentence) = timeline.sentence() {
                lines += &format!("{}\n", look.wrap(&sentence));
                lines += &timeline.terminal(look);
            }
        }
        lines
    }

    /// Writes the timing diagram to a file; where that fails, says why.
    fn draw(&self, timeline: &Timeline, file: &TimelineFile) -> Result<(), String> {
        let text = match file.format {
            Format::ChromeTrace => timeline.chrome_trace(),
            Format::Svg => {
                let lost_update = self.interleaving.svg(&timeline.title);
                lost_update.unwrap_or_else(|| timeline.svg())
            }
        };
        fs::write(&file.path, text).map_err(|error| {
            format!("the timing diagram was not written to {}: {error}", file.path.display())
        })
    }

    /// The name of this thread, or a number in the order in which the nameless ones first came here.
    fn this_thread(&self) -> String {
        thread_local!(static NAME: OnceCell<String> = const { OnceCell::new() });
        NAME.with(|name| {
            name.get_or_init(|| match thread::current().name() {
                Some(name) => name.into(),
                None => format!("worker-{}", 1 + self.threads_seen.fetch_add(1, Ordering::Relaxed)),
            })
            .clone()
        })
    }

    fn tell(&self, message: Message) {
        // The printer only ends before the last message if it panicked; `finish` notices that.
        let _ = self.messages.send(message);
    }
}

impl Begun<'_> {
    /// The item ended now: with a number or a page's size, or with the reason why it failed.
    pub fn end(mut self, outcome: impl Into<Outcome>) {
        self.record(outcome.into());
    }

    /// The item ends as soon as this future does, with what that gives: one of several that take turns on
    /// this thread, so its polls are measured.
    pub async fn end_after<T: Into<Outcome>>(mut self, item: impl Future<Output = T>) {
        let mut item = pin!(item);
        let outcome = poll_fn(|context| {
            let now = || self.run.started.elapsed();
            let last = busy::end_of_last_turn();
            let (turn, poll) = busy::take_turn(now, || item.as_mut().poll(context));
            self.took(turn, last);
            poll
        })
        .await;
        self.end(outcome);
    }

    /// It had a turn; `last` is when the last one on this thread had ended, whoever had that.
    fn took(&mut self, turn: Turn, last: Option<Duration>) {
        self.span.working += turn.working;
        // A gap that nobody could see is none, unless others had a turn in it: so the turns stay few.
        let gap_to_be_seen = turn.end.saturating_sub(self.span.start) / 1_000;
        match self.span.turns.last_mut() {
            Some(own)
                if last == Some(own.end) && turn.start.saturating_sub(own.end) < gap_to_be_seen =>
            {
                own.end = turn.end;
                own.working += turn.before + turn.working;
            }
            _ => self.span.turns.push(turn),
        }
    }

    fn record(&mut self, outcome: Outcome) {
        self.span.end = self.run.started.elapsed();
        if self.span.turns.is_empty() {
            self.span.working = self.run.worked().saturating_sub(self.worked_before);
        }
        self.ended = true;
        let fib = self.run.items.fib;
        let outcome = match outcome {
            Outcome::Number(number) if self.run.lesson.work == Work::Calls && number != fib => {
                Outcome::Failed(format!("the result was {number}, and {fib} is right"))
            }
            outcome => outcome,
        };
        let span = std::mem::take(&mut self.span);
        self.run.tell(Message::Record(Record { span, outcome }));
    }
}

/// An item that is dropped before its end is not lost: it failed, unless Ctrl-C was why.
impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.ended && !interrupt::interrupted() {
            let why = if thread::panicking() { "its worker panicked" } else { "it was given up" };
            self.record(Outcome::Failed(why.into()));
        }
    }
}

/// The result that every lesson's `fib` is checked against, made in another way.
fn fib_by_addition(n: u64) -> u64 {
    let (mut this, mut next) = (0_u64, 1_u64);
    for _ in 0..n {
        (this, next) = (next, this.wrapping_add(next)); // after the last that fits, `next` wraps
    }
    this
}

/// A panic is a mistake in the program, or a system that refuses a thread. It takes one line; and one
/// on the main thread ends the process: threads that were started may wait for those that were not.
fn told_in_one_line(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic");
    let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
    let sentence = format!("{text}{place}");
    if thread::current().name() == Some("main") {
        give_up(&sentence);
    }
    let _ = writeln!(io::stderr(), "{sentence}");
}

/// Says on stderr why nothing can be done, and ends the process with status 1.
fn give_up(sentence: &str) -> ! {
    let _ = writeln!(io::stderr(), "{} {sentence}", style("error:").red().bold().for_stderr());
    process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::fib_by_addition;

    #[test]
    fn fib_is_right_up_to_the_largest_number_that_is_allowed() {
        assert_eq!(fib_by_addition(0), 0);
        assert_eq!(fib_by_addition(1), 1);
        assert_eq!(fib_by_addition(35), 9_227_465);
        assert_eq!(fib_by_addition(93), 12_200_160_415_121_876_738);
    }
}
