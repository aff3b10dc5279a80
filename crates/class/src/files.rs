//! Without a network: the board's page from the files of students.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use harness::Beside;
use serde_json::{Map, json};

use crate::board::Board;
use crate::routes::PAGE;

/// The most of a file that is read, in bytes: thousands of runs.
const MOST: u64 = 4 << 20;

/// Writes the page for all files of this folder that end in `.jsonl`.
pub(crate) fn page(folder: &Path, out: &Path) -> Result<(), String> {
    let listed = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<PathBuf>>>()
    });
    let mut files = listed.map_err(|error| format!("{}: {error}", folder.display()))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    if files.is_empty() {
        return Err(format!(
            "there is no file class-NICKNAME.jsonl in {}: students get theirs from `cargo run -p class -- join`",
            folder.display()
        ));
    }
    let lessons = course::root().and_then(|root| course::find(&root)).unwrap_or_default();
    let now = Instant::now();
    let mut board = Board::new(lessons.into_iter().map(|lesson| lesson.name).collect(), now);
    let (mut runs, mut unread) = (0, 0);
    for file in &files {
        let name = file.display().to_string();
        let opened = File::open(file).map_err(|error| format!("{name}: {error}"))?;
        for line in BufReader::new(opened.take(MOST)).split(b'\n') {
            let line = line.map_err(|error| format!("{name}: {error}"))?;
            match classroom::read_line(&String::from_utf8_lossy(&line)) {
                Some((nickname, message)) => {
                    runs += usize::from(message.outcome.is_some());
                    board.take_from_file(&name, &nickname, message, now);
                }
                None => unread += 1,
            }
        }
    }
    let programs = board.programs();
    let pages = programs.iter().map(|name| (name.clone(), board.page(Some(name), now, false)));
    let has_runs =
        |page: &serde_json::Value| page["rows"].as_array().is_some_and(|rows| !rows.is_empty());
    let pages: Map<_, _> = pages.filter(|(_, page)| has_runs(page)).collect();
    let lessons: Vec<&String> = programs.iter().filter(|name| pages.contains_key(*name)).collect();
    let state = json!({ "pages": pages, "lessons": lessons }).to_string().replace('<', "\\u003c");
    let html = PAGE.replace("{{nonce}}", "").replace("{{state}}", &state);
    Beside::write(out, html)
        .and_then(Beside::place)
        .map_err(|error| format!("{} cannot be written: {error}", out.display()))?;
    let (students, files) = (board.students(), files.len());
    let unread = match unread {
        0 => String::new(),
        lines => format!("; {lines} lines are not a lesson's, and were left out"),
    };
    let _ = writeln!(
        io::stdout(),
        "{}: {runs} runs of {students} students, from {files} files{unread}",
        out.display()
    );
    Ok(())
}
