//! Wrong on purpose: a recursion as deep as its number. It is right, and for a large number it ends the program.
//!
//! Run:     `cargo run -p measure_first --example deep_recursion`, then with `-- 10000000`
//! Watch:   each call keeps a place on the stack until the next one returns; a loop needs none.

use std::env;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;

use common::{Lines, Run};

fn main() -> ExitCode {
    let depth = env::args().nth(1).unwrap_or_else(|| "10000".into());
    let Ok(depth) = depth.parse() else {
        let _ = writeln!(io::stderr(), "deep_recursion [DEPTH]: a number, by default 10000");
        return ExitCode::from(if depth == "--help" { 0 } else { 2 });
    };
    let run = Run::start(1, Lines::default());
    for (way, sum) in [("a loop", by_loop as fn(u64) -> u64), ("a recursion", by_recursion)] {
        let Some(timer) = run.begin(way) else { break };
        timer.end(sum(depth));
    }
    run.finish()
}

// ANCHOR: both
fn by_loop(n: u64) -> u64 {
    (1..=n).map(black_box).sum()
}

fn by_recursion(n: u64) -> u64 {
    // Without `black_box` the optimiser makes a loop of it. Nobody promises that.
    if n == 0 { 0 } else { n + black_box(by_recursion(n - 1)) }
}
// ANCHOR_END: both
