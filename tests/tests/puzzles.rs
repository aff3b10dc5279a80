//! The puzzles' replays: what a lesson's own code does in each order that a reader of the book may choose.
//!
//! The code is the lessons' own, with shuttle's types in place of the standard library's, as in `interleavings.rs`; here
//! each operation on them is recorded as well. For each order of a puzzle, shuttle runs that code, and the thread whose
//! turn it is goes on until its next operation is recorded. What was recorded and returned must be what the puzzle says,
//! and what lies in the file of its replays: that is what the book and the terminal show.
//!
//! Where the code is async, a few lines here stand for the event loop: they poll the task whose turn it is.
//!
//! `REPLAYS=write cargo test -p tests --features interleavings --test puzzles` writes these files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::{env, fs};

use scheduler::{Actor, Graph, Next, Puzzle, Replay};
use shuttle::scheduler::{DfsScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, Runner};

/// What is recorded of a run. All threads of a model are on one of the system's.
#[derive(Default)]
struct Record {
    /// The operations that the puzzle asks for; the others are passed over.
    wanted: BTreeSet<String>,
    /// The letters of shuttle's tasks, from the first one.
    letters: Vec<Option<char>>,
    log: Vec<String>,
    /// Whose turn is next by the order; `None` after its end.
    turns: Vec<char>,
    /// Whose wait has timed out since somebody was woken last,
    timed_out: Option<char>,
    /// and that it waits again: until somebody is woken.
    waits: Option<char>,
}

impl Record {
    /// Whose operation is to be the next.
    fn turn(&self) -> Option<char> {
        self.turns.get(self.log.len()).copied()
    }

    fn letter(&self) -> Option<char> {
        let task = shuttle::current::try_get_current_task().map(usize::from);
        self.letters.get(task?).copied()?
    }
}

/// Begins to wait for a while.
fn wait() {
    RECORD.with_borrow_mut(|record| {
        let letter = record.letter();
        record.waits = letter.filter(|_| letter == record.timed_out).or(record.waits);
    });
}

/// Ends it; says whether it has timed out: once, when the thread has its turn by the order.
fn has_timed_out() -> bool {
    RECORD.with_borrow_mut(|record| {
        let letter = record.letter();
        record.waits = record.waits.filter(|_| letter != record.waits);
        let has = letter.is_some() && letter == record.turn() && letter != record.timed_out;
        record.timed_out = letter.filter(|_| has).or(record.timed_out);
        has
    })
}

fn all_are_woken() {
    RECORD.with_borrow_mut(|record| (record.timed_out, record.waits) = (None, None));
}

thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
}

/// Records an operation of the thread that runs. What is done while a deadlock is cleared away is none.
fn record(operation: &str, value: Option<String>) {
    if std::thread::panicking() {
        return;
    }
    RECORD.with_borrow_mut(|record| {
        let Some(letter) = tasks::polled().or_else(|| record.letter()) else { return };
        if record.wanted.contains(operation) {
            let value = value.map(|value| format!(" {value}")).unwrap_or_default();
            record.log.push(format!("{letter} {operation}{value}"));
        }
    });
}

/// Has the threads take their turns in an order: each goes on until its next operation is recorded.
struct Follow {
    has_begun: bool,
}

impl Scheduler for Follow {
    fn new_execution(&mut self) -> Option<Schedule> {
        (!std::mem::replace(&mut self.has_begun, true)).then(|| Schedule::new(0))
    }

