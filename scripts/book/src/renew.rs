//! Makes anew what stands below the marks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use course::Lesson;
use scheduler::Puzzle;
use timeline::{Timeline, plural};

use crate::command::{Program, build_all, build_programs, shortened};
use crate::lists::{Which, entries, table};
use crate::original::Original;
use crate::page::{Mark, Page, Runs, What};
use crate::{PUZZLES, code, hang, lessons, pages, played, readme, root};

/// What is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    All,
    /// Listings, puzzles, changes from lesson to lesson, and the data that plays the pictures: nothing has to be built or run.
    Diffs,
    /// The lists of lessons in the README and in the contents: nothing is run.
    Lists,
}

/// Renews the README and the pages. `wanted` is asked whether a page of that name is to be renewed. `report` is told what is
/// being done.
///
/// # Errors
/// When a page cannot be read or written, a lesson not be built or run, or a mark not be understood.
pub fn renew(
    extent: Extent,
    wanted: impl Fn(&str) -> bool,
    report: impl Fn(&str),
) -> io::Result<()> {
    match extent {
        Extent::All => {
            report("building the lessons and their examples");
            build_all()?;
        }
        Extent::Lists => {
            report("building the lessons");
            build_programs()?;
        }
        Extent::Diffs => {}
    }
    let lessons = if extent == Extent::Diffs { Vec::new() } else { lessons()? };
    let pages = pages()?;
    for page in [readme()?].iter().chain(&pages).filter(|page| wanted(&page.name)) {
        let mut ran: Vec<(Program, String)> = Vec::new();
        // Each command once: its output and its picture are of the same run.
        let mut run = |program: &Program| -> io::Result<String> {
            if let Some((_, output)) = ran.iter().find(|(other, _)| other == program) {
                return Ok(output.clone());
            }
            report(&format!("{}: {program}", page.name));
            let output = program.output(picture_of(page, program).as_deref())?;
            ran.push((program.clone(), output.clone()));
            Ok(output)
        };
        let text = renewed(page, |mark| {
            let of = match mark.what {
                What::Listing(..) | What::Diff(..) | What::Puzzle(_) => Extent::Diffs,
                What::Lessons(_) | What::Pages(_) => Extent::Lists,
                _ => Extent::All,
            };
            if extent != Extent::All && extent != of {
                return Ok(None);
            }
            let made = match &mark.what {
                What::Listing(file, anchor) => listing(file, anchor)?,
                What::Diff(one, other) => difference(one, other)?,
                What::Puzzle(name) => puzzle(name, &puzzles()?)?,
                What::Lessons(which) => table(which, &lessons).map_err(io::Error::other)?,
                What::Pages(which) => entries(which, &lessons, &pages).map_err(io::Error::other)?,
                What::Output(program) => format!("```text\n{}```\n", shortened(&run(program)?)),
                What::Stacks(program) => {
                    report(&format!("{}: {program} in gdb", page.name));
                    // Where there is no gdb, what was made last is kept.
                    let Some(stacks) = hang::stacks(program)? else { return Ok(None) };
                    format!("```text\n{stacks}```\n")
                }
                What::Session(program) => {
                    report(&format!("{}: {program}", page.name));
                    let shown = &page.text[mark.made.clone()];
                    let Some(session) = crate::session(program, shown)? else { return Ok(None) };
                    format!("```text\n{session}```\n")
                }
                What::Picture(file, program) => {
                    let output = run(program)?;
                    if !page.beside(file).exists() {
                        return Err(io::Error::other(format!("{program} drew nothing:\n{output}")));
                    }
                    format!("![{}]({file})\n", description(program, &output))
                }
                What::Original(original) => {
                    report(&format!("{}: {} in Python", page.name, original.lesson));
                    // Where no Python runs it, what was made last is kept.
                    let Some(output) = original.output()? else { return Ok(None) };
                    original.draw(&page.beside(&original.file))?;
                    let words = output.lines().last().unwrap_or_default();
                    let Original { file, lesson, .. } = original;
                    format!(
                        "```text\n{output}```\n\n![Timing diagram of the Python original of {lesson}. {words}]({file})\n"
                    )
                }
                What::Runs(runs) => drawn(page, runs, &lessons, &report)?,
            };
            Ok(Some(made))
        })?;
        write_changed(&page.path, &text)?;
    }
    if extent != Extent::Lists {
        write_changed(&root().join(PUZZLES), &scheduler::page::data(&puzzles()?))?;
    }
    played::renew()
}

