//! What the lesson claims, and what the tutorial says of its examples.

use std::fs;
use std::path::Path;

use harness::Limit;
use serde_json::{Value, json};
use testing::record::{annotations, number, peak, section, took, worked};
use testing::{Folder, OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{signal, wait_until};

const LESSON: OwnLesson = own_lesson!();
const WAYS: [&str; 4] = ["whole in memory", "line by line", "pipeline", "rayon"];
const HEADER: &str = "time,path,status,bytes,milliseconds\n";

#[test]
fn it_makes_a_log_and_uses_every_core() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["megabytes", "chunk"]), ["200", "4000"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--megabytes", 1..=100_000);
    LESSON.program().takes_only("--chunk", 1..=1_000_000);
    LESSON.program().refuses(&["--folder", ".", "--megabytes", "3"], "cannot be used with");
    LESSON.program().refuses(&["--megabytes", "101", "--chunk", "1"], "chunks are too many");
}

/// The value of a column of the table of the ways.
fn of_way(run: &Value, name: &str, column: &str) -> f64 {
    let ways = run["ways"].as_array().unwrap_or_else(|| panic!("no ways: {run}"));
    let way = ways.iter().find(|way| way["way"] == name);
    number(way.unwrap_or_else(|| panic!("no {name}: {ways:?}")), column)
}

/// The answer without what depends on the machine.
fn answer(run: &Value) -> Value {
    json!([run["paths"], run["errors"], run["bad"]])
}

#[test]
fn every_way_has_the_same_answer_at_every_size_of_a_chunk_and_number_of_workers() {
    let run = LESSON.record(&["--megabytes", "3"]);
    for (chunk, workers) in [("17", "1"), ("300", "2"), ("100000", "5")] {
        let other = LESSON.record(&["--megabytes", "3", "--chunk", chunk, "--workers", workers]);
        assert_eq!(answer(&run), answer(&other));
    }
    let requests = WAYS.map(|way| of_way(&run, way, "requests"));
    assert!(requests[0] > 10_000.0 && requests.iter().all(|it| *it == requests[0]), "{requests:?}");
    let paths = run["paths"].as_array().expect("paths");
    let counted: f64 = paths.iter().map(|path| number(path, "requests")).sum();
    assert_eq!(counted, requests[0]);
    for path in paths {
        assert!(number(path, "p50") <= number(path, "p99"), "{path}");
    }
    // In one hour something is wrong with the site.
    let errors = run["errors"].as_object().expect("errors");
    let of = |hour: &str| errors[hour].as_u64().expect("a number");
    assert_eq!(errors.len(), 6);
    assert!(errors.keys().all(|it| it.ends_with("T09") || of("2026-03-02T09") > 5 * of(it)));
    let bad = &run["bad"];
    let reasons = bad["reasons"].as_object().expect("reasons").values();
    assert_eq!(reasons.map(|it| it.as_u64().expect("a number")).sum::<u64>(), bad["lines"]);
    assert!(number(bad, "lines") > 0.0);
}

