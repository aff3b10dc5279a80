//! Of the lessons that compute, and of the race; and of further ones beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::available_parallelism;

use serde_json::Value;
use tests::{Ended, Lesson, Site};

/// An example's run that went well.
fn example(name: &str, arguments: &[&str]) -> Value {
    record(name, &Lesson::run_example(name, &[&["--json"], arguments].concat()))
}

/// The run of the lesson that the example is made of.
fn lesson(name: &str, arguments: &[&str]) -> Value {
    record(name, &Lesson::run(name, &[&["--json"], arguments].concat()))
}

fn record(name: &str, ended: &Ended) -> Value {
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
    ended.json()
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

fn items(run: &Value) -> Vec<&Value> {
    run["items"].as_array().expect("items").iter().collect()
}

/// The items of a part, and the part itself.
fn part<'a>(run: &'a Value, name: &str) -> (Vec<&'a Value>, &'a Value) {
    let parts = run["parts"].as_array().expect("parts");
    let part = parts.iter().find(|part| part["name"] == name);
    let part = part.unwrap_or_else(|| panic!("no {name}: {parts:?}"));
    let of_it = items(run).into_iter().filter(|item| item["part"] == name).collect();
    (of_it, part)
}

fn took(item: &Value) -> f64 {
    number(item, "end") - number(item, "start")
}

fn shortest(run: &Value) -> f64 {
    items(run).into_iter().map(took).fold(f64::INFINITY, f64::min)
}

/// How long processors were kept busy by it: what others do on this machine adds little to that.
fn worked(run: &Value) -> f64 {
    items(run).into_iter().map(|item| number(item, "working")).sum()
}

/// How many items each worker did.
fn shares<'a>(items: &[&'a Value]) -> BTreeMap<&'a str, usize> {
    let mut shares = BTreeMap::new();
    for item in items {
        *shares.entry(item["worker"].as_str().expect("a worker")).or_default() += 1;
    }
    shares
}

/// When the first of some items ended, as a part of the time until the last had ended. Where threads compute at once it
/// is most of it, even if they share one core.
fn first_end(items: &[&Value]) -> f64 {
    let start = items.iter().map(|item| number(item, "start")).fold(f64::INFINITY, f64::min);
    let ends = || items.iter().map(|item| number(item, "end") - start);
    ends().fold(f64::INFINITY, f64::min) / ends().fold(0.0, f64::max)
}

/// The seconds of the quickest of some runs.
fn quickest(run: impl Fn() -> Value) -> f64 {
    (0..3).map(|_| number(&run(), "seconds")).fold(f64::INFINITY, f64::min)
}

/// The line of an example's output that has these words.
fn line(name: &str, arguments: &[&str], words: &str) -> String {
    let ended = Lesson::run_example(name, arguments);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{name}: {ended:?}");
    let line = ended.stdout.lines().find(|line| line.contains(words));
    line.unwrap_or_else(|| panic!("{name} says nothing of '{words}': {ended:?}")).into()
}

/// Whether threads cannot use two cores here, since there is one, or since others use them.
fn has_no_second_core() -> bool {
    let run = || lesson("threaded_cpu", &["--number", "33", "--workers", "2"]);
    available_parallelism().map_or(1, usize::from) < 2
        || number(&run()["facts"], "cores_busy") < 1.5
}

// sync_cpu

#[test]
fn what_is_computed_before_the_loop_is_measured_nowhere() {
    let arguments = ["--number", "30", "--calls", "10"];
    let (hoisted, honest) = (example("hoisted", &arguments), lesson("sync_cpu", &arguments));
    assert_eq!(hoisted["results"], honest["results"]);
    assert!(20.0 * shortest(&hoisted) < shortest(&honest), "{hoisted} and {honest}");
}

#[test]
fn fib_is_called_as_often_as_the_formula_says() {
    // Once for each number up to 1, and otherwise once more than for the two numbers before it together.
    let calls = |n: usize| (0..n).fold((1, 1), |(this, next), _| (next, 1 + this + next)).0;
    for (n, calls_of_one) in [("0", 1), ("1", 1), ("2", 3), ("20", 21_891)] {
        assert_eq!(calls(n.parse().expect("a number")), calls_of_one);
        let told = line("counted_calls", &["--number", n, "--calls", "3"], "fib was called");
        assert_eq!(told, format!("fib was called {} times in all.", 3 * calls_of_one));
    }
}

