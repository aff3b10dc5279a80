//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::{black_box, spin_loop};
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use harness::Limit;
use serde_json::Value;
use testing::record::{annotations, number, peak, section};
use testing::{Folder, OwnLesson, has_no_second_core, own_lesson};
#[cfg(target_os = "linux")]
use testing::{Program, Terminal, without_colours};

const LESSON: OwnLesson = own_lesson!();
const SECTIONS: [&str; 3] = ["one core", "threads, a barrier", "rayon"];

#[test]
fn a_thread_for_each_core_and_a_plate_of_a_million_cells() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["size", "steps"]), ["1000", "1000"]);
}

#[test]
fn numbers_and_files_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--size", 3..=8_000);
    LESSON.program().takes_only("--steps", 1..=1_000_000);
    let folder = Folder::new("plates");
    for (file, sentence) in [
        (folder.file("plate.jpg"), "ends in .png"),
        (folder.file("plate"), "ends in .png"),
        (folder.file("none/plate.png"), "there is no folder"),
    ] {
        LESSON.program().refuses(&["--png", &file], sentence);
    }
    fs::create_dir(folder.path().join("folder.png")).expect("it is made");
    LESSON.program().refuses(&["--png", &folder.file("folder.png")], "this is a folder");
}

/// The checksums of all frames of a run in which no plate differs.
fn checksums(run: &Value) -> Vec<u64> {
    let all = run["checksums"].as_array().unwrap_or_else(|| panic!("no checksums: {run}"));
    let all: Vec<u64> = all.iter().filter_map(Value::as_u64).collect();
    let frames = all.len() / 3;
    assert!(frames > 0 && all.len() == 3 * frames, "{run}");
    assert!(all.chunks(frames).all(|its| *its == all[..frames]), "{all:?}");
    all
}

/// The lesson compares the whole plates itself, bit by bit: otherwise the status is 1. With more workers than rows, too.
#[test]
fn the_same_bits_at_every_number_of_workers() {
    for (size, steps) in [("3", "1"), ("4", "7"), ("5", "100"), ("37", "101"), ("130", "300")] {
        let with = |program: testing::Program, workers: &str| {
            program.record(&["--size", size, "--steps", steps, "--workers", workers])
        };
        let one = checksums(&with(LESSON.program(), "1"));
        for workers in ["2", "3", "4", "7", "16", "34", "35", "36", "127", "200"] {
            let run = with(LESSON.program(), workers);
            assert_eq!(checksums(&run), one, "{size} cells, {steps} steps, {workers} workers");
            // It is no run with fewer threads that agrees: there is a lane for each worker.
            let rows: usize = size.parse::<usize>().expect("a number") - 2;
            let asked: usize = workers.parse().expect("a number");
            let bands = rows.div_ceil(rows.div_ceil(asked));
            assert_eq!(run["workers"], bands, "{size} cells, {workers} workers");
            for name in &SECTIONS[1..] {
                assert_eq!(lanes(&run, name).len(), bands, "{size} cells, {workers} workers");
            }
        }
        for workers in ["1", "3", "200"] {
            let run = with(LESSON.example("channels"), workers);
            assert_eq!(checksums(&run), one, "{size} cells, {steps} steps, {workers} workers");
        }
    }
    // The checksums can differ.
    let [one, other] = ["100", "200"].map(|size| {
        checksums(&LESSON.record(&["--size", size, "--steps", "100", "--workers", "2"]))
    });
    assert_ne!(one, other);
}

/// The workers of the lanes in a section, beside `main`.
fn lanes<'run>(run: &'run Value, name: &str) -> BTreeSet<&'run str> {
    let (_, section) = section(run, name);
    let (start, seconds) = (number(section, "start"), number(section, "seconds"));
    let is_there = |lane: &&Value| {
        let begun = number(lane, "start");
        (start..start + seconds).contains(&begun)
    };
    let lanes = annotations(run).into_iter().filter(is_there);
    lanes.map(|lane| lane["worker"].as_str().expect("a worker")).collect()
}

