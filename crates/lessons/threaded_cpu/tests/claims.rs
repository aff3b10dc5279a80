//! What the lesson claims, and what the tutorial says of its examples.

use harness::Limit;
use testing::record::{first_end, items, number};
use testing::{OwnLesson, compile, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["number", "calls"]), ["35", "20"]);
}

#[test]
fn with_a_lock_around_the_computing_one_thread_works_at_a_time() {
    let run = LESSON.example("lock_around_fib").record(&[
        "--number",
        "36",
        "--calls",
        "4",
        "--workers",
        "4",
    ]);
    let facts = &run["facts"];
    assert!(number(facts, "cores_busy") < 1.1, "{facts}");
    assert_eq!(facts["peak_in_flight"], 4, "three of them wait: {facts}");
    assert!(first_end(&items(&run)) < 0.5, "they end one after another: {run}");
}

#[test]
fn results_that_are_sent_are_added_up() {
    let example = LESSON.example("sent_to_main");
    let told = example.says(&["--number", "20", "--calls", "50", "--workers", "3"], "add up");
    assert_eq!(told, format!("The results add up to {}.", 50 * 6765));
    let run = example.record(&["--number", "34", "--calls", "6", "--workers", "3"]);
    assert_eq!(run["facts"]["peak_in_flight"], 3, "{run}");
}

#[test]
fn results_that_threads_return_are_added_up() {
    let example = LESSON.example("joined");
    let ended = example.run(&["--number", "20", "--calls", "50", "--workers", "3"]);
    let returned = ended.stdout.lines().filter_map(|line| line.strip_prefix("A thread returned "));
    let returned: Vec<u64> = returned
        .map(|line| line.strip_suffix(" results.").expect("a count").parse().expect("a number"))
        .collect();
    assert_eq!((returned.len(), returned.iter().sum()), (3, 50), "{ended:?}");
    let sum = format!("The results add up to {}.", 50 * 6765);
    assert!(ended.stdout.lines().any(|line| line == sum), "{ended:?}");
    let run = example.record(&["--number", "34", "--calls", "6", "--workers", "3"]);
    assert_eq!(run["facts"]["peak_in_flight"], 3, "{run}");
}

#[test]
fn a_queue_without_a_lock_does_not_compile() {
    let code = "let mut queue = [35, 35].iter();
        let mut next_number = || queue.next();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| while next_number().is_some() {});
            }
        });";
    let errors = compile(code);
    assert!(errors.contains("error[E0499]"), "{errors}");
}

#[test]
fn the_sums_of_the_older_article_are_computed_by_all_workers() {
    let example = LESSON.example("threaded_sums");
    let told = example.says::<&str>(&[], "sum(5000019)");
    assert_eq!(told, "sum(5000019) = 41667129168377502109");
    let arguments = ["--number", "50000000", "--calls", "12", "--workers", "3"];
    let run = example.record(&arguments);
    assert_eq!(run["facts"]["peak_in_flight"], 3, "{run}");
}
