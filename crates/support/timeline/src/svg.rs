//! The picture: one self-contained SVG, or its parts for a page that shows several.
//!
//! No charting library that we know draws lanes of bars with colours that follow the reader's light or
//! dark mode and stay apart on paper; the elements are the `svg` crate's.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use svg::Document;
use svg::node::element::{Group, Path, Rectangle, SVG, Style, Text, Title};

use crate::facts::plural;
use crate::lanes::{
    Doing, Kind, Lane, Piece, Stretch, blocked, from_the_left, lanes, limited, share,
};
use crate::{Look, Timeline, scale};

/// Lanes beyond these are summed up in words.
const MOST_LANES: usize = 200;
/// The height of a lane that has as much room as it wants, in pixels.
const WORKER: usize = 22;
const TASK: usize = 16;
/// With more lanes than these a picture can be folded.
const MOST_UNFOLDED: usize = 10;
/// The height of a band of folded lanes, in pixels, and the number of slices of time in which their states are counted.
const BAND: usize = 88;
const SLICES: u32 = 400;
/// The states in a band, from the bottom.
const STACKED: [(Doing, &str); 5] = [
    (Doing::Working, "working"),
    (Doing::Ready, "ready"),
    (Doing::Blocking, "blocking"),
    (Doing::Waiting, "waiting"),
    (Doing::Open, "not ended"),
];
/// A lane that is less high than this has none.
const ROOM_FOR_A_NAME: usize = 12;
/// What is shorter than this part of the run is drawn together with its neighbours.
const FINEST: f64 = 1.0 / 4_000.0;

/// Sizes in pixels: of the whole, of the margins for names and percents, of what is above and below.
const WIDTH: usize = 960;
const NAMES: usize = 110;
const PERCENTS: usize = 60;
const HEAD: usize = 82;
const FOOT: usize = 34;
/// So many signs of a line of words fit in.
const COLUMNS: usize = 130;
/// What a further line of words takes.
const LINE: usize = 16;
/// Half of what the label of a tick takes, with its unit.
const ROOM_FOR_A_TICK: usize = 28;
/// What the names of parts take above the axis, and how wide a sign of them is at the most.
const PARTS: usize = 20;
const SIGN: usize = 8;

