//! A page without its code: its words, its links, the names in it.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A piece of a page, with its position.
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) place: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Code in a line of text.
    Code,
    /// A fenced block, and its language.
    Block(String),
    /// The target of a link,
    Link,
    /// or of an image.
    Image,
    /// A heading.
    Heading,
    /// Words.
    Words,
}

/// All pieces of a page, from the top, without HTML.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut pieces = Vec::new();
    let mut block: Option<Piece> = None;
    let mut heading: Option<Piece> = None;
    for (event, place) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                block = Some(Piece { kind: Kind::Block(language), text: String::new(), place });
            }
            Event::End(TagEnd::CodeBlock) => pieces.extend(block.take()),
            Event::Start(Tag::Heading { .. }) => {
                heading = Some(Piece { kind: Kind::Heading, text: String::new(), place });
            }
            Event::End(TagEnd::Heading(_)) => pieces.extend(heading.take()),
            Event::Text(words) => match (&mut block, &mut heading) {
                (Some(block), _) => block.text += &words,
                (None, heading) => {
                    if let Some(heading) = heading {
                        heading.text += &words;
                    }
                    pieces.push(Piece { kind: Kind::Words, text: words.to_string(), place });
                }
            },
            Event::Code(code) => {
                if let Some(heading) = &mut heading {
                    heading.text += &code;
                }
                pieces.push(Piece { kind: Kind::Code, text: code.to_string(), place });
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                pieces.push(Piece { kind: Kind::Link, text: dest_url.to_string(), place });
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                pieces.push(Piece { kind: Kind::Image, text: dest_url.to_string(), place });
            }
            _ => {}
        }
    }
    pieces
}

/// The number of words to read on a page: without listings, outputs and diffs, but with folded parts.
pub fn words(text: &str) -> usize {
    let is_read = |piece: &Piece| matches!(piece.kind, Kind::Words | Kind::Code);
    let read = pieces(text).into_iter().filter(is_read);
    read.map(|piece| {
        piece.text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
    })
    .sum()
}

/// The title of a page in its first line; `None` if that is something else.
pub(crate) fn title(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix("# ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_listings_are_not() {
        let text = "# Two words\n\nOf `three_words` more - and a [link](x.md).\n\n```rust\nfn main() {}\n```\n";
        assert_eq!(words(text), 2 + 6);
    }

    #[test]
    fn pieces_know_what_they_are() {
        let text = "## A `name`\n\n[link](a.md#b) ![image](b.svg)\n\n```console\ncargo run\n```\n";
        let found: Vec<_> =
            pieces(text).into_iter().map(|piece| (piece.kind, piece.text)).collect();
        for expected in [
            (Kind::Heading, "A name"),
            (Kind::Code, "name"),
            (Kind::Link, "a.md#b"),
            (Kind::Image, "b.svg"),
            (Kind::Block("console".into()), "cargo run\n"),
        ] {
            assert!(
                found.contains(&(expected.0.clone(), expected.1.into())),
                "{expected:?}: {found:?}"
            );
        }
    }
}
