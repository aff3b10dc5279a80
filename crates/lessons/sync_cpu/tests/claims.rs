//! What the lesson claims, and what the tutorial says of its examples.

use std::cell::Cell;

use harness::Limit;
use testing::record::shortest;
use testing::{OwnLesson, compile, own_lesson};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn the_defaults_are_those_of_the_article() {
    assert_eq!(LESSON.described().limit, Limit::One);
    assert_eq!(LESSON.defaults(["number", "calls"]), ["35", "20"]);
}

#[test]
fn what_is_computed_before_the_loop_is_measured_nowhere() {
    let arguments = ["--number", "30", "--calls", "10"];
    let (hoisted, honest) =
        (LESSON.example("hoisted").record(&arguments), LESSON.record(&arguments));
    assert_eq!(hoisted["results"], honest["results"]);
    assert!(20.0 * shortest(&hoisted) < shortest(&honest), "{hoisted} and {honest}");
}

#[test]
fn fib_is_called_as_often_as_the_formula_says() {
    // Once for each number up to 1, and otherwise once more than for the two numbers before it together.
    let calls = |n: usize| (0..n).fold((1, 1), |(this, next), _| (next, 1 + this + next)).0;
    for (n, calls_of_one) in [("0", 1), ("1", 1), ("2", 3), ("20", 21_891)] {
        assert_eq!(calls(n.parse().expect("a number")), calls_of_one);
        let told = LESSON
            .example("counted_calls")
            .says(&["--number", n, "--calls", "3"], "fib was called");
        assert_eq!(told, format!("fib was called {} times in all.", 3 * calls_of_one));
    }
}

#[test]
fn the_spread_is_that_of_the_calls() {
    let seconds = |text: &str| -> f64 {
        let at = text.find(|sign: char| sign != '.' && !sign.is_ascii_digit());
        let (figures, unit) = text.split_at(at.unwrap_or_else(|| panic!("no unit: {text}")));
        let units = [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)];
        let unit = units.iter().find(|(name, _)| *name == unit).expect("a unit").1;
        figures.parse::<f64>().expect("a number") * unit
    };
    let spread = |number| -> Vec<f64> {
        let told = LESSON.example("spread").says(&["--number", number, "--calls", "9"], "median");
        let words = ["shortest ", "median ", "longest "];
        let parts = told.split(", ").zip(words);
        parts.map(|(part, word)| seconds(part.strip_prefix(word).expect(word))).collect()
    };
    let (small, large) = (spread("20"), spread("30"));
    for spread in [&small, &large] {
        assert!(spread.len() == 3 && spread.is_sorted(), "{spread:?}");
    }
    // fib(30) makes 123 times as many calls as fib(20).
    assert!(large[0] > 20.0 * small[0], "{small:?} and {large:?}");
}

#[test]
fn results_that_are_collected_are_all_there() {
    let example = LESSON.example("collected");
    let told = example.says(&["--number", "20", "--calls", "50"], "add up");
    assert_eq!(told, format!("50 results add up to {}.", 50 * 6765));
}

#[test]
fn an_iterator_that_is_not_collected_calls_nothing() {
    let called = Cell::new(0);
    let calls = [35, 35].iter().map(|_| called.set(called.get() + 1));
    assert_eq!(called.get(), 0);
    assert_eq!((calls.collect::<Vec<()>>().len(), called.get()), (2, 2));
    let warnings = compile("[35, 35].iter().map_while(|number| Some(number + 1));");
    assert!(warnings.contains("iterators are lazy and do nothing unless consumed"), "{warnings}");
}

#[test]
fn the_sums_of_the_older_article_are_right_to_the_last_digit() {
    let example = LESSON.example("sync_sums");
    let told = example.says::<&str>(&[], "sum(5000000)");
    assert_eq!(told, "sum(5000000) = 41666654166667500000");
    // Four times as many squares are four times the work: the optimiser has left the loop.
    let time = |number: &str| shortest(&example.record(&["--number", number, "--calls", "8"]));
    let ratio = time("20000000") / time("5000000");
    assert!((2.5..6.0).contains(&ratio), "{ratio}");
}