/// The colours, and the difference between working, ready and waiting without them: a working bar is thick, a waiting one
/// thin, and one that is ready two rails with nothing on them. Blue, green and vermilion are those of Okabe and Ito's palette, which colour-blind people can tell
/// apart (<https://jfly.uni-koeln.de/color/>).
pub const STYLE: &str = "
.timing { --paper: #ffffff; --ink: #1a1a1a; --faint: #d8d8d8; --working: #0072b2; --ready: #009e73; --waiting: #d55e00;
  font-family: system-ui, sans-serif; font-size: 12px; fill: var(--ink);
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
@media screen and (prefers-color-scheme: dark) {
  .timing { --paper: #16181d; --ink: #e8e8e8; --faint: #3a3d45; --working: #56b4e9; --ready: #35c495; --waiting: #f08a4b; } }
.timing .paper { fill: var(--paper); }
.timing .grid { fill: var(--faint); }
.timing .working { fill: var(--working); }
.timing .ready { fill: var(--ready); }
.timing .open { fill: var(--faint); }
.timing .waiting, .timing .blocking { fill: var(--waiting); }
.timing .part { fill: var(--ink); font-weight: 600; }
.timing .other rect { opacity: 0.72; }
.timing .failed rect { stroke: var(--ink); stroke-width: 1.5px; vector-effect: non-scaling-stroke; }
.timing g:hover > rect { fill: var(--ink); }
.timing .title { font-size: 16px; font-weight: 600; }
.timing .end { text-anchor: end; }
.timing .middle { text-anchor: middle; }
";

/// The lanes of a timeline as a picture, without title, axis and names: for a page that has its own.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The height of all lanes together, in pixels.
    pub height: usize,
    /// The lanes that are drawn, from the top.
    pub lanes: Vec<PictureLane>,
    /// What the lanes are that are not drawn; empty where all are.
    pub more: String,
    /// The classes of [`STYLE`] that occur in it, which a legend has to explain.
    pub marks: Marks,
    bars: Group,
}

/// The classes that occur in a picture.
pub type Marks = BTreeSet<&'static str>;

/// One lane of a picture.
#[derive(Clone, Debug)]
pub struct PictureLane {
    /// Whose it is; empty where there is no room for a name.
    pub name: String,
    /// Where its middle is, in pixels from the top.
    pub middle: usize,
    /// What part of its time was work, in percent; none where there is no room for it.
    pub percent: Option<f64>,
}

/// How high lanes are, in pixels: all of a kind together, and a single one, at the most.
#[derive(Clone, Copy)]
pub(crate) struct Heights {
    pub(crate) workers: usize,
    pub(crate) worker: usize,
    pub(crate) tasks: usize,
    pub(crate) task: usize,
    /// How thick waiting is, in a lane that is so high.
    pub(crate) waiting: fn(usize) -> usize,
}

/// Where a lane is drawn.
#[derive(Clone, Copy)]
struct Strip {
    top: usize,
    height: usize,
    kind: Kind,
    /// How thick waiting is.
    waiting: usize,
}

impl Strip {
    fn stretch(
        self,
        (from, to, doing): Stretch,
        marks: &mut Marks,
    ) -> impl Iterator<Item = Rectangle> + use<> {
        let space = if self.height > 4 { self.height.div_ceil(6) } else { 0 };
        let thick = self.height - space;
        let middle = |size: usize| (self.top + (self.height - size) / 2, size);
        let (top, rail) = (middle(thick).0, thick.div_ceil(6));
        let rects = match doing {
            Doing::Working | Doing::Blocking => vec![middle(thick)],
            // Too low for two of them.
            Doing::Ready if thick < 4 => vec![middle(thick)],
            Doing::Ready => vec![(top, rail), (top + thick - rail, rail)],
            Doing::Waiting | Doing::Open => vec![middle(self.waiting)],
        };
        let (class, from, to) = (class(doing), micros(from), micros(to));
        if from < to {
            marks.insert(class);
        }
        let rects = rects.into_iter().filter(move |_| from < to);
        let rect = move |(top, size)| rectangle(class, 0, top, 0, size).set("x", from);
        rects.map(move |it| rect(it).set("width", to - from))
    }
}

fn class(doing: Doing) -> &'static str {
    match doing {
        Doing::Working => "working",
        Doing::Ready => "ready",
        Doing::Blocking => "blocking",
        Doing::Waiting => "waiting",
        Doing::Open => "open",
    }
}

impl Picture {
    /// An `<svg>` element, `to` wide and as high as the picture; time goes from 0 to `axis`.
    pub fn plot(&self, axis: Duration, to: &str) -> String {
        self.element(axis).set("width", to).set("class", "timing plot").to_string()
    }

    /// Its `viewBox` is in microseconds by pixels, so another stretch of time needs only another one.
    pub(crate) fn element(&self, axis: Duration) -> SVG {
        SVG::new()
            .set("viewBox", (0, 0, micros(axis).max(1), self.height))
            .set("preserveAspectRatio", "none")
            .set("height", self.height)
            .add(self.bars.clone())
    }
}

impl Timeline {
    /// The moment at which its picture ends.
    pub fn end(&self) -> Duration {
        self.spans.iter().map(|span| span.end).fold(self.took, Duration::max)
    }

    /// Its lanes as a picture.
    pub fn picture(&self) -> Picture {
        let waiting = |height| height / 3;
        let (worker, task) = (WORKER, TASK);
        self.picture_of(Heights { workers: 440, worker, tasks: 320, task, waiting })
    }

    pub(crate) fn picture_of(&self, heights: Heights) -> Picture {
        let all = lanes(&self.spans);
        let (shown, hidden) = all.split_at(all.len().min(MOST_LANES));
        let many = |kind| shown.iter().filter(|lane| lane.kind == kind).count().max(1);
        let worker_height = (heights.workers / many(Kind::Worker)).clamp(4, heights.worker);
        let task_height = (heights.tasks / many(Kind::Task)).clamp(2, heights.task);
        let (mut top, mut bars, mut drawn) = (0, Group::new(), Vec::<PictureLane>::new());
        let mut marks = Marks::new();
        for lane in shown {
            let height = if lane.kind == Kind::Task { task_height } else { worker_height };
            let waiting = (heights.waiting)(height).max(1);
            let strip = Strip { top, height, kind: lane.kind, waiting };
            bars = bars.add(self.lane(lane, strip, &mut marks));
            let has_room = height >= ROOM_FOR_A_NAME;
            let name = if has_room { lane.name.clone() } else { String::new() };
            let percent = has_room.then(|| 100.0 * share(lane.working(), lane.covered()));
            drawn.push(PictureLane { name, middle: top + height / 2, percent });
            top += height;
        }
        if task_height < ROOM_FOR_A_NAME {
            // One name for all the tasks of a worker, at the middle one.
            let mut lane = 0;
            for tasks in shown.chunk_by(|one, next| one.kind == next.kind) {
                if tasks[0].kind == Kind::Task {
                    drawn[lane + tasks.len() / 2].name = format!("{} tasks", tasks.len());
                }
                lane += tasks.len();
            }
        }
        let more = match hidden.len() {
            0 => String::new(),
            hidden => format!("{hidden} more {} like these", plural("lane", hidden)),
        };
        Picture { height: top.max(1), lanes: drawn, more, marks, bars }
    }

    /// Its lanes as a picture in which many of them are one band, at the height of which all are in the same state;
    /// `None` if there are only a few.
    pub fn folded(&self) -> Option<Picture> {
        let all = lanes(&self.spans);
        if all.len() <= MOST_UNFOLDED {
            return None;
        }
        let (tasks, workers): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|lane| lane.kind == Kind::Task);
        let (mut top, mut bars, mut drawn) = (0, Group::new(), Vec::new());
        let mut marks = Marks::new();
        for (lanes, noun) in [(workers, self.worker.as_str()), (tasks, "task")] {
            if drawn.len() + lanes.len() > MOST_UNFOLDED {
                let working = lanes.iter().map(Lane::working).sum();
                let percent = Some(100.0 * share(working, lanes.iter().map(Lane::covered).sum()));
                let name = format!("{} {}", lanes.len(), plural(noun, lanes.len()));
                bars = bars.add(self.band(&lanes, &name, top, &mut marks));
                drawn.push(PictureLane { name, middle: top + BAND / 2, percent });
                top += BAND;
                continue;
            }
            for lane in lanes {
                let height = if lane.kind == Kind::Task { TASK } else { WORKER };
                let strip = Strip { top, height, kind: lane.kind, waiting: height / 3 };
                bars = bars.add(self.lane(&lane, strip, &mut marks));
                let percent = Some(100.0 * share(lane.working(), lane.covered()));
                drawn.push(PictureLane { name: lane.name, middle: top + height / 2, percent });
                top += height;
            }
        }
        Some(Picture { height: top, lanes: drawn, more: String::new(), marks, bars })
    }

    /// Lanes as one band: how many of them are in each state, on average, in each slice of the time.
    fn band(&self, lanes: &[Lane<'_>], name: &str, top: usize, marks: &mut Marks) -> Group {
        let end = self.end();
        let mut slices = vec![[0.0; STACKED.len()]; SLICES as usize];
        let stretches = lanes.iter().flat_map(|lane| {
            lane.pieces.iter().flat_map(|piece| piece.stretches(lane.kind, self.clock))
        });
        for (from, to, doing) in stretches {
            let at = |time| share(time, end) * f64::from(SLICES);
            let (from, to) = (at(from), at(to));
            let state = STACKED.iter().position(|(it, _)| *it == doing);
            let state = state.expect("all states are there");
            for (number, slice) in slices.iter_mut().enumerate().skip(from as usize) {
                let start = number as f64;
                if start >= to {
                    break;
                }
                slice[state] += to.min(start + 1.0) - from.max(start);
            }
        }
        marks.insert("band");
        let x = |slice: usize| micros(end * slice as u32 / SLICES);
        // How high the states below this one are.
        let y = |slice: &[f64; STACKED.len()], state: usize| {
            let below: f64 = slice[..state].iter().sum();
            let height = (top + BAND) as f64 - BAND as f64 * below / lanes.len() as f64;
            format!("{height:.2}")
        };
        let mut group = Group::new().set("class", "band");
        for (state, (doing, _)) in STACKED.into_iter().enumerate() {
            if slices.iter().all(|slice| slice[state] == 0.0) {
                continue;
            }
            marks.insert(class(doing));
            let mut path = String::from("M0 ");
            path += &y(&slices[0], state + 1);
            // Along its upper edge, and back along its lower one.
            for (number, slice) in slices.iter().enumerate() {
                let _ = write!(path, "V{}H{}", y(slice, state + 1), x(number + 1));
            }
            for (number, slice) in slices.iter().enumerate().rev() {
                let _ = write!(path, "V{}H{}", y(slice, state), x(number));
            }
            group = group.add(Path::new().set("class", class(doing)).set("d", path + "Z"));
        }
        let mut number = 0;
        for same in
            slices.chunk_by(|one, next| (0..=5).all(|state| y(one, state) == y(next, state)))
        {
            let (from, to) = (number, number + same.len());
            number = to;
            let ms = |slice| x(slice) as f64 / 1e3;
            let states = STACKED.iter().zip(same[0]).filter(|(_, lanes)| *lanes > 0.005);
            let states: Vec<String> = states
                .map(|((_, state), lanes)| format!("{} {state}", (lanes * 100.0).round() / 100.0))
                .collect();
            let words = if states.is_empty() { "none in flight".into() } else { states.join(", ") };
            let words = format!("{name}, from {:.1} to {:.1} ms: {words}", ms(from), ms(to));
            let here = rectangle("slice", 0, top, 0, BAND);
            let here = here.set("x", x(from)).set("width", x(to) - x(from));
            group = group.add(Group::new().add(Title::new(words)).add(here));
        }
        group
    }

    fn lane(&self, lane: &Lane<'_>, strip: Strip, marks: &mut Marks) -> Group {
        let finest = self.end().mul_f64(FINEST);
        let mut group = Group::new();
        let mut pieces = lane.pieces.as_slice();
        let mut is_other = false;
        while let Some(first) = pieces.first() {
            let ends_in_time = |piece: &&Piece<'_>| piece.end.saturating_sub(first.start) <= finest;
            let together = pieces.iter().take_while(ends_in_time).count().max(1);
            let (drawn, rest) = pieces.split_at(together);
            group = group.add(self.bar(drawn, strip, is_other, marks));
            pieces = rest;
            is_other = !is_other;
        }
        group
    }

    /// Pieces as one bar, thick where they worked and thin where they waited.
    fn bar(&self, pieces: &[Piece<'_>], strip: Strip, is_other: bool, marks: &mut Marks) -> Group {
        let (start, end) = (pieces[0].start, pieces[pieces.len() - 1].end);
        let length: Duration = pieces.iter().map(Piece::length).sum();
        let sum = |of: fn(&Piece<'_>) -> Duration| pieces.iter().map(of).sum::<Duration>();
        let [working, ready] = limited(sum(|it| it.working), sum(|it| it.ready), length);
        let stretches = match pieces {
            [piece] => piece.stretches(strip.kind, self.clock),
            _ => from_the_left(start, working, ready, end, Doing::Waiting).to_vec(),
        };
        let rects = stretches.into_iter().flat_map(|stretch| strip.stretch(stretch, marks));
        let rects: Vec<Rectangle> = rects.collect();
        let failed =
            pieces.iter().any(|piece| piece.span.is_some_and(|span| span.failed.is_some()));
        let classes = [(is_other, "other"), (failed, "failed")];
        let classes: Vec<_> =
            classes.iter().filter(|(is, _)| *is).map(|(_, class)| *class).collect();
        marks.extend(&classes);
        let mut group = Group::new().add(Title::new(self.words(pieces, working, ready, length)));
        if !classes.is_empty() {
            group = group.set("class", classes.join(" "));
        }
        rects.into_iter().fold(group, Group::add)
    }

    /// The words that appear when the mouse points at a bar.
    fn words(
        &self,
        pieces: &[Piece<'_>],
        working: Duration,
        ready: Duration,
        length: Duration,
    ) -> String {
        let mut spans = pieces.iter().filter_map(|piece| piece.span);
        let what = match (spans.next(), spans.count()) {
            (None, _) => "between two turns".into(),
            (Some(span), 0) => match &span.failed {
                None => span.label.clone(),
                Some(why) => format!("{}: failed, {why}", span.label),
            },
            (Some(_), others) => format!("{} {}", others + 1, plural(&self.item, others + 1)),
        };
        let (start, end) = (pieces[0].start, pieces[pieces.len() - 1].end);
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let was_ready = match ms(ready) {
            ready if ready < 0.01 => String::new(),
            ready => format!(", ready {ready:.2}"),
        };
        let words = format!(
            "{what}: from {:.1} to {:.1} ms, worked {:.2}{was_ready} of {:.2} ms",
            ms(start),
            ms(end),
            ms(working),
            ms(length)
        );
        words.chars().filter(|sign| !sign.is_control()).collect()
    }

    /// Whether a task kept its thread without working.
    fn has_blocked(&self) -> bool {
        let mut turns = self.spans.iter().flat_map(|span| &span.turns);
        turns.any(|turn| !blocked(turn, self.clock).is_zero())
    }

    /// Whether so much of it was ready and had no core, or not yet its thread, that it is seen.
    pub(crate) fn was_ready(&self) -> bool {
        let finest = self.end().mul_f64(FINEST);
        self.spans.iter().any(|span| span.ready > finest)
    }

    /// What is said of it, in lines: the facts, or of a run of several parts how long each took.
    fn headlines(&self) -> Vec<String> {
        if self.sections.is_empty() {
            let look = Look { width: COLUMNS, unicode: true, colour: false };
            return look
                .wrap(&self.sentence().unwrap_or_default())
                .lines()
                .map(Into::into)
                .collect();
        }
        let mut lines = vec![String::new()];
        for section in &self.sections {
            let seconds = section.end.saturating_sub(section.start).as_secs_f64();
            let digits = if seconds < 0.001 { 6 } else { 3 };
            let took = format!("{}: {seconds:.digits$} s", section.name);
            let line = lines.last_mut().expect("there is one from the start");
            let longer = if line.is_empty() { took.clone() } else { format!("{line};  {took}") };
            if longer.chars().count() * SIGN < WIDTH {
                *line = longer;
            } else {
                lines.push(took);
            }
        }
        lines
    }

    /// A plot that also tells what a page that plays it asks of it: its items, how many of them are in flight at once, and how
    /// many have ended after a third of the time.
    fn told(&self, plot: SVG, axis: Duration) -> SVG {
        let peak = self.facts().map_or(0, |facts| facts.peak_in_flight);
        plot.set("data-item", self.item.as_str())
            .set("data-items", self.ended_by(Duration::MAX))
            .set("data-peak", peak)
            .set("data-third", self.ended_by(axis / 3))
    }

    /// The whole run as one self-contained picture, which says on hover what each bar is.
    pub fn svg(&self) -> String {
        let picture = self.picture();
        let (axis, plot) = (self.end(), WIDTH - NAMES - PERCENTS);
        let more = if picture.more.is_empty() { 0 } else { 20 };
        let lines = self.headlines();
        let parts = if self.sections.is_empty() { 0 } else { PARTS };
        let head = HEAD + parts + LINE * (lines.len() - 1);
        let bottom = head + picture.height;
        let (has_blocked, was_ready) = (self.has_blocked(), self.was_ready());
        let second_line = if has_blocked || was_ready { LINE + 2 } else { 0 };
        let height = bottom + more + FOOT + second_line;
        let at = |time: Duration| NAMES + (plot as f64 * share(time, axis)) as usize;
        let mut document = document(&self.title, WIDTH, height);
        for (number, line) in lines.iter().enumerate() {
            document = document.add(text("", 12, 44 + LINE * number, line));
        }
        for section in &self.sections {
            let (from, to) = (at(section.start), at(section.end));
            document = document.add(rectangle("part", from, head - 8, 1, picture.height + 8));
            if from + 4 + SIGN * section.name.chars().count() <= to {
                document = document.add(text("part", from + 4, head - 14 - PARTS, &section.name));
            }
        }
        let ticks = scale::ticks(axis, 8);
        for (tick, label) in ticks.iter().zip(scale::labels(&ticks)) {
            let x = at(*tick);
            // The last one keeps out of the column to the right.
            let (class, label_at) = if x + ROOM_FOR_A_TICK > NAMES + plot {
                ("end", NAMES + plot - 6)
            } else {
                ("middle", x)
            };
            document = document
                .add(rectangle("grid", x, head - 8, 1, picture.height + 8))
                .add(text(class, label_at, head - 14, &label));
        }
        document = document.add(text("end", WIDTH - 12, head - 14, "working"));
        for lane in &picture.lanes {
            document = document.add(text("end", NAMES - 10, head + lane.middle + 4, &lane.name));
            if let Some(percent) = lane.percent {
                let percent = format!("{percent:.0}%");
                document = document.add(text("end", WIDTH - 12, head + lane.middle + 4, &percent));
            }
        }
        let bars = picture.element(axis).set("x", NAMES).set("y", head).set("width", plot);
        document =
            document.add(self.told(bars, axis)).add(text("", NAMES, bottom + 15, &picture.more));
        let legend = bottom + more + 20;
        let below = legend + LINE + 2;
        if was_ready {
            document = document
                .add(rectangle("ready", NAMES, below - 9, 28, 2))
                .add(rectangle("ready", NAMES, below - 1, 28, 2))
                .add(text(
                    "",
                    NAMES + 36,
                    below,
                    "ready: it has no core (a task: not yet its thread)",
                ));
        }
        if has_blocked {
            let words = match self.clock.tells_ready {
                true => "blocking: a task keeps the thread, and waits",
                false => "blocking: a task keeps the thread, and waits (or has no core)",
            };
            document = document
                .add(rectangle("blocking", NAMES + 340, below - 9, 28, 10))
                .add(text("", NAMES + 376, below, words));
        }
        document
            .add(rectangle("working", NAMES, legend - 9, 28, 10))
            .add(text("", NAMES + 36, legend, "working (of a thread: its CPU time, from the left)"))
            .add(rectangle("waiting", NAMES + 340, legend - 6, 28, 4))
            .add(text("", NAMES + 376, legend, "waiting"))
            .to_string()
    }
}

/// A picture of its own, with its title and nothing else yet.
pub fn document(title: &str, width: usize, height: usize) -> Document {
    Document::new()
        .set("class", "timing")
        .set("viewBox", (0, 0, width, height))
        .set("width", width)
        .set("height", height)
        .add(Style::new(STYLE))
        .add(Title::new(title))
        .add(rectangle("paper", 0, 0, width, height))
        .add(text("title", 12, 24, title))
}

/// Words at a place.
pub fn text(class: &str, x: usize, y: usize, words: &str) -> Text {
    Text::new(words).set("class", class).set("x", x).set("y", y)
}

/// A rectangle, by its left, its top, its width and its height.
pub fn rectangle(class: &str, x: usize, y: usize, width: usize, height: usize) -> Rectangle {
    Rectangle::new()
        .set("class", class)
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", height)
}

fn micros(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::lanes::tests::{span, with_turns};
    use common::Span;

    #[test]
    fn a_sentence_that_is_too_long_for_a_line_takes_two() {
        let ready =
            |worker: &str| Span { ready: Duration::from_millis(60), ..span(worker, 0, 100, 30) };
        let run = Timeline {
            title: "a lesson".into(),
            item: "call".into(),
            worker: "thread".into(),
            only_computes: true,
            clock: Clock { tells_ready: true, ..Clock::default() },
            took: Duration::from_millis(1_000),
            cores: 16,
            spans: (1..=12).map(|worker| ready(&format!("worker-{worker}"))).collect(),
            sections: Vec::new(),
        };
        let lines = run.headlines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:?}");
        assert_eq!(Some(lines.join(" ")), run.sentence());
        let [one, two] = [run.svg(), Timeline { spans: Vec::new(), ..run }.svg()];
        assert!(one.contains("y=\"60\"") && one.contains("ready: it has no core"), "{one}");
        assert!(!two.contains("ready: it"), "nothing was done: {two}");
    }

    fn run(spans: Vec<Span>) -> Timeline {
        Timeline {
            title: "a lesson".into(),
            item: "page".into(),
            worker: "thread".into(),
            only_computes: false,
            clock: Clock::default(),
            took: Duration::from_millis(100),
            cores: 2,
            spans,
            sections: Vec::new(),
        }
    }

    fn names(picture: &Picture) -> Vec<&str> {
        picture.lanes.iter().map(|lane| lane.name.as_str()).collect()
    }

    /// A quarter of the threads has ended after half of the time.
    #[test]
    fn a_band_counts_the_lanes_in_each_state() {
        let end = |worker| if worker % 4 == 0 { 50 } else { 100 };
        let threads = |many: u64| {
            let span = |worker| span(&format!("worker-{worker}"), 0, end(worker), 25);
            run((1..=many).map(span).collect())
        };
        assert!(threads(10).folded().is_none());
        let band = threads(12).folded().expect("more than ten lanes");
        assert_eq!((names(&band), band.height), (vec!["12 threads"], 88));
        assert_eq!(band.marks, Marks::from(["band", "waiting", "working"]));
        let percent = band.lanes[0].percent.expect("there is room");
        assert!((percent - 100.0 * 300.0 / 1050.0).abs() < 1e-9, "{percent}");
        let plot = band.plot(Duration::from_millis(100), "100%");
        for words in [
            "12 threads, from 0.0 to 25.0 ms: 12 working",
            "12 threads, from 25.0 to 50.0 ms: 12 waiting",
            "12 threads, from 50.0 to 100.0 ms: 9 waiting",
        ] {
            assert!(plot.contains(&format!(">{words}<")), "{words}: {plot}");
        }
        assert_eq!(plot.matches("<title>").count(), 3);
        // The area of what waits: of all the height, then of three quarters of it.
        let waiting = plot.split("<path ").find(|it| it.contains("waiting")).expect("a path");
        let (there, back) = waiting.split_once("H100000V").expect("it reaches the end");
        assert!(there.contains("V0.00H50000V22.00H50250"), "{there}");
        assert!(back.starts_with("88.00H99750"), "{back}");
    }

    /// A slice of the time in which a lane changes its state counts each part of it.
    #[test]
    fn a_band_leaves_no_time_out() {
        let span = |worker| Span {
            working: Duration::from_micros(50_125),
            ..span(&format!("worker-{worker}"), 0, 100, 0)
        };
        let band = run((1..=20).map(span).collect()).folded().expect("more than ten lanes");
        let plot = band.plot(Duration::from_millis(100), "100%");
        assert!(
            plot.contains("20 threads, from 50.0 to 50.2 ms: 10 working, 10 waiting"),
            "{plot}"
        );
    }

    #[test]
    fn tasks_are_folded_below_their_threads() {
        let span = |task: u64| with_turns(span("main", 0, 90 + task, 0), &[[0, 1, 1, 0]]);
        let picture = run((1..=20).map(span).collect()).folded().expect("more than ten lanes");
        assert_eq!(names(&picture), ["main", "20 tasks"]);
        assert_eq!(picture.height, WORKER + BAND);
    }

    /// What the book's pictures play by: when an item ends counts, and what is drawn beside the items does not.
    #[test]
    fn the_plot_tells_what_a_page_asks_of_it() {
        let beside = Span { is_annotation: true, ..span("main", 0, 10, 0) };
        let run = Timeline {
            title: "a lesson".into(),
            item: "page".into(),
            worker: "thread".into(),
            only_computes: false,
            clock: Clock::default(),
            took: Duration::from_millis(90),
            cores: 2,
            spans: vec![
                span("worker-1", 0, 30, 1),
                span("worker-2", 0, 31, 1),
                span("worker-1", 30, 80, 1),
                beside,
            ],
            sections: Vec::new(),
        };
        let plot = |run: &Timeline| {
            let svg = run.svg();
            let (_, plot) = svg.split_once("\n<svg ").expect("there is a plot");
            plot.split_once('>').expect("it ends").0.to_owned()
        };
        assert_eq!(
            plot(&run),
            "data-item=\"page\" data-items=\"3\" data-peak=\"2\" data-third=\"1\" height=\"66\" \
             preserveAspectRatio=\"none\" viewBox=\"0 0 90000 66\" width=\"790\" x=\"110\" \
             xmlns=\"http://www.w3.org/2000/svg\" y=\"82\""
        );
        let nothing = plot(&Timeline { spans: Vec::new(), ..run });
        assert!(nothing.contains("data-items=\"0\" data-peak=\"0\" data-third=\"0\""), "{nothing}");
    }
}
