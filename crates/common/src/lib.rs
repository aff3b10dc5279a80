//! Timing and site lists: all that the lessons share.
//!
//! A [`Run`] is the clock of a program. It times items (a page, a call) and hands the [`Record`] of each to its
//! [`Observer`]. It wraps no thread, task, process or parallel iterator. To time a program of your own:
//!
//! ```
//! let run = common::Run::start(1, common::Lines::default());
//! for item in ["one", "two"] {
//!     let Some(timer) = run.begin(item) else { break };
//!     timer.end(item.len() as u64); // a number, or a `Result`
//! }
//! let status = run.finish();
//! ```

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use std::{
    error::Error, fmt::Display, future, io, io::Write, mem, pin::pin, process::ExitCode, thread,
};

use thread_clock::{Alarm, Usage, measure, usage};

/// The articles' own sites.
pub const LIVE_SITES: [&str; 2] = ["https://www.jython.org", "http://olympus.realpython.org/dice"];
/// The pages of the practice site, in the articles' order.
pub const PRACTICE_PAGES: [&str; 2] = ["/jython", "/dice"];
/// The pages to download, and how.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// The URLs, in the order of the list.
    pub urls: Vec<String>,
    /// Time limit for one page, from the first byte to the last.
    pub timeout: Duration,
    /// Whether to use the proxy that the environment names.
    pub proxy: bool,
}

/// A run of a program. It lives as long as the program, so threads and tasks share it by reference.
pub struct Run {
    /// How many items may be in progress at once.
    pub workers: usize,
    /// Takes the records; also those of other processes, with times since `started`.
    pub observer: Box<dyn Observer>,
    /// When the clock was started.
    pub started: Instant,
    sections_begun: AtomicUsize,
    nameless_threads: AtomicUsize,
}

/// An item that has begun. It is reported when this timer is dropped after its end.
#[must_use = "an item that has begun must end"]
pub struct Timer<'run> {
    run: &'run Run,
    record: Record,
    /// The thread's usage when the item began; for an item with turns, its usage in them.
    usage: Usage,
    has_ended: bool,
}

/// An item, or an annotation, which is drawn but not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its kind of work, if the program names one.
    pub kind: Option<&'static str>,
    /// The section in which it began, counted from 0.
    pub section: usize,
    /// The item, its worker, and its times.
    pub span: Span,
    /// Its result; `None` if it failed.
    pub done: Option<Done>,
}

/// An item, its worker, and its times, which count from the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The name of the item: a URL, a call.
    pub label: String,
    /// The thread or process that did it.
    pub worker: String,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// CPU time: how long it kept a processor busy, but not when in the span.
    pub working: Duration,
    /// How long it was ready, but a thread without a core or a task without its thread; zero if unknown.
    pub ready: Duration,
    /// Its turns on its thread, if it shared that with other tasks; otherwise empty.
    pub turns: Vec<Turn>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Whether it is an annotation.
    pub is_annotation: bool,
    /// Whether it is still in progress; then `end` is the moment of the picture.
    pub is_open: bool,
}

/// One poll of a task: it has the thread to itself until it returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// When its task was woken for it, if that is known.
    pub woken: Duration,
    /// CPU time of the thread in this turn.
    pub working: Duration,
    /// How long the thread was ready in this turn, but had no core.
    pub ready: Duration,
    /// CPU time of the thread since the last turn: the event loop itself, and tasks that are not items.
    pub before: Duration,
}

/// The result of an item that did not fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The bytes of a page, the result of a call.
    pub value: u64,
    /// More results, each with its name: a number, or several.
    pub details: Vec<(&'static str, Vec<u64>)>,
}

/// How an item ended: its result, or the reason for its failure, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome(pub Result<Done, String>);

/// Receives the records of a run, each on the thread where the item ends.
pub trait Observer: Send + Sync {
    /// An item or annotation begins; its record so far.
    fn begin(&self, _record: &Record) {}
    /// An item or annotation has ended.
    fn record(&self, record: Record);
    /// A section begins, at this time since the start of the run.
    fn section(&self, name: &'static str, _start: Duration) {
        self.note(format!("-- {name}"));
    }
    /// The program prints a line of its own.
    fn note(&self, text: String);
    /// The run is over after this time; returns the exit status.
    fn finish(&self, took: Duration) -> ExitCode;
}

