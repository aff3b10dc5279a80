//! The puzzles' replays: what a lesson's own code does in each order that a reader of the book may choose.
//!
//! The code is the lessons' own, with shuttle's types in place of the standard library's, as in `interleavings.rs`; here
//! each operation on them is recorded as well. For each order of a puzzle, shuttle runs that code, and the thread whose
//! turn it is goes on until its next operation is recorded. What was recorded and returned must be what the puzzle says,
//! and what lies in the file of its replays: that is what the book and the terminal show.
//!
//! `REPLAYS=write cargo test -p tests --features interleavings --test puzzles` writes these files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::{env, fs};

use scheduler::{Graph, Puzzle, Replay};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, Runner};

/// What is recorded of a run. All threads of a model are on one of the system's.
#[derive(Default)]
struct Record {
    /// The operations that the puzzle asks for; the others are passed over.
    wanted: BTreeSet<String>,
    /// The letters of shuttle's tasks, from the first one.
    letters: Vec<Option<char>>,
    log: Vec<String>,
}

thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
}

/// Records an operation of the thread that runs. What is done while a deadlock is cleared away is none.
fn record(operation: &str, value: Option<String>) {
    if std::thread::panicking() {
        return;
    }
    let task = usize::from(shuttle::current::me());
    RECORD.with_borrow_mut(|record| {
        let Some(letter) = record.letters.get(task).copied().flatten() else { return };
        if record.wanted.contains(operation) {
            let value = value.map(|value| format!(" {value}")).unwrap_or_default();
            record.log.push(format!("{letter} {operation}{value}"));
        }
    });
}

/// Has the threads take their turns in an order: each goes on until its next operation is recorded.
struct Follow {
    order: Option<String>,
    turns: Vec<char>,
}

impl Scheduler for Follow {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.turns = self.order.take()?.chars().collect();
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, can_run: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        let turn = RECORD.with_borrow(|record| {
            let letter = self.turns.get(record.log.len()).copied();
            record.letters.iter().position(|it| letter.is_some() && *it == letter)
        });
        // One that was not started yet, or an order that has ended: the others go on.
        let task = can_run.iter().find(|task| Some(usize::from(task.id())) == turn);
        task.or(can_run.first()).map(|task| task.id())
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
    RECORD.set(Record { wanted, letters, log: Vec::new() });
    let returned = std::sync::Arc::new(std::sync::Mutex::new(None));
    let result = std::sync::Arc::clone(&returned);
    let mut config = Config::new();
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::None;
    let follow = Follow { order: Some(order.into()), turns: Vec::new() };
    let run =
        || Runner::new(follow, config).run(move || *result.lock().expect("one") = Some(model()));
    let ended = panic::catch_unwind(AssertUnwindSafe(run));
    let log = RECORD.take().log;
    let outcome = match (ended, *returned.lock().expect("one")) {
        (Ok(_), Some(number)) => format!("returned {number}"),
        (Ok(_), None) => panic!("{order}: shuttle ran nothing"),
        (Err(words), _) => {
            let words = words.downcast_ref::<String>().map_or("", String::as_str);
            assert!(words.starts_with("deadlock! "), "{}, {order}: {words}", puzzle.name);
            "never returned".into()
        }
    };
    Replay { outcome, log }
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

fn check_with(name: &str, replay: impl Fn(&Puzzle, &str) -> Replay) {
    let puzzle = puzzle(name);
    let mut replays = BTreeMap::new();
    for order in Graph::new(&puzzle).orders() {
        let seen = puzzle.seen(&order);
        let replay = replays.entry(seen.clone()).or_insert_with(|| replay(&puzzle, &seen));
        assert_eq!(*replay, puzzle.expected(&order), "{name}: {seen}");
    }
    assert!(replays.len() > 1, "{name} has one order");
    let file = root().join(puzzle.replays_file());
    let lines: String = replays.iter().map(|(order, replay)| replay.line(order)).collect();
    let text = format!("# What {} did, by the order of its operations.\n{lines}", puzzle.calls);
    if env::var_os("REPLAYS").is_some_and(|what| what == "write") {
        fs::write(&file, &text).expect("it can be written");
    }
    let lies_there = fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
    assert_eq!(lies_there, text, "{}: run this with REPLAYS=write", file.display());
}

/// What stands for the standard library: shuttle's types, whose operations are recorded.
mod model {
    pub(crate) use shuttle::thread;

    pub(crate) mod sync {
        use std::fmt::Debug;
        use std::ops::{Deref, DerefMut};

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

        pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

        pub(crate) struct MutexGuard<'a, T: Debug>(Option<shuttle::sync::MutexGuard<'a, T>>);

        impl<T: Debug> Mutex<T> {
            pub(crate) fn new(value: T) -> Self {
                Self(shuttle::sync::Mutex::new(value))
            }

            pub(crate) fn lock(&self) -> Result<MutexGuard<'_, T>, &'static str> {
                let guard = self.0.lock().map_err(|_| "a thread panicked with it")?;
                record("lock", None);
                Ok(MutexGuard(Some(guard)))
            }

            pub(crate) fn into_inner(self) -> LockResult<T> {
                self.0.into_inner()
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

/// Stands for that of the diagram.
struct Interleaving;

impl Interleaving {
    fn read(&self, read: impl FnOnce() -> u64) -> u64 {
        read()
    }

    fn add(&self, add: impl FnOnce() -> u64) -> u64 {
        add()
    }

    fn write(&self, _sum: u64, write: impl FnOnce() -> u64) {
        write();
    }
}

/// `crates/lessons/race_counter/src/main.rs`
mod race_counter {
    #![expect(dead_code, reason = "not all of its ways have a puzzle")]

    use super::{Interleaving, check};

    include!(concat!(env!("OUT_DIR"), "/race_counter.rs"));

    #[test]
    fn unprotected_additions() {
        check("lost_update", 1, || unprotected(2, 1));
        check("two_each", 1, || unprotected(2, 2));
    }

    #[test]
    fn locked_additions() {
        check("locked", 1, || mutex(2, 1));
    }
}

/// `crates/lessons/race_counter/examples/lock_twice.rs`
mod lock_twice {
    #![expect(dead_code, reason = "not all of its ways have a puzzle")]

    use super::{Interleaving, check};

    include!(concat!(env!("OUT_DIR"), "/lock_twice.rs"));

    #[test]
    fn additions_whose_every_access_is_locked() {
        check("locked_twice", 1, || mutex(2, 1));
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
