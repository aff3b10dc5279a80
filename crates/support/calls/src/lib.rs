//! Calls of `fib` as a kind of work: their options, and the check of their results. And sums of squares, which an older
//! edition of the article computes.

use std::hint::black_box;

use clap::Arg;
use common::{Done, Outcome, Span};
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

/// Adds up the squares below a number, `--calls` times, and each time below the next number. Its items are the numbers.
#[derive(Clone, Copy, Debug)]
pub struct Sums;

/// A sum of squares. It needs more than 64 bits from about 3,800,000 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The squares of all numbers below this one are in it.
    pub below: u64,
    /// What was computed.
    pub sum: u128,
}

/// The sums go up to this number: its square still fits into 64 bits.
const LARGEST_SUM: u64 = 4_000_000_000;

const SUM: Kind = Kind { label: sum_label, line: sum_line, total: Total::None, ..CALL };

fn sum_label(below: &str) -> String {
    format!("sum({below})")
}

fn sum_line(span: &Span, done: &Done) -> String {
    let high = done.details.iter().flat_map(|(_, high)| high).next();
    let sum = high.map_or(0, |&high| u128::from(high) << 64) + u128::from(done.value);
    format!("{} = {sum}", span.label)
}

/// The value of an item has 64 bits: the rest of the sum is its detail. A wrong sum is a failure.
impl From<Sum> for Outcome {
    fn from(Sum { below, sum }: Sum) -> Self {
        let n = u128::from(below);
        let right = n * n.saturating_sub(1) * (2 * n).saturating_sub(1) / 6;
        if sum != right {
            return Self(Err(format!("the sum was {sum}, but {right} is right")));
        }
        let (value, high) = (sum as u64, (sum >> 64) as u64);
        Self(Ok(Done { value, details: vec![("times_2_to_the_64", vec![high])] }))
    }
}

impl Work for Sums {
    type Items = Vec<u64>;

    fn kinds(&self) -> Vec<&'static str> {
        vec![SUM.noun]
    }

    fn limited(&self) -> &'static str {
        Calls.limited()
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        let number = numeric("number", "N", 0..=LARGEST_SUM).default_value("5000000");
        vec![number.help("The squares of all numbers below this one are added up"), calls()]
    }

    fn prepare(self, setup: &mut Setup) -> Vec<u64> {
        let (number, calls): (u64, usize) = (setup.value("number"), setup.value("calls"));
        setup.add(SUM, calls);
        (number..).take(calls).collect()
    }
}

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
    fn a_sum_of_squares_is_checked_and_printed_whole() {
        for (below, sum) in
            [(0, 0), (1, 0), (2, 1), (4, 14), (5_000_000, 41_666_654_166_667_500_000)]
        {
            let Outcome(Ok(done)) = Sum { below, sum }.into() else { panic!("{below}") };
            let span = Span { label: sum_label(&below.to_string()), ..Span::default() };
            assert_eq!(sum_line(&span, &done), format!("sum({below}) = {sum}"));
            assert!(Outcome::from(Sum { below, sum: sum + 1 }).0.is_err());
        }
        let sum = (0..1_000).map(|i: u128| i * i).sum();
        assert!(Outcome::from(Sum { below: 1_000, sum }).0.is_ok());
    }

    #[test]
    fn fib_is_right_up_to_the_largest_number_that_is_allowed() {
        assert_eq!(fib_by_addition(0), 0);
        assert_eq!(fib_by_addition(1), 1);
        assert_eq!(fib_by_addition(35), 9_227_465);
        assert_eq!(fib_by_addition(93), 12_200_160_415_121_876_738);
    }
}