    fn next_task(&mut self, can_run: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        let letter =
            |task: &Task| RECORD.with_borrow(|it| *it.letters.get(usize::from(task.id()))?);
        let (turn, waits) = RECORD.with_borrow(|record| (record.turn(), record.waits));
        // A turn that cannot be taken yet: the others go on until it can.
        let has_turn = |task: &&&Task| turn.is_some() && letter(task) == turn && waits != turn;
        let other = |task: &&&Task| waits.is_none() || letter(task) != waits;
        let mut can_run = can_run.iter();
        let task = can_run.clone().find(has_turn).or_else(|| can_run.find(other))?;
        Some(task.id())
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Runs a model in this order of operations.
fn replay(puzzle: &Puzzle, first: usize, order: &str, model: fn() -> u64) -> Replay {
    let steps = puzzle.actors.iter().flat_map(|actor| &actor.steps);
    let wanted = steps.filter_map(|step| step.operation.clone()).collect();
    let letters = puzzle.actors.iter().map(|actor| Some(actor.letter));
    let letters = std::iter::repeat_n(None, first).chain(letters).collect();
    let turns = order.chars().collect();
    RECORD.set(Record { wanted, letters, turns, ..Record::default() });
    let returned = std::sync::Arc::new(std::sync::Mutex::new(None));
    let result = std::sync::Arc::clone(&returned);
    let mut config = Config::new();
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::None;
    let follow = Follow { has_begun: false };
    let run =
        || Runner::new(follow, config).run(move || *result.lock().expect("one") = Some(model()));
    let ended = panic::catch_unwind(AssertUnwindSafe(run));
    let log = RECORD.take().log;
    let outcome = match (ended, *returned.lock().expect("one")) {
        (Ok(_), Some(number)) => puzzle.outcome(Some(number as i64)),
        (Ok(_), None) => panic!("{order}: shuttle ran nothing"),
        (Err(words), _) => {
            let words = words.downcast_ref::<String>().map_or("", String::as_str);
            assert!(words.starts_with("deadlock! "), "{}, {order}: {words}", puzzle.name);
            puzzle.outcome(None)
        }
    };
    Replay { outcome, log }
}

/// Has the tasks of an async model take their turns in this order.
fn replay_tasks(puzzle: &Puzzle, order: &str, model: fn() -> u64) -> Replay {
    let steps = puzzle.actors.iter().flat_map(|actor| &actor.steps);
    let wanted = steps.filter_map(|step| step.operation.clone()).collect();
    RECORD.set(Record { wanted, ..Record::default() });
    tasks::take_turns_in(order);
    let outcome = puzzle.outcome(Some(model() as i64));
    Replay { outcome, log: RECORD.take().log }
}

/// What stands for an event loop, and what makes its tasks wait.
mod tasks {
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    thread_local! {
        static TURNS: RefCell<String> = RefCell::default();
        static POLLED: Cell<Option<char>> = const { Cell::new(None) };
    }

    pub(super) fn take_turns_in(order: &str) {
        TURNS.set(order.into());
    }

    /// The task that has its turn.
    pub(super) fn polled() -> Option<char> {
        POLLED.get()
    }

    /// Runs what awaits nothing but such tasks.
    pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("it waits for something else than its tasks"),
        }
    }

