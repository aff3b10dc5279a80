//! A run's spans in figures.

use std::fmt;
use std::time::Duration;

use crate::lanes::{Kind, lanes, share};
use common::Span;

use crate::Timeline;

/// A run whose workers worked at least this part of the time that they could is CPU-bound;
const CPU_BOUND: f64 = 0.6;
/// up to this part it is I/O-bound. In between there is no verdict.
const IO_BOUND: f64 = 0.35;
/// Workers that were ready without a core for at least this part of their time lacked cores,
const LACKS_CORES: f64 = 0.1;
/// unless they kept this part of their possible cores busy: then there are simply more workers than cores.
const ALL_CORES: f64 = 0.85;
/// The sentence mentions time without a core from this many percent on.
const WORTH_A_WORD: f64 = 2.0;
/// The clock distinguishes working from waiting in times of at least this many of its steps.
const STEPS_TO_TELL: u32 = 20;

/// The abilities of a system's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Whether it distinguishes a thread that is ready without a core from one that waits.
    pub tells_ready: bool,
    /// The step in which it counts CPU time.
    pub step: Duration,
}

/// How much a run worked and waited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// The most items that were in progress at once.
    pub peak_in_flight: usize,
    /// How many threads or processes did them.
    pub workers: usize,
    /// The part of the workers' time with an item in which they kept a processor busy, from 0 to 1.
    pub working: f64,
    /// The part of that time in which they were ready but had no core; 0 if the clock cannot tell.
    pub ready: f64,
    /// How many cores the items kept busy, on average over the whole run.
    pub cores_busy: f64,
    /// What limits the run; `None` if it was too short for the clock to tell.
    pub bound: Option<Bound>,
}

/// What a run is limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Something slower than the processor, for which it waits.
    Io,
    /// The processor.
    Cpu,
    /// Both: it works a part of the time, and waits a part.
    Between,
    /// The processor, of which other programs take a part.
    Core,
    /// It only computes, but waits for something that is not a core: a lock, another worker, a process that starts.
    Turn,
    /// It only computes, but waits; the clock cannot tell for what.
    Unknown,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Io => "I/O-bound",
            Self::Cpu => "CPU-bound",
            Self::Between => "between I/O-bound and CPU-bound",
            Self::Core => "CPU-bound, and waiting for a core",
            Self::Turn => "CPU-bound, and waiting for something that is not a core",
            Self::Unknown => "CPU-bound, and waiting for a core or for something else",
        })
    }
}

impl Timeline {
    /// Returns the run in figures; `None` if nothing was done.
    pub fn facts(&self) -> Option<Facts> {
        if self.spans.iter().all(|span| span.is_annotation) {
            return None;
        }
        let lanes = lanes(&self.spans);
        let workers: Vec<_> = lanes.iter().filter(|lane| lane.kind == Kind::Worker).collect();
        let covered: Duration = workers.iter().map(|lane| lane.covered()).sum();
        let working: Duration = workers.iter().map(|lane| lane.working()).sum();
        let ready: Duration = workers.iter().map(|lane| lane.ready()).sum();
        let cores_busy = working.as_secs_f64() / self.took.as_secs_f64().max(1e-9);
        // With more workers than cores, each of them also waits for a core.
        let can_be_busy = workers.len().min(self.cores).max(1);
        let busy = cores_busy / can_be_busy as f64;
        let (working, ready) = (share(working, covered), share(ready, covered));
        let can_tell = covered >= STEPS_TO_TELL * self.clock.step;
        Some(Facts {
            peak_in_flight: peak_in_flight(&self.spans),
            workers: workers.len(),
            working,
            ready,
            cores_busy,
            bound: can_tell.then(|| self.bound(working, ready, busy)),
        })
    }

    /// How many of its items have ended at a moment.
    pub(crate) fn ended_by(&self, moment: Duration) -> usize {
        let items = self.spans.iter().filter(|span| !span.is_annotation);
        items.filter(|span| span.end <= moment).count()
    }

    /// Decides the limit, from the parts of their time that the workers worked and were ready, and the part of their
    /// possible cores that they kept busy.
    fn bound(&self, working: f64, ready: f64, busy: f64) -> Bound {
        let load = working.max(busy);
        let lacks_cores = ready >= LACKS_CORES && busy < ALL_CORES;
        match working + ready {
            wanted if wanted.max(load) >= CPU_BOUND && lacks_cores => Bound::Core,
            _ if load >= CPU_BOUND => Bound::Cpu,
            _ if self.only_computes && self.clock.tells_ready => Bound::Turn,
            _ if self.only_computes => Bound::Unknown,
            wanted if wanted.max(load) <= IO_BOUND => Bound::Io,
            _ => Bound::Between,
        }
    }

