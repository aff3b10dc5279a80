//! The lessons, found and described in the same way as in the comparison. No test has to know their names.

use std::fs;
use std::sync::OnceLock;

use course::Lesson;

use crate::program::programs;

/// All lessons, in the order of the course.
///
/// # Panics
/// When they cannot be found, built or described.
pub fn lessons() -> &'static [Lesson] {
    static LESSONS: OnceLock<Vec<Lesson>> = OnceLock::new();
    LESSONS.get_or_init(|| {
        let found = course::root().and_then(|root| course::find(&root));
        let lessons = found.and_then(|lessons| {
            lessons.into_iter().map(|lesson| lesson.describe(programs())).collect()
        });
        lessons.unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The nine lessons that the course begins with.
pub fn nine() -> impl Iterator<Item = &'static Lesson> {
    lessons().iter().filter(|lesson| !lesson.found.is_further)
}

/// The lessons of the nine that download.
pub fn downloaders() -> impl Iterator<Item = &'static Lesson> {
    nine().filter(|lesson| lesson.does("page"))
}

/// Whether a lesson only does items of this kind, each of them once.
pub fn only_does(lesson: &Lesson, kind: &str) -> bool {
    lesson.described.kinds == [kind] && !lesson.has_sections()
}

/// Whether a lesson downloads with the course's clients (`http_clients`), which all treat a page in the same way. A lesson
/// with a client of its own, which may be smaller, tests that itself.
///
/// # Panics
/// When its manifest cannot be read.
pub fn has_the_clients(lesson: &Lesson) -> bool {
    let root = course::root().expect("the workspace");
    let manifest = fs::read_to_string(root.join(&lesson.found.folder).join("Cargo.toml"));
    manifest.expect("a lesson has a manifest").contains("http_clients")
}

/// The first lesson, in the order of the course, that satisfies this.
///
/// # Panics
/// When none is.
pub fn first(what: &str, is_it: impl Fn(&Lesson) -> bool) -> &'static Lesson {
    lessons().iter().find(|lesson| is_it(lesson)).unwrap_or_else(|| panic!("no lesson: {what}"))
}
