//! What lessons claim of their threads, seen in every order in which these can take their steps.
//!
//! The code is the lessons' own: `build.rs` takes it from their sources, and puts shuttle's types where the standard
//! library's were. Shuttle then decides at each step who goes on, and tries all choices, one after another. It knows
//! one order of memory, the strictest; for a lesson that has one atomic variable, all orders are the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use shuttle::scheduler::{DfsScheduler, PctScheduler, Scheduler};
use shuttle::{Config, Runner};

/// All that a model comes to, in the orders that a scheduler chooses. Where its threads wait for each other for
/// ever, it panics.
fn outcomes<T: Ord + Send + 'static>(
    scheduler: impl Scheduler + 'static,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let all = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&all);
    let mut config = Config::new();
    config.silence_warnings = true; // about the orders of memory: see above
    Runner::new(scheduler, config).run(move || {
        let outcome = model();
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    std::mem::take(&mut *all.lock().unwrap_or_else(PoisonError::into_inner))
}

/// In every order that there is.
fn in_all_orders<T: Ord + Send + 'static>(
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    outcomes(DfsScheduler::new(None, false), model)
}

/// In some of the orders, always the same ones, where there are too many.
fn in_some_orders<T: Ord + Send + 'static>(
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    outcomes(PctScheduler::new_from_seed(1, 5, 1_000), model)
}

/// What stands for the standard library.
mod model {
    pub(crate) mod thread {
        use std::io;

        use shuttle::thread::{Scope, ScopedJoinHandle};

        pub(crate) use shuttle::thread::scope;

        use crate::process_pool::plan;

        /// Starts a thread of the pool, or is refused one.
        pub(crate) struct Builder;

        impl Builder {
            pub(crate) fn new() -> Self {
                Self
            }

            pub(crate) fn name(self, _name: String) -> Self {
                self
            }

            pub(crate) fn spawn_scoped<'scope, F, T>(
                self,
                scope: &'scope Scope<'scope, '_>,
                run: F,
            ) -> io::Result<ScopedJoinHandle<'scope, T>>
            where
                F: FnOnce() -> T + Send + 'scope,
                T: Send + 'scope,
            {
                plan(|plan| &mut plan.threads)?;
                Ok(scope.spawn(run))
            }
        }
    }

    pub(crate) mod sync {
        use std::cell::Cell;
        use std::ops::{Deref, DerefMut};
        use std::time::Duration;

        pub(crate) use shuttle::sync::{Barrier, LockResult, PoisonError, atomic, mpsc};

        thread_local! {
            /// How many waits on a condition variable end with their time. A model's threads are all on one of
            /// the system's.
            pub(crate) static TIMEOUTS: Cell<usize> = const { Cell::new(0) };
        }

        /// Shuttle's, which can be taken again after a wait that has timed out.
        #[derive(Debug, Default)]
        pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

        pub(crate) struct MutexGuard<'a, T> {
            mutex: &'a Mutex<T>,
            guard: shuttle::sync::MutexGuard<'a, T>,
        }

        impl<T> Mutex<T> {
            pub(crate) fn new(value: T) -> Self {
                Self(shuttle::sync::Mutex::new(value))
            }

            pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
                self.guarded(self.0.lock())
            }

            pub(crate) fn into_inner(self) -> LockResult<T> {
                self.0.into_inner()
            }

            fn guarded<'a>(
                &'a self,
                guard: LockResult<shuttle::sync::MutexGuard<'a, T>>,
            ) -> LockResult<MutexGuard<'a, T>> {
                match guard {
                    Ok(guard) => Ok(MutexGuard { mutex: self, guard }),
                    Err(error) => {
                        let guard = error.into_inner();
                        Err(PoisonError::new(MutexGuard { mutex: self, guard }))
                    }
                }
            }
        }

        impl<T> Deref for MutexGuard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.guard
            }
        }

        impl<T> DerefMut for MutexGuard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.guard
            }
        }

        /// Shuttle's, whose waits do not time out, since it knows no time. Of these the first ones do: while the lock
        /// is free, anything may happen before it is taken again.
        #[derive(Debug, Default)]
        pub(crate) struct Condvar(shuttle::sync::Condvar);

        pub(crate) struct WaitTimeoutResult(bool);

        impl WaitTimeoutResult {
            pub(crate) fn timed_out(&self) -> bool {
                self.0
            }
        }

        impl Condvar {
            pub(crate) fn wait_timeout<'a, T>(
                &self,
                guard: MutexGuard<'a, T>,
                _time: Duration,
            ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
                let MutexGuard { mutex, guard } = guard;
                let left = TIMEOUTS.get();
                TIMEOUTS.set(left.saturating_sub(1));
                let woken = if left > 0 {
                    drop(guard);
                    mutex.lock()
                } else {
                    mutex.guarded(self.0.wait(guard))
                };
                let result = WaitTimeoutResult(left > 0);
                match woken {
                    Ok(guard) => Ok((guard, result)),
                    Err(error) => Err(PoisonError::new((error.into_inner(), result))),
                }
            }

            pub(crate) fn notify_all(&self) {
                self.0.notify_all();
            }
        }
    }
}