#[test]
fn a_frame_is_computed_by_all_workers_together() {
    let run = LESSON.record(&["--size", "200", "--steps", "300", "--workers", "3"]);
    assert!(lanes(&run, SECTIONS[0]).is_empty());
    for name in &SECTIONS[1..] {
        let expected: BTreeSet<&str> = ["worker-1", "worker-2", "worker-3"].into();
        assert_eq!(lanes(&run, name), expected, "{name}");
    }
    for name in SECTIONS {
        let (frames, section) = section(&run, name);
        assert_eq!((frames.len(), peak(section)), (3, 1), "{name}");
    }
}

fn seconds(run: &Value, name: &str) -> f64 {
    number(section(run, name).1, "seconds")
}

/// A speed in the table at the end: of a section, by this name.
fn speed(run: &Value, name: &str, what: &str) -> f64 {
    let speeds = run["speeds"].as_array().unwrap_or_else(|| panic!("no speeds: {run}"));
    let its = speeds.iter().find(|speed| speed["part"] == name);
    number(its.unwrap_or_else(|| panic!("no {name}: {speeds:?}")), what)
}

#[test]
fn the_table_says_what_a_step_took() {
    let run = LESSON.record(&["--size", "102", "--steps", "250", "--workers", "2"]);
    for name in SECTIONS {
        assert_eq!(speed(&run, name, "steps"), 250.0);
        assert_eq!(speed(&run, name, "threads"), if name == SECTIONS[0] { 1.0 } else { 2.0 });
        let nanoseconds = speed(&run, name, "ms_a_step") * 1e6;
        let cells = speed(&run, name, "cells_a_ns");
        assert!((cells * nanoseconds - 10_000.0).abs() < 1.0, "{name}: {run}");
        assert!((speed(&run, name, "gigabytes_a_second") - 16.0 * cells).abs() < 1e-6, "{name}");
        // The steps are within the section.
        assert!(nanoseconds * 250.0 <= seconds(&run, name) * 1e9, "{name}: {run}");
    }
}

/// Others may use this machine: so it is tried a few times.
#[test]
fn two_cores_are_faster_than_one() {
    for name in &SECTIONS[1..] {
        let mut seen = Vec::new();
        let gains = (0..30).any(|_| {
            let run = LESSON.record(&["--workers", "2", "--steps", "300"]);
            seen.push(seconds(&run, SECTIONS[0]) / seconds(&run, name));
            seen[seen.len() - 1] > 1.15 || has_no_second_core()
        });
        assert!(gains, "{name}: {seen:?}");
    }
}

/// A step of so few cells takes less than a microsecond, and no barrier is as fast as that. Others may use this machine:
/// so it is tried a few times.
#[test]
fn a_step_that_is_too_short_is_slower_with_threads() {
    for name in &SECTIONS[1..] {
        let mut seen = Vec::new();
        let is_slower = (0..10).any(|_| {
            let run = LESSON.record(&["--size", "50", "--steps", "10000", "--workers", "2"]);
            let ratio = speed(&run, name, "ms_a_step") / speed(&run, SECTIONS[0], "ms_a_step");
            seen.push(ratio);
            ratio > 1.5
        });
        assert!(is_slower, "{name}: {seen:?}");
    }
}

/// Two grids of 72 MB are in no cache of a core, and two of 0.7 MB are. Where even a copy does not wait for the memory, the
/// plate cannot show it.
#[test]
fn a_plate_that_fits_into_a_cache_is_computed_faster_cell_by_cell() {
    let mut seen = Vec::new();
    let is_faster = (0..10).any(|_| {
        let [small, large] = [["300", "1000"], ["3000", "10"]].map(|[size, steps]| {
            let run = LESSON.record(&["--size", size, "--steps", steps, "--workers", "1"]);
            speed(&run, SECTIONS[0], "cells_a_ns")
        });
        seen.push(small / large);
        small > 1.3 * large
    });
    assert!(is_faster || !a_copy_waits_for_memory_here(), "{seen:?}");
}