    /// Returns the facts in one sentence; `None` if nothing was done.
    pub fn sentence(&self) -> Option<String> {
        let Facts { peak_in_flight: peak, workers, working, ready, cores_busy, bound } =
            self.facts()?;
        let what = format!(
            "At most {peak} {} in flight; {workers} {}",
            plural(&self.item, peak),
            plural(&self.worker, workers)
        );
        let Some(bound) = bound else {
            return Some(format!(
                "{what}; too short to tell working from waiting by this system's clock, which counts in \
                 steps of {:.0} ms.",
                self.clock.step.as_secs_f64() * 1e3
            ));
        };
        let percent = |share: f64| (share * 100.0).round();
        let (working, ready) = (percent(working), percent(ready));
        // A few moments without a core are not worth a word.
        let ready = if ready < WORTH_A_WORD { 0.0 } else { ready };
        let waiting = (100.0 - working - ready).max(0.0);
        let waited = if ready > 0.0 {
            let were = if workers == 1 { "was" } else { "were" };
            format!(", {were} ready without a core for {ready}%, and waited {waiting}%")
        } else {
            format!(" and waited {waiting}%")
        };
        // If all items failed without waiting, no work limits the run.
        let all_failed = self.spans.iter().all(|it| it.is_annotation || it.failed.is_some());
        let says_nothing = all_failed && bound != Bound::Io;
        let verdict = if says_nothing { String::new() } else { format!(": {bound}") };
        Some(format!(
            "{what} worked {working}% of the time{waited}; {cores_busy:.2} of {} {} busy{verdict}.",
            self.cores,
            plural("core", self.cores),
        ))
    }
}

/// Returns the word in the singular or the plural, for this number.
pub fn plural(word: &str, many: usize) -> String {
    let ending = match word {
        _ if many == 1 => "",
        word if word.ends_with('s') => "es",
        _ => "s",
    };
    format!("{word}{ending}")
}