/// `crates/lessons/race_counter/src/main.rs`
mod race_counter {
    use super::interleaving::Interleaving;
    use super::{in_all_orders, in_some_orders};

    include!(concat!(env!("OUT_DIR"), "/race_counter.rs"));

    #[test]
    fn unprotected_additions_are_lost_in_some_orders_and_in_others_not() {
        assert_eq!(in_all_orders(|| unprotected(2, 1)), [1, 2].into());
        // However often two threads add, two is the least: one read 1 and writes at the very end.
        assert_eq!(in_all_orders(|| unprotected(2, 2)), [2, 3, 4].into());
    }

    #[test]
    fn the_wide_window_loses_in_every_order() {
        let wide = |threads, increments| {
            move || wide_window(threads, increments, &Interleaving::default())
        };
        assert_eq!(in_all_orders(wide(2, 1)), [1].into());
        assert!(in_some_orders(wide(2, 2)).into_iter().all(|counted| counted < 4));
        assert!(in_some_orders(wide(4, 3)).into_iter().all(|counted| counted < 12));
    }

    #[test]
    fn mended_additions_are_lost_in_no_order() {
        for count in [mutex, atomic_add, joined_sums] {
            assert_eq!(in_all_orders(move || count(2, 1)), [2].into());
            assert_eq!(in_all_orders(move || count(2, 2)), [4].into());
            assert_eq!(in_some_orders(move || count(4, 5)), [20].into());
        }
        // Those orders do show the mistake.
        assert!(in_some_orders(|| unprotected(4, 5)).len() > 1);
    }
}

#[path = "models/downloads.rs"]
mod downloads;
#[path = "models/interleaving.rs"]
mod interleaving;

/// `crates/lessons/threaded_downloader/src/main.rs`
mod threaded_downloader {
    use super::downloads::{Run, Sites, http_clients, ureq};
    use super::{in_all_orders, in_some_orders};

    include!(concat!(env!("OUT_DIR"), "/threaded_downloader.rs"));

    fn begun(pages: usize, run: Run) -> Vec<String> {
        download_all_sites(&run, &Sites::new(pages));
        run.into_begun()
    }

    #[test]
    fn each_page_is_taken_once() {
        assert_eq!(in_all_orders(|| begun(2, Run::new(2))), [vec!["1".into(), "2".into()]].into());
        let pages = (1..=9).map(|page| page.to_string()).collect();
        assert_eq!(in_some_orders(|| begun(9, Run::new(4))), [pages].into());
    }

    #[test]
    fn after_ctrl_c_no_page_is_begun() {
        let orders = in_all_orders(|| begun(3, Run::new(2).interrupted_after(1)));
        assert!(orders.iter().all(|begun| begun.len() == 1), "{orders:?}");
    }
}

/// `crates/further/work_queue/src/main.rs`
mod work_queue {
    #![expect(dead_code, reason = "what its help says is for the command line")]

    use super::downloads::{Run, Sites, http_clients, ureq};
    use super::{in_all_orders, in_some_orders};

    include!(concat!(env!("OUT_DIR"), "/work_queue.rs"));

    fn begun(pages: usize, run: Run, hold_the_lock: bool) -> Vec<String> {
        download_all_sites(&run, &Sites::new(pages), hold_the_lock);
        run.into_begun()
    }

    #[test]
    fn each_page_is_taken_once_and_nobody_waits_for_ever() {
        let pages = |pages| [(1..=pages).map(|page| page.to_string()).collect()].into();
        assert_eq!(in_all_orders(|| begun(1, Run::new(2), false)), pages(1));
        for hold_the_lock in [false, true] {
            assert_eq!(in_some_orders(move || begun(9, Run::new(4), hold_the_lock)), pages(9));
        }
    }

    #[test]
    fn after_ctrl_c_nobody_waits_for_ever() {
        let orders = in_some_orders(|| begun(9, Run::new(4).interrupted_after(1), false));
        assert!(orders.iter().all(|begun| begun.len() == 1), "{orders:?}");
    }
}

/// `crates/further/gil_cpu/src/gil.rs`
mod gil_cpu {
    use super::model::sync::TIMEOUTS;
    use super::{in_all_orders, in_some_orders};

    include!(concat!(env!("OUT_DIR"), "/gil.rs"));

