//! How long a thread keeps a processor busy.

use std::cell::Cell;
use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};
use timeline::Turn;

thread_local! {
    /// What other processes worked for this thread.
    static ELSEWHERE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// The last turn that was measured on it: when it ended, and the thread's own time then.
    static LAST_TURN: Cell<Option<(Duration, Duration)>> = const { Cell::new(None) };
}

/// The CPU time that this thread has used so far.
///
/// A call takes about 0.25 µs on Linux, where it counts in nanoseconds. Windows counts in steps of
/// 15.6 ms (`GetThreadTimes`): there, only the sum over a longer run is right.
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
    LAST_TURN.get().map(|(end, _)| end)
}

/// Does `turn`, which has this thread to itself, and measures it; `now` is the clock of the run.
pub(crate) fn take_turn<T>(now: impl Fn() -> Duration, turn: impl FnOnce() -> T) -> (Turn, T) {
    let (start, busy) = (now(), thread_time());
    let before = LAST_TURN.get().map_or(Duration::ZERO, |(_, last)| busy.saturating_sub(last));
    let result = turn();
    let (end, busy_at_end) = (now(), thread_time());
    LAST_TURN.set(Some((end, busy_at_end)));
    (Turn { start, end, working: busy_at_end.saturating_sub(busy), before }, result)
}
