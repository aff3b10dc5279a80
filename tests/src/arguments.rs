//! Arguments that give every lesson much or little to do.

use common::{Lesson, Work, Workers};

/// A few short items.
pub fn short(lesson: &Lesson) -> Vec<&'static str> {
    sized(lesson, ["20", "3"], ["20", "7"], "3")
}

/// Work for a minute or more (pictures: some seconds), on two workers where there is a choice; the first line
/// comes soon.
///
/// Not for the race, whose rounds are not interrupted, and not for a lesson that has all its pages in
/// flight at once.
///
/// # Panics
/// When the lesson is one of those.
pub fn long(lesson: &Lesson) -> Vec<&'static str> {
    assert!(lesson.work != Work::Rounds && lesson.workers != Workers::OneEach, "{}", lesson.name);
    let mut arguments = sized(lesson, ["400", "1000"], ["30", "100000"], "100");
    if lesson.options.iter().any(|option| option.name == "block") {
        arguments.extend(["--block", "2"]); // in one part a single task blocks for all pages
    }
    if lesson.workers != Workers::One {
        arguments.extend(["--workers", "2"]);
    }
    arguments
}

/// With this latency and so many repetitions, this number and so many calls, so many pictures.
fn sized(
    lesson: &Lesson,
    [latency, repeat]: [&'static str; 2],
    [number, calls]: [&'static str; 2],
    pictures: &'static str,
) -> Vec<&'static str> {
    let mut arguments = Vec::new();
    if lesson.does(Work::Downloads) {
        arguments.extend(["--latency", latency, "--repeat", repeat]);
    }
    if lesson.does(Work::Calls) {
        arguments.extend(["--number", number]);
    }
    if lesson.does(Work::Calls) && !lesson.calls_for_each_page() {
        arguments.extend(["--calls", calls]);
    }
    if lesson.does(Work::Rounds) {
        arguments.extend(["--increments", "1000"]);
    }
    if lesson.does(Work::Pictures) {
        arguments.extend(["--pictures", pictures]);
    }
    arguments
}
