//! CPython's global interpreter lock, acted out: who holds it computes, and all others wait.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// A lock that is handed on to a thread that has waited for an interval.
///
/// In CPython, too, who waits asks for it after 5 ms (`sys.setswitchinterval`), and who holds it looks
/// between two bytecodes whether it is wanted, and then has to let another have it (`Python/ceval_gil.c`).
/// There the system chooses who is next; here it is first come, first served, which is simpler to tell.
#[derive(Debug)]
pub(crate) struct Gil {
    interval: Duration,
    queue: Mutex<Queue>,
    handed_on: Condvar,
    is_wanted: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    /// The number of the next who comes,
    next: u64,
    /// and of who has the lock or may take it.
    served: u64,
}

impl Gil {
    pub(crate) fn new(interval: Duration) -> Self {
        let (queue, handed_on, is_wanted) = Default::default();
        Self { interval, queue, handed_on, is_wanted }
    }

    /// Does something while it holds the lock.
    pub(crate) fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        self.acquire();
        let result = work();
        self.release();
        result
    }

    // ANCHOR: handing_on
    /// To be called often by who holds the lock: hands it on if it is wanted, and waits for its next turn.
    pub(crate) fn give_way_if_wanted(&self) {
        if self.is_wanted.load(Relaxed) {
            self.release();
            self.acquire();
        }
    }

    fn acquire(&self) {
        let mut queue = self.queue.lock().expect(FINE);
        let number = queue.next;
        queue.next += 1;
        while queue.served != number {
            let holder = queue.served;
            let (woken, wait) = self.handed_on.wait_timeout(queue, self.interval).expect(FINE);
            queue = woken;
            // Who has it only since it was handed on meanwhile is left alone.
            if wait.timed_out() && queue.served == holder {
                self.is_wanted.store(true, Relaxed);
            }
        }
        self.is_wanted.store(false, Relaxed);
    }

    fn release(&self) {
        self.queue.lock().expect(FINE).served += 1;
        self.handed_on.notify_all(); // a condition variable cannot choose whom it wakes
    }
    // ANCHOR_END: handing_on
}

const FINE: &str = "nobody panics with it";
