//! CPython's global interpreter lock, simulated: the thread that holds it computes, and all others wait.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// A lock that is handed on to a thread that has waited for an interval.
///
/// In CPython, too, a waiting thread asks for it after 5 ms (`sys.setswitchinterval`), and the holder checks
/// between two bytecodes whether it is wanted, and then has to let another thread have it (`Python/ceval_gil.c`).
/// There the system chooses the next holder; here it is first come, first served, which is simpler to explain.
#[derive(Debug)]
pub(crate) struct Gil {
    interval: Duration,
    queue: Mutex<Queue>,
    handed_on: Condvar,
    is_wanted: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    /// The next ticket to hand out (a ticket lock).
    next: u64,
    /// The ticket whose thread has the lock, or may take it.
    served: u64,
}

impl Gil {
    pub(crate) fn new(interval: Duration) -> Self {
        let (queue, handed_on, is_wanted) = Default::default();
        Self { interval, queue, handed_on, is_wanted }
    }

    /// Calls a function while it holds the lock.
    pub(crate) fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        self.acquire();
        let result = work();
        self.release();
        result
    }

    // ANCHOR: handing_on
    /// Hands the lock on if another thread wants it, and waits for its next turn. The holder calls this often.
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
            // If the lock changed hands, the new holder gets a full interval.
            if wait.timed_out() && queue.served == holder {
                self.is_wanted.store(true, Relaxed);
            }
        }
        self.is_wanted.store(false, Relaxed);
    }

    fn release(&self) {
        self.queue.lock().expect(FINE).served += 1;
        self.handed_on.notify_all(); // a condition variable cannot choose which thread it wakes
    }
    // ANCHOR_END: handing_on
}

const FINE: &str = "no thread panics with it";
