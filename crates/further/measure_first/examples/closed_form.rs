//! Solution: the squares below five million are added up by a loop, by a loop for each core, and by a formula.
//!
//! Run:     `cargo run -p measure_first --example closed_form`
//! Watch:   the formula takes no time that could be measured, and neither does a loop that the optimiser replaces by it.

use std::hint::black_box;
use std::process::ExitCode;

use common::Run;
use rayon::prelude::*;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Sync)
        .sections_of("call", &["a loop, one core", "a loop, all cores"])
        .sections_of("call", &["a formula, one core", "a plain loop, one core"]);
    let (run, numbers) = lesson.start(calls::Sums);
    compute_all(run, numbers);
    run.finish()
}

fn compute_all(run: &Run, numbers: &[u64]) {
    let compute = |number, find_sum: fn(u64) -> u128| {
        let Some(call) = run.begin(number) else { return };
        call.end(calls::Sum { below: number, sum: find_sum(number) });
    };
    run.section("a loop, one core");
    numbers.iter().for_each(|&number| compute(number, find_sum));
    run.section("a loop, all cores");
    numbers.par_iter().for_each(|&number| compute(number, find_sum));
    run.section("a formula, one core");
    numbers.iter().for_each(|&number| compute(number, formula));
    run.section("a plain loop, one core");
    numbers.iter().for_each(|&number| compute(number, plain_loop));
}

// ANCHOR: both
/// The sum does not fit into 64 bits.
fn find_sum(below: u64) -> u128 {
    // `black_box` hides from the optimiser what it returns.
    (0..below).map(black_box).map(|i| u128::from(i) * u128::from(i)).sum()
}

/// 0² + 1² + ... + (n - 1)²
fn formula(below: u64) -> u128 {
    let n = u128::from(below);
    n * n.saturating_sub(1) * (2 * n).saturating_sub(1) / 6
}

/// The optimiser finds the formula by itself, and no loop is left.
fn plain_loop(below: u64) -> u128 {
    (0..below).map(|i| u128::from(i) * u128::from(i)).sum()
}
// ANCHOR_END: both