/// Whether cells of a large array take more than twice as long to copy here as those of a small one, in most tries.
fn a_copy_waits_for_memory_here() -> bool {
    let nanoseconds_a_cell = |cells: usize, times: u32| {
        let (from, mut to) = (vec![1.0_f64; cells], vec![2.0; cells]);
        let start = Instant::now();
        (0..times).for_each(|_| black_box(&mut to).copy_from_slice(black_box(&from)));
        start.elapsed().as_secs_f64() / f64::from(times) / cells as f64
    };
    let waits =
        |_: &i32| nanoseconds_a_cell(3000 * 3000, 2) > 2.0 * nanoseconds_a_cell(300 * 300, 200);
    (0..10).filter(waits).count() > 5
}

/// The first step of a thread is enough to go wrong: its neighbour has not put its edge there yet.
#[test]
fn without_a_barrier_the_plate_is_another_one() {
    for workers in ["2", "2", "3", "8", "8"] {
        let arguments = ["--size", "300", "--steps", "300", "--workers", workers];
        let ended = LESSON.example("no_barrier").run(&arguments);
        assert_eq!(ended.code(), 1, "{ended:?}");
        let (lines, summary) = ended.lines_and_summary();
        assert!(summary.starts_with("Computed 6 of 9 frames in "), "{summary}");
        assert!(summary.ends_with(" (3 failed)"), "{summary}");
        assert_eq!(lines.len(), 6, "one core and rayon: {lines:?}");
        assert_eq!(lines[..3], lines[3..], "they agree");
        let failures: Vec<&str> = ended.stderr.lines().collect();
        for (steps, failure) in ["1 to 100", "101 to 200", "201 to 300"].iter().zip(&failures) {
            assert!(failure.starts_with(&format!("Failed steps {steps}: ")), "{failure}");
        }
        // The last one counts.
        let said = failures[2].trim_start_matches("Failed steps 201 to 300: ");
        let (differ, rest) = said.split_once(" of 90000 cells differ ").expect("a count");
        let differ: u64 = differ.parse().expect("a number");
        assert!(differ > 100, "{failures:?}");
        assert!(rest.contains(" degrees"), "{failures:?}");
    }
}

/// The counts are the same at every number of workers; one worker has no neighbour to share a line with.
#[test]
fn counters_of_their_own_count_the_same() {
    let counted = |example: &str, workers: &str| {
        let arguments = ["--size", "200", "--steps", "150", "--workers", workers];
        let ended = LESSON.example(example).run(&arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
        let (lines, _) = ended.lines_and_summary();
        let counts = lines.iter().filter_map(|line| line.strip_suffix(" times a cell has changed"));
        counts.map(|count| count.parse().expect("a number")).collect::<Vec<u64>>()
    };
    let one = counted("padded", "1");
    assert_eq!(one.len(), 2, "one for each frame");
    // No more than all cells in each step.
    assert!((1..=100 * 198 * 198).contains(&one[0]), "{one:?}");
    for workers in ["2", "3", "8"] {
        for example in ["padded", "false_sharing"] {
            assert_eq!(counted(example, workers), one, "{example}, {workers} workers");
        }
    }
}

/// Only threads that run at the same moment take the line from each other, and halves of one core share its cache. So it
/// is tried a few times, and then asked whether this machine shows it at all now.
#[test]
fn counters_in_one_cache_line_cost_more_than_padded_ones() {
    let worked = |example: &str| {
        let run = LESSON.example(example).record(&["--workers", "2"]);
        let (start, end) = {
            let (_, section) = section(&run, SECTIONS[1]);
            let start = number(section, "start");
            (start, start + number(section, "seconds"))
        };
        let its = annotations(&run)
            .into_iter()
            .filter(|lane| (start..end).contains(&number(lane, "start")));
        its.map(|lane| number(lane, "working")).sum::<f64>()
    };
    let mut seen = Vec::new();
    let costs_more = (0..8).any(|_| {
        seen.push(worked("false_sharing") / worked("padded"));
        seen[seen.len() - 1] > 1.5
    });
    assert!(costs_more || !a_shared_line_costs_more_here(), "{seen:?}");
}

/// Whether two threads that count in one cache line are slower here than in two, in most tries: not where the cores are
/// taken by others. They do nothing else, so this asks for more than the example, which computes, too.
fn a_shared_line_costs_more_here() -> bool {
    #[derive(Default)]
    #[repr(align(128))]
    struct Line([AtomicU64; 2]);
    let lines = [(); 2].map(|()| Line::default());
    let count = |counters: [&AtomicU64; 2]| {
        let ready = AtomicUsize::new(0);
        let count = |counter: &AtomicU64| {
            ready.fetch_add(1, Ordering::SeqCst);
            while ready.load(Ordering::SeqCst) < 2 {
                spin_loop();
            }
            let start = Instant::now();
            (0..20_000).for_each(|_| _ = counter.fetch_add(1, Ordering::Relaxed));
            start.elapsed()
        };
        thread::scope(|scope| {
            let threads = counters.map(|counter| scope.spawn(|| count(counter)));
            threads.map(|thread| thread.join().expect("it does not panic")).into_iter().max()
        })
    };
    let slower = (0..100).filter(|_| {
        let shared = count([&lines[0].0[0], &lines[0].0[1]]);
        let padded = count([&lines[0].0[0], &lines[1].0[0]]);
        shared > padded.map(|time| time.mul_f64(3.0))
    });
    slower.count() > 75
}

/// The sections compare themselves, bit by bit: otherwise the status is 1. Of six rows that change, eight workers get one each.
#[test]
fn each_section_of_more_workers_has_as_many() {
    for (size, expected) in [("200", [1, 2, 4, 8]), ("8", [1, 2, 3, 6])] {
        let run = LESSON.example("more_workers").record(&["--size", size, "--steps", "100"]);
        for (workers, threads) in [1, 2, 4, 8].into_iter().zip(expected) {
            let name = if workers == 1 { "1 worker".into() } else { format!("{workers} workers") };
            assert_eq!(lanes(&run, &name).len(), threads, "{size} cells, {name}");
            assert_eq!(speed(&run, &name, "threads"), threads as f64, "{size} cells, {name}");
        }
    }
}

/// Width and height of a picture, and the colours of its pixels.
fn picture(file: &Path) -> (usize, usize, Vec<[u8; 3]>) {
    let file = File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size()];
    let size = reader.next_frame(&mut bytes).expect("a whole picture");
    let pixels = bytes[..size.buffer_size()].chunks(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]);
    (size.width as usize, size.height as usize, pixels.collect())
}

