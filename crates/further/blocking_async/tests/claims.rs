//! What the lesson claims, and what the tutorial says of its examples.

use testing::record::{annotations, number, peak, section, shares, took, worked};
use testing::{OwnLesson, compile, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn it_has_few_pages_since_they_block_one_after_another() {
    assert_eq!(LESSON.defaults(["repeat", "block"]), ["2", "100"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--block", 1..=10_000);
}

#[test]
fn a_task_that_blocks_holds_up_all_others_and_blocking_threads_do_not() {
    let run = LESSON.record(&["--repeat", "3", "--block", "200"]);
    let (pages, one) = section(&run, "one task blocks");
    // Each of them arrives after 50 ms, but for one all have to wait for the thread, which blocks for all.
    let late = pages.iter().filter(|page| took(page) > 1.2).count();
    assert!(late >= 5, "{late} of 6 were held up: {pages:?}");

    let (pages, every) = section(&run, "every task blocks");
    let mut ends: Vec<f64> = pages.iter().map(|page| number(page, "end")).collect();
    ends.sort_by(f64::total_cmp);
    let stairs = ends.windows(2).all(|two| two[1] - two[0] > 0.190);
    assert!(stairs, "a step each: {ends:?}");

    // The event loop looks for answers between two blocks. Then all have arrived, so in each block but the first and the
    // last at least one page is ready, and waits for nothing but the thread. (Often all the rest are. But a page that has
    // read its headers is not ready until the connection's own task has had a turn and hands over the body.)
    let ready: f64 = pages.iter().map(|page| number(page, "ready")).sum();
    assert!(ready > 0.9 * 4.0 * 0.200, "{ready} s: {pages:?}");

    let (_, mended) = section(&run, "spawn_blocking");
    assert!(number(mended, "seconds") < 0.5 * number(every, "seconds"), "{run}");
    assert_eq!([one, every, mended].map(peak), [6, 6, 6]);
    // The threads that block are drawn: as many as pages, all at once.
    let threads = shares(&annotations(&run));
    assert!(
        (1..=6).all(|worker| threads.contains_key(&*format!("worker-{worker}"))),
        "{threads:?}"
    );
}

#[test]
fn computing_blocks_like_sleeping() {
    let run = LESSON.record(&["--compute"]);
    let (pages, _) = section(&run, "every task blocks");
    let all = worked(&pages);
    let shortest = pages.iter().map(|page| number(page, "working")).fold(f64::INFINITY, f64::min);
    assert!(shortest > 0.1 * all / pages.len() as f64, "each of them computes: {pages:?}");
    let (waiting, _) = section(&run, "spawn_blocking");
    let there = worked(&waiting);
    assert!(there < 0.5 * all, "in its own section the work is the threads': {there} {all}");
}

/// The compiler's own words: a `compile_fail` doctest passes whatever is wrong.
#[test]
fn a_guard_over_an_await_does_not_compile_for_the_reason_that_is_stated() {
    let text = LESSON.documentation();
    let example = text.split("```compile_fail\n").nth(1).expect("an example");
    let (code, _) = example.split_once("```").expect("an end");
    let errors = compile(code);
    assert!(errors.contains("error: future cannot be sent between threads safely"), "{errors}");
    assert!(errors.contains("MutexGuard"), "{errors}");
    assert_eq!(errors.matches("error: ").count(), 2, "that one, and that it is the end: {errors}");
}

#[test]
fn who_sleeps_and_awaits_it_holds_up_nobody() {
    let run = LESSON.example("slept_well").record(&["--repeat", "3", "--block", "100"]);
    // One sleeps for all six; in the lesson the others wait for it.
    let (pages, one) = section(&run, "one task blocks");
    assert_eq!(pages.iter().filter(|page| took(page) > 0.6).count(), 1, "{pages:?}");
    // Six sleeps at once against six in a row.
    let (_, every) = section(&run, "every task blocks");
    assert!(number(every, "seconds") < 0.5 * number(one, "seconds"), "{run}");
}
