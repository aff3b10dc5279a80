//! What must hold of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use common::{LESSONS, Lesson};

use crate::command::{Program, build_all};
use crate::page::{Page, What};
use crate::prose::{Kind, Piece, pieces, words};
use crate::{PAGES, code, pages, renew, root};

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
/// Nothing before these does the same work.
const FIRST_OF_THEIR_KIND: [&str; 2] = ["sync_downloader", "race_counter"];
/// What a teacher finds folded away.
const TEACHERS_NOTES: [&str; 4] = ["**Minutes:**", "**Ask:**", "**Demo:**", "**Note:**"];
/// A lesson's page takes five to ten minutes: 200 words a minute, and the code, diffs and outputs besides.
const WORDS_OF_A_LESSON: std::ops::RangeInclusive<usize> = 700..=2_000;
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
    let pages = pages()?;
    let mut found = Vec::new();
    let known = Known::gather(&mut found)?;
    let mut used = BTreeSet::new();
    of_the_contents(&pages, &mut found);
    for page in &pages {
        let mut tell = |line: usize, what: String| {
            found.push(format!("{PAGES}/{}.md:{line}: {what}", page.name));
        };
        if let Err(error) = page.marks() {
            tell(1, error);
            continue;
        }
        of_the_marks(page, &mut tell);
        of_the_listings(page, &mut tell);
        let pieces = pieces(&page.text);
        for piece in &pieces {
            let line = page.text[..piece.place.start].matches('\n').count() + 1;
            let mut tell = |what: String| tell(line, what);
            match &piece.kind {
                Kind::Link | Kind::Image => of_a_link(page, &piece.text, &mut tell),
                Kind::Block(language) if language == "console" => {
                    for command in piece.text.lines() {
                        of_a_command(command, &known, &mut tell)?;
                    }
                }
                Kind::Code => of_a_name(&piece.text, &known, &mut used, &mut tell)?,
                _ => {}
            }
        }
        of_the_sections(page, &pieces, &mut tell);
    }
    for lesson in LESSONS {
        of_the_examples(lesson, &pages, &mut found)?;
    }
    of_the_pictures(&pages, &mut found)?;
    for name in known.foreign.difference(&used) {
        found.push(format!("{FOREIGN}: no page names {name} any more"));
    }
    Ok(found)
}

/// That each page is in the contents, and each lesson has one.
fn of_the_contents(pages: &[Page], found: &mut Vec<String>) {
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
    for lesson in LESSONS {
        if !pages.iter().any(|page| page.name == lesson.name) {
            found.push(format!("{PAGES}: the lesson {} has no page", lesson.name));
        }
    }
    let further: Vec<&str> =
        LESSONS.iter().filter(|lesson| lesson.is_further).map(|lesson| lesson.name).collect();
    let is_further = |name: &&String| further.contains(&name.as_str());
    if !listed.iter().filter(is_further).eq(&further) {
        found.push(format!(
            "{CONTENTS}.md: the further lessons are not in their order: {further:?}"
        ));
    }
}

/// That what stands below the marks is what would be made now, as far as it can be known without running a lesson.
fn of_the_marks(page: &Page, tell: &mut impl FnMut(usize, String)) {
    for mark in page.marks().unwrap_or_default() {
        let made = &page.text[mark.made.clone()];
        match &mark.what {
            _ if made.is_empty() => tell(mark.line, "nothing was made here yet".into()),
            What::Diff(one, other) => match renew::difference(one, other) {
                Err(error) => tell(mark.line, error.to_string()),
                Ok(now) if now == made => {}
                Ok(_) => tell(mark.line, format!("the code of {one} or {other} has changed")),
            },
            What::Output(program) => {
                let is_typed = |piece: &Piece| {
                    piece.kind == Kind::Block("console".into())
                        && piece.text.lines().any(|line| line == program.to_string())
                };
                if !pieces(&page.text).iter().any(is_typed) {
                    tell(mark.line, format!("the reader is not told to type: {program}"));
                }
            }
            What::Picture(file, program) => {
                if !made.contains(&format!("({file})")) {
                    tell(mark.line, format!("below it is another picture than {file}"));
                }
                if !root().join(program.source()).exists() {
                    tell(mark.line, format!("there is no {}", program.source()));
                }
            }
        }
    }
}

