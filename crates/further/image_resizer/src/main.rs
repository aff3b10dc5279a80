//! Real work for all cores: pictures are decoded, resized, and written.
//!
//! Mirrors: a process pool over Pillow.
//! Run:     `cargo run -p image_resizer`
//! Watch:   one lane at work, then one for each core; each picture takes as long as before.
//! Try:     `--folder DIR --out NEW` with your own photos; `--pictures 1`: do more cores help?

use std::env;
use std::process::ExitCode;

use common::Run;
use pictures::{Album, Pictures};
use rayon::prelude::*;

mod pictures;
mod scenes;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Rayon).worker_per_core();
    let lesson = lesson.sections(&["a for loop", "a parallel iterator"]);
    let (run, album) = lesson.start(Pictures);
    resize_all(run, album);
    run.finish()
}

// ANCHOR: resize_all
fn resize_all(run: &Run, album: &Album) {
    // Both ways write to the same disk.
    let place = album.out.clone().unwrap_or_else(env::temp_dir);
    let scratch = [(); 2].map(|()| pictures::scratch(&place));
    let out = album.out.as_deref().unwrap_or(scratch[1].path());
    run.section("a for loop");
    for picture in &album.pictures {
        let Some(begun) = run.begin(picture.display()) else { break };
        begun.end(pictures::resize(picture, scratch[0].path(), album.width));
    }
    run.section("a parallel iterator");
    // For `--workers` alone: by itself, rayon starts a thread for each core.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(run.workers).build();
    threads.expect("the system gives the threads").install(|| {
        album.pictures.par_iter().for_each(|picture| {
            let Some(begun) = run.begin(picture.display()) else { return };
            begun.end(pictures::resize(picture, out, album.width));
        });
    });
}
// ANCHOR_END: resize_all
