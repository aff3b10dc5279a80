//! Makes anew what stands below the marks.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::command::{Program, build_all, shortened};
use crate::page::{Mark, Page, What};
use crate::{code, pages};

/// Renews pages: what a change of the code makes stale (diffs), and with `runs` also what is printed and drawn.
/// `wanted` is asked whether a page of that name is to be renewed. `tell` hears what is being done.
///
/// # Errors
/// When a page cannot be read or written, a lesson not be built or run, or a mark not be understood.
pub fn renew(
    runs: bool,
    wanted: impl Fn(&str) -> bool,
    mut tell: impl FnMut(&str),
) -> io::Result<()> {
    if runs {
        tell("building the lessons and their examples");
        build_all()?;
    }
    for page in pages()?.iter().filter(|page| wanted(&page.name)) {
        let mut ran: Vec<(Program, String)> = Vec::new();
        // Each command once: its output and its picture are of the same run.
        let mut run = |program: &Program| -> io::Result<String> {
            if let Some((_, output)) = ran.iter().find(|(other, _)| other == program) {
                return Ok(output.clone());
            }
            tell(&format!("{}: {program}", page.name));
            let output = program.output(picture_of(page, program).as_deref())?;
            ran.push((program.clone(), output.clone()));
            Ok(output)
        };
        let text = renewed(page, |mark| match &mark.what {
            What::Diff(one, other) => difference(one, other).map(Some),
            What::Output(_) | What::Picture(..) if !runs => Ok(None),
            What::Output(program) => {
                Ok(Some(format!("```text\n{}```\n", shortened(&run(program)?))))
            }
            What::Picture(file, program) => {
                let output = run(program)?;
                if !page.beside(file).exists() {
                    return Err(io::Error::other(format!("{program} drew nothing:\n{output}")));
                }
                Ok(Some(format!("![{}]({file})\n", description(program, &output))))
            }
        })?;
        if text != page.text {
            fs::write(&page.path, text)?;
        }
    }
    Ok(())
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

/// The fenced block that shows what changes.
pub(crate) fn difference(one: &str, other: &str) -> io::Result<String> {
    Ok(format!("```diff\n{}```\n", code::difference(one, other)?))
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
        let rest = lines[at..].iter().take(3);
        let joined = rest.map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        joined.find("bound.").map(|end| joined[..end + "bound.".len()].to_owned())
    });
    let parts = lines.iter().position(|line| line.starts_with("part  ")).map(|at| {
        let rows = lines[at + 1..].iter().map_while(|line| line.split_once("  "));
        let names: Vec<&str> =
            rows.map(|(name, _)| name).take_while(|name| !name.is_empty()).collect();
        format!("Its parts, from the left: {}.", names.join("; "))
    });
    match sentence.or(parts) {
        Some(words) => format!("Timing diagram of `{program}`. {words}"),
        None => format!("Timing diagram of `{program}`."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let program = Program::parse("cargo run -p sync_cpu").expect("a command");
        let output = "Computed in 1 seconds\nAt most 1 call in flight; 1 thread worked 100%; 1.00\nof 2 cores busy: CPU-bound.\nmain ██\n";
        assert_eq!(
            description(&program, output),
            "Timing diagram of `cargo run -p sync_cpu`. At most 1 call in flight; 1 thread worked 100%; 1.00 of 2 cores busy: CPU-bound."
        );
        let parts = "Computed in 1 seconds\npart        seconds\none by one    0.5\njoined        0.1\n         │one by one\n";
        assert_eq!(
            description(&program, parts),
            "Timing diagram of `cargo run -p sync_cpu`. Its parts, from the left: one by one; joined."
        );
        let race = "counted 1, lost 1\nLost here: 7 additions.\n";
        assert_eq!(
            description(&program, race),
            "A lost update of `cargo run -p sync_cpu`, step by step. Lost here: 7 additions."
        );
    }
}
