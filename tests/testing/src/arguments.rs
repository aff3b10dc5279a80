//! Arguments for little or much work in every lesson.

use course::Lesson;
use harness::Limit;

/// A few short items.
pub fn short(lesson: &Lesson) -> Vec<&'static str> {
    sized(lesson, ["20", "3"], ["20", "7"], "3", ["20", "7"], ["30", "1"])
}

/// Work for a minute or more (pictures and megabytes: some seconds), with two workers if the lesson has `--workers`; the
/// first line comes soon.
///
/// Not for a lesson of rounds, which are not interrupted, and not for one that has all its pages in flight
/// at once.
///
/// # Panics
/// When the lesson is one of those.
pub fn long(lesson: &Lesson) -> Vec<&'static str> {
    assert!(!lesson.does("round") && lesson.limit() != Limit::OneEach, "{}", lesson.name());
    let [latency, number, clients] = [["400", "1000"], ["30", "100000"], ["200", "100000"]];
    let mut arguments = sized(lesson, latency, number, "100", clients, ["1000000", "200"]);
    if lesson.takes("block") {
        arguments.extend(["--block", "2"]); // in one section a single task blocks for all pages
    }
    if lesson.takes("workers") {
        arguments.extend(["--workers", "2"]);
    }
    arguments
}

/// With this latency and this many repetitions, this number and this many calls, this many pictures, this many clients and
/// messages, this many steps, and this many megabytes.
fn sized(
    lesson: &Lesson,
    [latency, repeat]: [&'static str; 2],
    [number, calls]: [&'static str; 2],
    pictures: &'static str,
    [clients, messages]: [&'static str; 2],
    [steps, megabytes]: [&'static str; 2],
) -> Vec<&'static str> {
    let sizes = [
        ["--latency", latency],
        ["--repeat", repeat],
        ["--number", number],
        ["--calls", calls],
        ["--increments", "1000"],
        ["--pictures", pictures],
        ["--messages", messages],
        ["--steps", steps],
        ["--megabytes", megabytes],
    ];
    let mut arguments: Vec<_> =
        sizes.into_iter().filter(|[option, _]| lesson.takes(&option[2..])).flatten().collect();
    if lesson.takes("messages") {
        arguments.extend(["--clients", clients]); // each receives each message
    }
    arguments
}
