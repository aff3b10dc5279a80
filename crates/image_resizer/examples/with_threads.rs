//! Solution: threads and a queue in place of the parallel iterator, which does that and more by itself.
//!
//! Run:     `cargo run -p image_resizer --example with_threads`
//! Watch:   the second part is as fast as rayon's, in more lines.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::{Outcome, Run};
use pictures::Scratch;

#[path = "../src/pictures.rs"]
mod pictures;
#[path = "../src/scenes.rs"]
mod scenes;

fn main() -> ExitCode {
    let run = common::start_pictures("image_resizer", pictures::gather);
    resize_all(run);
    run.finish()
}

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
    let queue = Mutex::new(run.pictures().iter());
    // Unlocks as it returns. A lock taken in the `while let` itself would be held while resizing.
    let next_picture = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers() {
            scope.spawn(|| {
                while let Some(picture) = next_picture() {
                    let Some(begun) = run.begin(picture) else { break };
                    begun.end(resize(run, picture, &out));
                }
            });
        }
    });
}

/// A broken picture costs itself alone.
fn resize(run: &Run, picture: &Path, folder: &Path) -> Outcome {
    let resized = pictures::resize(picture, folder, run.option("width"));
    resized.unwrap_or_else(|failure| Outcome::Failed(failure.to_string()))
}