fn peak_in_flight(spans: &[Span]) -> usize {
    let items = || spans.iter().filter(|span| !span.is_annotation);
    let starts = items().map(|span| (span.start, 1));
    let ends = items().map(|span| (span.end, -1));
    let mut changes: Vec<(Duration, i32)> = starts.chain(ends).collect();
    // An item that ends at the moment when another begins makes room for it: -1 comes first.
    changes.sort_unstable();
    let in_flight = changes.into_iter().scan(0, |now, (_, change)| {
        *now += change;
        Some(*now)
    });
    // An item that was too short for the clock was in flight, too.
    let peak = in_flight.max().and_then(|peak| usize::try_from(peak).ok()).unwrap_or_default();
    peak.max(usize::from(items().next().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::tests::{span, with_turns};

    fn timeline(took: u64, spans: &[Span]) -> Timeline {
        Timeline {
            title: "a lesson".into(),
            item: "page".into(),
            worker: "process".into(),
            only_computes: false,
            clock: Clock::default(),
            took: Duration::from_millis(took),
            cores: 2,
            spans: spans.to_vec(),
            sections: Vec::new(),
        }
    }

    #[test]
    fn one_after_another() {
        let run = timeline(110, &[span("main", 0, 50, 1), span("main", 50, 100, 1)]);
        assert_eq!(
            run.sentence().as_deref(),
            Some(
                "At most 1 page in flight; 1 process worked 2% of the time and waited 98%; \
                 0.02 of 2 cores busy: I/O-bound."
            )
        );
    }

    #[test]
    fn two_at_work_on_two_cores() {
        let run = timeline(50, &[span("worker-1", 0, 50, 50), span("worker-2", 0, 50, 49)]);
        assert_eq!(
            run.sentence().as_deref(),
            Some(
                "At most 2 pages in flight; 2 processes worked 99% of the time and waited 1%; \
                 1.98 of 2 cores busy: CPU-bound."
            )
        );
    }

    /// Each worker works less than half of its time, since it waits for a core.
    #[test]
    fn more_workers_than_cores_are_bound_by_the_cores() {
        let spans = ["a", "b", "c", "d", "e"].map(|worker| span(worker, 0, 100, 40));
        let facts = timeline(100, &spans).facts().expect("there are spans");
        assert!(facts.working < 0.5);
        assert_eq!(facts.bound, Some(Bound::Cpu));
    }

    /// The work of the one thread counts, including that between the turns; adding the tasks' work would count it twice.
    #[test]
    fn many_tasks_on_one_thread() {
        let spans = [
            with_turns(span("main", 0, 50, 0), &[[0, 2, 2, 0], [49, 50, 1, 0]]),
            with_turns(span("main", 0, 50, 0), &[[2, 4, 2, 0], [45, 46, 1, 4]]),
        ];
        let facts = timeline(100, &spans).facts().expect("there are spans");
        assert_eq!((facts.peak_in_flight, facts.workers), (2, 1));
        assert!((facts.working - 0.2).abs() < 1e-9, "{facts:?}");
        assert!((facts.cores_busy - 0.1).abs() < 1e-9, "{facts:?}");
        assert_eq!(facts.bound, Some(Bound::Io));
    }

    /// If the clock cannot tell, the sentence does not say what they wait for.
    #[test]
    fn what_only_computes_is_never_io_bound() {
        let bound = |run: &Timeline| run.facts().and_then(|facts| facts.bound);
        let run = timeline(100, &[span("main", 0, 100, 30)]);
        assert_eq!(bound(&run), Some(Bound::Io));
        let half = Timeline { spans: vec![span("main", 0, 100, 50)], ..run.clone() };
        assert_eq!(bound(&half), Some(Bound::Between));
        let computes = Timeline { only_computes: true, ..run };
        assert_eq!(bound(&computes), Some(Bound::Unknown));
        let clock = Clock { tells_ready: true, ..Clock::default() };
        assert_eq!(bound(&Timeline { clock, ..computes }), Some(Bound::Turn));
    }

    /// Other programs use the machine.
    #[test]
    fn who_is_ready_and_has_no_core_waits_for_a_core() {
        let ready = |worker, working| Span {
            ready: Duration::from_millis(95 - working),
            ..span(worker, 0, 100, working)
        };
        let clock = Clock { tells_ready: true, ..Clock::default() };
        let run = Timeline { clock, ..timeline(100, &[ready("main", 30)]) };
        assert_eq!(
            run.sentence().as_deref(),
            Some(
                "At most 1 page in flight; 1 process worked 30% of the time, was ready without a core for \
                 65%, and waited 5%; 0.30 of 2 cores busy: CPU-bound, and waiting for a core."
            )
        );
        // Two cores are busy: there are more threads than cores, and no other programs.
        let spans = ["a", "b", "c", "d"].map(|worker| ready(worker, 47));
        let facts = Timeline { spans: spans.into(), ..run }.facts().expect("there are spans");
        assert_eq!(facts.bound, Some(Bound::Cpu));
        assert!((facts.ready - 0.48).abs() < 1e-9, "{facts:?}");
    }

    #[test]
    fn below_what_the_clock_can_tell_there_is_no_verdict() {
        let clock = Clock { step: Duration::from_micros(15_625), ..Clock::default() };
        let run = Timeline { clock, ..timeline(23, &[span("main", 0, 23, 0)]) };
        assert_eq!(
            run.sentence().as_deref(),
            Some(
                "At most 1 page in flight; 1 process; too short to tell working from waiting by this \
                 system's clock, which counts in steps of 16 ms."
            )
        );
        let longer = Timeline { spans: vec![span("main", 0, 400, 0)], ..run };
        assert_eq!(longer.facts().and_then(|facts| facts.bound), Some(Bound::Io));
    }

    #[test]
    fn what_took_no_time_was_in_flight() {
        let facts = timeline(1, &[span("main", 0, 0, 0), span("main", 0, 0, 0)]).facts();
        assert_eq!(facts.map(|facts| facts.peak_in_flight), Some(1));
    }

    #[test]
    fn an_annotation_is_a_worker_at_work_and_no_item_in_flight() {
        let annotation = Span { is_annotation: true, ..span("main", 0, 50, 0) };
        let facts = timeline(50, &[span("worker-1", 0, 50, 50), annotation.clone()]).facts();
        let facts = facts.expect("there is an item");
        assert_eq!((facts.peak_in_flight, facts.workers), (1, 2));
        assert_eq!(timeline(50, &[annotation]).facts(), None);
    }

    #[test]
    fn nothing_done_says_nothing() {
        assert_eq!(timeline(1, &[]).facts(), None);
    }
}