    /// So many threads hold the lock once each, look so often whether it is wanted, and this many waits time
    /// out. It says how often one gave way.
    fn take_turns(threads: usize, looks: usize, timeouts: usize) -> u64 {
        TIMEOUTS.set(timeouts);
        let gil = Gil::new(Duration::ZERO);
        let is_held = AtomicBool::new(false);
        let work = || {
            // A step of its own, so that others may come while it holds the lock.
            let holds = |held| assert_eq!(is_held.swap(held, Relaxed), !held, "two hold it");
            holds(true);
            for _ in 0..looks {
                holds(false); // another may hold it before this one does again
                gil.give_way_if_wanted();
                holds(true);
            }
            holds(false);
        };
        crate::model::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| gil.hold(work));
            }
        });
        let queue = gil.queue.lock().expect(FINE);
        assert_eq!(queue.next, queue.served, "all had their turns");
        queue.served - threads as u64
    }

    #[test]
    fn one_holds_it_at_a_time_and_all_get_it() {
        assert_eq!(in_all_orders(|| take_turns(2, 1, 0)), [0].into());
        // Who stopped looking gives way no more: it hands the lock on all the same.
        assert_eq!(in_all_orders(|| take_turns(2, 0, 1)), [0].into());
        // With one look each there are 255,801 orders: in some of them it is wanted when one looks.
        assert_eq!(in_some_orders(|| take_turns(2, 1, 1)), [0, 1].into());
        for timeouts in [0, 3, 12] {
            in_some_orders(move || take_turns(4, 3, timeouts));
        }
    }
}

/// `crates/support/process_pool/src/pool.rs`
mod process_pool {
    #![expect(dead_code, reason = "who looks after real workers asks for more")]
    #![expect(unreachable_pub, reason = "it is public where it comes from")]

    use std::cell::RefCell;

    use super::in_all_orders;

    include!(concat!(env!("OUT_DIR"), "/pool.rs"));

    /// What the system grants: so many processes and threads, and so many answers before all workers die.
    #[derive(Clone, Copy, Default)]
    pub(crate) struct Plan {
        pub(crate) processes: usize,
        pub(crate) threads: usize,
        pub(crate) answers: usize,
    }

    thread_local! {
        static PLAN: RefCell<Plan> = RefCell::default();
    }

    /// Takes one of what is granted, or is refused it.
    pub(crate) fn plan(of: impl FnOnce(&mut Plan) -> &mut usize) -> io::Result<()> {
        PLAN.with_borrow_mut(|plan| {
            let left = of(plan);
            *left = left.checked_sub(1).ok_or(io::ErrorKind::WouldBlock)?;
            Ok(())
        })
    }

    #[derive(Debug)]
    struct Process {
        is_alive: bool,
        has_a_job: bool,
    }

    impl Process {
        fn start(_initargs: &str, _number: usize) -> io::Result<Self> {
            plan(|plan| &mut plan.processes)?;
            Ok(Self { is_alive: true, has_a_job: false })
        }

        fn is_fit(&mut self) -> io::Result<bool> {
            Ok(self.is_alive)
        }

        fn ready(&mut self, _limit: Option<Duration>) -> Result<(), CallError> {
            Ok(())
        }

        fn exchange(&mut self, job: &str, _limit: Option<Duration>) -> Result<Vec<u8>, CallError> {
            shuttle::thread::yield_now();
            // One that dies here has read its job.
            self.has_a_job = true;
            if plan(|plan| &mut plan.answers).is_err() {
                return Err(CallError::Died(None));
            }
            let (number, item): (u64, u64) = serde_json::from_str(job).expect("a job");
            Ok(format!(
                r#"[{number},{{"Ok":{item}}},[{{"secs":0,"nanos":0}},{{"secs":0,"nanos":0}}]]"#
            )
            .into_bytes())
        }
    }

    /// What a worker did: nothing.
    struct Usage {
        working: Duration,
        ready: Duration,
    }

    fn add_work(usage: Usage) {
        assert_eq!((usage.working, usage.ready), (Duration::ZERO, Duration::ZERO));
    }

    /// The items that came out, in their order, and how many of them have a result.
    fn for_each(plan: Plan, workers: usize, items: u64) -> (Vec<u64>, usize) {
        PLAN.set(plan);
        let items: Vec<u64> = (0..items).collect();
        let told = std::sync::Mutex::new(Vec::new());
        let pool = ProcessPool::new(workers, &()).expect("JSON holds nothing");
        pool.for_each(&items, |worker, item| {
            let result = worker.call::<u64>(item);
            assert!(result.as_ref().map_or(true, |result| result == item));
            told.lock().expect("nobody panics with it").push((*item, result.is_ok()));
        });
        let mut told = told.into_inner().expect("nobody panics with it");
        told.sort_unstable();
        let done = told.iter().filter(|(_, is_ok)| *is_ok).count();
        (told.into_iter().map(|(item, _)| item).collect(), done)
    }

    #[test]
    fn each_item_comes_out_once_whatever_the_system_refuses() {
        for processes in 0..4 {
            for threads in 0..3 {
                for answers in 0..3 {
                    let plan = Plan { processes, threads, answers };
                    for (told, _) in in_all_orders(move || for_each(plan, 2, 2)) {
                        assert_eq!(
                            told,
                            [0, 1],
                            "{processes} processes, {threads} threads, {answers} answers"
                        );
                    }
                }
            }
        }
    }
}