    /// Waits for one turn.
    pub(super) async fn yield_now() {
        super::record("await", None);
        let mut has_waited = false;
        poll_fn(|_| {
            if std::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[derive(Default)]
    pub(super) struct JoinSet(Vec<Pin<Box<dyn Future<Output = ()>>>>);

    impl JoinSet {
        pub(super) fn new() -> Self {
            Self::default()
        }

        pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + 'static) {
            self.0.push(Box::pin(task));
        }

        /// Task A, then B and so on are those that were spawned first. Each turn is one poll.
        pub(super) async fn join_all(self) {
            let mut tasks: Vec<_> = self.0.into_iter().map(Some).collect();
            for letter in TURNS.take().chars() {
                let task = &mut tasks[letter as usize - 'A' as usize];
                POLLED.set(Some(letter));
                let future = task.as_mut().expect("it has not ended before");
                if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    *task = None;
                }
                POLLED.set(None);
            }
            assert!(tasks.iter().all(Option::is_none), "a task has not ended");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn puzzle(name: &str) -> Puzzle {
    let puzzles = scheduler::find(&root()).expect("they can be read");
    puzzles.into_iter().find(|puzzle| puzzle.name == name).expect("it is there")
}

/// That the code does in every order what the puzzle says, and what lies beside it. `first`: the number of shuttle's task
/// that is A; 0 is the thread that calls.
fn check(name: &str, first: usize, model: fn() -> u64) {
    check_with(name, |puzzle, order| replay(puzzle, first, order, model));
}

/// The same; and the outcomes are all those that shuttle finds when it tries every order by itself.
fn check_all(name: &str, first: usize, model: fn() -> u64) {
    check(name, first, model);
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&outcomes);
    let mut config = Config::new();
    config.silence_warnings = true;
    Runner::new(DfsScheduler::new(None, false), config).run(move || {
        seen.lock().expect("no thread panics").insert(model() as i64);
    });
    let puzzle = puzzle(name);
    let outcomes = std::mem::take(&mut *outcomes.lock().expect("no thread panicked"));
    let outcomes: BTreeSet<String> =
        outcomes.into_iter().map(|number| puzzle.outcome(Some(number))).collect();
    let replayed = puzzle.replays.into_values().map(|replay| replay.outcome);
    assert_eq!(outcomes, replayed.collect(), "{name}");
}

fn check_with(name: &str, replay: impl Fn(&Puzzle, &str) -> Replay) {
    let puzzle = puzzle(name);
    let mut replays = BTreeMap::new();
    for order in Graph::new(&puzzle).orders() {
        let seen = puzzle.seen(&order);
        let replay = replays.entry(seen.clone()).or_insert_with(|| replay(&puzzle, &seen));
        assert_eq!(*replay, puzzle.expected(&order), "{name}: {seen}");
    }
    assert!(replays.len() > 1, "{name} has one order");
    let graph = Graph::new(&puzzle);
    for (before, actor, after) in waits(&graph) {
        let [begun, whole] = [&before, &[&before[..], &after].concat()].map(|it| puzzle.seen(it));
        let (Actor { letter, steps, .. }, rest) = (&puzzle.actors[actor], &whole[begun.len()..]);
        let turns = format!("{begun}{letter}");
        if replays.keys().any(|order| order.starts_with(&turns)) {
            // Another order looks the same so far, and there it does not wait: for a lock that is taken unseen.
            let taken = before.iter().filter(|it| **it == actor).count();
            assert_eq!(steps[taken].operation, None, "{name}: {turns}");
            continue;
        }
        let Replay { log, .. } = replay(&puzzle, &format!("{turns}{rest}"));
        let (log, next) = log.split_at(begun.len().min(log.len()));
        assert_eq!(log, puzzle.expected(&before).log, "{name}: {begun}");
        let goes_on = next.first().is_some_and(|step| step.starts_with(*letter));
        assert!(!goes_on, "{name}: after {begun}, {letter} does not wait: {next:?}");
    }
    let file = root().join(puzzle.replays_file());
    let lines: String = replays.iter().map(|(order, replay)| replay.line(order)).collect();
    let text = format!("# What {} did, by the order of its operations.\n{lines}", puzzle.calls);
    if env::var_os("REPLAYS").is_some_and(|what| what == "write") {
        fs::write(&file, &text).expect("it can be written");
    }
    let lies_there = fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
    assert_eq!(lies_there, text, "{}: run this with REPLAYS=write", file.display());
}

/// Each state in which an actor has to wait: an order that leads there, that actor, and how it goes on without it.
fn waits(graph: &Graph) -> Vec<(Vec<usize>, usize, Vec<usize>)> {
    let steps = |at: usize| {
        let next = graph.nodes[at].next.iter().enumerate();
        next.filter_map(|(actor, next)| match *next {
            Next::Node(next) => Some((actor, next)),
            Next::Blocked | Next::Ended => None,
        })
    };
    let (mut known, mut found) = (BTreeMap::from([(0, Vec::new())]), Vec::new());
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        let before: Vec<usize> = known[&at].clone();
        let (mut after, mut end) = (Vec::new(), at);
        while let Some((actor, next)) = steps(end).next() {
            after.push(actor);
            end = next;
        }
        for (actor, next) in graph.nodes[at].next.iter().enumerate() {
            if *next == Next::Blocked {
                found.push((before.clone(), actor, after.clone()));
            }
        }
        for (actor, next) in steps(at) {
            known.entry(next).or_insert_with(|| {
                open.push(next);
                [&before[..], &[actor]].concat()
            });
        }
    }
    found
}

/// What stands for the standard library: shuttle's types, whose operations are recorded.
mod model {
    pub(crate) use shuttle::thread;

    pub(crate) mod cell {
        use crate::record;

        pub(crate) struct Cell<T>(std::cell::Cell<T>);

        impl Cell<u64> {
            pub(crate) fn new(value: u64) -> Self {
                Self(std::cell::Cell::new(value))
            }

            pub(crate) fn get(&self) -> u64 {
                let read = self.0.get();
                record("get", Some(read.to_string()));
                read
            }

            pub(crate) fn set(&self, value: u64) {
                self.0.set(value);
                record("set", Some(value.to_string()));
            }
        }
    }

    pub(crate) mod sync {
        use std::fmt::Debug;
        use std::ops::{Deref, DerefMut};

        pub(crate) use std::sync::Arc;

        pub(crate) use shuttle::sync::{Barrier, LockResult};

        pub(crate) mod mpsc {
            use shuttle::sync::mpsc;

            use crate::record;

            pub(crate) struct SyncSender<T>(mpsc::SyncSender<T>);

            #[derive(Debug)]
            pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

            pub(crate) fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
                let (sender, receiver) = mpsc::sync_channel(bound);
                (SyncSender(sender), Receiver(receiver))
            }

            impl<T> SyncSender<T> {
                pub(crate) fn send(&self, value: T) -> Result<(), mpsc::SendError<T>> {
                    self.0.send(value)?;
                    record("send", None);
                    Ok(())
                }
            }

            impl<T> Receiver<T> {
                pub(crate) fn recv(&self) -> Result<T, mpsc::RecvError> {
                    let value = self.0.recv()?;
                    record("recv", None);
                    Ok(value)
                }
            }
        }

        use crate::record;

        pub(crate) mod atomic {
            pub(crate) use shuttle::sync::atomic::Ordering;

            pub(crate) use shuttle::sync::atomic::AtomicBool;

            use crate::record;

            pub(crate) struct AtomicU64(shuttle::sync::atomic::AtomicU64);

            impl AtomicU64 {
                pub(crate) fn new(value: u64) -> Self {
                    Self(shuttle::sync::atomic::AtomicU64::new(value))
                }

                pub(crate) fn load(&self, order: Ordering) -> u64 {
                    let read = self.0.load(order);
                    record("load", Some(read.to_string()));
                    read
                }

                pub(crate) fn store(&self, value: u64, order: Ordering) {
                    self.0.store(value, order);
                    record("store", Some(value.to_string()));
                }

                pub(crate) fn swap(&self, value: u64, order: Ordering) -> u64 {
                    self.0.swap(value, order)
                }

                pub(crate) fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
                    self.0.fetch_add(value, order)
                }

                pub(crate) fn into_inner(self) -> u64 {
                    self.0.into_inner()
                }
            }
        }

        #[derive(Debug, Default)]
        pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

        pub(crate) struct MutexGuard<'a, T: Debug>(
            Option<shuttle::sync::MutexGuard<'a, T>>,
            &'a Mutex<T>,
        );

