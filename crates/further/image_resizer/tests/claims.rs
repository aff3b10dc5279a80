//! What the lesson claims, and what the tutorial says of its examples.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use harness::Limit;
use serde_json::{Value, json};
use testing::record::{peak, section, shares};
use testing::{Folder, OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{signal, wait_until};

const LESSON: OwnLesson = own_lesson!();

#[test]
fn it_makes_some_pictures_and_uses_every_core() {
    assert_eq!(LESSON.described().limit, Limit::PerCore);
    assert_eq!(LESSON.defaults(["pictures", "width"]), ["24", "400"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    LESSON.program().takes_only("--pictures", 1..=1_000);
    LESSON.program().takes_only("--width", 1..=10_000);
    LESSON.program().refuses(&["--folder", ".", "--pictures", "3"], "cannot be used with");
}

/// The sizes and the first bytes of pictures in a folder, by name.
fn pictures(folder: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let entries = entries.map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let bytes = entry.metadata().expect("it is there").len();
            (entry.file_name().into_string().expect("text"), bytes)
        })
        .collect()
}

/// The pictures that came of some items.
fn results(items: &[&Value]) -> BTreeSet<String> {
    let result = |item: &&Value| format!("{} {} {}", item["label"], item["to"], item["bytes"]);
    items.iter().map(result).collect()
}

#[test]
fn pictures_are_resized_one_by_one_and_then_on_as_many_threads_as_workers() {
    let run = LESSON.record(&["--pictures", "12", "--workers", "3"]);
    let (one, many) = (section(&run, "a for loop"), section(&run, "a parallel iterator"));
    assert_eq!((peak(one.1), peak(many.1)), (1, 3));
    assert_eq!(results(&one.0), results(&many.0), "both made the same pictures");
    assert!(
        one.0.iter().all(|it| it["from"] == json!([1200, 900]) && it["to"] == json!([400, 300]))
    );
    // One picture is work for one thread.
    let run = LESSON.record(&["--pictures", "1", "--workers", "4"]);
    assert_eq!(shares(&section(&run, "a parallel iterator").0).len(), 1);
}

#[test]
fn a_broken_picture_is_named_and_the_others_are_kept_in_a_new_folder() {
    let folder = Folder::new("pictures");
    let made = folder.path().join("made");
    let ended = LESSON.run(&["--pictures", "6", "--width", "1200", "--out", &folder.file("made")]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert_eq!(pictures(&made).len(), 6);
    // Two of them are spoiled, each in its own way.
    fs::write(made.join("picture-02.jpg"), "no picture").expect("it is written");
    let whole = fs::read(made.join("picture-05.png")).expect("it is there");
    fs::write(made.join("picture-05.png"), &whole[..whole.len() / 2]).expect("it is written");
    let before = pictures(&made);

    let out = folder.file("small");
    let arguments = ["--folder", &folder.file("made"), "--out", &out, "--width", "100"];
    let ended = LESSON.run(&arguments);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let (lines, summary) = ended.lines_and_summary();
    assert!(summary.starts_with("Resized 8 of 12 pictures in "), "{summary}");
    assert_eq!(lines.len(), 8, "{lines:?}");
    for failure in [
        "Failed picture-02.jpg: this is neither a JPEG nor a PNG picture",
        "Failed picture-05.png: the picture is broken, perhaps cut short",
    ] {
        assert_eq!(ended.stderr.matches(failure).count(), 2, "once in each section: {ended:?}");
    }
    let small = pictures(Path::new(&out));
    let names: Vec<&str> = small.keys().map(String::as_str).collect();
    assert_eq!(names, ["picture-01.jpg", "picture-03.jpg", "picture-04.jpg", "picture-06.jpg"]);
    assert!(small.iter().all(|(name, bytes)| bytes < &before[name]), "{small:?} of {before:?}");
    assert_eq!(pictures(&made), before, "the originals are as they were");

    // A folder that is there already is not touched.
    let ended = LESSON.run(&arguments);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    let told = format!("error: the new folder {out} cannot be made: ");
    assert!(ended.stderr.starts_with(&told), "{ended:?}");
    assert_eq!(pictures(Path::new(&out)), small);
}

#[test]
fn without_pictures_there_is_nothing_to_do_and_nothing_is_left() {
    let folder = Folder::new("no-pictures");
    for (from, sentence) in
        [("", "there is no .jpg and no .png in "), ("missing", "cannot be read")]
    {
        let arguments = ["--folder", &folder.file(from), "--out", &folder.file("small")];
        let ended = LESSON.run(&arguments);
        assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.starts_with("error: no pictures to resize: "), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{ended:?}");
        assert!(!folder.path().join("small").exists());
    }
}

/// A service manager, `timeout` or a closed window ends it as Ctrl-C does.
#[cfg(unix)]
#[test]
fn other_signals_leave_nothing_behind_either() {
    for name in ["-TERM", "-HUP"] {
        let folder = Folder::new("signals");
        let environment = [("TMPDIR", &*folder.file(""))];
        let running = LESSON.program().start_with(&["--pictures", "1000"], &environment);
        let is_begun =
            || fs::read_dir(folder.path()).is_ok_and(|mut entries| entries.next().is_some());
        wait_until("its folder", is_begun);
        signal(name, running.id());
        let ended = running.wait();
        assert_eq!(ended.code(), 130, "{name}: {ended:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn without_room_for_its_pictures_one_sentence_names_the_place() {
    let ended = LESSON.program().run_with::<&str>(&[], &[("TMPDIR", "/nowhere/at/all")]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(
        ended.stderr.starts_with("error: no pictures to resize: no folder can be made in /nowhere"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

/// What is made for a run is gone with it, also where Ctrl-C ends it while they are still being made.
#[cfg(unix)]
#[test]
fn nothing_is_left_of_the_pictures_that_were_made() {
    let folder = Folder::new("temporary");
    let place = folder.file("");
    let environment = [("TMPDIR", place.as_str())];
    let ended = LESSON.program().run_with(&["--pictures", "3"], &environment);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(pictures(folder.path()).len(), 0);

    let program = LESSON.program();
    let running = program.start_with(&["--pictures", "1000"], &environment);
    let some_are_made = || {
        let scratch = fs::read_dir(folder.path()).expect("a folder").next();
        scratch.is_some_and(|it| pictures(&it.expect("an entry").path()).len() > 3)
    };
    wait_until("some pictures", some_are_made);
    signal("-INT", running.id());
    let ended = running.wait();
    assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
    assert!(ended.lines_and_summary().1.starts_with("Interrupted: resized 0 of "), "{ended:?}");
    assert_eq!(pictures(folder.path()).len(), 0);

    // Nor where a second Ctrl-C does not wait, and one picture is still in progress.
    let arguments = ["--pictures", "60", "--width", "1199"];
    let mut running = program.start_with(&arguments, &environment);
    running.item_line();
    signal("-INT", running.id());
    signal("-INT", running.id());
    assert_eq!(running.wait().code(), 130);
    assert_eq!(pictures(folder.path()).len(), 0);
}

#[test]
fn threads_and_a_queue_resize_the_same_pictures_as_the_loop() {
    let run = LESSON.example("with_threads").record(&["--pictures", "9", "--workers", "3"]);
    let ((one, _), (many, facts)) =
        (section(&run, "a for loop"), section(&run, "a parallel iterator"));
    assert_eq!(results(&one), results(&many));
    assert_eq!(facts["facts"]["peak_in_flight"], 3, "{facts}");
    assert!(!shares(&many).contains_key("main"), "{many:?}");
}
