//! Measures how long a thread has worked, and how long it was ready but had no core. Also notes when a task was
//! woken: from then until its poll it is ready.
//!
//! Every system counts a thread's CPU time. Only Linux counts the second number: the time in the run queue of a core
//! (`/proc/thread-self/schedstat`, second number; `Documentation/scheduler/sched-stats.rst` of the kernel).

use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::mem;
use std::ops::{Add, Sub};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// The times of a thread: since it began, or between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time: how long it kept a processor busy.
    pub working: Duration,
    /// How long it was ready but had no core. Zero if the system does not count that.
    pub ready: Duration,
}

/// A thread that was off its core for less than this since the last reading is not read again: its time in the run
/// queue was no longer.
const NOTICEABLE: Duration = Duration::from_micros(20);

/// The step in which the system counts CPU time. Windows adds a whole tick of its clock (15.625 ms, unless a program
/// asked for shorter ones) to the thread that is running at the tick; other systems count nanoseconds or microseconds.
pub const STEP: Duration = Duration::from_micros(if cfg!(windows) { 15_625 } else { 1 });

/// Returns the times of this thread since it began.
///
/// A reading takes 0.3 µs, and 8 µs if the thread was off its core since the last one: only then can the time in the
/// run queue have changed.
pub fn usage() -> Usage {
    thread_local!(static LAST: Cell<Option<(Instant, Usage)>> = const { Cell::new(None) });
    let (now, working) = (Instant::now(), ThreadTime::now().as_duration());
    let ready = match LAST.get() {
        Some((then, last))
            if (now - then).saturating_sub(working.saturating_sub(last.working)) < NOTICEABLE =>
        {
            last.ready
        }
        last => run_queue().unwrap_or(last.map_or(Duration::ZERO, |(_, last)| last.ready)),
    };
    let usage = Usage { working, ready };
    LAST.set(Some((now, usage)));
    usage + ADDED.get()
}

thread_local! {
    static ADDED: Cell<Usage> =
        const { Cell::new(Usage { working: Duration::ZERO, ready: Duration::ZERO }) };
}

/// Adds the work of another process or thread to this one, which waits for its result.
pub fn add_work(usage: Usage) {
    ADDED.set(ADDED.get() + usage);
}

/// A turn that a task had on its thread.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// When it began.
    pub start: Instant,
    /// When it ended.
    pub end: Instant,
    /// The thread's times in it.
    pub usage: Usage,
    /// When the previous turn on this thread ended; for the first turn, its own start.
    pub last_end: Instant,
    /// CPU time of the thread since the previous turn.
    pub before: Duration,
}

/// Measures a turn with one reading: of the time that the thread worked and was ready since the previous turn, this turn
/// gets as much as fits into it.
pub fn measure<T>(poll: impl FnOnce() -> T) -> (T, Turn) {
    thread_local!(static LAST: Cell<Option<(Instant, Usage)>> = const { Cell::new(None) });
    let start = Instant::now();
    let (last_end, last) = LAST.get().unwrap_or_else(|| (start, usage()));
    let result = poll();
    let (end, now) = (Instant::now(), usage());
    LAST.set(Some((end, now)));
    let all = now - last;
    let working = all.working.min(end - start);
    let ready = all.ready.min(end - start - working);
    let (usage, before) = (Usage { working, ready }, all.working - working);
    (result, Turn { start, end, usage, last_end, before })
}

/// Whether the system distinguishes a ready thread from a waiting one.
pub fn tells_ready() -> bool {
    static TELLS: OnceLock<bool> = OnceLock::new();
    *TELLS.get_or_init(|| run_queue().is_some())
}

/// How long this thread was in the run queue; `None` if the system does not count that.
fn run_queue() -> Option<Duration> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let mut text = [0; 96]; // three numbers of 64 bits
    let length = File::open("/proc/thread-self/schedstat").ok()?.read(&mut text).ok()?;
    parse(std::str::from_utf8(&text[..length]).ok()?)
}

/// Time on a core, time in the run queue, turns. A kernel that is built without these statistics has zeros.
fn parse(text: &str) -> Option<Duration> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
    let on_a_core = numbers.next()?.ok()?;
    let in_the_queue = numbers.next()?.ok()?;
    (on_a_core > 0).then(|| Duration::from_nanos(in_the_queue))
}

/// A waker that notes when its task was woken.
#[derive(Debug)]
pub struct Alarm {
    waker: Waker,
    rang: Mutex<Option<Instant>>,
}

impl Alarm {
    /// Makes one for the task that this waker wakes.
    pub fn new(waker: &Waker) -> Arc<Self> {
        let alarm = Arc::new(Self { waker: waker.clone(), rang: Mutex::default() });
        let mut alarms = alarms();
        if alarms.len() == alarms.capacity() {
            alarms.retain(|alarm| alarm.strong_count() > 0);
        }
        alarms.push(Arc::downgrade(&alarm));
        alarm
    }

    /// Whether it wakes the same task as this waker.
    pub fn wakes(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    /// Returns when the task was first woken since the last call.
    pub fn rang(&self) -> Option<Instant> {
        self.rang.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Wakes all tasks that have an alarm.
pub fn wake_all() {
    let all = mem::take(&mut *alarms());
    all.iter().filter_map(Weak::upgrade).for_each(Alarm::wake);
}

fn alarms() -> MutexGuard<'static, Vec<Weak<Alarm>>> {
    static ALARMS: Mutex<Vec<Weak<Alarm>>> = Mutex::new(Vec::new());
    ALARMS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut rang = self.rang.lock().unwrap_or_else(PoisonError::into_inner);
        rang.get_or_insert_with(Instant::now);
        drop(rang); // the task may be polled on another thread before this returns
        self.waker.wake_by_ref();
    }
}

impl Sub for Usage {
    type Output = Self;

    /// The times since `earlier`.
    fn sub(self, earlier: Self) -> Self {
        Self {
            working: self.working.saturating_sub(earlier.working),
            ready: self.ready.saturating_sub(earlier.ready),
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { working: self.working + other.working, ready: self.ready + other.ready }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_number_is_the_time_in_the_run_queue() {
        assert_eq!(parse("623520 6728503 1\n"), Some(Duration::from_nanos(6_728_503)));
        assert_eq!(parse("0 0 0\n"), None);
        assert_eq!(parse("12\n"), None);
        assert_eq!(parse("soon later 1\n"), None);
    }

    /// With four times as many threads as cores, each is ready for most of the time. A sleeping thread is not.
    #[test]
    fn threads_that_compute_side_by_side_are_ready_and_a_sleeping_one_is_not() {
        let computes = || {
            let (start, before) = (Instant::now(), usage());
            while start.elapsed() < Duration::from_millis(200) {}
            (start.elapsed(), usage() - before)
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let times: Vec<(Duration, Usage)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4 * cores).map(|_| scope.spawn(computes)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let took: Duration = times.iter().map(|(took, _)| *took).sum();
        let all = times.iter().fold(Usage::default(), |all, (_, usage)| all + *usage);
        if tells_ready() {
            let part = all.ready.as_secs_f64() / took.as_secs_f64();
            assert!((0.5..=1.0).contains(&part), "{all:?} of {took:?}");
        } else {
            assert_eq!(all.ready, Duration::ZERO);
        }
        let (start, before) = (Instant::now(), usage());
        std::thread::sleep(Duration::from_millis(100));
        let slept = usage() - before;
        assert!(slept.working + slept.ready < start.elapsed() / 2, "{slept:?}");
    }
}