/// That each file and anchor that is included exists, and that a link to the file follows.
fn of_the_listings(page: &Page, tell: &mut impl FnMut(usize, String)) {
    let lines: Vec<&str> = page.text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let include = line.split_once("{{#").and_then(|(_, rest)| rest.split_once("}}"));
        let Some((include, _)) = include else { continue };
        let Some(target) = include.strip_prefix("include ") else {
            tell(at + 1, format!("{include} is no include"));
            continue;
        };
        let (path, anchor) = target.split_once(':').unwrap_or((target, ""));
        let file = page.beside(path);
        let Ok(source) = fs::read_to_string(&file) else {
            tell(at + 1, format!("there is no {path}"));
            continue;
        };
        let listing = code::anchored(&source, anchor);
        if listing.is_none_or(|listing| listing.trim().is_empty()) {
            tell(at + 1, format!("{path} has nothing between marks of the name {anchor:?}"));
        }
        // The fence ends, an empty line may follow, then the link: on a code host there is no listing.
        let after = lines[at + 1..].iter().take(4);
        if !after.clone().any(|line| line.contains(&format!("]({path})"))) {
            tell(at + 1, format!("no link to {path} follows the listing"));
        }
    }
}

/// That a page or file of the workspace exists. Headings are looked for in the built book, by a browser.
fn of_a_link(page: &Page, link: &str, tell: &mut impl FnMut(String)) {
    let path = link.split('#').next().unwrap_or_default();
    if path.is_empty() || path.starts_with("https://") {
        return;
    }
    if path.contains("://") {
        tell(format!("a link that is not safe: {link}"));
    } else if !page.beside(path).exists() {
        tell(format!("there is no {path}"));
    }
}

/// That what the reader is told to type can be typed.
fn of_a_command(command: &str, known: &Known, tell: &mut impl FnMut(String)) -> io::Result<()> {
    if command.contains("LESSON") || command.contains("...") {
        return Ok(()); // any of them, anything
    }
    if let Some(program) = Program::parse(command) {
        if !root().join(program.source()).exists() {
            tell(format!("there is no {}", program.source()));
        } else if let Some(objection) = program.objection()? {
            tell(format!("{command}: {objection}"));
        }
        return Ok(());
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["git", "diff", "--no-index", rest @ ..] => {
            for path in rest.iter().filter(|word| !word.starts_with("--")) {
                if !root().join(path).exists() {
                    tell(format!("there is no {path}"));
                }
            }
        }
        ["cargo", "run", ..] => tell(format!("it does not say which program: {command}")),
        ["cargo", _, rest @ ..] => {
            let packages = rest.windows(2).filter(|words| words[0] == "-p");
            for package in packages.map(|words| words[1]) {
                if !known.packages.contains(package) {
                    tell(format!("there is no package {package}"));
                }
            }
        }
        [] | ["cd" | "git" | "mdbook" | "rust-gdb" | "rust-lldb" | "ulimit" | "taskset", ..] => {}
        _ => tell(format!("nobody checks this command: {command}")),
    }
    Ok(())
}

/// That a name or an option in a line of text is one of the workspace's, or is listed as somebody else's.
fn of_a_name(
    text: &str,
    known: &Known,
    used: &mut BTreeSet<String>,
    tell: &mut impl FnMut(String),
) -> io::Result<()> {
    if ["cargo ", "git ", "mdbook "].into_iter().any(|program| text.starts_with(program)) {
        // One by its name alone is not for typing.
        return if text.split(' ').count() > 2 { of_a_command(text, known, tell) } else { Ok(()) };
    }
    let is_of_file = |folder: &str| text.starts_with(&format!("{folder}/"));
    if ["crates", "scripts", "tests", "tutorial"].into_iter().any(is_of_file) {
        let is_built = text == BUILT || text.starts_with(&format!("{BUILT}/"));
        if !text.contains("LESSON") && !is_built && !root().join(text).exists() {
            tell(format!("there is no {text}"));
        }
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
                tell(format!("neither the code nor {FOREIGN} has the name {name}"));
            }
        }
    }
    Ok(())
}

