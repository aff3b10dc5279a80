//! That one thread can lose an update, as the tutorial says.

use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn an_await_between_read_and_write_loses_an_update_and_one_before_does_not() {
    let ended = LESSON.example("await_between").run::<&str>(&[]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "await between  2 x 1  counted 1, lost 1");
    assert_eq!(lines[1], "await before   2 x 1  counted 2, lost 0");
}