        impl<T: Debug> Mutex<T> {
            pub(crate) fn new(value: T) -> Self {
                Self(shuttle::sync::Mutex::new(value))
            }

            pub(crate) fn lock(&self) -> Result<MutexGuard<'_, T>, &'static str> {
                let guard = self.0.lock().map_err(|_| "a thread panicked with it")?;
                record("lock", None);
                Ok(MutexGuard(Some(guard), self))
            }

            pub(crate) fn into_inner(self) -> LockResult<T> {
                self.0.into_inner()
            }
        }

        /// Where a wait ends soon, with or without its time: shuttle knows no time, and the order decides. The thread whose
        /// turn it is has waited long enough; then the others go on until one of them wakes it.
        #[derive(Debug, Default)]
        pub(crate) struct Condvar;

        pub(crate) struct WaitTimeoutResult(bool);

        impl WaitTimeoutResult {
            pub(crate) fn timed_out(&self) -> bool {
                self.0
            }
        }

        type Waited<'a, T> = Result<(MutexGuard<'a, T>, WaitTimeoutResult), &'static str>;

        impl Condvar {
            pub(crate) fn wait_timeout<'a, T: Debug>(
                &self,
                guard: MutexGuard<'a, T>,
                _time: std::time::Duration,
            ) -> Waited<'a, T> {
                let mutex = guard.1;
                drop(guard);
                crate::wait();
                shuttle::thread::yield_now();
                let guard = mutex.lock()?;
                Ok((guard, WaitTimeoutResult(crate::has_timed_out())))
            }

            pub(crate) fn notify_all(&self) {
                crate::all_are_woken();
            }
        }

        impl<T: Debug> Deref for MutexGuard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                self.0.as_ref().expect("it is taken when it is dropped")
            }
        }

        impl<T: Debug> DerefMut for MutexGuard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                self.0.as_mut().expect("it is taken when it is dropped")
            }
        }

        impl<T: Debug> Drop for MutexGuard<'_, T> {
            fn drop(&mut self) {
                let value = format!("{:?}", **self);
                drop(self.0.take());
                record("unlock", Some(value));
            }
        }
    }
}