#[test]
fn the_spread_is_that_of_the_calls() {
    let seconds = |text: &str| -> f64 {
        let at = text.find(|sign: char| sign != '.' && !sign.is_ascii_digit());
        let (figures, unit) = text.split_at(at.unwrap_or_else(|| panic!("no unit: {text}")));
        let units = [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)];
        let unit = units.iter().find(|(name, _)| *name == unit).expect("a unit").1;
        figures.parse::<f64>().expect("a number") * unit
    };
    let spread = |number| -> Vec<f64> {
        let told = line("spread", &["--number", number, "--calls", "9"], "median");
        let words = ["shortest ", "median ", "longest "];
        let parts = told.split(", ").zip(words);
        parts.map(|(part, word)| seconds(part.strip_prefix(word).expect(word))).collect()
    };
    let (small, large) = (spread("20"), spread("30"));
    for spread in [&small, &large] {
        assert!(spread.len() == 3 && spread.is_sorted(), "{spread:?}");
    }
    // fib(30) makes 123 times as many calls as fib(20).
    assert!(large[0] > 20.0 * small[0], "{small:?} and {large:?}");
}

// threaded_cpu

#[test]
fn with_a_lock_around_the_computing_one_thread_works_at_a_time() {
    let run = example("lock_around_fib", &["--number", "36", "--calls", "4", "--workers", "4"]);
    let facts = &run["facts"];
    assert!(number(facts, "cores_busy") < 1.1, "{facts}");
    assert_eq!(facts["peak_in_flight"], 4, "three of them wait: {facts}");
    assert!(first_end(&items(&run)) < 0.5, "they end one after another: {run}");
}

#[test]
fn shares_that_are_dealt_out_are_equal() {
    let shares_of = |workers, calls| {
        let run = example("dealt_out", &["--number", "1", "--calls", calls, "--workers", workers]);
        shares(&items(&run)).into_values().collect::<Vec<_>>()
    };
    assert_eq!(shares_of("4", "1000"), [250; 4]);
    assert_eq!(shares_of("4", "9"), [3; 3]);
    assert_eq!(shares_of("4", "2"), [1; 2]);
}

#[test]
fn results_that_are_sent_or_mapped_are_added_up() {
    for name in ["sent_to_main", "summed"] {
        let arguments = ["--number", "20", "--calls", "50", "--workers", "3"];
        let told = line(name, &arguments, "add up");
        assert_eq!(told, format!("The results add up to {}.", 50 * 6765), "{name}");
        let run = example(name, &["--number", "34", "--calls", "6", "--workers", "3"]);
        assert_eq!(run["facts"]["peak_in_flight"], 3, "{name}");
    }
}

// async_cpu

#[test]
fn to_give_way_at_every_call_costs_many_times_the_awaited_calls() {
    let arguments = ["--number", "22", "--calls", "2"];
    let (yielding, awaiting) = (example("yielding", &arguments), lesson("async_cpu", &arguments));
    assert!(worked(&yielding) > 4.0 * worked(&awaiting), "{yielding} and {awaiting}");
    assert_eq!(shares(&items(&yielding)), BTreeMap::from([("main", 2)]));
}

#[test]
fn with_a_cut_off_async_costs_little_and_has_one_core() {
    let arguments = ["--number", "27", "--calls", "5"];
    let (cut_off, awaiting) = (example("cut_off", &arguments), lesson("async_cpu", &arguments));
    assert!(worked(&awaiting) > 4.0 * worked(&cut_off), "{awaiting} and {cut_off}");
    assert_eq!(shares(&items(&cut_off)), BTreeMap::from([("main", 5)]));
}

#[test]
fn calls_on_threads_of_their_own_are_computed_at_once() {
    let run = example("own_threads", &["--number", "36", "--calls", "4"]);
    assert!(shares(&items(&run)).keys().all(|worker| *worker != "main"), "{run}");
    assert!(run["facts"]["peak_in_flight"].as_u64() > Some(1), "{run}");
}

// parallel_cpu

#[test]
fn split_to_the_end_every_call_costs_more_than_it_does() {
    let arguments = ["--number", "28", "--calls", "20"];
    let split = quickest(|| example("split_to_the_end", &arguments));
    let whole = quickest(|| lesson("parallel_cpu", &arguments));
    assert!(split > 3.0 * whole, "{split} and {whole} s");
}