impl Run {
    /// Starts the clock.
    pub fn start(workers: usize, observer: impl Observer + 'static) -> &'static Self {
        let (sections_begun, nameless_threads) = Default::default();
        let (observer, started) = (Box::new(observer), Instant::now());
        Box::leak(Box::new(Self { workers, observer, started, sections_begun, nameless_threads }))
    }
    /// Begins an item, now and on this thread; `None` once the run is cancelled.
    pub fn begin(&self, item: impl Display) -> Option<Timer<'_>> {
        self.begin_record(item, Record::default())
    }
    /// Begins an item of this kind, in a program that does several kinds of work.
    pub fn begin_as(&self, kind: &'static str, item: impl Display) -> Option<Timer<'_>> {
        self.begin_record(item, Record { kind: Some(kind), ..Record::default() })
    }
    /// Draws other work of this thread, which is no item, until the returned timer is dropped.
    pub fn annotate(&self, label: impl Display) -> Option<Timer<'_>> {
        let span = Span { is_annotation: true, ..Span::default() };
        self.begin_record(label, Record { span, ..Record::default() })
    }
    fn begin_record(&self, label: impl Display, mut record: Record) -> Option<Timer<'_>> {
        if is_cancelled() {
            return None;
        }
        record.section = self.sections_begun.load(Relaxed).saturating_sub(1);
        (record.span.label, record.span.worker) = (label.to_string(), self.worker(record.section));
        record.span.start = self.started.elapsed();
        self.observer.begin(&record);
        let usage = usage();
        record.span.start = self.started.elapsed();
        Some(Timer { run: self, record, usage, has_ended: false })
    }
    /// Begins a section: from here on the program does the same work in another way, to be compared.
    pub fn section(&self, name: &'static str) {
        if !is_cancelled() {
            self.nameless_threads.store(0, Relaxed);
            self.sections_begun.fetch_add(1, Relaxed);
            self.observer.section(name, self.started.elapsed());
        }
    }
    /// Prints a line between the lines of the items.
    pub fn note(&self, text: impl Into<String>) {
        self.observer.note(text.into());
    }
    /// Stops the clock, and returns the exit status.
    pub fn finish(&self) -> ExitCode {
        self.observer.finish(self.started.elapsed())
    }
    /// Returns the name of this thread. Nameless threads (and a pool's, which all have one name) are numbered in
    /// the order in which they first begin an item in a section.
    fn worker(&self, section: usize) -> String {
        thread_local!(static NUMBER: Cell<(usize, usize)> = const { Cell::new((0, 0)) });
        match thread::current().name() {
            Some(name) if name == "main" || name.starts_with("worker-") => name.into(),
            _ => {
                if NUMBER.get().0 != section || NUMBER.get().1 == 0 {
                    NUMBER.set((section, 1 + self.nameless_threads.fetch_add(1, Relaxed)));
                }
                format!("worker-{}", NUMBER.get().1)
            }
        }
    }
}