#[path = "models/downloads.rs"]
#[expect(dead_code, reason = "no puzzle has a Ctrl-C")]
mod downloads;
#[path = "models/interleaving.rs"]
mod interleaving;

/// `crates/lessons/race_counter/src/main.rs`
mod race_counter {
    #![expect(dead_code, reason = "not all of its ways have a puzzle")]

    use super::check_all;
    use super::interleaving::Interleaving;

    include!(concat!(env!("OUT_DIR"), "/race_counter.rs"));

    #[test]
    fn unprotected_additions() {
        check_all("lost_update", 1, || unprotected(2, 1));
        check_all("two_each", 1, || unprotected(2, 2));
    }

    #[test]
    fn locked_additions() {
        check_all("locked", 1, || mutex(2, 1));
    }
}

/// `crates/lessons/race_counter/examples/lock_twice.rs`
mod lock_twice {
    #![expect(dead_code, reason = "not all of its ways have a puzzle")]

    use super::check_all;
    use super::interleaving::Interleaving;

    include!(concat!(env!("OUT_DIR"), "/lock_twice.rs"));

    #[test]
    fn additions_whose_every_access_is_locked() {
        check_all("locked_twice", 1, || mutex(2, 1));
    }
}

/// `crates/lessons/race_counter/examples/opposite_order.rs`
mod opposite_order {
    use super::check;

    include!(concat!(env!("OUT_DIR"), "/opposite_order.rs"));

    #[test]
    fn transfers_that_take_two_locks_in_opposite_order() {
        check("two_locks", 1, || {
            let accounts = &[Mutex::new(10), Mutex::new(10)];
            thread::scope(|scope| {
                let transfers = [(0, 1), (1, 0)]
                    .map(|(from, to)| scope.spawn(move || transfer(accounts, from, to)));
                transfers.into_iter().map(|one| one.join().expect("no thread panics")).sum()
            })
        });
    }
}

/// `crates/further/work_queue/src/main.rs`
mod work_queue {
    #![expect(dead_code, reason = "what its help says is for the command line")]

    use super::check;
    use super::downloads::{Run, Sites, http_clients, ureq};

    include!(concat!(env!("OUT_DIR"), "/work_queue.rs"));

    #[test]
    fn pages_in_a_queue_with_room_for_two() {
        check("bounded_queue", 0, || {
            let run = Run::new(1);
            download_all_sites(&run, &Sites::new(4), false);
            run.into_begun().len() as u64
        });
    }
}

/// `crates/lessons/async_downloader/src/main.rs`
mod async_downloader {
    use tokio::sync::Semaphore;

    use super::downloads::Sites;
    use super::tasks::{JoinSet, block_on};
    use super::{check_with, replay_tasks};

