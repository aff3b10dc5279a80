//! One practice site under load: ten thousand pages in flight, and a class.
//!
//! `scripts/load.py` measures the times on a quiet machine.
#![expect(clippy::print_stdout, reason = "with --nocapture the tests tell what they measured")]

#[path = "../site_program.rs"]
mod site_program;

use std::thread;

use course::Lesson;
use harness::{Limit, Model};
use serde_json::Value;
#[cfg(target_os = "linux")]
use site_program::peak_memory;
use site_program::{SiteProgram, as_many_connections_as};
#[cfg(target_os = "linux")]
use testing::wait_until;
use testing::{first, lessons, only_does, program};

/// Both programs raise their limits of descriptors themselves, as far as this process is allowed to.
#[test]
#[ignore = "it takes long, and 500 MB"]
fn ten_thousand_pages_in_flight_at_once_all_arrive() {
    // A busy machine needs some time to send all requests before the first answer comes.
    const LATENCY: u64 = 5_000;
    let many = as_many_connections_as(10_000) / 2 * 2;
    let site = SiteProgram::start(LATENCY);
    let (url, repeat) = (format!("http://{}", site.address), (many / 2).to_string());
    let arguments =
        ["--site", &url, "--repeat", &repeat, "--workers", &many.to_string(), "--timeout", "300"];
    let client = first("all pages are tasks", |it| {
        only_does(it, "page") && it.model() == Model::Async && it.limit() == Limit::All
    });
    let client = program(client.name()).start(&[&arguments[..], &["--json"]].concat());
    #[cfg(target_os = "linux")]
    let memory = {
        let id = client.id();
        thread::spawn(move || {
            let mut most = 0;
            while let Some(memory) = peak_memory(id) {
                most = memory;
                thread::sleep(std::time::Duration::from_millis(10));
            }
            most
        })
    };
    let ended = client.wait();
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let run = ended.json();
    assert_eq!((&run["done"], &run["failed"]), (&many.into(), &0.into()));
    let record = site.record();
    println!("{many} pages of {LATENCY} ms took {} s; {record}", run["seconds"]);
    assert_eq!((&record["requests"], &record["in_flight"]), (&many.into(), &0.into()));
    let peak = record["peak_in_flight"].as_u64().expect("a number");
    assert!(peak > many / 2, "{record}");
    #[cfg(target_os = "linux")]
    {
        let (client, site) = (memory.join().expect("it was looked at"), site.memory());
        println!("the client had {client} kB at most, the site {site} kB");
        // About twice their need: 35 kB and 16 kB for each page.
        assert!(client < 100_000 + 70 * many, "{client} kB for {many} pages");
        assert!(site < 50_000 + 32 * many, "{site} kB for {many} pages");
    }
}

#[test]
#[ignore = "it takes long: a class at work"]
fn a_class_of_thirty_gets_all_its_pages_from_one_site() {
    const EACH: usize = 5;
    const PAGES: u64 = 10;
    let downloaders: Vec<&str> =
        lessons().iter().filter(|it| only_does(it, "page")).map(Lesson::name).collect();
    assert!(downloaders.len() >= 4);
    let site = SiteProgram::start(300);
    #[cfg(target_os = "linux")]
    let descriptors = site.descriptors();
    let url = format!("http://{}", site.address);
    let run = |lesson: &'static str| program(lesson).record(&["--site", &url, "--repeat", "5"]);
    let seconds = |run: &Value| run["seconds"].as_f64().expect("a number");

    let alone: Vec<f64> = downloaders.iter().map(|lesson| seconds(&run(lesson))).collect();
    let asked_alone = site.record()["requests"].as_u64().expect("a number");
    assert_eq!(asked_alone, PAGES * downloaders.len() as u64);
    let class: Vec<(usize, Value)> = thread::scope(|scope| {
        let students: Vec<_> = (0..EACH * downloaders.len())
            .map(|student| (student % downloaders.len(), downloaders[student % downloaders.len()]))
            .map(|(lesson, name)| (lesson, scope.spawn(move || run(name))))
            .collect();
        let runs = students.into_iter().map(|(lesson, run)| (lesson, run.join()));
        runs.map(|(lesson, run)| (lesson, run.expect("it ran"))).collect()
    });

    for (lesson, run) in &class {
        let items = run["items"].as_array().expect("a list");
        let bytes: u64 = items.iter().filter_map(|item| item["bytes"].as_u64()).sum();
        assert_eq!((&run["done"], &run["failed"]), (&PAGES.into(), &0.into()), "{run}");
        assert_eq!((items.len() as u64, &run["bytes"]), (PAGES, &bytes.into()), "{run}");
        assert_eq!(run["bytes"], class[0].1["bytes"], "{}", downloaders[*lesson]);
    }
    let record = site.record();
    assert_eq!(record["requests"], asked_alone + PAGES * class.len() as u64, "{record}");
    assert_eq!(record["in_flight"], 0, "{record}");
    #[cfg(target_os = "linux")]
    wait_until("their connections to end", || site.descriptors() == descriptors);
    for (lesson, (name, alone)) in downloaders.iter().zip(alone).enumerate() {
        let times = class.iter().filter(|(its, _)| *its == lesson).map(|(_, run)| seconds(run));
        let slowest = times.fold(0.0, f64::max);
        println!(
            "{name:<20} alone {alone:.2} s, the slowest of {EACH} in the class {slowest:.2} s"
        );
        // 1.1 to 1.5 on two quiet cores; a site that served one student after another would take over 10.
        assert!(slowest < 10.0 * alone, "{name}: {slowest} s instead of {alone}");
    }
}
