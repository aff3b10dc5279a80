//! What must hold of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use course::{Found, Lesson};
use scheduler::Puzzle;

use crate::command::{Program, build_all};
use crate::lists::{Which, entries, table};
use crate::page::{Page, Runs, What};
use crate::prose::{Kind, Piece, pieces, words};
use crate::{PAGES, PUZZLES, README, code, lessons, pages, played, readme, renew, root};

/// The sections of a lesson's page, in their order.
const SECTIONS: &[&str] = &[
    "Guess first",
    "The idea",
    "The code",
    "What changed",
    "Run it",
    "What to see",
    "Good and bad",
    "In Python",
    "Break it",
    "Exercises",
];
/// Those of a further lesson's; it may have more.
const FURTHER_SECTIONS: &[&str] =
    &["Guess first", "The idea", "Run it", "What to see", "Exercises"];
/// What a teacher finds folded away.
const TEACHERS_NOTES: [&str; 4] = ["**Minutes:**", "**Ask:**", "**Demo:**", "**Note:**"];
/// A lesson's page takes five to ten minutes: 200 words a minute, and the code, diffs and outputs besides.
const WORDS_OF_A_LESSON: std::ops::RangeInclusive<usize> = 700..=2_000;
/// The section in which readers test themselves, and its number of questions.
const QUESTIONS: (&str, usize) = ("Questions", 3);
/// Pages without an idea to ask about.
const WITHOUT_QUESTIONS: [&str; 3] = [CONTENTS, "instructors", "glossary"];
/// What a reader copies by hand.
const LINES_OF_A_PROGRAM: usize = 40;
/// What a newcomer reads in two minutes.
const LINES_OF_THE_README: usize = 120;
/// Documents for those who change the course: of them, only what they lead to is looked at.
const DOCUMENTS: [&str; 4] =
    ["CONTRIBUTING.md", "scripts/MEASURED.md", "tests/FAULTS.md", "tutorial/README.md"];
/// Where mdBook puts what it builds: in a fresh clone it does not exist.
const BUILT: &str = "tutorial/book";
/// The page that no chapter is made of.
const CONTENTS: &str = "SUMMARY";

/// All that does not hold, a sentence for each, with the page and the line where there is one.
///
/// # Errors
/// When the book cannot be read, or the lessons not be built.
pub fn problems() -> io::Result<Vec<String>> {
    build_all()?;
    let (pages, readme, lessons) = (pages()?, readme()?, lessons()?);
    let mut found = Vec::new();
    let known = Known::gather(&mut found)?;
    let mut used = BTreeSet::new();
    of_the_contents(&pages, &lessons, &mut found);
    of_the_readme(&readme, &mut found);
    for page in pages.iter().chain([&readme]) {
        let mut report = |line: usize, what: String| {
            found.push(format!("{}:{line}: {what}", page.place()));
        };
        if let Err(error) = page.marks() {
            report(1, error);
            continue;
        }
        of_the_marks(page, &lessons, &pages, &mut report)?;
        if page.text.contains("{{#") {
            report(1, "what mdBook includes is not seen on a code host: use a listing".into());
        }
        let own = page.own_programs().unwrap_or_else(|error| {
            report(1, error);
            Vec::new()
        });
        // Those are typed in folders of the reader's own: `tests/own_programs.rs` types them.
        let is_own = |command: &str| own.iter().any(|own| own.is_typed(command));
        let is_named = |name: &str| own.iter().any(|own| own.has(name));
        for own in own.iter().filter(|own| own.code.lines().count() > LINES_OF_A_PROGRAM) {
            report(own.line, format!("a program to copy has at most {LINES_OF_A_PROGRAM} lines"));
        }
        let pieces = pieces(&page.text);
        for piece in &pieces {
            let line = page.text[..piece.place.start].matches('\n').count() + 1;
            let mut report = |what: String| report(line, what);
            match &piece.kind {
                Kind::Link | Kind::Image => of_a_link(page, &piece.text, &mut report),
                Kind::Block(language) if language == "console" => {
                    for command in piece.text.lines().filter(|command| !is_own(command)) {
                        of_a_command(command, &known, &mut report)?;
                    }
                }
                Kind::Code if is_own(&piece.text) || is_named(&piece.text) => {}
                Kind::Code => of_a_name(&piece.text, &known, &mut used, &mut report)?,
                _ => {}
            }
        }
        of_the_sections(page, &pieces, &lessons, &mut report);
        if page.path.starts_with(root().join(PAGES)) {
            of_the_questions(page, &mut report);
        }
    }
    for document in DOCUMENTS {
        of_a_document(&Page::read(&root().join(document))?, &known, &mut found)?;
    }
    for lesson in &lessons {
        of_the_examples(&lesson.found, &pages, &mut found)?;
    }
    of_the_pictures(&pages, &mut found)?;
    found.extend(played::problems()?);
    of_the_puzzles(&pages, &renew::puzzles()?, &mut found)?;
    for name in known.foreign.difference(&used) {
        found.push(format!("{FOREIGN}: no page names {name} any more"));
    }
    Ok(found)
}

