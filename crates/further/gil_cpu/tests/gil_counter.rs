//! That a lock around each step is none around all of them, as the tutorial says.

use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

/// What a run lost, each way.
fn lost() -> Vec<u64> {
    let ended = LESSON.example("gil_counter").run::<&str>(&[]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let lost = ended.stdout.lines().map(|line| {
        let (_, lost) = line.split_once(", lost ").unwrap_or_else(|| panic!("{line}"));
        lost.parse().expect("a number")
    });
    lost.collect()
}

#[test]
fn an_addition_with_a_call_in_it_is_lost_under_a_gil_and_one_without_is_not() {
    let runs: Vec<Vec<u64>> = (0..10).map(|_| lost()).collect();
    assert!(runs.iter().all(|lost| lost[0] == 0 && lost.len() == 2), "{runs:?}");
    assert!(runs.iter().any(|lost| lost[1] > 0), "nothing was lost in ten runs");
}
