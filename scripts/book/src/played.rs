//! What a page must know of a picture to play it, read from the pictures. A page that was opened as a file may not read them itself.

use std::fs;
use std::io;

use svg::node::Attributes;
use svg::node::element::tag::Type;
use svg::parser::Event;

use crate::renew::write_changed;
use crate::{PAGES, root};

/// Where the book's script finds it.
const FILE: &str = "tutorial/theme/runs.js";
const HEAD: &str = "\
// Made of the pictures by `cargo run -p book -- --diffs`: where the plot of each is, how long its run took, and what the run did.
const RUNS = {
";

/// Writes it.
pub(crate) fn renew() -> io::Result<()> {
    let (now, _) = facts()?;
    write_changed(&root().join(FILE), &now)
}

/// What of it does not hold.
pub(crate) fn problems() -> io::Result<Vec<String>> {
    let (now, mut found) = facts()?;
    let old = fs::read_to_string(root().join(FILE)).unwrap_or_default().replace('\r', "");
    found.extend(stale(&old, &now));
    Ok(found)
}

fn stale(old: &str, now: &str) -> Option<String> {
    (old != now).then(|| format!("{FILE}: the pictures have changed: cargo run -p book -- --diffs"))
}

/// The file as it should be, and a sentence for each picture that is too old to tell.
fn facts() -> io::Result<(String, Vec<String>)> {
    let (mut text, mut found) = (HEAD.to_owned(), Vec::new());
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(PAGES).join("runs"))? {
        files.push(entry?.path());
    }
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|it| it == "svg")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match of_a_picture(&fs::read_to_string(path)?) {
            Ok(Some(facts)) => text += &format!("  {name:?}: {{ {facts} }},\n"),
            Ok(None) => {}
            Err(what) => found.push(format!(
                "{PAGES}/runs/{name} does not tell its {what}: renew its page with cargo run -p book"
            )),
        }
    }
    Ok((text + "};\n", found))
}

/// The properties of one: `None` where it has not one time axis, but none or several.
fn of_a_picture(svg: &str) -> Result<Option<String>, String> {
    let events = svg::read(svg).map_err(|why| format!("elements ({why})"))?;
    let elements: Vec<Attributes> = events
        .filter_map(|event| match event {
            Event::Tag("svg", Type::Start | Type::Empty, attributes) => Some(attributes),
            _ => None,
        })
        .collect();
    let [whole, plot] = elements.as_slice() else { return Ok(None) };
    let view = |of: &Attributes, at: usize| {
        number("viewBox", of.get("viewBox").and_then(|it| it.split(' ').nth(at)))
    };
    let told = |name: &str| number(name, plot.get(name).map(|it| &**it));
    let item = plot.get("data-item").ok_or("data-item")?;
    Ok(Some(format!(
        "of: [{}, {}], at: [{}, {}], size: [{}, {}], micros: {}, item: {:?}, items: {}, peak: {}, third: {}",
        view(whole, 2)?,
        view(whole, 3)?,
        told("x")?,
        told("y")?,
        told("width")?,
        told("height")?,
        view(plot, 2)?,
        &**item,
        told("data-items")?,
        told("data-peak")?,
        told("data-third")?,
    )))
}

fn number(name: &str, text: Option<&str>) -> Result<u64, String> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "<svg class=\"timing\" viewBox=\"0 0 960 138\">";
    const PLOT: &str = "<svg data-item=\"page\" data-items=\"10\" data-peak=\"2\" data-third=\"3\" height=\"22\" \
                        viewBox=\"0 0 514641 22\" width=\"790\" x=\"110\" y=\"82\"><rect/></svg>";

    fn of(inside: &str) -> Result<Option<String>, String> {
        of_a_picture(&format!("{WHOLE}\n<text>&lt;svg</text>{inside}</svg>"))
    }

    #[test]
    fn a_picture_with_one_time_axis_is_played() {
        assert_eq!(
            of(PLOT).as_ref().map(Option::as_deref),
            Ok(Some(
                "of: [960, 138], at: [110, 82], size: [790, 22], micros: 514641, item: \"page\", items: 10, peak: 2, third: 3"
            ))
        );
        assert_eq!(of(""), Ok(None));
        assert_eq!(of(&PLOT.repeat(2)), Ok(None));
    }

    #[test]
    fn what_is_of_other_pictures_is_stale() {
        assert_eq!(stale(HEAD, HEAD), None);
        assert!(stale(HEAD, &[HEAD, "};\n"].concat()).is_some());
        assert!(stale("", HEAD).is_some(), "it was never made");
    }

    #[test]
    fn a_picture_that_does_not_tell_is_not_passed_over() {
        for fact in ["data-item", "data-items", "data-peak", "data-third", "viewBox", "x", "width"]
        {
            let old = PLOT.replace(&format!(" {fact}=\""), " old=\"");
            assert_eq!(of(&old), Err(fact.into()), "{old}");
        }
    }
}