#[test]
fn one_call_is_split_over_the_cores() {
    let mut seen = Vec::new();
    let split = (0..20).any(|_| {
        let run = example("split", &["--calls", "1", "--number", "36"]);
        let pieces: Vec<_> = run["asides"].as_array().expect("pieces").iter().collect();
        assert_eq!(pieces.len(), 21, "{run}");
        let workers: BTreeSet<&str> = shares(&pieces).into_keys().collect();
        assert!(!workers.contains("main"), "{workers:?}");
        // All the work is in them.
        assert!(number(items(&run)[0], "working") < 0.5 * shortest(&run), "{run}");
        seen.push(workers.len());
        workers.len() > 1
    });
    assert!(split || has_no_second_core(), "workers: {seen:?}");
}

// race_counter

fn round(run: &Value, way: &str) -> (u64, u64) {
    let rounds = run["rounds"].as_array().expect("rounds");
    let round = rounds.iter().find(|round| round["way"] == way);
    let round = round.unwrap_or_else(|| panic!("no {way}: {run}"));
    let number = |key: &str| round[key].as_u64().unwrap_or_else(|| panic!("no {key}: {round}"));
    (number("counted"), number("lost"))
}

#[test]
fn a_lock_that_is_let_go_between_read_and_write_loses_updates() {
    let loses = |_| round(&example("lock_twice", &[]), "mutex").1 > 0;
    assert!((0..10).any(loses), "nothing was lost in ten runs");
}

#[test]
fn who_compares_before_writing_or_owns_the_counter_loses_nothing() {
    for (name, way) in
        [("compare_exchange", "compare and exchange"), ("one_owner", "one owner, by channel")]
    {
        for _ in 0..2 {
            let run = example(name, &["--increments", "200000"]);
            assert_eq!(round(&run, way), (800_000, 0), "{name}");
        }
        assert_eq!(round(&example(name, &["--threads", "1"]), way).1, 0, "{name}");
    }
}

// blocking_async

#[test]
fn who_sleeps_and_awaits_it_holds_up_nobody() {
    let run = example("slept_well", &["--repeat", "3", "--block", "100"]);
    // One sleeps for all six; in the lesson the others wait for it.
    let (pages, one) = part(&run, "one task blocks");
    assert_eq!(pages.iter().filter(|page| took(page) > 0.6).count(), 1, "{pages:?}");
    // Six sleeps at once against six in a row.
    let (_, every) = part(&run, "every task blocks");
    assert!(number(every, "seconds") < 0.5 * number(one, "seconds"), "{run}");
}

// process_cpu

#[test]
fn a_pool_in_the_loop_starts_its_processes_again_and_again() {
    let arguments = ["--number", "10", "--calls", "100", "--workers", "2"];
    let again = quickest(|| example("pool_in_the_loop", &arguments));
    let once = quickest(|| lesson("process_cpu", &arguments));
    assert!(again > 3.0 * once, "{again} and {once} s");
}

// gil_cpu

#[test]
fn who_waits_without_the_gil_lets_others_compute() {
    let run = example("waits_outside", &["--number", "20", "--calls", "10"]);
    let seconds = |name| number(part(&run, name).1, "seconds");
    // Ten times 50 ms in a row, and at once.
    let ratio = seconds("one thread") / seconds("threads with a GIL");
    assert!(ratio > 3.0, "{ratio}");
    // It is still one core that computes.
    let run = example("waits_outside", &["--number", "33", "--calls", "8", "--workers", "4"]);
    let facts = &part(&run, "threads with a GIL").1["facts"];
    assert!(number(facts, "cores_busy") < 1.15, "{facts}");
}

#[test]
fn with_a_gil_each_threads_compute_at_once() {
    // With one GIL, which nobody has to hand on so soon, they would end one after another.
    let arguments = ["--number", "36", "--calls", "4", "--workers", "4", "--interval", "1000000"];
    let at_once = |_| {
        let run = example("gil_each", &arguments);
        first_end(&part(&run, "threads with a GIL").0) > 0.5
    };
    assert!((0..5).any(at_once), "they end one after another");
}

// image_resizer

