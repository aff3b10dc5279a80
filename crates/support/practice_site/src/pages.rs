//! The two pages.

use std::sync::LazyLock;

use hyper::body::Bytes;

/// About 10 KB of HTML, always the same.
pub(crate) fn jython() -> Bytes {
    static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
        let paragraphs: String = (1..=100)
            .map(|n| {
                format!(
                    "<p id=\"p{n}\">{n}. While this page was on its way, \
                     your program waited or worked: which was it?</p>\n"
                )
            })
            .collect();
        html("The practice site", &paragraphs)
    });
    PAGE.clone()
}

/// About 300 bytes of HTML, with a new roll of the dice each time.
pub(crate) fn dice() -> Bytes {
    let eyes = fastrand::u8(1..=6);
    let face = char::from_u32(0x267F + u32::from(eyes)).unwrap_or('?'); // U+2680 shows one eye
    html(
        "Dice",
        &format!(
            "<p>You threw <strong>{eyes}</strong> {face}</p>\n\
             <p>Each request rolls the dice again, so two downloads of this page need not be alike, \
             and may even differ in nothing but one digit.</p>\n"
        ),
    )
}

fn html(title: &str, body: &str) -> Bytes {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_have_the_sizes_that_the_documentation_states() {
        assert!((9_500..10_500).contains(&jython().len()), "{}", jython().len());
        for _ in 0..100 {
            assert!((250..350).contains(&dice().len()), "{}", dice().len());
        }
    }
}