/// Writes a file unless it has this text: `mdbook serve` builds the book again for each file that is written.
pub(crate) fn write_changed(path: &Path, text: &str) -> io::Result<()> {
    let is_same = fs::read_to_string(path).is_ok_and(|old| old.replace('\r', "") == text);
    if is_same { Ok(()) } else { fs::write(path, text) }
}

/// A page with everything below its marks made anew by `make`; where that gives `None`, what stands there is left.
fn renewed(
    page: &Page,
    mut make: impl FnMut(&Mark) -> io::Result<Option<String>>,
) -> io::Result<String> {
    let at_page = |error: String| io::Error::other(format!("{}: {error}", page.path.display()));
    let mut text = String::new();
    let mut done = 0;
    for mark in page.marks().map_err(at_page)? {
        text += &page.text[done..mark.made.start];
        let made = make(&mark).map_err(|error| at_page(format!("line {}: {error}", mark.line)))?;
        text += made.as_deref().unwrap_or(&page.text[mark.made.clone()]);
        done = mark.made.end;
    }
    Ok(text + &page.text[done..])
}

/// The fenced block that shows a part of a source.
pub(crate) fn listing(file: &str, anchor: &str) -> io::Result<String> {
    let language = if file.ends_with(".py") { "python" } else { "rust" };
    Ok(format!("```{language}\n{}```\n", code::listing(file, anchor)?))
}

/// All puzzles of the lessons.
pub(crate) fn puzzles() -> io::Result<Vec<Puzzle>> {
    scheduler::find(&root()).map_err(io::Error::other)
}

/// What stands below the mark of a puzzle.
pub(crate) fn puzzle(name: &str, puzzles: &[Puzzle]) -> io::Result<String> {
    let puzzle = puzzles.iter().find(|puzzle| puzzle.name == name);
    let puzzle = puzzle.ok_or_else(|| io::Error::other(format!("there is no puzzle {name}")))?;
    Ok(format!("{}\n", scheduler::page::markdown(puzzle)))
}

/// The fenced block that shows what changes.
pub(crate) fn difference(one: &str, other: &str) -> io::Result<String> {
    Ok(format!("```diff\n{}```\n", code::difference(one, other)?))
}

/// Runs lessons, draws them on one time scale, and gives the line that shows the picture.
fn drawn(
    page: &Page,
    Runs { file, kind, arguments }: &Runs,
    lessons: &[Lesson],
    report: impl Fn(&str),
) -> io::Result<String> {
    let mut timelines = Vec::new();
    for lesson in Which::Kind(kind.clone()).of(lessons).map_err(io::Error::other)? {
        let program = Program { arguments: arguments.clone(), ..Program::named(lesson.name()) };
        report(&format!("{}: {program}", page.name));
        timelines.push(program.report()?.timeline());
    }
    let items = timelines.iter().map(|timeline| timeline.spans.len()).max().unwrap_or_default();
    let title = format!("The same {items} {}, on one time scale", plural(kind, items));
    fs::write(page.beside(file), timeline::side_by_side(&title, &timelines))?;
    Ok(format!("![{}]({file})\n", words_of(&title, &timelines)))
}

/// The picture in words, for those who do not see it.
fn words_of(title: &str, timelines: &[Timeline]) -> String {
    let run = |it: &Timeline| format!("{} {:.2} s", it.title, it.took.as_secs_f64());
    let runs: Vec<String> = timelines.iter().map(run).collect();
    format!("{title}: {}. Blue: it works; orange: it waits.", runs.join(", "))
}

/// The file of the picture of the same command, where the page has one.
fn picture_of(page: &Page, program: &Program) -> Option<PathBuf> {
    page.marks().ok()?.into_iter().find_map(|mark| match mark.what {
        What::Picture(file, drawn) if drawn == *program => Some(page.beside(&file)),
        _ => None,
    })
}

