//! A lesson's run, from its arguments to its exit status.

use std::any::Any;
use std::cell::Cell;
use std::env;
use std::fs;
use std::future::poll_fn;
use std::hint::black_box;
use std::io::{self, ErrorKind, Write};
use std::panic::{self, PanicHookInfo};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::{Color, style};
use timeline::{Interleaving, Span, Timeline, Turn, plural};

use crate::args::{Arguments, Format, Source, TimelineFile};
use crate::descriptors::{limit, reserve_descriptors};
use crate::lessons::{Lesson, Model, Work};
use crate::printer::{self, Message, Printed, Style};
use crate::record::{Item, Outcome, Record};
use crate::report::{PartBegun, Report, two_digits};
use crate::sites::{self, SiteTimes};
use crate::terminal::look;
use crate::{busy, interrupt};

/// Set in the environment of a lesson by a program that reads its `--json`: the lesson ends with that
/// program, when its own standard input does.
pub const ENDS_WITH_INPUT: &str = "LESSON_ENDS_WITH_INPUT";

/// The exit status of a program whose reader has gone away: 128 + SIGPIPE, as shells have it.
pub const PIPE_CLOSED: u8 = 141;

/// A lesson that runs. It lives as long as the program, so threads and tasks share it as it is.
#[derive(Debug)]
pub struct Run {
    lesson: &'static Lesson,
    args: Arguments,
    items: Items,
    workers: usize,
    json: bool,
    quiet: bool,
    timeline: Option<TimelineFile>,
    interleaving: Interleaving,
    started: Instant,
    /// The parts that have begun, and how many they are.
    parts: Mutex<Vec<PartBegun>>,
    parts_begun: AtomicUsize,
    /// Nameless threads, counted anew in each part.
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
    /// What keeps the practice site up, or a folder there: it goes when this is dropped.
    kept: Option<Box<dyn Any + Send>>,
}

/// What there is to do; what a lesson has not stays empty.
#[derive(Debug, Default)]
struct Items {
    sites: Vec<String>,
    timeout: Duration,
    without_proxy: bool,
    numbers: Vec<u64>,
    fib: u64,
    threads: u64,
    increments: u64,
    rounds: usize,
    pictures: Vec<PathBuf>,
}

impl Items {
    /// How many there are of this kind, each time that they are done.
    fn count(&self, work: Work) -> usize {
        match work {
            Work::Downloads => self.sites.len(),
            Work::Calls => self.numbers.len(),
            Work::Rounds => self.rounds,
            Work::Pictures => self.pictures.len(),
        }
    }
}

/// An item that has begun and not ended yet.
#[derive(Debug)]
#[must_use = "an item that has begun must end"]
pub struct Begun<'run> {
    run: &'run Run,
    work: Option<Work>,
    part: usize,
    span: Span,
    /// How long its thread had worked when it began.
    worked_before: Duration,
    ended: bool,
}

/// An item that has ended, and is told when this is dropped.
#[derive(Debug)]
#[must_use = "it is told as soon as it is dropped"]
pub struct Ended<'run> {
    run: &'run Run,
    record: Option<Record>,
}

/// What is drawn in the diagram and is no item: it ends when this is dropped.
#[derive(Debug)]
#[must_use = "it ends as soon as it is dropped"]
pub struct Aside<'run>(Begun<'run>);

