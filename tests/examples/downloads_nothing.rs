//! Says that it has downloaded its pages, and has not: `compare` must not believe it.

use std::process::ExitCode;

use harness::{Lesson, Model};

fn main() -> ExitCode {
    let lesson = Lesson::new("tests", "//! Nothing is downloaded.\n", Model::Threads).workers(5);
    let (run, sites) = lesson.start(downloads::Pages);
    for url in &sites.urls {
        let Some(page) = run.begin(url) else { break };
        page.end(9_838);
    }
    run.finish()
}