/// That each page is in the contents, and each lesson has one.
fn of_the_contents(pages: &[Page], lessons: &[Lesson], found: &mut Vec<String>) {
    let Some(contents) = pages.iter().find(|page| page.name == CONTENTS) else {
        found.push(format!("{PAGES}: there is no {CONTENTS}.md"));
        return;
    };
    let links = pieces(&contents.text).into_iter().filter(|piece| piece.kind == Kind::Link);
    let listed: Vec<String> =
        links.filter_map(|piece| piece.text.strip_suffix(".md").map(String::from)).collect();
    for page in pages.iter().filter(|page| page.name != CONTENTS) {
        let times = listed.iter().filter(|name| **name == page.name).count();
        if times != 1 {
            found.push(format!("{PAGES}/{}.md stands {times} times in the contents", page.name));
        }
    }
    for lesson in lessons.iter().map(Lesson::name) {
        if !pages.iter().any(|page| page.name == lesson) {
            found.push(format!("{PAGES}: the lesson {lesson} has no page"));
        }
    }
    let further: Vec<&str> =
        lessons.iter().filter(|it| it.found.is_further).map(Lesson::name).collect();
    let is_further = |name: &&String| further.contains(&name.as_str());
    if !listed.iter().filter(is_further).eq(&further) {
        found.push(format!(
            "{CONTENTS}.md: the further lessons are not in their order: {further:?}"
        ));
    }
    // What was typed by hand would not be renewed.
    let marks = contents.marks().unwrap_or_default();
    let lists = marks.iter().filter(|mark| matches!(mark.what, What::Pages(_)));
    let made: String = lists.map(|mark| &contents.text[mark.made.clone()]).collect();
    for name in listed.iter().filter(|name| lessons.iter().any(|lesson| lesson.name() == *name)) {
        if !made.contains(&format!("({name}.md)")) {
            found.push(format!("{CONTENTS}.md: {name} does not stand below a mark"));
        }
    }
}

/// That it is short, and shows all lessons and the runs of some.
fn of_the_readme(readme: &Page, found: &mut Vec<String>) {
    let lines = readme.text.lines().count();
    if lines > LINES_OF_THE_README {
        found.push(format!("{README} has {lines} lines: at most {LINES_OF_THE_README} are read"));
    }
    let marks = readme.marks().unwrap_or_default();
    for which in [Which::Nine, Which::Further] {
        if !marks.iter().any(|mark| mark.what == What::Lessons(which.clone())) {
            found.push(format!("{README} has no table of lessons: {which:?}"));
        }
    }
    if !marks.iter().any(|mark| matches!(mark.what, What::Runs(_))) {
        found.push(format!("{README} shows no runs"));
    }
}

