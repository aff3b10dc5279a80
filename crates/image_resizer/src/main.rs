//! Real work for all cores: pictures are decoded, resized, and written.
//!
//! Mirrors: a process pool over Pillow.
//! Run:     `cargo run -p image_resizer`
//! Watch:   one lane at work, then one for each core; each picture takes as long as before.
//! Try:     `--folder DIR --out NEW` with photos of yours; `--pictures 1`: what do more cores help?

use std::env;
use std::path::Path;
use std::process::ExitCode;

use common::{Outcome, Run};
use pictures::Scratch;
use rayon::prelude::*;

mod pictures;
mod scenes;

fn main() -> ExitCode {
    let run = common::start_pictures("image_resizer", pictures::gather);
    resize_all(run);
    run.finish()
}

// ANCHOR: resize_all
fn resize_all(run: &Run) {
    // Both ways write to the same disk.
    let place = run.folder("out").unwrap_or_else(env::temp_dir);
    let scratch = [(); 2].map(|()| Scratch::new(&place).expect("there is room for a folder"));
    let out = run.folder("out").unwrap_or(scratch[1].path().into());
    run.part("a for loop");
    for picture in run.pictures() {
        let Some(begun) = run.begin(picture) else { break };
        begun.end(resize(run, picture, scratch[0].path()));
    }
    run.part("a parallel iterator");
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(run.workers()).build();
    threads.expect("the system gives the threads").install(|| {
        run.pictures().par_iter().for_each(|picture| {
            let Some(begun) = run.begin(picture) else { return };
            begun.end(resize(run, picture, &out));
        });
    });
}
// ANCHOR_END: resize_all

/// A broken picture costs itself alone.
fn resize(run: &Run, picture: &Path, folder: &Path) -> Outcome {
    let resized = pictures::resize(picture, folder, run.option("width"));
    resized.unwrap_or_else(|failure| Outcome::Failed(failure.to_string()))
}
