//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::BTreeSet;

use harness::Limit;
use serde_json::Value;
use testing::record::{annotations, items, number, section, shares, worked};
use testing::{OwnLesson, own_lesson};

const LESSON: OwnLesson = own_lesson!();
/// Little to compute.
const SMALL: [&str; 4] = ["--number", "1", "--calls", "4"];

#[test]
fn the_defaults_are_those_of_the_other_cpu_lessons() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["number", "calls", "books", "wait"]), ["35", "20", "20", "60"]);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let program = LESSON.program();
    program.takes_only("--books", 1..=10_000);
    program.takes_only("--listen", 2..=64);
    program.takes_only("--port", 0..=65_535);
    program.refuses(&["--me", "2"], "--hosts <FILE>");
    program.refuses(&["--hosts", "x"], "--me <N>");
    program.refuses(&["--join", "here"], "'here' is no ADDRESS:PORT");
    program.refuses(&["--join", "127.0.0.1:1", "--calls", "3"], "cannot be used with");
    program.refuses(&["--hosts", "/no/such/file", "--me", "1"], "/no/such/file: ");
    let folder = testing::Folder::new("hosts_that_make_no_sense");
    for (lines, me, sentence) in [
        ("", "1", "it takes at least two lines"),
        ("127.0.0.1:1", "1", "it takes at least two lines"),
        ("127.0.0.1:1\nhere\n", "1", "line 2: 'here' is no ADDRESS:PORT"),
        ("127.0.0.1:1\n\n127.0.0.1:2\n", "1", "line 2: '' is no ADDRESS:PORT"),
        ("127.0.0.1:1\n127.0.0.1:1\n", "1", "line 2: 127.0.0.1:1 is there twice"),
        ("127.0.0.1:1\n127.0.0.1:2\n", "3", "has only 2 lines"),
    ] {
        let file = folder.file("hosts");
        std::fs::write(&file, lines).expect("a file");
        program.refuses(&["--hosts", &file, "--me", me], sentence);
    }
}

/// Its threads in the first section of each kind, and its processes in those over the network.
#[test]
fn each_process_has_a_lane_and_does_its_share() {
    let run = LESSON.record(&["--workers", "3", "--number", "20", "--calls", "6", "--books", "6"]);
    for (name, kind) in [
        ("calls, threads", "worker"),
        ("calls, pool", "worker"),
        ("calls, network", "process"),
        ("words, threads", "worker"),
        ("words, network", "process"),
        ("counts, network", "process"),
    ] {
        let (items, _) = section(&run, name);
        assert_eq!(items.len(), 6, "{name}");
        let shares = shares(&items);
        assert!(shares.keys().all(|worker| worker.starts_with(kind)), "{name}: {shares:?}");
        if name != "calls, pool" {
            assert!(
                shares.len() == 3 && shares.values().all(|share| *share == 2),
                "{name}: {shares:?}"
            );
        }
    }
}

/// The items of other processes are drawn within the section in which they were done, up to the error that it states.
#[test]
fn all_processes_are_on_one_clock() {
    let run = LESSON.record(&["--workers", "4", "--number", "25", "--calls", "40"]);
    let within = run["processes"].as_array().expect("a table");
    let within = within.iter().map(|row| number(row, "within")).fold(0.0, f64::max);
    assert!(within < 0.1, "{within} s");
    for name in ["calls, network", "words, network", "counts, network"] {
        let (items, part) = section(&run, name);
        let (start, took) = (number(part, "start"), number(part, "seconds"));
        for item in items {
            assert!(number(item, "start") >= start - within, "{item} {part}");
            assert!(number(item, "end") <= start + took + within, "{item} {part}");
        }
    }
}

/// The bytes that crossed in a section.
fn bytes(run: &Value, part: &str) -> f64 {
    sent(run, part).iter().sum()
}

/// The bytes that each process sent in a section.
fn sent(run: &Value, part: &str) -> Vec<f64> {
    let parts = run["exchanged"].as_array().expect("a table");
    let part = parts.iter().find(|it| it["part"] == part).expect("the section");
    part["sent"].as_array().expect("a list").iter().map(|it| it.as_f64().expect("bytes")).collect()
}

#[test]
fn what_is_counted_first_need_not_cross() {
    for workers in ["2", "3"] {
        let run = LESSON.record(&[&SMALL[..], &["--workers", workers]].concat());
        let [calls, words, counted] =
            ["calls, network", "words, network", "counts, network"].map(|it| bytes(&run, it));
        assert!(words > 10.0 * counted, "{words} and {counted} bytes");
        assert!(calls < 0.01 * words && calls > 0.0, "{calls} of {words} bytes");
        // Of N workers, N - 1 count words that this one has read. A word is sent with its length and a number.
        let (read, _) = section(&run, "words, network");
        let all: f64 = read.iter().map(|book| number(book, "result")).sum();
        let away = all * (1.0 - 1.0 / workers.parse::<f64>().expect("a number"));
        assert!((17.0..27.0).contains(&(words / away)), "{words} bytes for {away} words");
    }
}