/// Starts a lesson that downloads: reads its arguments, brings the practice site up if they name no
/// other, and starts the clock. Where it computes too, its numbers are there as well.
///
/// `bring_up` takes how long the site is to take, and gives its URL and what keeps it up until it is
/// dropped. Where the arguments are wrong, or the site does not come up, a sentence says so and the
/// process ends (status 2 or 1).
pub fn start_downloads<S: Send + 'static>(
    lesson: &str,
    bring_up: impl FnOnce(SiteTimes) -> io::Result<(String, S)>,
) -> &'static Run {
    let lesson = Lesson::named(lesson);
    let mut args = Arguments::read(lesson);
    let source = args.source();
    let repeat = args.repeat(source.pages());
    let without_proxy = matches!(source, Source::OwnSite(_) | Source::RunningSite(_));
    let mut up: Option<Box<dyn Any + Send>> = None;
    let list = match source {
        Source::OwnSite(times) => {
            let (base, site) = bring_up(times).unwrap_or_else(|error| {
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
    keep_to_descriptors(&mut args, sites.len());
    let calls = match lesson.does(Work::Calls) {
        true if lesson.calls_for_each_page() => sites.len(),
        true => args.value("calls"),
        false => 0,
    };
    let items = Items { sites, timeout: args.value("timeout"), without_proxy, ..Items::default() };
    let items = with_calls(items, &args, calls);
    start(args, items, up)
}

/// Starts a CPU lesson: reads its arguments and starts the clock.
pub fn start_calls(lesson: &str) -> &'static Run {
    let args = Arguments::read(Lesson::named(lesson));
    let items = with_calls(Items::default(), &args, args.value("calls"));
    start(args, items, None)
}

/// Starts a lesson of so many rounds: reads its arguments and starts the clock.
pub fn start_rounds(lesson: &str, rounds: usize) -> &'static Run {
    let args = Arguments::read(Lesson::named(lesson));
    let (threads, increments) = (args.value("threads"), args.value("increments"));
    start(args, Items { rounds, threads, increments, ..Items::default() }, None)
}

/// Which pictures are to be resized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// Those of this folder.
    In(PathBuf),
    /// So many that are made for it.
    Made(usize),
}

/// Starts a lesson that resizes pictures: reads its arguments, has the pictures gathered, and starts the
/// clock.
///
/// `gather` gives their files, and what is kept until the end. Where there are none, a sentence says so and
/// the process ends (status 1).
pub fn start_pictures<S: Send + 'static>(
    lesson: &str,
    gather: impl FnOnce(Pictures) -> io::Result<(Vec<PathBuf>, S)>,
) -> &'static Run {
    let args = Arguments::read(Lesson::named(lesson));
    let out: Option<PathBuf> = args.optional("out");
    if let Some(Err(error)) = out.as_ref().map(fs::create_dir) {
        let out = args.value::<PathBuf>("out");
        give_up(&format!("{} cannot be made as a new folder: {error}", out.display()));
    }
    // What is made for it is to go with Ctrl-C as well.
    listen();
    let made = Pictures::Made(args.value("pictures"));
    let gathered = gather(args.optional("folder").map_or(made, Pictures::In));
    let (pictures, kept) = gathered.unwrap_or_else(|error| {
        let _ = out.map(fs::remove_dir);
        give_up(&format!("no pictures to resize: {error}"))
    });
    start(args, Items { pictures, ..Items::default() }, Some(Box::new(kept)))
}

/// Has the lesson keep to the descriptors that the system gives it: a page in flight takes one. Where it
/// cannot do with fewer pages at once, a sentence says so and the process ends.
fn keep_to_descriptors(args: &mut Arguments, pages: usize) {
    /// For what else is open, here and in the practice site, which has as many.
    const OTHERS: usize = 16;
    let in_flight = args.pages_in_flight(pages);
    let there = reserve_descriptors(in_flight + 4 * OTHERS);
    let most = there.saturating_sub(OTHERS);
    // A pool of processes has a connection in each, and gets by with those that could be started.
    if most >= in_flight || args.lesson.model == Model::Processes {
        return;
    }
    let limit = limit().map_or_else(String::new, |limit| format!(" {limit}"));
    let sentence =
        format!("the system lets this process have only{limit} open files (`ulimit -n`)");
    if args.limit_workers(most) {
        warn(&format!("{most} pages at once, for {sentence}"));
    } else {
        give_up(&format!(
            "{pages} pages at once are too many, for {sentence}: try a smaller --repeat"
        ));
    }
}