    include!(concat!(env!("OUT_DIR"), "/async_downloader.rs"));

    use std::cell::Cell;

    /// Counts the pages that are in flight, and those that have ended.
    struct Run {
        workers: usize,
        in_flight: Cell<u64>,
        ended: Cell<u64>,
    }

    impl Run {
        fn begin(&'static self, _url: &str) -> Option<Page> {
            self.in_flight.set(self.in_flight.get() + 1);
            super::record("begin", Some(self.in_flight.get().to_string()));
            Some(Page(self))
        }
    }

    struct Page(&'static Run);

    impl Page {
        async fn end_after(self, page: impl Future<Output = Result<u64, reqwest::Error>>) {
            assert!(page.await.is_ok());
            self.0.in_flight.set(self.0.in_flight.get() - 1);
            self.0.ended.set(self.0.ended.get() + 1);
            super::record("end", Some(self.0.in_flight.get().to_string()));
        }
    }

    mod http_clients {
        use std::time::Duration;

        pub(super) fn session(_timeout: Duration, _proxy: bool) -> super::reqwest::Client {
            super::reqwest::Client
        }
    }

    /// A client, a request, an answer and its body: the answer comes one turn after the request.
    mod reqwest {
        #[derive(Clone)]
        pub(super) struct Client;

        pub(super) struct Answer(Option<&'static [u8]>);

        pub(super) struct Error;

        impl Client {
            pub(super) fn get(&self, _url: &str) -> Self {
                Self
            }

            pub(super) async fn send(self) -> Result<Answer, Error> {
                crate::tasks::yield_now().await;
                Ok(Answer(Some(b"a page")))
            }
        }

        impl Answer {
            pub(super) fn error_for_status(self) -> Result<Self, Error> {
                Ok(self)
            }

            pub(super) async fn chunk(&mut self) -> Result<Option<&'static [u8]>, Error> {
                Ok(self.0.take())
            }
        }
    }

    #[test]
    fn pages_with_two_permits() {
        check_with("semaphore", |puzzle, order| {
            replay_tasks(puzzle, order, || {
                let run = Run { workers: 2, in_flight: Cell::new(0), ended: Cell::new(0) };
                let run: &Run = Box::leak(Box::new(run));
                let sites = Box::leak(Box::new(Sites::new(3)));
                block_on(download_all_sites(run, sites));
                run.ended.get()
            })
        });
    }
}

/// `crates/further/sequential_await/examples/await_between.rs`
mod await_between {
    use super::tasks::{JoinSet, block_on, yield_now};
    use super::{check_with, replay_tasks};

    include!(concat!(env!("OUT_DIR"), "/await_between.rs"));

    /// Two tasks that add to one counter.
    fn add_twice<F: Future<Output = ()> + 'static>(add: fn(&'static Cell<u64>) -> F) -> u64 {
        let counter: &Cell<u64> = Box::leak(Box::new(Cell::new(0)));
        let mut tasks = JoinSet::new();
        tasks.spawn(add(counter));
        tasks.spawn(add(counter));
        block_on(tasks.join_all());
        counter.get()
    }

    #[test]
    fn an_await_between_read_and_write_and_one_before() {
        check_with("await_between", |puzzle, order| {
            replay_tasks(puzzle, order, || add_twice(await_between))
        });
        check_with("await_before", |puzzle, order| {
            replay_tasks(puzzle, order, || add_twice(await_before))
        });
    }
}

/// `crates/further/gil_cpu/src/gil.rs`
mod gil {
    include!(concat!(env!("OUT_DIR"), "/gil.rs"));
}

/// `crates/further/gil_cpu/examples/gil_counter.rs`
mod gil_counter {
    #![expect(dead_code, reason = "the addition without a call has no puzzle")]

    use super::check;
    use super::gil::Gil;

    include!(concat!(env!("OUT_DIR"), "/gil_counter.rs"));

    #[test]
    fn additions_under_a_gil() {
        check("gil", 1, || count(2, 1, Duration::ZERO, add_int_1));
    }
}
