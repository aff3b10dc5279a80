//! URLs as they are written: in a browser's bar, in documentation, in a redirect.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Characters that a path or a query must encode.
const NOT_PLAIN: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Returns a URL, or a reference to one, as it is sent: characters that are not allowed in its path and query are
/// encoded, as a browser does it. The part before the path stays as it is.
pub fn encoded(url: &str) -> Cow<'_, str> {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = match after_scheme {
        0 => 0,
        host => url[host..].find(['/', '?', '#', '\\']).map_or(url.len(), |at| host + at),
    };
    let (before, path) = url.split_at(path);
    // Browsers treat a backslash as a slash, except in a query.
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let (path, rest) = path.split_at(end);
    let path = path.replace('\\', "/");
    let text = format!("{before}{}", utf8_percent_encode(&format!("{path}{rest}"), NOT_PLAIN));
    if text == url { url.into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_opens_is_encoded_as_it_does() {
        for (typed, sent) in [
            ("http://h/x?filter[group]=1", "http://h/x?filter%5Bgroup%5D=1"),
            ("http://h/größe", "http://h/gr%C3%B6%C3%9Fe"),
            ("http://h/a|b {c}", "http://h/a%7Cb%20%7Bc%7D"),
            ("http://[::1]:8000/a", "http://[::1]:8000/a"),
            ("http://h/%20%C3%B6?a=b&c=%2F#d", "http://h/%20%C3%B6?a=b&c=%2F#d"),
            ("http://h/a\\b?c\\d", "http://h/a/b?c%5Cd"),
            ("http://h?q=ü", "http://h?q=%C3%BC"),
            ("?page=2", "?page=2"),
            ("/a b", "/a%20b"),
            ("//h/ä", "//h/%C3%A4"),
        ] {
            assert_eq!(encoded(typed), sent, "{typed}");
        }
    }
}
