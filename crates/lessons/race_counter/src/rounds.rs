//! Rounds of counting as a kind of work.

use std::sync::Arc;
use std::time::Duration;

use clap::Arg;
use common::{Done, Outcome, Span};
use cpu_time::ProcessTime;
use harness::options::numeric;
use harness::{Kind, Lesson, Setup, Total, Unit, Work, figures};
use thread_clock::{Usage, add_work, usage};

use crate::Interleaving;

/// The threads of the race wait for each other, so all of them must be there at once.
const MOST_RACERS: u64 = 64;

/// A round by its way of counting; its value is what was counted.
const ROUND: Kind = Kind {
    noun: "round",
    verb: "counted",
    counted: "rounds",
    counts_alone: false,
    unit: Unit::Result,
    label: str::to_owned,
    line,
    total: Total::None,
    only_computes: false,
    expected: None,
};

/// A number of rounds.
#[derive(Clone, Copy, Debug)]
pub struct Rounds(pub usize);

/// The work of a round, and its recorder.
#[derive(Debug)]
pub struct Racers {
    /// How many threads add.
    pub threads: u64,
    /// How many times each thread adds 1.
    pub increments: u64,
    /// Records single steps for the drawing.
    pub watch: Arc<Interleaving>,
}

impl Work for Rounds {
    type Items = Racers;

    fn kinds(&self) -> Vec<&'static str> {
        vec![ROUND.noun]
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![
            numeric("threads", "N", 1..=MOST_RACERS)
                .default_value("4")
                .help("How many threads add"),
            numeric("increments", "N", 1..=1_000_000_000u64)
                .default_value("1000000")
                .help("How many times each thread adds 1"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Racers {
        let (threads, increments) = (setup.value("threads"), setup.value("increments"));
        setup.add(ROUND, self.0);
        // Its threads wait for nothing but each other, so a round that does not compute hangs.
        setup.takes_at_most(Duration::ZERO);
        let watch = Arc::<Interleaving>::default();
        setup.draw(watch.clone());
        Racers { threads, increments, watch }
    }
}

/// Calls `count` with this many threads, each of which adds 1 this many times; returns how much was lost. The work
/// of its threads counts as the round's.
pub fn counted(threads: u64, increments: u64, count: impl Fn(u64, u64) -> u64) -> Outcome {
    let (process, thread) = (ProcessTime::now(), usage().working);
    let counted = count(threads, increments);
    let working = process.elapsed().saturating_sub(usage().working.saturating_sub(thread));
    add_work(Usage { working, ..Usage::default() });
    let expected = threads * increments;
    let details = [
        ("threads", threads),
        ("increments", increments),
        ("expected", expected),
        ("counted", counted),
        ("lost", expected - counted),
    ];
    let details = details.map(|(name, number)| (name, vec![number])).to_vec();
    Outcome(Ok(Done { value: counted, details }))
}

fn line(span: &Span, done: &Done) -> String {
    let detail = |name| {
        let found = done.details.iter().find(|(its_name, _)| *its_name == name);
        found.and_then(|(_, numbers)| numbers.first().copied()).unwrap_or_default()
    };
    format!(
        "{:<24} {:>4} x {:<7} counted {:>7}, lost {:>7}, {:.3} s",
        span.label,
        detail("threads"),
        detail("increments"),
        done.value,
        detail("lost"),
        figures::seconds(span.end.saturating_sub(span.start)),
    )
}
