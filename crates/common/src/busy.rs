//! How long a thread keeps a processor busy.

use std::cell::Cell;
use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};
use timeline::Turn;

thread_local! {
    /// What other processes worked for this thread.
    static ELSEWHERE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// What is known of the turns that were measured on it.
    static TURNS: Cell<Option<Turns>> = const { Cell::new(None) };
}

/// A turn that begins sooner after another than a thread falls asleep and wakes up follows it at once:
/// the thread worked in between.
const AT_ONCE: Duration = Duration::from_micros(10);
/// The clock of the thread is asked after so long at the latest. Until then it is taken for working: if
/// the system let another run, that was for longer, and the clock is asked.
const LONGEST_UNASKED: Duration = Duration::from_millis(1);

/// The thread's clock is a system call, and with one before and one after each turn a run of many short
/// turns took 2 to 4 % longer. So for turns that follow each other at once it is asked once for all.
#[derive(Clone, Copy)]
struct Turns {
    /// When the last one ended.
    end: Duration,
    /// When the thread's clock was asked the last time, and what it said.
    asked: Duration,
    busy: Duration,
    /// What was told of the thread's work since.
    told: Duration,
}

/// The CPU time that this thread has used so far.
///
/// A call takes about 0.25 µs on Linux, where it counts in nanoseconds. Windows counts in steps of
/// 15.6 ms (`GetThreadTimes`): there, only the sum over a longer run is about right.
pub fn thread_time() -> Duration {
    ThreadTime::now().as_duration()
}

/// Another process worked so long for what this thread waits for: it counts as this thread's work.
pub fn worked_elsewhere(time: Duration) {
    ELSEWHERE.set(ELSEWHERE.get() + time);
}

/// The CPU time of this thread, and of what was done for it elsewhere.
pub(crate) fn of_thread() -> Duration {
    thread_time() + ELSEWHERE.get()
}

/// The CPU time of all threads of this process.
pub(crate) fn of_process() -> Duration {
    ProcessTime::now().as_duration()
}

/// When the last turn ended that was measured on this thread, if one was.
pub(crate) fn end_of_last_turn() -> Option<Duration> {
    TURNS.get().map(|turns| turns.end)
}

/// Does `turn`, which has this thread to itself, and measures it; `now` is the clock of the run.
pub(crate) fn take_turn<T>(now: impl Fn() -> Duration, turn: impl FnOnce() -> T) -> (Turn, T) {
    let start = now();
    let first = || Turns { end: start, asked: start, busy: thread_time(), told: Duration::ZERO };
    let mut turns = TURNS.get().unwrap_or_else(first);
    let result = turn();
    let end = now();
    let (mut before, mut working) = (start.saturating_sub(turns.end), end.saturating_sub(start));
    if before < AT_ONCE && end.saturating_sub(turns.asked) < LONGEST_UNASKED {
        turns.told += before + working;
    } else {
        let busy = thread_time();
        let untold = busy.saturating_sub(turns.busy).saturating_sub(turns.told);
        working = working.min(untold);
        before = untold - working;
        turns = Turns { asked: end, busy, told: Duration::ZERO, ..turns };
    }
    TURNS.set(Some(Turns { end, ..turns }));
    (Turn { start, end, working, before }, result)
}