#[test]
fn twice_the_books_are_twice_the_words_and_the_same_calls() {
    let run = |books| LESSON.record(&[&SMALL[..], &["--workers", "2", "--books", books]].concat());
    let (some, twice) = (run("10"), run("20"));
    let times = |part| bytes(&twice, part) / bytes(&some, part);
    assert!((1.9..2.1).contains(&times("words, network")), "{}", times("words, network"));
    assert!((1.5..2.1).contains(&times("counts, network")));
    // Only the engine's own messages differ a little.
    assert!((0.5..2.0).contains(&times("calls, network")), "{}", times("calls, network"));
}

/// Almost nothing crosses.
#[test]
fn the_calls_cost_the_same_in_all_three_ways() {
    let run = LESSON.record(&["--workers", "2", "--number", "32", "--books", "1"]);
    let [threads, pool, network] = ["calls, threads", "calls, pool", "calls, network"]
        .map(|part| worked(&section(&run, part).0));
    for (way, time) in [("pool", pool), ("network", network)] {
        assert!((0.7..1.4).contains(&(time / threads)), "{way}: {time} and {threads} s");
    }
}

#[test]
fn one_process_alone_sends_nothing() {
    let run = LESSON.record(&[&SMALL[..], &["--workers", "1", "--books", "2"]].concat());
    for part in ["calls, network", "words, network", "counts, network"] {
        assert_eq!(sent(&run, part), [0.0], "{part}");
    }
}

/// The processor time of the words' sections: that of the books, and that of the counting after them.
fn word_time(run: &Value, part: &str) -> f64 {
    let (books, part) = section(run, part);
    let (start, took) = (number(part, "start"), number(part, "seconds"));
    let begins = |aside: &&Value| (start..start + took).contains(&number(aside, "start"));
    let counting: Vec<&Value> = annotations(run).into_iter().filter(begins).collect();
    worked(&books) + worked(&counting)
}

/// What crosses is written, sent, read and made anew.
#[test]
fn an_exchange_costs_processor_time() {
    let times = |workers| {
        let run = LESSON.record(&[&SMALL[..], &["--workers", workers, "--books", "40"]].concat());
        ["words, network", "counts, network"].map(|part| word_time(&run, part))
    };
    let ([one, one_counted], [two, two_counted]) = (times("1"), times("2"));
    assert!(two > 1.3 * one, "{two} and {one} s");
    assert!(two_counted < 1.3 * one_counted, "{two_counted} and {one_counted} s");
}

// Examples

#[test]
fn one_worker_that_counts_all_words_gets_all_words() {
    let arguments = [&SMALL[..], &["--workers", "3", "--books", "6"]].concat();
    let run = LESSON.example("hot_key").record(&arguments);
    let hot = sent(&run, "words, network");
    assert!(hot[1..].iter().all(|sent| *sent > 100.0 * hot[0]), "{hot:?}");
    // Here each process sends about as much as each other.
    let even = sent(&LESSON.record(&arguments), "words, network");
    let [least, most] =
        [f64::min, f64::max].map(|of| even.iter().copied().reduce(of).expect("some"));
    assert!(least > 0.6 * most, "{even:?}");
}

#[test]
fn a_word_that_each_process_sends_elsewhere_has_several_totals() {
    let example = LESSON.example("hash_of_its_own");
    example.record(&[&SMALL[..], &["--workers", "1", "--books", "1"]].concat());
    let ended = example.run(&[&SMALL[..], &["--workers", "3", "--books", "3"]].concat());
    assert_eq!(ended.code(), 1, "{ended:?}");
    let line = ended.stderr.lines().next().expect("a line");
    assert!(line.starts_with("error: words, network: '"), "{ended:?}");
    assert!(line.contains("totals, ") && line.ends_with(" is right"), "{ended:?}");
    assert!(ended.stdout.contains("-- words, threads"), "right on threads: {ended:?}");
}

#[test]
fn where_one_process_reads_all_books_it_sends_nearly_all_bytes() {
    let arguments = [&SMALL[..], &["--workers", "3", "--books", "6"]].concat();
    let run = LESSON.example("only_one_reads").record(&arguments);
    let (read, _) = section(&run, "words, network");
    let readers: BTreeSet<&str> = shares(&read).into_keys().collect();
    assert_eq!(readers, BTreeSet::from(["process-1"]));
    let sent = sent(&run, "words, network");
    assert!(sent[0] > 3.0 * (sent[1] + sent[2]), "{sent:?}");
}

#[test]
fn a_share_that_is_counted_as_a_whole_sends_each_word_once() {
    let arguments = [&SMALL[..], &["--workers", "2", "--books", "20"]].concat();
    let example = LESSON.example("whole_share");
    let (each, whole) = (LESSON.record(&arguments), example.record(&arguments));
    let [each, whole] = [&each, &whole].map(|run| bytes(run, "counts, network"));
    assert!(each > 4.0 * whole, "{each} and {whole} bytes");
    // However many books there are.
    let more = example.record(&[&SMALL[..], &["--workers", "2", "--books", "60"]].concat());
    let more = bytes(&more, "counts, network");
    assert!(more < 1.2 * whole, "{more} and {whole} bytes");
    assert_eq!(items(&example.record(&arguments)).len(), 3 * 4 + 3 * 20);
}
