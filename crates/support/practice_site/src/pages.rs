//! The two pages, and the one that explains them.

use std::sync::LazyLock;

use hyper::body::Bytes;
use hyper::header::{CONTENT_SECURITY_POLICY, HOST, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Request, Response, StatusCode};

use crate::server::{Body, SiteTimes, response};

pub(crate) const HTML: &str = "text/html; charset=utf-8";

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

/// What the client calls the site: safe to write into a page.
pub(crate) fn host<T>(request: &Request<T>) -> &str {
    let is_plain = |host: &&str| {
        host.len() < 80 && host.chars().all(|it| it.is_ascii_alphanumeric() || ".-:[]".contains(it))
    };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).filter(is_plain);
    host.unwrap_or("127.0.0.1:8000")
}

/// The page that says what the site is.
pub(crate) fn home<T>(request: &Request<T>, times: SiteTimes, has_board: bool) -> Response<Body> {
    let host = host(request);
    let board = if has_board { "<p><a href=\"/class\">The class's board</a></p>" } else { "" };
    scripted(
        include_str!("home.html"),
        &[("latency", &times.latency.as_millis().to_string()), ("host", host), ("class", board)],
    )
}

/// A page with scripts of its own, which asks no other site for anything: the browser sees to it. `{{name}}` in the page
/// becomes that value, which must be HTML; `{{nonce}}` is filled in here.
pub fn scripted(page: &str, values: &[(&str, &str)]) -> Response<Body> {
    let nonce = format!("{:032x}", fastrand::u128(..));
    let mut page = page.replace("{{nonce}}", &nonce);
    for (name, value) in values {
        page = page.replace(&format!("{{{{{name}}}}}"), value);
    }
    let policy = format!(
        "default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut answer = response(StatusCode::OK, HTML, page);
    let headers = answer.headers_mut();
    headers.extend(HeaderValue::from_str(&policy).map(|policy| (CONTENT_SECURITY_POLICY, policy)));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

pub(crate) fn html(title: &str, body: &str) -> Bytes {
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
