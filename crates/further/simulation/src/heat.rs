//! The work of the lesson: its options, its frames, the check of each plate, and the table at the end.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Arg;
use common::{Done, Run, Span, Timer};
use harness::options::{new_file, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, Work, give_up, lock};
use rayon::ThreadPool;
use serde_json::{Value, json};

use crate::picture::{Film, write_png};
use crate::plate::{Plate, Row, chessboard};

/// How many steps a frame has: the run is reported and checked after each.
const STEPS_OF_A_FRAME: usize = 100;
/// A read and a write of a cell, which no step can do without.
const BYTES_OF_A_CELL: f64 = 16.0;

/// Some steps of the whole plate; its value is the checksum of the plate after them.
const FRAME: Kind = Kind {
    noun: "frame",
    verb: "computed",
    counted: "frames",
    counts_alone: true,
    unit: Unit::Result,
    label: str::to_owned,
    line,
    total: Total::Values("checksums"),
    only_computes: true,
    expected: None,
};

fn line(span: &Span, done: &Done) -> String {
    format!("{}: checksum {:08x}", span.label, done.value)
}

/// Heat on a plate, which is computed in each section again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heat;

/// A plate, and the steps to compute.
#[derive(Debug)]
pub(crate) struct Simulation {
    frames: Vec<Range<usize>>,
    plate: Mutex<Plate>,
    seen: Arc<Mutex<Seen>>,
    film: Option<Arc<Film>>,
}

/// Results of the sections so far.
#[derive(Debug, Default)]
struct Seen {
    /// The checksum of each frame of the first section,
    checksums: Vec<u32>,
    /// and its plate after the last one; room for it until then.
    first: Vec<Row>,
    is_whole: bool,
    speeds: Vec<Speed>,
}

/// How fast a section was.
#[derive(Clone, Copy, Debug, Default)]
struct Speed {
    section: &'static str,
    /// How many threads compute.
    threads: usize,
    steps: usize,
    /// The cells that change in a step.
    cells: usize,
    /// How long the steps took, without the checks.
    took: Duration,
}

/// A plate that is not the one of the first section.
#[derive(Debug)]
struct Differs(String);

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Differs {}

impl Work for Heat {
    type Items = Simulation;

