//! `--trace`: prints each step of the loop.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::sync::OnceLock;
use std::task::Poll;

use common::Run;
use harness::Switch;

/// `--trace`
pub(crate) const SWITCH: Switch =
    Switch::new("trace", "Print each step: which task runs, why it stops, who wakes it");

/// The run that prints the steps, if they are to be printed.
static RUN: OnceLock<&'static Run> = OnceLock::new();

thread_local! {
    /// The task that has its turn on this thread, and what it has to wait for.
    static TURN: RefCell<Option<(usize, Vec<String>)>> = const { RefCell::new(None) };
    static HAS_ASKED: Cell<bool> = const { Cell::new(false) };
    /// What wakes a task now: a socket, a timer.
    static CAUSE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Prints the steps of this run from now on, if that is wanted.
pub(crate) fn start(run: &'static Run, is_wanted: bool) {
    if is_wanted {
        let _ = RUN.set(run);
    }
}

/// Polls a task: its turn.
pub(crate) fn turn(task: usize, poll: impl FnOnce() -> Poll<()>) -> Poll<()> {
    let Some(run) = RUN.get() else { return poll() };
    TURN.set(Some((task, Vec::new())));
    let poll = poll();
    let waits_for = TURN.take().unwrap_or_default().1;
    let task = named(task);
    run.note(match &waits_for[..] {
        _ if poll.is_ready() => format!("{task} runs, and ends"),
        [] => format!("{task} runs, and lets the others run"),
        [..] => format!("{task} runs, and must wait for {}", waits_for.join(" or ")),
    });
    poll
}

/// The task that has its turn must wait for this.
pub(crate) fn waits_for(what: impl Display) {
    if RUN.get().is_some() {
        TURN.with_borrow_mut(|turn| turn.iter_mut().for_each(|it| it.1.push(what.to_string())));
    }
}

/// The task that has its turn no longer waits for this.
pub(crate) fn gives_up(what: impl Display) {
    if RUN.get().is_some() {
        let what = format!("{what} ");
        let is_it = |its: &str| format!("{its} ").starts_with(&what);
        TURN.with_borrow_mut(|turn| turn.iter_mut().for_each(|it| it.1.retain(|its| !is_it(its))));
    }
}

/// The loop asks the system what has come. It is told with the first task that is woken by the answer.
pub(crate) fn asks() {
    HAS_ASKED.set(true);
}

/// Whatever is woken meanwhile is woken by this.
pub(crate) fn by(cause: impl Display, wake: impl FnOnce()) {
    if let Some(run) = RUN.get() {
        if HAS_ASKED.take() {
            run.note("the loop asks the system: which socket is ready, which time has come?");
        }
        CAUSE.set(Some(cause.to_string()));
    }
    wake();
    CAUSE.set(None);
}

/// A task was woken.
pub(crate) fn woken(task: usize) {
    let Some(run) = RUN.get() else { return };
    let of_turn = || TURN.with_borrow(|turn| turn.as_ref().map(|(task, _)| named(*task)));
    let cause = CAUSE.with_borrow(Option::clone).or_else(of_turn);
    let cause = cause.unwrap_or_else(|| "another thread".into());
    run.note(format!("{cause} wakes {}", named(task)));
}

fn named(task: usize) -> String {
    format!("task {}", task + 1)
}