/// That a lesson's page has all its parts.
fn of_the_sections(page: &Page, pieces: &[Piece], tell: &mut impl FnMut(usize, String)) {
    let text = &page.text;
    if text.matches("<details>").count() != text.matches("</details>").count()
        || text.matches("<details>").count() != text.matches("<summary>").count()
    {
        tell(1, "something is folded away that does not end, or says not what it is".into());
    }
    let Some(lesson) = LESSONS.iter().find(|lesson| lesson.name == page.name) else { return };
    let headings: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece.kind == Kind::Heading)
        .map(|piece| piece.text.as_str())
        .collect();
    let is_first = FIRST_OF_THEIR_KIND.contains(&lesson.name);
    let sections = if lesson.is_further { FURTHER_SECTIONS } else { SECTIONS };
    let mut rest = headings.iter();
    for section in sections.iter().filter(|section| !(is_first && **section == "What changed")) {
        if !rest.any(|heading| heading == section) {
            tell(1, format!("the section {section:?} is missing, or not in its place"));
            break;
        }
    }
    let exercises = headings.iter().filter(|heading| heading.starts_with("Exercise ")).count();
    let least = if lesson.is_further { 1 } else { 2 };
    if exercises < least {
        tell(1, format!("it has {exercises} exercises, and should have {least}"));
    }
    let notes =
        text.split_once("<summary>For the teacher</summary>").map_or("", |(_, notes)| notes);
    for note in TEACHERS_NOTES.iter().filter(|note| !notes.contains(**note)) {
        tell(1, format!("the teacher's notes lack {note}"));
    }
    let marks = page.marks().unwrap_or_default();
    let is_own = |program: &Program| program.package == lesson.name && program.example.is_none();
    if !marks.iter().any(|mark| matches!(&mark.what, What::Output(program) if is_own(program))) {
        tell(1, "it does not show what the lesson prints".into());
    }
    if !marks.iter().any(|mark| matches!(&mark.what, What::Picture(_, program) if is_own(program)))
    {
        tell(1, "it shows no diagram of the lesson".into());
    }
    let is_change = |what: &What| matches!(what, What::Diff(one, other) if other == lesson.name && !one.contains('/'));
    if !is_first && !marks.iter().any(|mark| is_change(&mark.what)) {
        tell(1, "it does not show what changed from the lesson before it".into());
    }
    if !text.contains(&format!("(../../crates/{}/src/main.rs)", lesson.name)) {
        tell(1, "it has no link to the lesson".into());
    }
    if let Some(seconds) = lesson.article_seconds {
        if !text.contains(&format!("{seconds} seconds")) {
            tell(1, format!("the article's time is missing: {seconds} seconds"));
        }
    }
    let length = words(text);
    if !lesson.is_further && !WORDS_OF_A_LESSON.contains(&length) {
        tell(1, format!("it has {length} words, and should have {WORDS_OF_A_LESSON:?}"));
    }
}