#[test]
fn the_plate_is_written_as_a_picture_with_a_pixel_for_each_cell() {
    let folder = Folder::new("picture");
    let file = folder.file("plate.png");
    // All heat has gone where it goes: hot above, cold below.
    LESSON.record(&["--size", "20", "--steps", "3000", "--png", &file]);
    let (width, height, pixels) = picture(Path::new(&file));
    assert_eq!((width, height, pixels.len()), (20, 20, 400));
    let pixel = |row: usize, column: usize| pixels[row * 20 + column];
    let [hot, cold] = [pixel(0, 10), pixel(19, 10)];
    assert!(hot[0] > 150 && hot[2] < 50, "red: {hot:?}");
    assert!(cold[0] < 50 && cold[2] > hot[2], "blue: {cold:?}");
    assert!((1..19).all(|column| pixel(0, column) == hot && pixel(19, column) == cold));
    let down: Vec<[u8; 3]> = (0..20).map(|row| pixel(row, 10)).collect();
    let colours: BTreeSet<_> = down.iter().collect();
    assert!(colours.len() > 10, "they change from row to row: {down:?}");
    // Left and right are alike.
    assert!((0..20).all(|row| (0..20).all(|at| pixel(row, at) == pixel(row, 19 - at))));
    // Another run replaces it, and nothing is left beside it.
    LESSON.record(&["--size", "21", "--steps", "1", "--png", &file]);
    assert_eq!(picture(Path::new(&file)).0, 21);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn the_picture_in_the_book_is_the_one_that_its_command_writes() {
    let folder = Folder::new("book");
    let file = folder.file("plate.png");
    LESSON.record(&["--size", "400", "--steps", "400", "--png", &file]);
    let book =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tutorial/src/pictures/plate.png");
    assert_eq!(picture(Path::new(&file)), picture(&book));
}

#[cfg(target_os = "linux")]
#[test]
fn a_picture_that_cannot_be_written_is_told_after_the_run() {
    let folder = Folder::new("full");
    let file = folder.file("plate.png");
    std::os::unix::fs::symlink("/dev/full", &file).expect("a link");
    let ended = LESSON.run(&["--size", "50", "--steps", "100", "--png", &file]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.lines_and_summary().1.starts_with("Computed 3 frames in "), "{ended:?}");
    let told = format!("error: the plate was not written to {file}: ");
    assert!(ended.stderr.starts_with(&told), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

/// At any moment: while the threads meet at the barrier, too. None of them may wait for one that has gone.
#[cfg(unix)]
#[test]
fn ctrl_c_at_any_moment_ends_it_in_good_order() {
    use std::time::Duration;
    let folder = Folder::new("interrupted");
    let file = folder.file("plate.png");
    let mut interrupted = 0;
    for wait in (0..40).map(|number| number * 12) {
        let arguments = ["--size", "300", "--steps", "4000", "--workers", "3", "--png", &file];
        let running = LESSON.program().start(&arguments);
        thread::sleep(Duration::from_millis(wait));
        testing::signal("-INT", running.id());
        let ended = running.wait();
        // So early that its handler is not there yet, or so late that it had ended.
        if ended.code() == -1 || ended.code() == 0 {
            continue;
        }
        interrupted += 1;
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{wait}: {ended:?}");
        let summary = ended.lines_and_summary().1;
        assert!(summary.starts_with("Interrupted: computed "), "{wait}: {summary}");
        let left = fs::read_dir(folder.path()).expect("a folder");
        assert!(left.count() <= 1, "nothing beside the picture");
    }
    assert!(interrupted > 5, "{interrupted}");
}

#[cfg(target_os = "linux")]
fn on_a_terminal(program: &Program, environment: &[(&str, &str)], more: &[&str]) -> String {
    let arguments = [&["--size", "60", "--steps", "300"], more].concat();
    let command = program.command(&arguments) + " 2> /dev/null"; // without the bar
    let ended = Terminal::start(80, environment, &command).wait();
    assert_eq!(ended.code(), 0, "{ended:?}");
    ended.stdout
}

/// Small pictures in 9 rows of half blocks, each below the line of its frame; the start's is beside the first.
#[cfg(target_os = "linux")]
#[test]
fn the_plate_is_drawn_on_a_terminal_with_colours() {
    let drawn = |text: &str| text.lines().filter(|line| line.contains('▀')).count();
    let text = on_a_terminal(&LESSON.program(), &[], &[]);
    assert_eq!(drawn(&text), 3 * 3 * 9, "{text}");
    let plain = without_colours(&text);
    // Not all of them at the end of a section.
    let lines: Vec<&str> = plain.lines().filter(|line| !line.contains('█')).collect();
    for (steps, points) in [("1 to 100", 2 * 18), ("101 to 200", 18), ("201 to 300", 18)] {
        let line = format!("steps {steps}: ");
        let frames = lines.iter().enumerate().filter(|(_, text)| text.starts_with(&line));
        let frames: Vec<usize> = frames.map(|(at, _)| at).collect();
        assert_eq!(frames.len(), 3, "{steps}: {plain}");
        for at in frames {
            let wide = |line: &&str| line.matches('▀').count() == points;
            assert!(lines[at + 1..at + 10].iter().all(wide), "{steps}: {plain}");
            assert!(!lines[at + 10].contains('▀'), "{steps}: {plain}");
        }
    }
    // All three sections draw the same.
    let rows: Vec<&str> = text.lines().filter(|line| line.contains('▀')).collect();
    assert!(rows.chunks(3 * 9).all(|section| section == &rows[..3 * 9]));
    assert!(rows[0] != rows[4], "the pictures show something");

    for (environment, more) in [
        (&[][..], &["--quiet"][..]),
        (&[], &["--json"]),
        (&[("NO_COLOR", "1")], &[]),
        (&[("TERM", "dumb")], &[]),
        (&[], &["| cat"]),
    ] {
        let text = on_a_terminal(&LESSON.program(), environment, more);
        assert_eq!(drawn(&text), 0, "{environment:?} {more:?}: {text}");
    }
    let ended = LESSON.run(&["--size", "60", "--steps", "300"]);
    assert!(!ended.stdout.contains(['▀', '\u{1b}']), "{ended:?}");
}
