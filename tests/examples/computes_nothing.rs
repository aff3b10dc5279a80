//! Counts right results that it has not computed by the work that is compared: `compare` must not call it fast.

use std::process::ExitCode;

use harness::{Lesson, Model};

fn main() -> ExitCode {
    let lesson =
        Lesson::new("tests", "//! A better algorithm.\n", Model::Threads).worker_per_core();
    let (run, numbers) = lesson.start(calls::Calls);
    for &number in numbers {
        let Some(call) = run.begin(number) else { break };
        let (mut one, mut next) = (0, 1);
        (0..number).for_each(|_| (one, next) = (next, one + next));
        call.end(one);
    }
    run.finish()
}
