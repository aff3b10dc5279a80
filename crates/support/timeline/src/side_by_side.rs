//! Several runs one below the other, on one time scale: for a page that is read on a phone as well.

use std::time::Duration;

use svg::Document;
use svg::node::element::{Group, Style, Title};

use crate::lanes::share;
use crate::svg::{Heights, STYLE, rectangle, text};
use crate::{Timeline, scale};

/// Sizes in pixels. The picture is narrow and its letters are large, so that it can be made small.
const WIDTH: usize = 720;
const MARGIN: usize = 16;
const TITLE: usize = 42;
/// What the name of a run takes,
const NAME: usize = 28;
/// and what is left free below its lanes.
const GAP: usize = 6;
const FOOT: usize = 64;
/// Half of what the label of a tick takes, with its unit.
const ROOM_FOR_A_TICK: usize = 30;
/// The lanes of a run: many workers, or many tasks on one, take as much room as a few. Waiting is thick enough to be seen when
/// the picture is small.
const HEIGHTS: Heights =
    Heights { workers: 45, worker: 18, tasks: 60, task: 9, waiting: |height| height.div_ceil(2) };
const LETTERS: &str = "
.timing.runs { font-size: 20px; }
.timing.runs text { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; }
.timing.runs .title { font-size: 22px; }
.timing .name { font-weight: 600; }
";

/// Runs as one self-contained picture: each has a strip with its name and its seconds, and time goes from 0 to the end
/// of the longest in all of them.
pub fn side_by_side(title: &str, runs: &[Timeline]) -> String {
    let axis = runs.iter().map(Timeline::end).max().unwrap_or_default();
    let plot = WIDTH - 2 * MARGIN;
    let mut strips = Group::new();
    let mut top = TITLE;
    for run in runs {
        let picture = run.picture_of(HEIGHTS);
        let seconds = format!("{:.2} s", run.took.as_secs_f64());
        let lanes = picture.element(axis).set("x", MARGIN).set("y", top + NAME).set("width", plot);
        strips = strips
            .add(text("name", MARGIN, top + 20, &run.title))
            .add(text("end", WIDTH - MARGIN, top + 20, &seconds))
            .add(lanes);
        top += NAME + picture.height + GAP;
    }
    let mut document = Document::new()
        .set("class", "timing runs")
        .set("viewBox", (0, 0, WIDTH, top + FOOT))
        .set("width", WIDTH)
        .set("height", top + FOOT)
        .add(Style::new([STYLE, LETTERS].concat()))
        .add(Title::new(title))
        .add(rectangle("paper", 0, 0, WIDTH, top + FOOT))
        .add(text("title", MARGIN, 30, title));
    let ticks = scale::ticks(axis, 6);
    for (tick, label) in ticks.iter().zip(scale::labels(&ticks)) {
        let x = MARGIN + at(*tick, axis, plot);
        // The first and the last one keep inside.
        let (class, label_at) = match x {
            x if x < MARGIN + ROOM_FOR_A_TICK => ("", MARGIN),
            x if x + ROOM_FOR_A_TICK > WIDTH - MARGIN => ("end", WIDTH - MARGIN),
            x => ("middle", x),
        };
        document = document.add(rectangle("grid", x, TITLE, 1, top - TITLE)).add(text(
            class,
            label_at,
            top + 20,
            &label,
        ));
    }
    let legend = top + FOOT - 12;
    if runs.iter().any(Timeline::was_ready) {
        document = document
            .add(rectangle("ready", MARGIN + 300, legend - 13, 32, 3))
            .add(rectangle("ready", MARGIN + 300, legend - 3, 32, 3))
            .add(text("", MARGIN + 342, legend, "ready, without a core"));
    }
    document
        .add(strips)
        .add(rectangle("working", MARGIN, legend - 13, 32, 13))
        .add(text("", MARGIN + 42, legend, "working"))
        .add(rectangle("waiting", MARGIN + 150, legend - 9, 32, 5))
        .add(text("", MARGIN + 192, legend, "waiting"))
        .to_string()
}

fn at(time: Duration, axis: Duration, plot: usize) -> usize {
    (plot as f64 * share(time, axis)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::tests::span;

    fn run(title: &str, took: u64, spans: &[common::Span]) -> Timeline {
        Timeline {
            title: title.into(),
            item: "page".into(),
            worker: "thread".into(),
            only_computes: false,
            clock: crate::Clock::default(),
            took: Duration::from_millis(took),
            cores: 2,
            spans: spans.to_vec(),
            sections: Vec::new(),
        }
    }

    #[test]
    fn all_runs_have_one_time_scale_their_names_and_their_seconds() {
        let runs = [
            run("long", 1000, &[span("main", 0, 1000, 5)]),
            run("short", 250, &[span("main", 0, 250, 5)]),
        ];
        let picture = side_by_side("Runs", &runs);
        assert_eq!(picture.matches("viewBox=\"0 0 1000000 ").count(), 2, "{picture}");
        for words in ["Runs", "long", "1.00 s", "short", "0.25 s", "working", "waiting"] {
            assert!(picture.contains(&format!("\n{words}\n")), "{words}: {picture}");
        }
    }

    /// A machine with many cores has many processes, and a run with many pages many tasks.
    #[test]
    fn many_lanes_take_little_more_room_than_a_few() {
        let height = |lanes: usize| {
            let workers: Vec<String> =
                (1..=lanes).map(|number| format!("worker-{number}")).collect();
            let spans: Vec<_> = workers.iter().map(|worker| span(worker, 0, 10, 1)).collect();
            run("many", 10, &spans).picture_of(HEIGHTS).height
        };
        assert_eq!([1, 2, 5, 8].map(height), [18, 36, 45, 40]);
        assert_eq!(height(16), 64);
    }

    #[test]
    fn no_run_is_no_mistake() {
        assert!(side_by_side("Runs", &[]).contains("Runs"));
    }
}
