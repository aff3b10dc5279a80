//! The cores that computing threads get on this machine now.

use std::thread;
use std::time::{Duration, Instant};

use thread_clock::usage;

/// Whether two threads cannot use two cores here, since there is only one, or since other programs use them.
///
/// # Panics
/// Never.
pub fn has_no_second_core() -> bool {
    let start = Instant::now();
    let compute = || {
        while start.elapsed() < Duration::from_millis(300) {}
        usage().working
    };
    let worked: Duration = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(compute));
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).sum()
    });
    worked < start.elapsed().mul_f64(1.5)
}
