//! Arguments for little or much work in every lesson.

use course::Lesson;
use harness::Limit;

/// A few short items.
pub fn short(lesson: &Lesson) -> Vec<&str> {
    sized(lesson, ["20", "3"], ["20", "7"], &lesson.found.short)
}

/// Work for a minute or more (pictures and megabytes: some seconds), with two workers if the lesson has `--workers`; the
/// first line comes soon.
///
/// Not for a lesson of rounds, which are not interrupted, and not for one that has all its pages in flight
/// at once.
///
/// # Panics
/// When the lesson is one of those.
pub fn long(lesson: &Lesson) -> Vec<&str> {
    assert!(!lesson.does("round") && lesson.limit() != Limit::OneEach, "{}", lesson.name());
    let mut arguments = sized(lesson, ["400", "1000"], ["30", "100000"], &lesson.found.long);
    if lesson.takes("workers") {
        arguments.extend(["--workers", "2"]);
    }
    arguments
}

/// With this latency and this many repetitions, this number and this many calls, and the lesson's own arguments.
fn sized<'lesson>(
    lesson: &'lesson Lesson,
    [latency, repeat]: [&'static str; 2],
    [number, calls]: [&'static str; 2],
    own: &'lesson [String],
) -> Vec<&'lesson str> {
    let sizes =
        [["--latency", latency], ["--repeat", repeat], ["--number", number], ["--calls", calls]];
    let of_the_house = sizes.into_iter().filter(|[option, _]| lesson.takes(&option[2..]));
    of_the_house.flatten().chain(own.iter().map(String::as_str)).collect()
}