    fn kinds(&self) -> Vec<&'static str> {
        vec![FRAME.noun]
    }

    fn limited(&self) -> &'static str {
        "threads compute"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![
            numeric("size", "CELLS", 3..=8_000usize)
                .default_value("1000")
                .help("How many cells the plate is wide and high"),
            numeric("steps", "N", 1..=1_000_000usize)
                .default_value("1000")
                .help("How many steps to compute"),
            Arg::new("png")
                .long("png")
                .value_name("FILE")
                .value_parser(new_file(&["png"]))
                .help("Write the plate after the last step as a picture, a pixel for each cell"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Simulation {
        let (size, steps): (usize, usize) = (setup.value("size"), setup.value("steps"));
        let made = Plate::new(size).and_then(|plate| Ok((plate, chessboard(size)?)));
        let (plate, first) = made.unwrap_or_else(|_| {
            give_up(&format!("there is no memory for a plate of {size} by {size} cells"))
        });
        let starts = (0..steps).step_by(STEPS_OF_A_FRAME);
        let frames: Vec<_> = starts.map(|at| at..steps.min(at + STEPS_OF_A_FRAME)).collect();
        setup.add(FRAME, frames.len());
        let inner = size - 2;
        // Bands of equal height may be fewer than the workers that were asked for: of 6 rows, 5 workers make 3 bands.
        let rows = inner.div_ceil(setup.workers(inner));
        setup.limit_workers(inner.div_ceil(rows));
        let seen = Arc::new(Mutex::new(Seen { first, ..Seen::default() }));
        let (speeds, written) = (seen.clone(), seen.clone());
        setup.table("speeds", move || table(&lock(&speeds).speeds));
        if let Some(file) = setup.optional::<PathBuf>("png") {
            setup.write(move || {
                let seen = lock(&written);
                // After Ctrl-C there is no plate to draw.
                if seen.is_whole { write_png(&file, &seen.first) } else { Ok(()) }
            });
        }
        let film = Film::shown_here(frames.len()).map(Arc::new);
        if let Some(film) = film.clone() {
            setup.draw(film);
        }
        Simulation { frames, plate: Mutex::new(plate), seen, film }
    }
}

impl Simulation {
    /// Computes all frames from the start on, as a section of this name, with so many workers.
    pub(crate) fn simulate(
        &self,
        run: &Run,
        section: &'static str,
        workers: usize,
        mut compute: impl FnMut(&mut Plate, usize),
    ) {
        let plate = &mut *lock(&self.plate);
        run.section(section);
        plate.reset();
        self.film(0, "", plate);
        let inner = plate.last.len() - 2;
        let (cells, threads) = (inner.pow(2), inner.div_ceil(plate.rows_of_a_band(workers)));
        let mut speed = Speed { section, threads, cells, ..Speed::default() };
        for (frame, steps) in self.frames.iter().enumerate() {
            let label = match steps.len() {
                1 => format!("step {}", steps.end),
                _ => format!("steps {} to {}", steps.start + 1, steps.end),
            };
            let Some(begun) = run.begin(&label) else { break };
            let start = Instant::now();
            compute(plate, steps.len());
            speed.took += start.elapsed();
            speed.steps += steps.len();
            self.film(frame + 1, &label, plate);
            begun.end(self.check(frame, plate));
        }
        lock(&self.seen).speeds.extend(Some(speed).filter(|speed| speed.steps > 0));
    }

    /// Films the plate in a terminal, after so many frames and below the line with this label.
    fn film(&self, frames: usize, label: &str, plate: &Plate) {
        if let Some(film) = &self.film {
            film.take(frames, label, &plate.last);
        }
    }

    /// Returns the checksum of the plate, if it is the plate of the first section.
    fn check(&self, frame: usize, plate: &Plate) -> Result<u64, Differs> {
        let (seen, checksum) = (&mut *lock(&self.seen), plate.checksum());
        let (is_first, is_last) = (frame == seen.checksums.len(), frame + 1 == self.frames.len());
        if is_first {
            seen.checksums.push(checksum);
        }
        if is_first && is_last {
            seen.first.iter_mut().zip(&plate.last).for_each(|(to, from)| to.copy_from_slice(from));
            seen.is_whole = true;
        } else if is_last {
            // A checksum may agree by chance.
            Differs::between(&seen.first, &plate.last).map_or(Ok(()), Err)?;
        }
        if seen.checksums[frame] == checksum {
            Ok(checksum.into())
        } else {
            Err(Differs("the checksum is not that of the first section".into()))
        }
    }
}

impl Differs {
    /// Counts the cells that differ in any bit; `None` if there are none.
    fn between(first: &[Row], other: &[Row]) -> Option<Self> {
        let cells = || first.iter().flatten().zip(other.iter().flatten());
        let different = || cells().filter(|(one, other)| one.to_bits() != other.to_bits());
        let by = different().map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
        let (many, all) = (different().count(), cells().count());
        let text = format!(
            "{many} of {all} cells differ from the first section's, by up to {by:.1e} degrees"
        );
        (many > 0).then_some(Self(text))
    }
}

/// Draws a lane for each thread of the pool, until the returned guard is dropped.
pub(crate) fn lanes(run: &'static Run, pool: &ThreadPool) -> impl Drop {
    pool.broadcast(|_| LANE.set(run.annotate("its part of the rows")));
    Lanes(pool)
}

thread_local!(static LANE: RefCell<Option<Timer<'static>>> = const { RefCell::new(None) });

struct Lanes<'pool>(&'pool ThreadPool);

impl Drop for Lanes<'_> {
    fn drop(&mut self) {
        self.0.broadcast(|_| drop(LANE.take()));
    }
}

/// A row for each section: its value in the report, and its cells.
fn table(speeds: &[Speed]) -> (Value, Vec<Vec<String>>) {
    let head = ["part", "threads", "steps", "ms a step", "cells a ns", "GB/s"];
    let seen = speeds.iter().map(|speed| {
        let seconds = speed.took.as_secs_f64().max(1e-9);
        let cells = (speed.cells * speed.steps) as f64 / seconds;
        (speed, seconds / speed.steps as f64 * 1e3, cells / 1e9, cells * BYTES_OF_A_CELL / 1e9)
    });
    let value = seen.clone().map(|(speed, ms, cells, gigabytes)| {
        json!({
            "part": speed.section,
            "threads": speed.threads,
            "steps": speed.steps,
            "ms_a_step": ms,
            "cells_a_ns": cells,
            "gigabytes_a_second": gigabytes,
        })
    });
    let rows = seen.map(|(speed, ms, cells, gigabytes)| {
        let [threads, steps] = [speed.threads, speed.steps].map(|number| number.to_string());
        let numbers = [format!("{ms:.3}"), format!("{cells:.2}"), format!("{gigabytes:.1}")];
        [vec![speed.section.into(), threads, steps], numbers.into()].concat()
    });
    let rows = [head.map(String::from).to_vec()].into_iter().chain(rows);
    (value.collect(), if speeds.is_empty() { Vec::new() } else { rows.collect() })
}