/// With so many calls of the number that the arguments name.
fn with_calls(items: Items, args: &Arguments, calls: usize) -> Items {
    if calls == 0 {
        return items;
    }
    let number = args.value("number");
    if let Some(time) = long_time(number) {
        warn(&format!(
            "one naive fib({number}) takes about {time}; Ctrl-C ends the run after the calls that have begun, \
             twice at once"
        ));
    }
    // The optimiser must not see that the calls are alike: it would compute one for all of them.
    Items { numbers: black_box(vec![number; calls]), fib: fib_by_addition(number), ..items }
}

fn start(args: Arguments, items: Items, kept: Option<Box<dyn Any + Send>>) -> &'static Run {
    let lesson = args.lesson;
    let (json, quiet) = (args.flag("json"), args.flag("quiet"));
    let printing = if json || quiet { Style::Quiet } else { Style::Lines };
    panic::set_hook(Box::new(told_in_one_line));
    listen();
    if env::var_os(ENDS_WITH_INPUT).is_some() {
        thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            interrupt::exit(interrupt::STATUS.into())
        });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let wanted = wanted(lesson, &items);
    let count = wanted.iter().map(|(_, count)| count).sum();
    let (messages, printer) = printer::start(lesson, count, printing, stop.clone());
    let explained = messages.clone();
    interrupt::explain_delay(move || {
        let _ = explained.send(Message::Warning(
            "Ctrl-C: what has begun is waited for, and nothing new begins. Once more ends it at once.",
        ));
    });
    Box::leak(Box::new(Run {
        lesson,
        workers: args.workers(items.count(lesson.work)),
        items,
        json,
        quiet,
        timeline: args.timeline(),
        args,
        interleaving: Interleaving::default(),
        parts: Mutex::default(),
        parts_begun: AtomicUsize::new(0),
        threads_seen: AtomicUsize::new(0),
        stop,
        messages,
        to_finish: Mutex::new(Some(ToFinish { printer, kept })),
        started: Instant::now(),
    }))
}

/// Takes note of Ctrl-C from now on, unless it does already.
fn listen() {
    static LISTENS: AtomicBool = AtomicBool::new(false);
    if !LISTENS.swap(true, Ordering::Relaxed) {
        let no_handler = |error| give_up(&format!("no handler for Ctrl-C: {error}"));
        interrupt::listen().unwrap_or_else(no_handler);
    }
}

