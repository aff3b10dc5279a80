//! From spans to lanes, the same for every kind of picture.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use common::{Span, Turn};

use crate::Clock;

/// A shorter time is not called blocking: clocks differ, and the system runs other programs now and then.
const NOTICEABLE: Duration = Duration::from_millis(1);

/// One row of a diagram: pieces that do not overlap, in the order of time.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) pieces: Vec<Piece<'a>>,
}

/// The owner of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A thread or a process.
    Worker,
    /// Tasks, one after another; a worker that has several in flight at once has several such rows.
    Task,
}

/// The state of a lane in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It keeps a processor busy.
    Working,
    /// It is ready but has no core; or a task was woken and does not have its thread yet.
    Ready,
    /// It waits, and keeps the thread from all other tasks.
    Blocking,
    /// It waits, and others may run.
    Waiting,
    /// It has not ended: its state is unknown.
    Open,
}

/// A time in which a lane has an item, whether it works or waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    pub(crate) working: Duration,
    pub(crate) ready: Duration,
    /// The item; `None` for the event loop's own time.
    pub(crate) span: Option<&'a Span>,
    /// The turn, if tasks take turns on this lane.
    pub(crate) turn: Option<&'a Turn>,
}

impl Piece<'_> {
    pub(crate) fn length(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }

    /// Returns the stretches of the piece with their states, as far as they are known.
    pub(crate) fn stretches(&self, kind: Kind, clock: Clock) -> Vec<Stretch> {
        match (self.turn, self.span) {
            (_, Some(span)) if span.is_open => vec![(self.start, self.end, Doing::Open)],
            (Some(turn), _) => of_turn(turn, clock).to_vec(),
            // A task waits between its turns, until it is woken.
            (_, Some(span)) if kind == Kind::Task && !span.turns.is_empty() => {
                let ends = [self.start].into_iter().chain(span.turns.iter().map(|turn| turn.end));
                let mut stretches: Vec<Stretch> = ends
                    .zip(&span.turns)
                    .flat_map(|(from, turn)| {
                        let woken = turn.woken.clamp(from.min(turn.start), turn.start);
                        let waiting = (from, woken, Doing::Waiting);
                        [waiting, (woken, turn.start, Doing::Ready)]
                            .into_iter()
                            .chain(of_turn(turn, clock))
                    })
                    .collect();
                let last = span.turns.last().map_or(self.start, |turn| turn.end);
                stretches.push((last, self.end, Doing::Waiting));
                stretches
            }
            // For a thread only the length of each state is known: they are drawn from the left.
            _ => {
                let [working, ready] = limited(self.working, self.ready, self.length());
                from_the_left(self.start, working, ready, self.end, Doing::Waiting).to_vec()
            }
        }
    }
}

impl Lane<'_> {
    pub(crate) fn covered(&self) -> Duration {
        self.pieces.iter().map(Piece::length).sum()
    }

    /// Never more than is covered. A single piece may have more, if a coarse step of the CPU clock falls into it.
    pub(crate) fn working(&self) -> Duration {
        self.pieces.iter().map(|piece| piece.working).sum::<Duration>().min(self.covered())
    }

    /// Never more than the covered time without work.
    pub(crate) fn ready(&self) -> Duration {
        let ready = self.pieces.iter().map(|piece| piece.ready).sum::<Duration>();
        ready.min(self.covered() - self.working())
    }
}

/// Start, end, and state.
pub(crate) type Stretch = (Duration, Duration, Doing);

/// First the work, then the ready time, then the rest.
pub(crate) fn from_the_left(
    start: Duration,
    working: Duration,
    ready: Duration,
    end: Duration,
    rest: Doing,
) -> [Stretch; 3] {
    let worked = start + working;
    let had_a_core = worked + ready;
    [(start, worked, Doing::Working), (worked, had_a_core, Doing::Ready), (had_a_core, end, rest)]
}

/// Two clocks may differ a little: the work, and then the ready time, are limited to the whole.
pub(crate) fn limited(working: Duration, ready: Duration, whole: Duration) -> [Duration; 2] {
    let working = working.min(whole);
    [working, ready.min(whole - working)]
}

