//! Calls of `fib` as a kind of work: their options, and the check of their results.

use std::hint::black_box;

use clap::Arg;
use common::{Done, Span};
use harness::figures::two_digits;
use harness::options::{MOST_ITEMS, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, Work, warn};

/// `fib(94)` and above do not fit in 64 bits.
const LARGEST_NUMBER: u64 = 93;

/// A call of `fib` with a number; its value is the result.
pub const CALL: Kind = Kind {
    noun: "call",
    verb: "computed",
    counted: "calls",
    counts_alone: false,
    unit: Unit::Result,
    label,
    line,
    total: Total::Values("results"),
    only_computes: true,
    expected: None,
};

fn label(number: &str) -> String {
    format!("fib({number})")
}

fn line(span: &Span, done: &Done) -> String {
    format!("{} = {}", span.label, done.value)
}

/// Calls `fib` with one number, `--calls` times. Its items are the numbers.
#[derive(Clone, Copy, Debug)]
pub struct Calls;

/// Calls `fib` once for each page. Its items are the numbers.
#[derive(Clone, Copy, Debug)]
pub struct CallForEachPage;

impl Work for Calls {
    type Items = Vec<u64>;

    fn kinds(&self) -> Vec<&'static str> {
        vec![CALL.noun]
    }

    fn limited(&self) -> &'static str {
        "calls may run"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![number(), calls()]
    }

    fn prepare(self, setup: &mut Setup) -> Vec<u64> {
        let calls = setup.value("calls");
        gather(setup, calls)
    }
}

impl Work for CallForEachPage {
    type Items = Vec<u64>;

    fn kinds(&self) -> Vec<&'static str> {
        vec![CALL.noun]
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![number()]
    }

    /// # Panics
    /// When the lesson has no pages.
    fn prepare(self, setup: &mut Setup) -> Vec<u64> {
        let pages = setup.items_of("page").expect("the pages come first");
        gather(setup, pages)
    }
}

/// `--number N`
pub fn number() -> Arg {
    numeric("number", "N", 0..=LARGEST_NUMBER)
        .default_value("35")
        .help("The argument of fib; at most 93, since fib(94) does not fit in 64 bits")
}

/// `--calls K`
pub fn calls() -> Arg {
    numeric("calls", "K", 1..=MOST_ITEMS).default_value("20").help("How many times to call it")
}

/// Makes the list of numbers, one for each call.
fn gather(setup: &mut Setup, calls: usize) -> Vec<u64> {
    let number = setup.value("number");
    if let Some(time) = long_time(number) {
        warn(&format!(
            "one naive fib({number}) takes about {time}; Ctrl-C ends the run after the calls in progress, \
             a second Ctrl-C at once"
        ));
    }
    setup.add(Kind { expected: Some(fib_by_addition(number)), ..CALL }, calls);
    // The optimiser must not see that the calls are equal: it would compute one for all of them.
    black_box(vec![number; calls])
}

/// The time of a call in words, if it is more than a minute: about 30 ms for `fib(35)` on a core of today, and
/// 1.6 times as long for each further number.
fn long_time(number: u64) -> Option<String> {
    const GOLDEN_RATIO: f64 = 1.618;
    let seconds = 0.03 * GOLDEN_RATIO.powf(number as f64 - 35.0);
    let units = [(31_557_600.0, "year"), (86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds >= *length)?;
    let many = two_digits((seconds / length).round().max(1.0));
    let many = many.split('.').next().unwrap_or_default();
    Some(format!("{many} {}", if many == "1" { unit.into() } else { format!("{unit}s") }))
}

/// The expected result, computed in another way: every lesson's `fib` is checked against it.
fn fib_by_addition(n: u64) -> u64 {
    let (mut this, mut next) = (0_u64, 1_u64);
    for _ in 0..n {
        (this, next) = (next, this.wrapping_add(next)); // after the last number that fits, `next` wraps
    }
    this
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_computation_is_announced() {
        assert_eq!(long_time(50), None);
        for (number, words) in
            [(51, "1 minute"), (60, "1 hour"), (70, "7 days"), (80, "2 years"), (93, "1300 years")]
        {
            assert_eq!(long_time(number).as_deref(), Some(words), "{number}");
        }
    }

    #[test]
    fn fib_is_right_up_to_the_largest_number_that_is_allowed() {
        assert_eq!(fib_by_addition(0), 0);
        assert_eq!(fib_by_addition(1), 1);
        assert_eq!(fib_by_addition(35), 9_227_465);
        assert_eq!(fib_by_addition(93), 12_200_160_415_121_876_738);
    }
}
