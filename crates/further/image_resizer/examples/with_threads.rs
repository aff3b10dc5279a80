//! Solution: threads and a queue in place of the parallel iterator, which does that and more by itself.
//!
//! Run:     `cargo run -p image_resizer --example with_threads`
//! Watch:   the second section is as fast as rayon's, in more lines.

use std::env;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::Run;
use pictures::{Album, Pictures};

#[path = "../src/pictures.rs"]
mod pictures;
#[path = "../src/scenes.rs"]
mod scenes;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Rayon).worker_per_core();
    let lesson = lesson.sections(&["a for loop", "a parallel iterator"]);
    let (run, album) = lesson.start(Pictures);
    resize_all(run, album);
    run.finish()
}

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
    let queue = Mutex::new(album.pictures.iter());
    // Unlocks when it returns. A lock taken in the `while let` itself would be held while resizing.
    let next_picture = || queue.lock().expect("no worker panics here").next();
    thread::scope(|scope| {
        for _ in 0..run.workers {
            scope.spawn(|| {
                while let Some(picture) = next_picture() {
                    let Some(begun) = run.begin(picture.display()) else { break };
                    begun.end(pictures::resize(picture, out, album.width));
                }
            });
        }
    });
}