/// A turn. Time that is too short to be called blocking counts as work.
fn of_turn(turn: &Turn, clock: Clock) -> [Stretch; 3] {
    let length = turn.end.saturating_sub(turn.start);
    let [_, ready] = limited(turn.working, turn.ready, length);
    let working = length - ready - blocked(turn, clock);
    from_the_left(turn.start, working, ready, turn.end, Doing::Blocking)
}

/// Returns how long a turn held the thread without working and without losing its core: a call that blocks. Zero if
/// that is too short to be sure. If the system cannot distinguish the two, a turn that lost its core counts as well.
pub(crate) fn blocked(turn: &Turn, clock: Clock) -> Duration {
    let length = turn.end.saturating_sub(turn.start);
    let blocked = length.saturating_sub(turn.working).saturating_sub(turn.ready);
    let is_noticeable = blocked >= NOTICEABLE.max(2 * clock.step);
    if is_noticeable { blocked } else { Duration::ZERO }
}

/// Returns the part of `whole`, from 0 to 1.
pub(crate) fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { (part.as_secs_f64() / whole.as_secs_f64()).min(1.0) }
}

/// Returns all lanes: each worker's, and below it those of its tasks, if it has several in flight.
pub(crate) fn lanes(spans: &[Span]) -> Vec<Lane<'_>> {
    // By length first, so that worker-10 comes after worker-9.
    let mut workers = BTreeMap::<(usize, &str), Vec<&Span>>::new();
    for span in spans {
        workers.entry((span.worker.len(), &span.worker)).or_default().push(span);
    }
    let mut lanes = Vec::new();
    for ((_, worker), mut spans) in workers {
        spans.sort_by_key(|span| (span.start, span.end));
        // The rest of a task's work is in its turns already.
        if spans.iter().any(|span| !span.turns.is_empty()) {
            spans.retain(|span| !span.is_annotation);
        }
        let overlap = spans.windows(2).any(|pair| pair[1].start < pair[0].end);
        let takes_turns = overlap || spans.iter().any(|span| !span.turns.is_empty());
        let pieces = if takes_turns {
            turns(&spans)
        } else {
            spans.iter().map(|span| whole(span)).collect()
        };
        lanes.push(Lane { name: worker.into(), kind: Kind::Worker, pieces });
        if takes_turns {
            lanes.extend(tasks(&spans));
        }
    }
    lanes
}

fn whole(span: &Span) -> Piece<'_> {
    Piece {
        start: span.start,
        end: span.end,
        working: span.working,
        ready: span.ready,
        span: Some(span),
        turn: None,
    }
}

/// The turns that tasks take on one thread, and the thread's work between them while any task is in flight.
fn turns<'a>(spans: &[&'a Span]) -> Vec<Piece<'a>> {
    let mut turns: Vec<_> =
        spans.iter().flat_map(|&span| span.turns.iter().map(move |turn| (turn, span))).collect();
    turns.sort_by_key(|(turn, _)| turn.start);
    let mut turns = turns.into_iter().peekable();
    let mut pieces = Vec::new();
    for (start, end) in covered(spans) {
        let mut now = start;
        while let Some((turn, span)) = turns.next_if(|(turn, _)| turn.start < end) {
            let start = turn.start.max(now);
            if start > now {
                pieces.push(between(now, start, turn.before));
            }
            now = turn.end.max(start);
            let (span, working, ready) = (Some(span), turn.working, turn.ready);
            pieces.push(Piece { start, end: now, working, ready, span, turn: Some(turn) });
        }
        if end > now {
            pieces.push(between(now, end, Duration::ZERO));
        }
    }
    pieces
}

/// Between two turns.
fn between<'a>(start: Duration, end: Duration, working: Duration) -> Piece<'a> {
    Piece { start, end, working, ready: Duration::ZERO, span: None, turn: None }
}