impl Timer<'_> {
    /// Ends the item now: with a number, or with the reason why it failed.
    pub fn end(self, outcome: impl Into<Outcome>) {
        drop(self.stop(outcome));
    }
    /// Ends the item now, and reports it later: when the returned timer is dropped.
    pub fn stop(mut self, outcome: impl Into<Outcome>) -> Self {
        self.set(outcome.into());
        self
    }
    /// Ends the item when its future ends; returns whether it succeeded. Measures each poll, since an item that
    /// shares its thread has it for a turn at a time. Once the run is cancelled, drops both.
    pub async fn end_after<T: Into<Outcome>>(mut self, item: impl Future<Output = T>) -> bool {
        let (mut item, mut alarm, mut rejected) = (pin!(item), None::<Arc<Alarm>>, None);
        let output = future::poll_fn(|context| {
            let woken = alarm.as_ref().and_then(|alarm| alarm.rang());
            if !alarm.as_ref().is_some_and(|alarm| alarm.wakes(context.waker())) {
                alarm = Some(Alarm::new(context.waker()));
            }
            let waker = alarm.clone().map_or_else(|| context.waker().clone(), Waker::from);
            REJECTED.set(None);
            let poll = self.turn(woken, || item.as_mut().poll(&mut Context::from_waker(&waker)));
            rejected = REJECTED.take().or(rejected.take());
            if poll.is_pending() && is_cancelled() { Poll::Ready(None) } else { poll.map(Some) }
        });
        let Some(output) = output.await else { return false };
        let Outcome(outcome) = output.into();
        let outcome = outcome.and_then(|done| rejected.flatten().map_or(Ok(done), Err));
        let succeeded = outcome.is_ok();
        self.end(Outcome(outcome));
        succeeded
    }
    /// Measures one turn of the item on its thread, with one call of the CPU clock.
    fn turn<T>(&mut self, woken: Option<Instant>, poll: impl FnOnce() -> T) -> T {
        let (result, turn) = measure(poll);
        let since_start = |time: Instant| time.saturating_duration_since(self.run.started);
        let [start, end, last_end] = [turn.start, turn.end, turn.last_end].map(since_start);
        let span = &mut self.record.span;
        let could = span.turns.last().map_or(span.start, |turn| turn.end);
        let woken = woken.map_or(start, since_start).max(could).min(start);
        let before = if span.turns.is_empty() { Usage::default() } else { self.usage };
        let Usage { working, ready } = turn.usage;
        self.usage = before + Usage { working, ready: ready + (start - woken) };
        // Turns with only an invisible gap between them become one, unless another task ran in it.
        let visible = end.saturating_sub(span.start) / 1_000;
        match span.turns.last_mut() {
            Some(own) if own.end == last_end && start.saturating_sub(last_end) < visible => {
                own.end = end;
                own.working += working + turn.before;
                own.ready += ready;
            }
            _ => span.turns.push(Turn { start, end, woken, working, ready, before: turn.before }),
        }
        result
    }
    fn set(&mut self, Outcome(outcome): Outcome) {
        let span = &mut self.record.span;
        span.end = self.run.started.elapsed();
        let usage = if span.turns.is_empty() { usage() - self.usage } else { self.usage };
        (span.working, span.ready) = (usage.working, usage.ready);
        span.failed = outcome.as_ref().err().cloned();
        self.record.done = outcome.ok();
        self.has_ended = true;
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if !self.has_ended && self.record.span.is_annotation {
            self.set(0.into());
        } else if !self.has_ended && !is_cancelled() {
            // An item that is dropped before its end counts as failed.
            let why = match self.record.span.turns[..] {
                _ if thread::panicking() => "its worker panicked",
                [] => "it was given up: was it never awaited?",
                _ => "it was given up",
            };
            self.set(Outcome(Err(why.into())));
        }
        if self.has_ended {
            self.run.observer.record(mem::take(&mut self.record));
        }
    }
}

impl From<u64> for Outcome {
    fn from(value: u64) -> Self {
        Self(Ok(Done { value, details: Vec::new() }))
    }
}
impl<E: Into<Box<dyn Error>>> From<Result<u64, E>> for Outcome {
    fn from(result: Result<u64, E>) -> Self {
        result.map_or_else(|error| Self(Err(plain_words(&*error.into()))), Into::into)
    }
}

/// An observer that prints a line for each item, and at the end the time of the whole run.
#[derive(Debug, Default)]
pub struct Lines(AtomicBool);
impl Observer for Lines {
    fn record(&self, Record { span, done, .. }: Record) {
        self.0.fetch_or(span.failed.is_some(), Relaxed);
        let result = span.failed.or(done.map(|done| done.value.to_string())).unwrap_or_default();
        let took = span.end.saturating_sub(span.start);
        self.note(format!("{}: {result} ({took:.3?}, {})", span.label, span.worker));
    }
    fn note(&self, text: String) {
        let _ = writeln!(io::stdout(), "{text}");
    }
    fn finish(&self, took: Duration) -> ExitCode {
        self.note(format!("Took {:.3} seconds", took.as_secs_f64()));
        ExitCode::from(u8::from(self.0.load(Relaxed)))
    }
}
static CANCELLED: AtomicBool = AtomicBool::new(false);
static EXPLAIN: OnceLock<fn(&(dyn Error + 'static)) -> Option<String>> = OnceLock::new();
thread_local! {
    static REJECTED: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}
/// Cancels the run: items in progress may end, and no new item begins.
pub fn cancel() {
    CANCELLED.store(true, SeqCst);
    thread_clock::wake_all();
}
/// Whether the run was cancelled.
pub fn is_cancelled() -> bool {
    CANCELLED.load(SeqCst)
}
/// For an HTTP client: sets the function that explains the client's errors in plain words.
pub fn explain_errors(explain: fn(&(dyn Error + 'static)) -> Option<String>) {
    let _ = EXPLAIN.set(explain);
}
/// For an HTTP client: reports why the response to the item that is being polled is not a page; `None` if it is.
pub fn reject(why: Option<String>) {
    REJECTED.set(Some(why));
}
/// Returns an error in plain words if it is a known one, otherwise in its own.
pub fn plain_words(error: &(dyn Error + 'static)) -> String {
    EXPLAIN.get().and_then(|explain| explain(error)).unwrap_or_else(|| error.to_string())
}
