//! The machine: its description, and whether it is busy.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::results::Machine;

/// How long the cores are tested.
const TRIAL: Duration = Duration::from_millis(100);
/// With a smaller share of a core than this, other programs distort the timings of CPU lessons.
const ENOUGH: f64 = 0.9;

pub(crate) fn describe(profile: &str) -> Machine {
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    let profile = match profile {
        "dev" => "dev: the lessons are optimised as in release, the HTTP libraries less".into(),
        other => other.into(),
    };
    Machine {
        cores: harness::cores(),
        system: format!("{system} on {}", std::env::consts::ARCH),
        profile,
    }
}

/// A warning if this build is not fit for timings.
pub(crate) fn warn_of_build(profile: &str) -> Option<String> {
    (!["dev", "release"].contains(&profile)).then(|| {
        format!(
            "The lessons were built with the profile '{profile}', not for speed: their timings are not those \
             of `cargo run` or `cargo run --release`."
        )
    })
}

/// A warning if other programs use this machine, so that computing threads do not get a core each.
pub(crate) fn warn_of_load(when: &str) -> Option<String> {
    let share = share_of_a_core();
    (share < ENOUGH).then(|| {
        format!(
            "The machine is busy with something else ({when}): a thread that only computes got {:.0}% of \
             a core. Close what you can, and run this again.",
            share * 100.0
        )
    })
}

/// The share of a core that each of as many computing threads as there are cores gets.
fn share_of_a_core() -> f64 {
    let compute = || {
        let (start, worked) = (Instant::now(), thread_clock::usage().working);
        while start.elapsed() < TRIAL {
            for number in 0..10_000 {
                black_box(number);
            }
        }
        let worked = thread_clock::usage().working.saturating_sub(worked);
        worked.as_secs_f64() / start.elapsed().as_secs_f64()
    };
    let shares: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..harness::cores()).map(|_| scope.spawn(compute)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}