#[test]
fn files_of_all_kinds_are_summed_up_and_bad_lines_are_named_with_their_numbers() {
    let folder = Folder::new("logs");
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    // A mark at the beginning, CR and LF, empty lines, a further column, no end of the last line.
    let marked = "\u{feff}time,path,status,bytes,milliseconds,host\r\n\
        2026-03-02T06:10:00Z,/a,200,10,1,x\r\n\
        \r\n\
        2026-03-02T06:10:01Z,/a,500,10,3\r\n\
        2026-03-02 07:10:01Z,/a,500,10,3,y";
    put("1.csv", marked);
    // Other places of the columns, and a quoted line end, which is two bad lines.
    let quoted = "path,time,milliseconds,bytes,status\n\
        /b,2026-03-02T07,5,20,503\n\
        \"/b\nc\",2026-03-02T07,5,20,200\n\
        \n\
        /\u{1b}[2J,2026-03-02T07,5,20,200\n\
        /b,2026-03-02T07,5,20,600\n";
    put("2.csv", quoted);
    put("3.CSV", "");
    put("4.csv", HEADER.trim_end());
    put("no-log.txt", "what?");
    fs::create_dir(folder.path().join("5.csv")).expect("a folder");

    let path = |name: &str, sums: [u64; 4]| {
        let [requests, bytes, half, most] = sums;
        json!({
            "path": name,
            "requests": requests,
            "bytes": bytes,
            "p50": half,
            "p99": most,
        })
    };
    let fields = "it has more or fewer fields than the header";
    let expected = json!([
        [path("/a", [2, 20, 1, 3]), path("/\u{1b}[2J", [1, 20, 5, 5]), path("/b", [1, 20, 5, 5])],
        { "2026-03-02T07": 2 },
        {
            "lines": 4,
            "reasons": {
                fields: 1,
                "it has a quote": 2,
                "its status is no number from 100 to 599": 1,
            },
            "first": [
                { "file": "1.csv", "line": 4, "why": fields },
                { "file": "2.csv", "line": 3, "why": "it has a quote" },
                { "file": "2.csv", "line": 4, "why": "it has a quote" },
            ],
        },
    ]);
    for chunk in ["1", "4000"] {
        let run = LESSON.record(&["--folder", &folder.file(""), "--chunk", chunk]);
        assert_eq!(answer(&run), expected);
    }
    let ended = LESSON.run(&["--folder", &folder.file("")]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    let told = ended.stdout.replace('\n', " ");
    let counted = format!(
        "4 bad lines are not counted as requests: it has a quote (2), {fields} (1), \
         its status is no number from 100 to 599 (1). The first: 1.csv, line 4: {fields}; "
    );
    assert!(told.contains(&counted), "{told}");
    assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");

    let run = LESSON.record(&["--folder", &folder.file(""), "--path", "/b"]);
    assert_eq!(run["paths"], json!([path("/b", [1, 20, 5, 5])]));
    // A bad line has no path that one can trust, so none is filtered out.
    assert_eq!(run["bad"], expected[2]);
}

#[test]
fn without_a_log_one_sentence_says_why() {
    let folder = Folder::new("no-logs");
    let mut folders = vec![
        ("missing", None, "cannot be read"),
        ("empty", None, "there is no .csv in "),
        (
            "column",
            Some("time,path,status,bytes\n"),
            "its header lacks the column milliseconds: it needs time,path,",
        ),
        ("quotes", Some("\"time\",\"path\"\n"), "its header lacks the column time"),
    ];
    let endless = "x".repeat(100_000);
    folders.push(("endless", Some(&endless), "its first line is too long for a header"));
    for (name, text, sentence) in folders {
        if name != "missing" {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        if let Some(text) = text {
            fs::write(folder.path().join(name).join("log.csv"), text).expect("it is written");
        }
        let ended = LESSON.run(&["--folder", &folder.file(name)]);
        assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.starts_with("error: no requests to read: "), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

/// As in the lesson: a line that is no request ends nothing, and is counted by what is wrong with it.
#[test]
fn the_python_original_counts_bad_lines_by_their_kind() {
    let Some(ended) = LESSON.original(&["--megabytes", "2"]) else { return };
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    // Each section counts the same lines.
    let lines: Vec<&str> = ended.stdout.lines().filter(|line| line.ends_with(" lines")).collect();
    let each = lines.len() / 3;
    assert!(each > 0 && lines.chunks(each).all(|section| section == &lines[..each]), "{ended:?}");
    let bad = ended.stdout.lines().filter_map(|line| line.strip_prefix("  bad lines: "));
    let [bad] = bad.collect::<Vec<_>>()[..] else { panic!("there is one kind: {ended:?}") };
    let (many, why) = bad.split_once(": ").expect("how many, and why");
    assert!(many.parse::<u64>().is_ok_and(|many| many > 0), "{bad}");
    assert!(why.starts_with("not enough values to unpack"), "{bad}");
}

/// A name of a file that orders a terminal to clear itself.
#[cfg(unix)]
#[test]
fn a_name_of_a_file_gives_a_terminal_no_orders() {
    let folder = Folder::new("names");
    let log = folder.path().join("\u{1b}[2J\u{202e}.csv");
    for (text, told) in
        [(format!("{HEADER}bad\n"), "1 bad line is not"), (String::from("a\n"), "error: ")]
    {
        fs::write(&log, text).expect("it is written");
        let ended = LESSON.run(&["--folder", &folder.file("")]);
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(all.contains(told) && !all.contains(['\u{1b}', '\u{202e}']), "{ended:?}");
        assert!(all.contains("\u{fffd}[2J\u{fffd}.csv"), "{ended:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new("unreadable");
    let name = folder.path().join("log.csv");
    std::os::unix::fs::symlink("/proc/self/mem", &name).expect("a link"); // also root cannot read its first byte
    let ended = LESSON.run(&["--folder", &folder.file("")]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    let told = format!("error: no requests to read: {}: ", name.display());
    assert!(ended.stderr.starts_with(&told), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

/// A file with holes, which takes no room on the disk. It lacks columns, so nothing reads on.
#[cfg(unix)]
#[test]
fn a_log_that_may_not_fit_into_memory_is_warned_of() {
    let folder = Folder::new("large");
    let mut file = fs::File::create(folder.path().join("log.csv")).expect("a file");
    std::io::Write::write_all(&mut file, b"time\n").expect("it is written");
    for (length, warning) in [
        (2_000_000_000, ""),
        (5_000_000_000, "warning: a log of 5 GB needs about 8 GB of memory in the first way"),
    ] {
        file.set_len(length).expect("it grows");
        let ended = LESSON.run(&["--folder", &folder.file("")]);
        assert!(ended.stderr.starts_with(warning), "{ended:?}");
        assert_eq!(ended.stderr.matches("warning").count(), warning.matches("warning").count());
        assert!(ended.stderr.contains("lacks the column path"), "{ended:?}");
    }
}

/// What a way takes more for a larger log, as a part of what the log has more.
fn growth(small: &Value, large: &Value, way: &str) -> f64 {
    let more = |column: &str| of_way(large, way, column) - of_way(small, way, column);
    more("memory") / more("bytes")
}

#[test]
fn the_memory_of_the_first_way_grows_with_the_log_and_that_of_the_others_does_not() {
    let record =
        |megabytes| LESSON.record(&["--megabytes", megabytes, "--chunk", "100", "--workers", "2"]);
    let [small, middle, large] = ["20", "30", "45"].map(record);
    let times = |run| of_way(run, WAYS[0], "memory") / of_way(run, WAYS[0], "bytes");
    for run in [&small, &middle, &large] {
        assert!((1.3..2.0).contains(&times(run)), "{} times the size of the log", times(run));
        // It grows as the log does, at each size, and not in steps.
        let change = times(run) / times(&small);
        assert!((0.8..1.2).contains(&change), "{change}");
    }
    for way in &WAYS[1..] {
        let growth = growth(&small, &large, way);
        assert!(growth < 0.05, "{way}: {growth}");
        let part = of_way(&large, way, "memory") / of_way(&large, WAYS[0], "memory");
        assert!(part < 0.1, "{way}: {part}");
    }
}

#[test]
fn a_pipeline_keeps_whole_chunks_in_memory_and_rayon_does_not() {
    let record = |chunk| {
        let arguments = ["--megabytes", "20", "--workers", "2", "--chunk", chunk];
        LESSON.record(&arguments)
    };
    let [small, large] = ["250", "1000"].map(record);
    let ratio = |way| of_way(&large, way, "memory") / of_way(&small, way, "memory");
    assert!((1.8..6.0).contains(&ratio("pipeline")), "{}", ratio("pipeline"));
    assert!((0.5..1.7).contains(&ratio("rayon")), "{}", ratio("rayon"));
}

/// How many parsers are busy on the average, be it with a core or ready for one.
fn at_once(run: &Value, way: &str) -> f64 {
    let (items, section) = section(run, way);
    items.into_iter().map(took).sum::<f64>() / number(section, "seconds")
}

/// The CPU time of a way, as a multiple of that of one core line by line.
fn cost(run: &Value, way: &str) -> f64 {
    let of = |way: &str| {
        let (items, section) = section(run, way);
        let end = number(section, "start") + number(section, "seconds");
        let is_in = |it: &&Value| {
            number(it, "start") >= number(section, "start") && number(it, "end") <= end
        };
        let asides: Vec<&Value> = annotations(run).into_iter().filter(is_in).collect();
        worked(&items) + worked(&asides)
    };
    of(way) / of("line by line")
}

#[test]
fn the_parsers_work_at_the_same_time_and_not_more_than_one_core_would() {
    let run = LESSON.record(&["--megabytes", "40", "--chunk", "1000", "--workers", "2"]);
    for way in &WAYS[..2] {
        assert_eq!(peak(section(&run, way).1), 1, "{way}");
    }
    for way in &WAYS[2..] {
        assert_eq!(peak(section(&run, way).1), 2, "{way}");
        assert!(at_once(&run, way) > 1.2, "{way}: {}", at_once(&run, way));
        assert!(cost(&run, way) < 1.7, "{way}: {}", cost(&run, way));
    }
    // The thread that merges has a lane of its own, under its name.
    let asides = annotations(&run);
    let merging = asides.iter().find(|aside| aside["label"] == "merges").expect("it merges");
    assert_eq!(merging["worker"], "worker-merger");
    for way in &WAYS[2..] {
        let parsers = section(&run, way).0;
        assert!(parsers.iter().all(|it| it["worker"] != "worker-merger"), "{way}");
    }
    // Neither reading nor merging is the bottleneck.
    let parsing = worked(&section(&run, "pipeline").0);
    for stage in ["reads", "merges"] {
        let asides = annotations(&run).into_iter().filter(|aside| aside["label"] == stage);
        let part = worked(&asides.collect::<Vec<_>>()) / parsing;
        assert!(part < 0.5, "{stage}: {part}");
    }
    assert!(cost(&run, "whole in memory") > 1.1, "{}", cost(&run, "whole in memory"));
}

#[test]
fn a_line_that_is_cut_is_lost_and_the_answers_differ() {
    let ended =
        LESSON.example("cut_anywhere").run(&["--megabytes", "3", "--chunk", "20", "--json"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let run = ended.json();
    let cuts = (section(&run, "pipeline").0.len() - 1) as f64;
    assert!(cuts > 100.0, "{cuts}");
    assert_eq!(of_way(&run, WAYS[0], "requests"), of_way(&run, WAYS[1], "requests"));
    for way in &WAYS[2..] {
        let lost = of_way(&run, WAYS[1], "requests") - of_way(&run, way, "requests");
        let bad = of_way(&run, way, "bad") - of_way(&run, WAYS[1], "bad");
        // A cut leaves two pieces of a line. Some of them look like a line.
        assert!((1.0..2.0).contains(&(bad / cuts)), "{way}: {bad} bad lines, {cuts} cuts");
        assert!((0.5..1.0).contains(&(lost / cuts)), "{way}: {lost} lost, {cuts} cuts");
    }
    let told = "error: 'whole in memory' and 'pipeline' have different answers: ";
    assert!(ended.stderr.starts_with(told), "{}", ended.stderr);
    // With one chunk there is no cut.
    LESSON.example("cut_anywhere").record(&["--megabytes", "3", "--chunk", "4000"]);
}

/// The disk gives 20 MB a second: a fraction of what one core parses.
#[test]
fn with_a_slow_disk_more_parsers_gain_nothing() {
    let seconds = |run: &Value| number(section(run, "pipeline").1, "seconds");
    let quickest = |workers| {
        let arguments = ["--megabytes", "20", "--chunk", "1000", "--workers", workers];
        // Other programs on this machine can only slow it down.
        let runs = [(); 3].map(|()| LESSON.example("slow_disk").record(&arguments));
        runs.into_iter().min_by(|a, b| seconds(a).total_cmp(&seconds(b))).expect("three runs")
    };
    let runs = [("1", 1.0), ("4", 4.0)].map(|(workers, count)| (quickest(workers), count));
    for (run, count) in &runs {
        let reads = annotations(run).into_iter().filter(|it| it["label"] == "reads");
        let reads: Vec<&Value> = reads.collect();
        assert!(reads.iter().all(|it| it["worker"] == "main"), "{reads:?}");
        let part = reads.iter().copied().map(took).sum::<f64>() / seconds(run);
        assert!(part > 0.75, "{count}: the reader reads for {part} of the time");
        let part = worked(&reads) / seconds(run);
        assert!(part < 0.25, "{count}: it does not compute, it waits: {part}");
        let part = worked(&section(run, "pipeline").0) / (count * seconds(run));
        assert!(part < 0.5, "{count} parsers work for {part} of the time");
        // No chunk waits in the channel.
        let chunks = of_way(run, "pipeline", "memory") / 1e6;
        assert!((1.0..3.5).contains(&chunks), "{count}: {chunks} chunks");
    }
    let [one, four] = runs.map(|(run, _)| seconds(&run));
    assert!(one / four < 1.2, "four parsers gain {} times", one / four);
}

#[test]
fn a_reader_without_a_bound_fills_the_memory_with_the_log() {
    let record = |megabytes| {
        let arguments = ["--megabytes", megabytes, "--chunk", "100", "--workers", "1"];
        LESSON.example("reader_ahead").record(&arguments)
    };
    let [small, large] = ["15", "30"].map(record);
    assert!(growth(&small, &large, "pipeline") > 0.3, "{}", growth(&small, &large, "pipeline"));
    assert!(growth(&small, &large, "rayon") < 0.05);
}

#[test]
fn a_message_for_each_line_costs_more_than_the_line() {
    let arguments = ["--megabytes", "20", "--chunk", "1000", "--workers", "2"];
    let run = LESSON.example("merge_each_line").record(&arguments);
    assert!(cost(&run, "pipeline") > 1.4, "{}", cost(&run, "pipeline"));
    assert!(cost(&run, "rayon") < 1.7, "{}", cost(&run, "rayon"));
}

/// A thread that starts late on a busy machine finds no chunk left: so it is tried a few times.
#[test]
fn parsers_that_read_for_themselves_need_no_reader() {
    let arguments = ["--megabytes", "20", "--chunk", "500", "--workers", "3"];
    let all_read = (0..10).any(|_| {
        let run = LESSON.example("own_reads").record(&arguments);
        assert!(annotations(&run).iter().all(|aside| aside["label"] == "sums up"));
        // Three chunks, and not those that wait for a parser.
        let chunks = of_way(&run, "pipeline", "memory") / 500_000.0;
        assert!((1.0..5.0).contains(&chunks), "{chunks}");
        let peak = peak(section(&run, "pipeline").1);
        assert!((1..=3).contains(&peak), "{peak}");
        peak == 3
    });
    assert!(all_read);
}

#[cfg(unix)]
fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

/// What is made for a run is gone with it, also where Ctrl-C ends it while it is still being made.
#[cfg(unix)]
#[test]
fn nothing_is_left_of_the_log_whenever_ctrl_c_comes() {
    let folder = Folder::new("temporary-log");
    let environment = [("TMPDIR", &*folder.file(""))];
    let ended = LESSON.program().run_with(&["--megabytes", "1"], &environment);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(is_empty(folder.path()));

    for (moment, name) in ["-INT", "-TERM", "-INT", "-HUP"].into_iter().enumerate() {
        let running = LESSON.program().start_with(&["--workers", "3"], &environment);
        wait_until("its folder", || !is_empty(folder.path()));
        std::thread::sleep(std::time::Duration::from_millis(700 * moment as u64));
        signal(name, running.id());
        let ended = running.wait();
        assert!([130, 0].contains(&ended.code()), "{ended:?}");
        assert_eq!(ended.stderr, "", "{ended:?}");
        assert!(is_empty(folder.path()), "{name}");
    }
    // Nor where a second one does not wait.
    let mut running = LESSON.program().start_with(&["--workers", "2"], &environment);
    running.item_line();
    signal("-INT", running.id());
    signal("-INT", running.id());
    assert_eq!(running.wait().code(), 130);
    assert!(is_empty(folder.path()));
}

#[cfg(unix)]
#[test]
fn without_room_for_its_log_one_sentence_names_the_place() {
    let ended = LESSON.program().run_with::<&str>(&[], &[("TMPDIR", "/nowhere/at/all")]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    let told = "error: no requests to read: no folder can be made in /nowhere/at/all: ";
    assert!(ended.stderr.starts_with(told), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

/// On some systems the usual place is in memory, which the log is not meant to fill.
#[cfg(target_os = "linux")]
#[test]
fn the_log_is_made_on_the_disk_and_removed_where_there_is_no_room_for_it() {
    // No file may have more than some hundred kB, as on a disk that is full.
    let ended = LESSON
        .program()
        .run_after("unset TMPDIR; trap '' XFSZ; ulimit -f 500", &["--megabytes", "3"]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    let told = "error: no requests to read: ";
    let rest = ended.stderr.strip_prefix(told).unwrap_or_else(|| panic!("{ended:?}"));
    let (log, why) = rest.split_once(" cannot be written: ").unwrap_or_else(|| panic!("{ended:?}"));
    assert!(log.starts_with("/var/tmp/logs-") && why.starts_with("File too large"), "{ended:?}");
    assert!(!Path::new(log).parent().expect("its folder").exists(), "{log}");
}