/// What there is to do of each kind, in all parts together: first what the lesson is about.
fn wanted(lesson: &Lesson, items: &Items) -> Vec<(Work, usize)> {
    let kinds = [Work::Downloads, Work::Calls, Work::Rounds, Work::Pictures];
    let done = kinds.into_iter().filter(|work| lesson.does(*work));
    done.map(|work| (work, lesson.times(work) * items.count(work))).collect()
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

    /// The pictures to resize.
    pub fn pictures(&self) -> &[PathBuf] {
        &self.items.pictures
    }

    /// How many items may be in progress at once.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Whether this switch of the lesson's own was given.
    pub fn switch(&self, name: &str) -> bool {
        self.args.flag(name)
    }

    /// The value of an option that takes a number (of the type that the option takes).
    pub fn option<T: Clone + Send + Sync + 'static>(&self, name: &str) -> T {
        self.args.value(name)
    }

    /// The folder that an option names, if it was given.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        self.args.optional(name)
    }

    /// How many threads add.
    pub fn threads(&self) -> u64 {
        self.items.threads
    }

    /// How often each of them adds 1.
    pub fn increments(&self) -> u64 {
        self.items.increments
    }

    /// From now on this is what is done: its items, their times and their diagram are compared with those
    /// of the other parts. What came before it ends now.
    ///
    /// # Panics
    /// When the lesson has no part of that name: a mistake in the program.
    pub fn part(&self, name: &str) {
        let part = self.lesson.part(name);
        if interrupt::interrupted() {
            return; // nothing begins in it
        }
        self.threads_seen.store(0, Ordering::Relaxed);
        self.parts().push(PartBegun { part, start: self.started.elapsed() });
        self.parts_begun.fetch_add(1, Ordering::Relaxed);
        self.tell(Message::Part(part));
    }

    fn parts(&self) -> MutexGuard<'_, Vec<PartBegun>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May I go on? `None` says no: Ctrl-C was pressed, or nobody reads the output any more.
    /// Otherwise the item begins now, on this thread.
    pub fn begin<I: Item>(&self, item: I) -> Option<Begun<'_>> {
        self.begin_as(item.label(), Some(I::WORK.unwrap_or(self.lesson.work)))
    }

    /// What this thread does besides its items, and what is to be seen in the diagram: it begins now, and
    /// ends when what this gives is dropped. It is not counted. `None` as in [`begin`](Self::begin).
    pub fn aside(&self, label: impl Into<String>) -> Option<Aside<'_>> {
        self.begin_as(label.into(), None).map(Aside)
    }

    fn begin_as(&self, label: String, work: Option<Work>) -> Option<Begun<'_>> {
        if interrupt::interrupted() || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let part = self.parts_begun.load(Ordering::Relaxed).saturating_sub(1);
        let mut span = Span { label, worker: self.this_thread(part), ..Span::default() };
        let worked_before = worked(work);
        span.start = self.started.elapsed();
        Some(Begun { run: self, work, part, span, worked_before, ended: false })
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
        let ToFinish { printer, kept } = to_finish.expect("a run is finished once");
        let Ok(Printed { records, error }) = printer.join() else {
            return ExitCode::FAILURE;
        };
        drop(kept);
        let parts = self.parts();
        let report = Report {
            lesson: self.lesson,
            workers: self.workers,
            wanted: wanted(self.lesson, &self.items),
            parts: &parts,
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
                Ok(()) if report.done() < report.items() => ExitCode::FAILURE,
                Ok(()) => ExitCode::SUCCESS,
            },
        }
    }

    /// The summary, and what explains it: working and waiting in a sentence and in a diagram.
    fn last_lines(&self, report: &Report<'_>, timeline: &Timeline) -> String {
        let colour = match report.done() {
            _ if report.interrupted => Color::Yellow,
            done if done == report.items() => Color::Green,
            _ => Color::Red,
        };
        let mut lines = format!("{}\n", style(report.summary()).bold().fg(colour));
        if !self.quiet {
            let look = look(80);
            if self.lesson.work == Work::Rounds {
                lines += &self.interleaving.terminal(look);
            } else if self.lesson.parts.is_empty() {
                let sentence = timeline.sentence();
                lines += &sentence.map_or_else(String::new, |text| look.wrap(&text) + "\n");
                lines += &timeline.terminal(look);
            } else {
                lines += &report.parts_compared(timeline, look);
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

    /// The name of this thread, or a number in the order in which the nameless ones first came here in this
    /// part. A pool that is not ours gives all of its threads the same name: they count as nameless.
    fn this_thread(&self, part: usize) -> String {
        thread_local!(static NUMBER: Cell<Option<(usize, usize)>> = const { Cell::new(None) });
        match thread::current().name() {
            Some(name) if name == "main" || name.starts_with("worker-") => name.into(),
            _ => {
                let number = match NUMBER.get() {
                    Some((its_part, number)) if its_part == part => number,
                    _ => 1 + self.threads_seen.fetch_add(1, Ordering::Relaxed),
                };
                NUMBER.set(Some((part, number)));
                format!("worker-{number}")
            }
        }
    }

    fn tell(&self, message: Message) {
        // The printer only ends before the last message if it panicked; `finish` notices that.
        let _ = self.messages.send(message);
    }
}

impl<'run> Begun<'run> {
    /// The item ended now: with a number or a page's size, or with the reason why it failed.
    pub fn end(self, outcome: impl Into<Outcome>) {
        drop(self.ended(outcome));
    }

    /// The item ended now, with this outcome, and is told later: when what this gives is dropped. For
    /// results that have an order of their own.
    pub fn ended(mut self, outcome: impl Into<Outcome>) -> Ended<'run> {
        Ended { run: self.run, record: Some(self.record(outcome.into())) }
    }

    /// The item ends as soon as this future does, with what that gives: one of several that take turns on
    /// this thread, so its polls are measured. Gives whether it went well.
    pub async fn end_after<T: Into<Outcome>>(mut self, item: impl Future<Output = T>) -> bool {
        let mut item = pin!(item);
        let outcome: Outcome = poll_fn(|context| {
            let now = || self.run.started.elapsed();
            let last = busy::end_of_last_turn();
            let (turn, poll) = busy::take_turn(now, || item.as_mut().poll(context));
            self.took(turn, last);
            poll
        })
        .await
        .into();
        let went_well = !outcome.is_failed();
        self.end(outcome);
        went_well
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

    fn record(&mut self, outcome: Outcome) -> Record {
        self.span.end = self.run.started.elapsed();
        if self.span.turns.is_empty() {
            self.span.working = worked(self.work).saturating_sub(self.worked_before);
        }
        self.ended = true;
        let fib = self.run.items.fib;
        let outcome = match outcome {
            Outcome::Done(number) if self.work == Some(Work::Calls) && number != fib => {
                Outcome::Failed(format!("the result was {number}, and {fib} is right"))
            }
            outcome => outcome,
        };
        let span = std::mem::take(&mut self.span);
        Record { work: self.work, part: self.part, span, outcome }
    }
}

/// How long a processor was kept busy so far: by this thread, or by all the threads of a round.
fn worked(work: Option<Work>) -> Duration {
    if work == Some(Work::Rounds) { busy::of_process() } else { busy::of_thread() }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if let Some(record) = self.record.take() {
            self.run.tell(Message::Record(record));
        }
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        let record = self.0.record(Outcome::Done(0));
        self.0.run.tell(Message::Record(record));
    }
}

/// An item that is dropped before its end is not lost: it failed, unless Ctrl-C was why.
impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.ended && !interrupt::interrupted() {
            let why = if thread::panicking() { "its worker panicked" } else { "it was given up" };
            let record = self.record(Outcome::Failed(why.into()));
            self.run.tell(Message::Record(record));
        }
    }
}