/// The times in which any of these spans is in flight. They are sorted by their start.
fn covered(spans: &[&Span]) -> Vec<(Duration, Duration)> {
    let mut covered: Vec<(Duration, Duration)> = Vec::new();
    for span in spans {
        match covered.last_mut() {
            Some((_, end)) if span.start <= *end => *end = span.end.max(*end),
            _ => covered.push((span.start, span.end)),
        }
    }
    covered
}

/// The smallest number of lanes for all tasks; each task is in the topmost lane that is free when it begins.
fn tasks<'a>(spans: &[&'a Span]) -> Vec<Lane<'a>> {
    let mut lanes: Vec<Lane<'a>> = Vec::new();
    let (mut free, mut taken) = (BinaryHeap::new(), BinaryHeap::new());
    for span in spans {
        while let Some(&Reverse((end, lane))) = taken.peek() {
            if end > span.start {
                break;
            }
            taken.pop();
            free.push(Reverse(lane));
        }
        let lane = free.pop().map_or(lanes.len(), |Reverse(lane)| lane);
        if lane == lanes.len() {
            let name = format!("task {}", lane + 1);
            lanes.push(Lane { name, kind: Kind::Task, pieces: Vec::new() });
        }
        lanes[lane].pieces.push(whole(span));
        taken.push(Reverse((span.end, lane)));
    }
    lanes
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A span on a worker: start, end and work, in milliseconds.
    pub(crate) fn span(worker: &str, start: u64, end: u64, working: u64) -> Span {
        Span {
            label: format!("{worker} at {start}"),
            worker: worker.into(),
            start: ms(start),
            end: ms(end),
            working: ms(working),
            ..Span::default()
        }
    }

    /// Its turns: start, end, work and before, in milliseconds.
    pub(crate) fn with_turns(mut span: Span, turns: &[[u64; 4]]) -> Span {
        let turn = |&[start, end, working, before]: &[u64; 4]| Turn {
            start: ms(start),
            end: ms(end),
            woken: ms(start),
            working: ms(working),
            before: ms(before),
            ..Turn::default()
        };
        span.turns = turns.iter().map(turn).collect();
        span.working = span.turns.iter().map(|turn| turn.working).sum();
        span
    }

    fn drawn(spans: &[Span]) -> Vec<(String, Vec<[u128; 3]>)> {
        let piece = |piece: &Piece<'_>| {
            [piece.start, piece.end, piece.working].map(|time| time.as_millis())
        };
        let lane = |lane: Lane<'_>| (lane.name.clone(), lane.pieces.iter().map(piece).collect());
        lanes(spans).into_iter().map(lane).collect()
    }

    #[test]
    fn a_lane_for_each_worker_in_the_order_of_their_numbers() {
        let spans =
            [span("worker-10", 0, 5, 1), span("worker-9", 6, 7, 0), span("worker-9", 0, 5, 2)];
        assert_eq!(
            drawn(&spans),
            [
                ("worker-9".into(), vec![[0, 5, 2], [6, 7, 0]]),
                ("worker-10".into(), vec![[0, 5, 1]]),
            ]
        );
    }

    #[test]
    fn one_thread_with_its_tasks_below_it() {
        let spans = [
            with_turns(span("main", 0, 20, 0), &[[0, 2, 2, 0], [15, 16, 1, 1]]),
            with_turns(span("main", 2, 10, 0), &[[3, 4, 1, 1], [8, 10, 2, 0]]),
            with_turns(span("main", 10, 12, 0), &[[11, 12, 1, 0]]),
        ];
        assert_eq!(
            drawn(&spans),
            [
                (
                    "main".into(),
                    vec![
                        [0, 2, 2],
                        [2, 3, 1],
                        [3, 4, 1],
                        [4, 8, 0],
                        [8, 10, 2],
                        [10, 11, 0],
                        [11, 12, 1],
                        [12, 15, 1],
                        [15, 16, 1],
                        [16, 20, 0],
                    ]
                ),
                ("task 1".into(), vec![[0, 20, 3]]),
                ("task 2".into(), vec![[2, 10, 3], [10, 12, 1]]),
            ]
        );
    }
}