/// The picture in words, for those who do not see it: what the lesson says of the run.
fn description(program: &Program, output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    if let Some(lost) = lines.iter().find(|line| line.starts_with("Lost here: ")) {
        return format!("A lost update of `{program}`, step by step. {lost}");
    }
    let sentence = lines.iter().position(|line| line.starts_with("At most ")).and_then(|at| {
        // It may be broken into two lines.
        let rest = lines[at..].iter().take(4);
        let rest: Vec<&str> = rest.map(|line| line.trim()).collect();
        let end = rest.iter().position(|line| line.ends_with('.'))?;
        Some(rest[..=end].join(" "))
    });
    let parts = lines.iter().position(|line| line.starts_with("part  ")).map(|at| {
        let rows = lines[at + 1..].iter().map_while(|line| line.split_once("  "));
        // Another table may follow, with the same names again.
        let is_part =
            |name: &&str| lines.iter().any(|line| line.strip_prefix("-- ") == Some(*name));
        let names: Vec<&str> = rows.map(|(name, _)| name).take_while(is_part).collect();
        format!("Its parts, from the left: {}.", names.join("; "))
    });
    match sentence.or(parts) {
        Some(words) => format!("Timing diagram of `{program}`. {words}"),
        None => format!("Timing diagram of `{program}`."),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;
    use std::{env, process};

    use super::*;

    #[test]
    fn a_picture_is_described_by_the_parts_of_the_first_table() {
        let program = Program::named("some_lesson");
        for head in ["part", "way", "one way"] {
            let output = format!(
                "-- one\n-- two\npart     seconds\none        1.0\ntwo        2.0\n{head}  missed\none        1\n"
            );
            let words = description(&program, &output);
            assert!(words.ends_with("from the left: one; two."), "{head}: {words}");
        }
    }

    #[test]
    fn what_has_not_changed_is_not_written() {
        let path = env::temp_dir().join(format!("book-renewed-{}", process::id()));
        fs::write(&path, "same\n").expect("a file");
        let file = fs::File::options().write(true).open(&path).expect("it is there");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("its time can be set");
        let written = || fs::metadata(&path).and_then(|it| it.modified()).expect("a time");
        write_changed(&path, "same\n").expect("it is left");
        assert_eq!(written(), SystemTime::UNIX_EPOCH);
        write_changed(&path, "changed\n").expect("it is written");
        assert!(written() > SystemTime::UNIX_EPOCH);
        fs::remove_file(path).expect("it is removed");
    }

    #[test]
    fn what_is_made_takes_the_place_of_what_was() {
        let text =
            "One.\n\n<!-- diff: a b -->\n```diff\nold\n```\n\nTwo.\n<!-- diff: c d -->\nThree.\n";
        let page = Page { name: "p".into(), path: "p.md".into(), text: text.into() };
        let new = renewed(&page, |mark| {
            let What::Diff(one, _) = &mark.what else { return Ok(None) };
            Ok(Some(format!("```diff\n{one}\n```\n")))
        })
        .expect("it is made");
        assert_eq!(
            new,
            "One.\n\n<!-- diff: a b -->\n```diff\na\n```\n\nTwo.\n<!-- diff: c d -->\n```diff\nc\n```\nThree.\n"
        );
        let same = renewed(&page, |_| Ok(None)).expect("it is left");
        assert_eq!(same, text);
    }

    #[test]
    fn a_picture_is_described_by_the_sentence_of_its_run() {
        let program = Program::parse("cargo run -p a_lesson").expect("a command");
        let output = "Computed in 1 seconds\nAt most 1 call in flight; 1 thread worked 100%; 1.00\nof 2 cores busy: CPU-bound.\nmain ██\n";
        assert_eq!(
            description(&program, output),
            "Timing diagram of `cargo run -p a_lesson`. At most 1 call in flight; 1 thread worked 100%; 1.00 of 2 cores busy: CPU-bound."
        );
        let parts = "-- one by one\n-- joined\nComputed in 1 seconds\npart        seconds\none by one    0.5\njoined        0.1\n         │one by one\n";
        assert_eq!(
            description(&program, parts),
            "Timing diagram of `cargo run -p a_lesson`. Its parts, from the left: one by one; joined."
        );
        let race = "counted 1, lost 1\nLost here: 7 additions.\n";
        assert_eq!(
            description(&program, race),
            "A lost update of `cargo run -p a_lesson`, step by step. Lost here: 7 additions."
        );
    }
}