/// That a document leads to nothing that is not there. Words in capitals stand for any lesson, page or the like.
fn of_a_document(page: &Page, known: &Known, found: &mut Vec<String>) -> io::Result<()> {
    let is_any = |text: &str| ["PAGE", "COMMIT"].into_iter().any(|it| text.contains(it));
    for piece in pieces(&page.text) {
        let line = page.text[..piece.place.start].matches('\n').count() + 1;
        let mut report = |what: String| found.push(format!("{}:{line}: {what}", page.place()));
        match &piece.kind {
            Kind::Link | Kind::Image => of_a_link(page, &piece.text, &mut report),
            Kind::Block(language) if language == "console" => {
                for command in piece.text.lines() {
                    of_a_command(command, known, &mut report)?;
                }
            }
            Kind::Code if is_any(&piece.text) || page.beside(&piece.text).exists() => {}
            Kind::Code if is_command(&piece.text) || is_path(&piece.text) => {
                of_a_name(&piece.text, known, &mut BTreeSet::new(), &mut report)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// That what stands below the marks is what would be made now, as far as it can be known without running a lesson.
fn of_the_marks(
    page: &Page,
    lessons: &[Lesson],
    pages: &[Page],
    report: &mut impl FnMut(usize, String),
) -> io::Result<()> {
    for mark in page.marks().unwrap_or_default() {
        let made = &page.text[mark.made.clone()];
        let mut report = |what: String| report(mark.line, what);
        match &mark.what {
            _ if made.is_empty() => report("nothing was made here yet".into()),
            What::Listing(file, anchor) => {
                match renew::listing(file, anchor) {
                    Err(error) => report(error.to_string()),
                    Ok(now) if now == made => {}
                    Ok(_) => report(format!("{file} has changed: cargo run -p book -- --diffs")),
                }
                // An empty line, and then the sentence with the link to the whole program.
                let after = page.text[mark.made.end..].trim_start().lines().next();
                if !after.is_some_and(|line| line.contains(&format!("](../../{file})"))) {
                    report(format!("no link to {file} follows the listing"));
                }
            }
            What::Diff(one, other) => match renew::difference(one, other) {
                Err(error) => report(error.to_string()),
                Ok(now) if now == made => {}
                Ok(_) => report(format!("the code of {one} or {other} has changed")),
            },
            What::Puzzle(name) => match renew::puzzle(name, &renew::puzzles()?) {
                Err(error) => report(error.to_string()),
                Ok(now) if now == made => {}
                Ok(_) => report(format!("{name} has changed: cargo run -p book -- --diffs")),
            },
            What::Output(program) | What::Stacks(program) | What::Session(program) => {
                let is_typed = |piece: &Piece| {
                    piece.kind == Kind::Block("console".into())
                        && piece.text.lines().any(|line| line == program.to_string())
                };
                if !pieces(&page.text).iter().any(is_typed) {
                    report(format!("the reader is not told to type: {program}"));
                }
            }
            What::Picture(file, program) => {
                if !made.contains(&format!("({file})")) {
                    report(format!("below it is another picture than {file}"));
                }
                let source = program.source()?;
                if !root().join(&source).exists() {
                    report(format!("there is no {source}"));
                }
            }
            What::Original(original) => {
                if !made.contains(&format!("({})", original.file)) {
                    report(format!("below it is another picture than {}", original.file));
                }
                if original.found()?.original.is_none() {
                    report(format!("{} has no Python original", original.lesson));
                }
            }
            What::Runs(runs) => of_the_runs(page, runs, made, lessons, &mut report),
            What::Lessons(which) => of_a_list(table(which, lessons), made, &mut report),
            What::Pages(which) => of_a_list(entries(which, lessons, pages), made, &mut report),
        }
    }
    Ok(())
}

/// That a list is what would be made now.
fn of_a_list(now: Result<String, String>, made: &str, report: &mut impl FnMut(String)) {
    match now {
        Err(why) => report(why),
        Ok(now) if now == made => {}
        Ok(_) => report("the lessons have changed: cargo run -p book -- --lists".into()),
    }
}

/// That a picture of several runs, and its words, are of the lessons that there are.
fn of_the_runs(
    page: &Page,
    Runs { file, kind, .. }: &Runs,
    made: &str,
    lessons: &[Lesson],
    report: &mut impl FnMut(String),
) {
    if !made.contains(&format!("({file})")) {
        report(format!("below it is another picture than {file}"));
    }
    let wanted = match Which::Kind(kind.clone()).of(lessons) {
        Ok(wanted) => wanted.into_iter().map(Lesson::name).collect(),
        Err(why) => {
            report(why);
            Vec::new()
        }
    };
    let picture = fs::read_to_string(page.beside(file)).unwrap_or_default();
    for text in [made, &picture] {
        let words = split(text);
        let is_lesson = |word: &&str| lessons.iter().any(|lesson| lesson.name() == *word);
        let mut names: Vec<&str> = words.iter().map(String::as_str).filter(is_lesson).collect();
        names.dedup();
        if names != wanted {
            report(format!("{file} is of {names:?} and should be of {wanted:?}"));
        }
    }
}

/// That a page or file of the workspace exists. Headings are looked for in the built book, by a browser.
fn of_a_link(page: &Page, link: &str, report: &mut impl FnMut(String)) {
    let path = link.split('#').next().unwrap_or_default();
    if path.is_empty() || path.starts_with("https://") {
        return;
    }
    if path.contains("://") {
        report(format!("a link that is not safe: {link}"));
    } else if !page.beside(path).exists() {
        report(format!("there is no {path}"));
    }
}

/// That what the reader is told to type can be typed.
fn of_a_command(command: &str, known: &Known, report: &mut impl FnMut(String)) -> io::Result<()> {
    if command.contains("LESSON") || command.contains("...") {
        return Ok(()); // any of them, anything
    }
    if let Some(program) = Program::parse(command) {
        let source = program.source()?;
        if !root().join(&source).exists() {
            report(format!("there is no {source}"));
        } else if let Some(objection) = program.objection()? {
            report(format!("{command}: {objection}"));
        }
        return Ok(());
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        // A program that was built before. Its arguments are the same if cargo runs it.
        [program, arguments @ ..] if program.starts_with("target/debug/") => {
            let name = program.rsplit('/').next().unwrap_or_default();
            let mut packages = code::packages()?.into_iter();
            let found = packages.find_map(|(package, folder)| {
                let source = root().join(folder).join(format!("examples/{name}.rs"));
                let is_example = source.exists().then(|| format!("-p {package} --example {name}"));
                is_example.or_else(|| (package == name).then(|| format!("-p {package}")))
            });
            match found {
                Some(found) => {
                    let same = format!("cargo run {found} -- {}", arguments.join(" "));
                    of_a_command(&same, known, report)?;
                }
                None => report(format!("there is no program {name}")),
            }
        }
        ["git", "diff", "--no-index", rest @ ..] => {
            for path in rest.iter().filter(|word| !word.starts_with("--")) {
                if !root().join(path).exists() {
                    report(format!("there is no {path}"));
                }
            }
        }
        ["cargo", "run", ..] => report(format!("it does not say which program: {command}")),
        ["cargo", _, rest @ ..] => {
            let packages = rest.windows(2).filter(|words| words[0] == "-p");
            for package in packages.map(|words| words[1]) {
                if !known.packages.contains(package) {
                    report(format!("there is no package {package}"));
                }
            }
        }
        ["python3", script, ..] => {
            if !root().join(script).exists() {
                report(format!("there is no {script}"));
            }
        }
        []
        | [
            "cd" | "git" | "mdbook" | "rust-gdb" | "rust-lldb" | "ulimit" | "taskset" | "gdb"
            | "pgrep",
            ..,
        ] => {}
        _ => report(format!("nobody checks this command: {command}")),
    }
    Ok(())
}

/// Whether it begins as a command that is checked.
fn is_command(text: &str) -> bool {
    ["cargo ", "git ", "mdbook "].into_iter().any(|program| text.starts_with(program))
}

/// Whether it begins as a path in the workspace.
fn is_path(text: &str) -> bool {
    ["crates", "scripts", "tests", "tutorial"].into_iter().any(|folder| is_below(text, folder))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn of_a_path(text: &str, report: &mut impl FnMut(String)) {
    let is_built = text == BUILT || text.starts_with(&format!("{BUILT}/"));
    if !text.contains("LESSON") && !is_built && !root().join(text).exists() {
        report(format!("there is no {text}"));
    }
}

/// That a name or an option in a line of text is one of the workspace's, or is listed as somebody else's.
fn of_a_name(
    text: &str,
    known: &Known,
    used: &mut BTreeSet<String>,
    report: &mut impl FnMut(String),
) -> io::Result<()> {
    if is_command(text) {
        // One by its name alone is not for typing.
        return if text.split(' ').count() > 2 {
            of_a_command(text, known, report)
        } else {
            Ok(())
        };
    }
    if is_path(text) {
        of_a_path(text, report);
        return Ok(());
    }
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-';
    for word in text.split(|sign: char| !is_part(sign)) {
        let names: Vec<&str> = if word.len() > 2 && word.starts_with("--") {
            vec![word]
        } else {
            word.split('-').collect()
        };
        for name in names.into_iter().filter(|name| name.len() > 1) {
            if name.starts_with(|sign: char| sign.is_ascii_digit()) {
                continue;
            }
            if known.foreign.contains(name) {
                used.insert(name.to_owned());
            } else if !known.own.contains(name) {
                report(format!("neither the code nor {FOREIGN} has the name {name}"));
            }
        }
    }
    Ok(())
}

/// Whether nothing before it could be compared with it: the first of all, or the only one of the nine with its kind of work.
fn is_first_of_its_kind(lesson: &Lesson, lessons: &[Lesson]) -> bool {
    let nine = || lessons.iter().filter(|other| !other.found.is_further);
    let is_first = nine().all(|other| lesson.found.number <= other.found.number);
    let is_alone = nine().filter(|other| other.does(lesson.kind())).count() == 1;
    !lesson.found.is_further && (is_first || is_alone)
}

/// That a lesson's page has all its parts.
fn of_the_sections(
    page: &Page,
    pieces: &[Piece],
    lessons: &[Lesson],
    report: &mut impl FnMut(usize, String),
) {
    let text = &page.text;
    if text.matches("<details>").count() != text.matches("</details>").count()
        || text.matches("<details>").count() != text.matches("<summary>").count()
    {
        report(1, "something is folded away that does not end, or says not what it is".into());
    }
    let Some(lesson) = lessons.iter().find(|lesson| lesson.name() == page.name) else { return };
    let Found { name, folder, is_further, article, .. } = &lesson.found;
    let headings: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece.kind == Kind::Heading)
        .map(|piece| piece.text.as_str())
        .collect();
    let is_first = is_first_of_its_kind(lesson, lessons);
    let sections = if *is_further { FURTHER_SECTIONS } else { SECTIONS };
    let mut rest = headings.iter();
    for section in sections.iter().filter(|section| !(is_first && **section == "What changed")) {
        if !rest.any(|heading| heading == section) {
            report(1, format!("the section {section:?} is missing, or not in its place"));
            break;
        }
    }
    let exercises = headings.iter().filter(|heading| heading.starts_with("Exercise ")).count();
    let least = if *is_further { 1 } else { 2 };
    if exercises < least {
        report(1, format!("it has {exercises} exercises, and should have {least}"));
    }
    let notes =
        text.split_once("<summary>For the teacher</summary>").map_or("", |(_, notes)| notes);
    for note in TEACHERS_NOTES.iter().filter(|note| !notes.contains(**note)) {
        report(1, format!("the teacher's notes lack {note}"));
    }
    let marks = page.marks().unwrap_or_default();
    let is_own = |program: &Program| program.package == *name && program.example.is_none();
    if !marks.iter().any(|mark| matches!(&mark.what, What::Output(program) if is_own(program))) {
        report(1, "it does not show what the lesson prints".into());
    }
    if !marks.iter().any(|mark| matches!(&mark.what, What::Picture(_, program) if is_own(program)))
    {
        report(1, "it shows no diagram of the lesson".into());
    }
    let is_change =
        |what: &What| matches!(what, What::Diff(one, other) if other == name && !one.contains('/'));
    if !is_first && !marks.iter().any(|mark| is_change(&mark.what)) {
        report(1, "it does not show what changed from the lesson before it".into());
    }
    if !text.contains(&format!("(../../{folder}/src/main.rs)")) {
        report(1, "it has no link to the lesson".into());
    }
    if let Some(words) = article.as_ref().filter(|words| !text.contains(*words)) {
        report(1, format!("what the article says of the original is missing: {words}"));
    }
    let length = words(text);
    if !is_further && !WORDS_OF_A_LESSON.contains(&length) {
        report(1, format!("it has {length} words, and should have {WORDS_OF_A_LESSON:?}"));
    }
}

/// That a page ends with questions, each with an answer that is folded away, and that one of them needs a run.
fn of_the_questions(page: &Page, report: &mut impl FnMut(usize, String)) {
    if WITHOUT_QUESTIONS.contains(&page.name.as_str()) {
        return;
    }
    let (title, count) = QUESTIONS;
    let section = page.text.split_once(&format!("\n## {title}\n")).map(|(_, section)| section);
    let Some(section) = section else {
        return report(1, format!("the section {title:?} is missing"));
    };
    let section = section.split("\n## ").next().unwrap_or_default();
    let section = section.split("<summary>For the teacher").next().unwrap_or_default();
    let asked = section.lines().filter_map(|line| line.strip_prefix("**")?.split_once(". "));
    let numbers: Vec<&str> = asked.map(|(number, _)| number).collect();
    let expected: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
    let answers = section.matches("<summary>Answer</summary>").count();
    if numbers != expected || answers != count {
        report(
            1,
            format!(
                "the page asks the questions {numbers:?} and has {answers} answers: {count} of each, in order"
            ),
        );
    }
    // An answer follows the part; nothing asks for what stands after the last answer.
    let is_asked =
        |part: &str| part.rsplit("</details>").next().is_some_and(|it| it.contains("```console"));
    let parts: Vec<&str> = section.split("<details>").collect();
    let is_answer = |part: &str| part.trim_start().starts_with("<summary>Answer</summary>");
    if !parts.windows(2).any(|two| is_answer(two[1]) && is_asked(two[0])) {
        report(1, "none of its questions needs a run".into());
    }
}

/// That each example is shown on a page, with the command that runs it.
fn of_the_examples(lesson: &Found, pages: &[Page], found: &mut Vec<String>) -> io::Result<()> {
    let examples = root().join(&lesson.folder).join("examples");
    let Ok(files) = fs::read_dir(examples) else { return Ok(()) };
    for file in files {
        let file = file?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("mine") {
            continue; // a student's own
        }
        let link = format!("(../../{}/examples/{name}.rs)", lesson.folder);
        let command = format!("cargo run -p {} --example {name}", lesson.name);
        let shows = |page: &Page| page.text.contains(&link) && page.text.contains(&command);
        if !pages.iter().any(shows) {
            found.push(format!("{PAGES}: no page has both {link} and {command}"));
        }
    }
    Ok(())
}

/// That each picture of a run is on a page.
fn of_the_pictures(pages: &[Page], found: &mut Vec<String>) -> io::Result<()> {
    for file in fs::read_dir(root().join(PAGES).join("runs"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if !pages.iter().any(|page| page.text.contains(&format!("(runs/{name})"))) {
            found.push(format!("{PAGES}/runs/{name} is on no page"));
        }
    }
    Ok(())
}

/// That each puzzle is on a page, has the lines of its source, and is in the data for the script as it is now.
fn of_the_puzzles(pages: &[Page], puzzles: &[Puzzle], found: &mut Vec<String>) -> io::Result<()> {
    for puzzle in puzzles {
        let name = &puzzle.name;
        let is_shown = |page: &Page| page.text.contains(&format!("<!-- puzzle: {name} -->"));
        if !pages.iter().any(is_shown) {
            found.push(format!("{}: the puzzle {name} is on no page", puzzle.folder));
        }
        let source = fs::read_to_string(root().join(puzzle.source_file()))?;
        for step in puzzle.actors.iter().flat_map(|actor| &actor.steps) {
            if !step.code.contains(char::is_alphanumeric) || !source.contains(&step.code) {
                let file = puzzle.source_file();
                found.push(format!("{name}: {file} has no such line: {}", step.code));
            }
        }
    }
    let data = fs::read_to_string(root().join(PUZZLES)).unwrap_or_default().replace('\r', "");
    if data != scheduler::page::data(puzzles) {
        found.push(format!("{PUZZLES} is stale: cargo run -p book -- --diffs"));
    }
    Ok(())
}

/// Where the names are that the book uses and that are not of this workspace.
const FOREIGN: &str = "tutorial/names.txt";

/// What may be named.
struct Known {
    /// Words of the workspace's sources and manifests, and the options of its programs.
    own: BTreeSet<String>,
    /// What others have called so: Python, Rust's library, cargo.
    foreign: BTreeSet<String>,
    packages: BTreeSet<String>,
}

impl Known {
    fn gather(found: &mut Vec<String>) -> io::Result<Self> {
        let mut own = BTreeSet::new();
        let mut packages = BTreeSet::new();
        for (package, folder) in code::packages()? {
            // The pages are about what is in `crates`.
            if is_below(&folder, "crates") {
                let folder = root().join(folder);
                if folder.join("src/main.rs").exists() {
                    own.extend(options(&Program::named(&package))?);
                }
                own.extend(words_of(&folder)?);
            }
            packages.insert(package);
        }
        own.extend(words_of(&root().join("Cargo.toml"))?);
        let list = fs::read_to_string(root().join(FOREIGN))?.replace('\r', "");
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        let mut foreign = BTreeMap::<String, usize>::new();
        for name in lines.flat_map(str::split_whitespace) {
            *foreign.entry(name.to_owned()).or_default() += 1;
        }
        for (name, times) in &foreign {
            if *times > 1 || own.contains(name) {
                found.push(format!("{FOREIGN}: {name} need not stand there (again)"));
            }
        }
        Ok(Self { own, foreign: foreign.into_keys().collect(), packages })
    }
}

/// The options that a program's `--help` names.
fn options(program: &Program) -> io::Result<BTreeSet<String>> {
    let help = program.help()?;
    let words = help.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-'));
    Ok(words.filter(|word| word.starts_with("--") && word.len() > 2).map(String::from).collect())
}

/// All words of the sources and manifests in a folder.
fn words_of(path: &Path) -> io::Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            words.append(&mut words_of(&entry?.path())?);
        }
    } else if path
        .extension()
        .is_some_and(|extension| ["rs", "toml", "py"].iter().any(|it| extension == *it))
    {
        words.extend(path.file_name().into_iter().flat_map(|name| split(&name.to_string_lossy())));
        words.extend(split(&fs::read_to_string(path)?));
    }
    Ok(words)
}

fn split(text: &str) -> Vec<String> {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.split(|sign| !is_part(sign)).map(String::from).collect()
}

/// Each check is shown what it must not let pass.
#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;
    use crate::lists::tests::invented;

    fn page(name: &str, text: &str) -> Page {
        let path = root().join(PAGES).join(format!("{name}.md"));
        Page { name: name.into(), path, text: text.into() }
    }

    fn known() -> Known {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Known {
            own: set(&["run", "--workers"]),
            foreign: set(&["gather"]),
            packages: set(&["practice_site"]),
        }
    }

    fn found() -> Vec<Found> {
        course::find(&root()).expect("there are lessons")
    }

    #[test]
    fn a_listing_is_what_the_source_has_and_a_link_to_that_follows() {
        let with_anchor = found().into_iter().find_map(|lesson| {
            let file = format!("{}/src/main.rs", lesson.folder);
            let source = fs::read_to_string(root().join(&file)).ok()?;
            let (_, rest) = source.split_once("// ANCHOR: ")?;
            Some((file, rest.lines().next()?.to_owned()))
        });
        let (file, anchor) = with_anchor.expect("a lesson has an anchor");
        let shown = renew::listing(&file, &anchor).expect("it is there");
        let said = |anchor: &str, shown: &str, after: &str| {
            let text = format!("<!-- listing: {file} {anchor} -->\n{shown}\n{after}\n");
            said_of_the_marks(&page("x", &text))
        };
        let link = format!("All: [all](../../{file})");
        assert_eq!(said(&anchor, &shown, &link), [""; 0]);
        assert_eq!(said(&anchor, &shown, "Text.").len(), 1);
        assert_eq!(said(&anchor, "```rust\nfn changed() {}\n```\n", &link).len(), 1);
        assert_eq!(said("gone", &shown, &link).len(), 1);
        assert!(renew::listing("crates/gone.rs", "main").is_err());
    }

    #[test]
    fn a_link_needs_its_file() {
        for (link, is_fine) in [
            ("SUMMARY.md", true),
            ("SUMMARY.md#part", true),
            ("#part", true),
            ("https://example.org/", true),
            ("http://example.org/", false),
            ("gone.md", false),
        ] {
            let mut found = Vec::new();
            of_a_link(&page("x", ""), link, &mut |what| found.push(what));
            assert_eq!(found.is_empty(), is_fine, "{link}: {found:?}");
        }
    }

    #[test]
    fn a_command_must_be_one_that_can_be_typed() {
        for (command, is_fine) in [
            ("cargo run -p practice_site -- --latency 3", true),
            ("cargo run -p practice_site -- --gone 3", false),
            ("cargo run -p practice_site -- --latency long", false),
            ("cargo run --config profile.dev.opt-level=0 -p practice_site", true),
            ("cargo run --profile gone -p practice_site", false),
            ("cargo run --config gone=0 -p practice_site", false),
            ("cargo run -p tests --bin mistakes -- --one-short", true),
            ("cargo run -p tests --bin mistakes -- --gone", false),
            ("cargo run -p tests --bin gone", false),
            ("cargo step -p practice_site", true),
            ("cargo gdb -p practice_site -- --latency 3", true),
            ("cargo gdb -p practice_site -- --gone 3", false),
            ("target/debug/practice_site --latency 3", true),
            ("target/debug/practice_site --gone 3", false),
            ("cargo run -p gone", false),
            ("cargo run -p practice_site --example gone", false),
            ("cargo run", false),
            ("cargo run -p LESSON", true),
            ("cargo test -p practice_site --doc", true),
            ("cargo test -p gone", false),
            ("git diff --no-index Cargo.toml README.md", true),
            ("git diff --no-index Cargo.toml gone", false),
            ("rm -r target", false),
        ] {
            let mut found = Vec::new();
            of_a_command(command, &known(), &mut |what| found.push(what)).expect("it is looked at");
            assert_eq!(found.is_empty(), is_fine, "{command}: {found:?}");
        }
    }

    #[test]
    fn a_name_must_be_ours_or_listed() {
        for (name, is_fine) in [
            ("run.gather(5)", true),
            ("--workers 5", true),
            ("--gone", false),
            ("run.gone()", false),
            ("crates/common", true),
            ("crates/gone", false),
            ("tutorial/book/index.html", true),
            ("tutorial/gone", false),
        ] {
            let (mut found, mut used) = (Vec::new(), BTreeSet::new());
            of_a_name(name, &known(), &mut used, &mut |what| found.push(what))
                .expect("it is looked at");
            assert_eq!(found.is_empty(), is_fine, "{name}: {found:?}");
            assert_eq!(used.contains("gather"), name.contains("gather"));
        }
    }

    /// What is said of the marks of a page, among the invented lessons and pages for some of them.
    fn said_of_the_marks(page: &Page) -> Vec<String> {
        let pages = [self::page("first_pages", "# First\n"), self::page("more_pages", "# More\n")];
        let mut found = Vec::new();
        of_the_marks(page, &invented(), &pages, &mut |_, what| found.push(what))
            .expect("they are looked at");
        found
    }

    #[test]
    fn what_stands_below_a_mark_must_be_what_would_be_made() {
        let said = |text: &str| said_of_the_marks(&page("x", text));
        let found = found();
        let (one, other) = (&found[0].name, &found[1].name);
        let now = renew::difference(one, other).expect("both are there");
        let mark = format!("<!-- diff: {one} {other} -->\n");
        assert_eq!(said(&format!("{mark}{now}")), [""; 0]);
        assert_eq!(said(&mark).len(), 1);
        assert_eq!(said(&format!("{mark}{}", now.replacen("\n+", "\n-", 1))).len(), 1);
        assert_eq!(said(&format!("<!-- diff: {one} gone -->\n```diff\nx\n```\n")).len(), 1);
        let output = format!("<!-- output: cargo run -p {one} -->\n```text\nx\n```\n");
        assert_eq!(said(&output).len(), 1, "nobody is told to type it");
        assert_eq!(said(&format!("```console\ncargo run -p {one}\n```\n{output}")), [""; 0]);
        let picture =
            format!("<!-- picture: runs/a.svg cargo run -p {one} -->\n![x](runs/b.svg)\n");
        assert_eq!(said(&picture).len(), 1);
        let of_nothing = "<!-- picture: runs/a.svg cargo run -p gone -->\n![x](runs/a.svg)\n";
        assert_eq!(said(of_nothing).len(), 1);
    }

    #[test]
    fn a_puzzle_is_on_a_page_with_lines_of_its_source() {
        let puzzles = renew::puzzles().expect("they can be read");
        let made = renew::puzzle(&puzzles[0].name, &puzzles).expect("it is there");
        let text = format!("<!-- puzzle: {} -->\n{made}<!-- end -->\n", puzzles[0].name);
        assert_eq!(said_of_the_marks(&page("x", &text)), [""; 0]);
        let stale = text.replacen("orders", "ways", 1);
        assert_eq!(said_of_the_marks(&page("x", &stale)).len(), 1);
        let of_none = "<!-- puzzle: gone -->\n\n<!-- end -->\n";
        assert_eq!(said_of_the_marks(&page("x", of_none)).len(), 1);
        let mut changed = puzzles[..1].to_vec();
        changed[0].actors[0].steps[0].code = "no such line".into();
        changed[0].actors[0].steps[1].code = "}".into();
        let mut found = Vec::new();
        of_the_puzzles(&[], &changed, &mut found).expect("they are looked at");
        let all = found.join("\n");
        assert!(all.contains("on no page") && all.contains("no such line: no"), "{all}");
        assert!(all.contains("no such line: }"), "a brace is in every source: {all}");
        assert!(all.contains("is stale"), "{all}");
    }

    #[test]
    fn a_list_must_be_of_the_lessons_that_there_are() {
        let said = |text: &str| said_of_the_marks(&page("x", text));
        let rows = table(&Which::Nine, &invented()).expect("there are some");
        let listed = |rows: &str| format!("<!-- lessons: nine -->\n{rows}<!-- end -->\n");
        assert_eq!(said(&listed(&rows)), [""; 0]);
        let old = rows.lines().filter(|row| !row.contains("alone")).collect::<Vec<_>>().join("\n");
        for stale in ["", "\n", &old, &rows.replace("`for` loop", "loop")] {
            assert_eq!(said(&listed(stale)).len(), 1, "{stale}");
        }
        let pages = |entries: &str| format!("<!-- pages: page -->\n{entries}<!-- end -->\n");
        let (first, more) = ("- [First](first_pages.md)\n", "- [More](more_pages.md)\n");
        assert_eq!(said(&pages(&format!("\n{first}{more}\n"))), [""; 0]);
        for stale in [format!("\n{more}{first}\n"), format!("\n{first}\n")] {
            assert_eq!(said(&pages(&stale)).len(), 1, "{stale}");
        }
        let of_no_kind = "<!-- pages: pagge -->\n\n- [First](first_pages.md)\n\n<!-- end -->\n";
        assert_eq!(said(of_no_kind).len(), 1);
    }

    #[test]
    fn a_picture_of_runs_must_be_of_the_lessons_that_there_are() {
        let folder = env::temp_dir().join(format!("book-runs-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("a.svg"), "<text>first_pages</text><text>more_pages</text>")
            .expect("a picture");
        let said = |words: &str, file: &str| {
            let text = format!("<!-- runs: a.svg page -->\n![{words}]({file})\n");
            said_of_the_marks(&Page { name: "x".into(), path: folder.join("x.md"), text })
        };
        assert_eq!(said("first_pages 1 s, more_pages 1 s", "a.svg"), [""; 0]);
        assert_eq!(said("first_pages 1 s, more_pages 1 s", "b.svg").len(), 1);
        for words in ["first_pages", "more_pages, first_pages", "first_pages, more_pages, beyond"] {
            assert_eq!(said(words, "a.svg").len(), 1, "{words}");
        }
        fs::write(folder.join("a.svg"), "<text>first_pages</text>").expect("a picture");
        assert_eq!(said("first_pages 1 s, more_pages 1 s", "a.svg").len(), 1);
        fs::remove_dir_all(folder).expect("it is removed");
    }

    #[test]
    fn a_lesson_needs_its_sections_exercises_notes_and_the_articles_words() {
        let text = "# more_pages\n\n## The idea\n\n<details>\n<summary>Solution</summary>\n";
        let page = page("more_pages", text);
        let mut found = Vec::new();
        of_the_sections(&page, &pieces(text), &invented(), &mut |_, what| found.push(what));
        let all = found.join("\n");
        for what in [
            "folded away",
            "\"Guess first\"",
            "exercises",
            "**Ask:**",
            "prints",
            "diagram",
            "changed",
            "no link",
            "4–5x",
            "words",
        ] {
            assert!(all.contains(what), "{what}: {all}");
        }
    }

    #[test]
    fn a_page_asks_three_questions_and_one_needs_a_run() {
        let question = |number: usize, run: &str| {
            let answer = "<details>\n<summary>Answer</summary>\n\nYes.\n\n</details>";
            format!("**{number}. Is it so?**\n\n{run}\n\n{answer}\n\n")
        };
        let said = |questions: &[String], name: &str| {
            let notes = "<details>\n<summary>For the teacher</summary>\n\n**Ask:** Why? Now.\n";
            let text =
                format!("# Page\n\n## Questions\n\n{}\n{notes}## More\n", questions.concat());
            let mut found = Vec::new();
            of_the_questions(&page(name, &text), &mut |_, what| found.push(what));
            found
        };
        let run = "```console\ncargo run -p LESSON\n```";
        let three = [question(1, ""), question(2, run), question(3, "")];
        assert_eq!(said(&three, "x"), [""; 0]);
        assert_eq!(said(&three[..2], "x").len(), 1, "two are too few");
        assert_eq!(said(&[1, 2, 3].map(|number| question(number, "")), "x").len(), 1, "no run");
        let in_an_answer = question(1, "").replace("Yes.", run);
        assert_eq!(said(&[in_an_answer, question(2, ""), question(3, "")], "x").len(), 1, "no run");
        let after_the_last = [question(1, ""), question(2, ""), question(3, "") + run];
        assert_eq!(said(&after_the_last, "x").len(), 1, "no run");
        assert_eq!(said(&[question(1, ""), question(3, run), question(2, "")], "x").len(), 1);
        assert_eq!(said(&[], "glossary"), [""; 0]);
        let mut found = Vec::new();
        of_the_questions(&page("x", "# Page\n"), &mut |_, what| found.push(what));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn only_what_has_nothing_before_it_shows_no_change() {
        let lessons = invented();
        let first: Vec<&str> = lessons
            .iter()
            .filter(|lesson| is_first_of_its_kind(lesson, &lessons))
            .map(Lesson::name)
            .collect();
        // One that goes further has one of the nine beside it.
        assert_eq!(first, ["first_pages", "alone"]);
    }

    #[test]
    fn a_page_must_be_in_the_contents_and_a_lesson_have_a_page() {
        let contents = page(
            "SUMMARY",
            "- [One](one.md)\n- [One](one.md)\n- [First](first_pages.md)\n\
             <!-- pages: page -->\n\n- [More](more_pages.md)\n\n<!-- end -->\n",
        );
        let names = ["one", "two", "first_pages", "more_pages"];
        let pages: Vec<Page> =
            [contents].into_iter().chain(names.map(|name| page(name, ""))).collect();
        let mut found = Vec::new();
        of_the_contents(&pages, &invented(), &mut found);
        let all = found.join("\n");
        for what in [
            "one.md stands 2 times",
            "two.md stands 0 times",
            "alone has no page",
            "order",
            "first_pages does not stand below a mark",
        ] {
            assert!(all.contains(what), "{what}: {all}");
        }
        assert!(!all.contains("more_pages does not"), "{all}");
    }

    #[test]
    fn a_document_leads_to_what_is_there() {
        let said = |text: &str| {
            let mut found = Vec::new();
            of_a_document(&page("x", text), &known(), &mut found).expect("it is looked at");
            found
        };
        let fine = "[a](SUMMARY.md) `crates/common`, `tutorial/src/LESSON.md`, `cargo test -p LESSON`, `anything`\n";
        assert_eq!(said(fine), [""; 0]);
        for dead in
            ["[a](gone.md)", "`crates/gone`", "`cargo test -p gone`", "```console\nrm -r x\n```"]
        {
            assert_eq!(said(dead).len(), 1, "{dead}");
        }
    }

    #[test]
    fn the_readme_must_be_short_and_show_the_lessons_and_their_runs() {
        let said = |text: &str| {
            let mut found = Vec::new();
            of_the_readme(&page("README", text), &mut found);
            found
        };
        let all = "<!-- runs: a.svg page -->\n<!-- lessons: nine -->\n<!-- end -->\n\
                   <!-- lessons: further -->\n<!-- end -->\n";
        assert_eq!(said(all), [""; 0]);
        assert_eq!(said("").len(), 3);
        assert_eq!(said(&[all, &"\n".repeat(LINES_OF_THE_README)].concat()).len(), 1);
    }
}