#[test]
fn threads_and_a_queue_resize_the_same_pictures_as_the_loop() {
    let run = example("with_threads", &["--pictures", "9", "--workers", "3"]);
    let ((one, _), (many, facts)) = (part(&run, "a for loop"), part(&run, "a parallel iterator"));
    let results = |items: &[&Value]| -> BTreeSet<String> {
        let result = |item: &&Value| format!("{} {} {}", item["label"], item["to"], item["bytes"]);
        items.iter().map(result).collect()
    };
    assert_eq!(results(&one), results(&many));
    assert_eq!(facts["facts"]["peak_in_flight"], 3, "{facts}");
    assert!(!shares(&many).contains_key("main"), "{many:?}");
}

// mixed_pipeline

fn is_page(item: &Value) -> bool {
    item["label"].as_str().is_some_and(|label| label.starts_with("http"))
}

/// In a pipeline, the most pages that were asked for and not computed with yet.
fn most_begun(run: &Value) -> usize {
    let (items, _) = part(run, "pipeline");
    let (pages, calls): (Vec<&Value>, Vec<&Value>) = items.iter().partition(|item| is_page(item));
    let begun_at = |page: &&Value| {
        let moment = number(page, "start");
        let begun = pages.iter().filter(|page| number(page, "start") <= moment).count();
        begun - calls.iter().filter(|call| number(call, "end") <= moment).count()
    };
    pages.iter().map(begun_at).max().unwrap_or_default()
}

#[test]
fn a_bounded_pipeline_asks_for_no_page_that_nobody_has_time_for() {
    let arguments = ["--latency", "1", "--number", "32"];
    let (bounded, unbounded) =
        (example("bounded", &arguments), lesson("mixed_pipeline", &arguments));
    assert_eq!(bounded["results"], unbounded["results"]);
    // Of 40; what is freed by one call can be taken before that call's end is noted: by one or two.
    assert!(most_begun(&bounded) <= 10 + 2, "{}", most_begun(&bounded));
    assert!(most_begun(&unbounded) > 20, "{}", most_begun(&unbounded));
}

#[test]
fn an_event_loop_that_computes_does_one_thing_at_a_time() {
    let site = Site::start(20);
    let arguments = ["--site", &site.url, "--repeat", "5", "--number", "32"];
    let run = example("on_the_loop", &arguments);
    let (items, facts) = part(&run, "pipeline");
    assert_eq!(shares(&items), BTreeMap::from([("main", 20)]));
    assert!(number(&facts["facts"], "cores_busy") < 1.1, "{facts}");
    // While it computes it takes no page from the site, though five are on their way.
    let computing: f64 = items.iter().filter(|item| !is_page(item)).map(|call| took(call)).sum();
    assert!(computing < number(facts, "seconds"), "{facts}");
    assert_eq!(site.record.peak_in_flight(), 5);
}

// measure_first

#[test]
fn a_cache_that_is_forgotten_costs_and_saves_nothing() {
    let arguments =
        ["--number", "24", "--calls", "5", "--repeat", "1", "--latency", "1", "--connecting", "1"];
    let (forgotten, kept) =
        (example("cache_forgotten", &arguments), lesson("measure_first", &arguments));
    let worked = |run, name| -> f64 {
        part(run, name).0.into_iter().map(|call| number(call, "working")).sum()
    };
    let of = |run| (worked(run, "memoised, one core"), worked(run, "naive, one core"));
    let ((memoised, naive), (kept, _)) = (of(&forgotten), of(&kept));
    assert!(memoised > 2.0 * naive, "{memoised} and {naive} s");
    assert!(kept < 0.5 * naive, "{kept} and {naive} s");
}

#[test]
fn a_reused_session_and_threads_have_five_pages_in_flight_on_as_many_connections() {
    let site = Site::start(100);
    let run =
        example("session_and_threads", &["--site", &site.url, "--number", "10", "--repeat", "5"]);
    let (pages, facts) = part(&run, "one session");
    assert_eq!((facts["facts"]["peak_in_flight"].as_u64(), pages.len()), (Some(5), 10));
    assert_eq!((site.record.peak_in_flight(), site.record.requests()), (5, 20));
    // Ten for ten pages, and then at most one for each thread.
    let connections = site.record.connections();
    assert!((11..=15).contains(&connections), "{connections}");
}