/// That each example is shown on its lesson's page, with the command that runs it.
fn of_the_examples(lesson: &Lesson, pages: &[Page], found: &mut Vec<String>) -> io::Result<()> {
    let Some(page) = pages.iter().find(|page| page.name == lesson.name) else { return Ok(()) };
    let folder = root().join("crates").join(lesson.name).join("examples");
    let Ok(files) = fs::read_dir(folder) else { return Ok(()) };
    for file in files {
        let file = file?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("mine") {
            continue; // a student's own
        }
        let link = format!("(../../crates/{}/examples/{name}.rs)", lesson.name);
        let command = format!("cargo run -p {} --example {name}", lesson.name);
        for what in [link, command] {
            if !page.text.contains(&what) {
                found.push(format!("{PAGES}/{}.md: it does not show {what}", lesson.name));
            }
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
        let mut packages = BTreeSet::from(["book".to_owned(), "tests".to_owned()]);
        for entry in fs::read_dir(root().join("crates"))? {
            let folder = entry?.path();
            let package = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if folder.join("src/main.rs").exists() {
                own.extend(options(&Program::named(&package))?);
            }
            own.extend(words_of(&folder)?);
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
    } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "toml") {
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
    use super::*;

    fn page(name: &str, text: &str) -> Page {
        let path = root().join(PAGES).join(format!("{name}.md"));
        Page { name: name.into(), path, text: text.into() }
    }

    fn known() -> Known {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Known {
            own: set(&["run", "--workers"]),
            foreign: set(&["gather"]),
            packages: set(&["sync_cpu"]),
        }
    }

    #[test]
    fn a_listing_needs_its_anchor_and_a_link() {
        let said = |text: &str| {
            let mut found = Vec::new();
            of_the_listings(&page("x", text), &mut |_, what| found.push(what));
            found
        };
        let path = "../../crates/sync_cpu/src/main.rs";
        let listing = |anchor: &str, after: &str| {
            format!("```rust\n{{{{#include {path}:{anchor}}}}}\n```\n\n{after}\n")
        };
        assert_eq!(said(&listing("main", &format!("[all]({path})"))), [""; 0]);
        assert_eq!(said(&listing("main", "Text.")).len(), 1);
        assert_eq!(said(&listing("gone", &format!("[all]({path})"))).len(), 1);
        assert_eq!(said("{{#include ../../crates/gone.rs:main}}\n").len(), 1);
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
            ("cargo run -p sync_cpu -- --calls 3", true),
            ("cargo run -p sync_cpu -- --gone 3", false),
            ("cargo run -p sync_cpu -- --calls many", false),
            ("cargo run -p gone", false),
            ("cargo run -p sync_cpu --example gone", false),
            ("cargo run", false),
            ("cargo run -p LESSON", true),
            ("cargo test -p sync_cpu --doc", true),
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
            ("crates/sync_cpu", true),
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

    #[test]
    fn what_stands_below_a_mark_must_be_what_would_be_made() {
        let said = |text: &str| {
            let mut found = Vec::new();
            of_the_marks(&page("x", text), &mut |_, what| found.push(what));
            found
        };
        let now = renew::difference("sync_cpu", "parallel_cpu").expect("both are there");
        let mark = "<!-- diff: sync_cpu parallel_cpu -->\n";
        assert_eq!(said(&format!("{mark}{now}")), [""; 0]);
        assert_eq!(said(mark).len(), 1);
        assert_eq!(said(&format!("{mark}{}", now.replace("par_iter", "iter"))).len(), 1);
        assert_eq!(said("<!-- diff: sync_cpu gone -->\n```diff\nx\n```\n").len(), 1);
        let output = "<!-- output: cargo run -p sync_cpu -->\n```text\nx\n```\n";
        assert_eq!(said(output).len(), 1, "nobody is told to type it");
        assert_eq!(said(&format!("```console\ncargo run -p sync_cpu\n```\n{output}")), [""; 0]);
        let picture = "<!-- picture: runs/a.svg cargo run -p sync_cpu -->\n![x](runs/b.svg)\n";
        assert_eq!(said(picture).len(), 1);
    }

    #[test]
    fn a_lesson_needs_its_sections_exercises_notes_and_the_articles_time() {
        let text = "# sync_cpu\n\n## The idea\n\n<details>\n<summary>Solution</summary>\n";
        let page = page("sync_cpu", text);
        let mut found = Vec::new();
        of_the_sections(&page, &pieces(text), &mut |_, what| found.push(what));
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
            "35 seconds",
            "words",
        ] {
            assert!(all.contains(what), "{what}: {all}");
        }
    }

    #[test]
    fn a_page_must_be_in_the_contents_and_a_lesson_have_a_page() {
        let contents = page("SUMMARY", "- [One](one.md)\n- [One](one.md)\n");
        let mut found = Vec::new();
        of_the_contents(&[contents, page("one", ""), page("two", "")], &mut found);
        let all = found.join("\n");
        for what in
            ["one.md stands 2 times", "two.md stands 0 times", "sync_cpu has no page", "order"]
        {
            assert!(all.contains(what), "{what}: {all}");
        }
    }
}