/// How long a call takes where that is more than a minute, in words: about 30 ms for `fib(35)` on a core of
/// today, and with each further number 1.6 times as long.
fn long_time(number: u64) -> Option<String> {
    const GOLDEN_RATIO: f64 = 1.618;
    let seconds = 0.03 * GOLDEN_RATIO.powf(number as f64 - 35.0);
    let units = [(31_557_600.0, "year"), (86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds >= *length)?;
    let many = two_digits((seconds / length).round().max(1.0));
    let many = many.split('.').next().unwrap_or_default();
    Some(format!("{many} {}", plural(unit, if many == "1" { 1 } else { 2 })))
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
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    let sentence = format!("{}{place}", text.join(", "));
    if thread::current().name() == Some("main") {
        give_up(&sentence);
    }
    let _ = writeln!(io::stderr(), "{sentence}");
}

/// Says on stderr what is not as it was asked for.
fn warn(sentence: &str) {
    let warning = style("warning:").yellow().bold().for_stderr();
    let _ = writeln!(io::stderr(), "{warning} {sentence}");
}

/// Says on stderr why nothing can be done, and ends the process with status 1.
fn give_up(sentence: &str) -> ! {
    let _ = writeln!(io::stderr(), "{} {sentence}", style("error:").red().bold().for_stderr());
    interrupt::exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_computes_for_long_is_told() {
        assert_eq!(long_time(50), None);
        for (number, words) in
            [(51, "1 minute"), (60, "1 hour"), (70, "7 days"), (80, "2 years"), (93, "1300 years")]
        {
            assert_eq!(long_time(number).as_deref(), Some(words), "{number}");
        }
    }

    #[test]
    fn fib_is_right_up_to_the_largest_number_that_is_allowed() {
        assert_eq!(fib_by_addition(0), 0);
        assert_eq!(fib_by_addition(1), 1);
        assert_eq!(fib_by_addition(35), 9_227_465);
        assert_eq!(fib_by_addition(93), 12_200_160_415_121_876_738);
    }
}
