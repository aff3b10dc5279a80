//! The pages.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::Request;
use crate::server::Counts;

/// The largest number of `/fib/NUMBER`: about half a second of a core.
const MOST_FIB: u64 = 40;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(crate) status: u16,
    pub(crate) body: String,
    is_html: bool,
}

impl Page {
    /// The page that a request asks for. It takes its time: waits as for a database, or computes.
    pub(crate) fn asked_for(request: &Request, latency: Duration, counts: &Counts) -> Self {
        if !["GET", "HEAD"].contains(&request.method.as_str()) {
            return Self::of(405);
        }
        match request.path.as_str() {
            "/" => home(latency, counts),
            "/jython" => after(latency, jython()),
            "/dice" => after(latency, dice(counts)),
            path => match computes(path) {
                Some(number) => {
                    html("A number", &format!("<p>fib({number}) = {}</p>\n", fib(number)))
                }
                None => Self::of(404),
            },
        }
    }

    /// How long the page of this path takes, about: one that computes is tried.
    pub(crate) fn time(path: &str, latency: Duration) -> Duration {
        let path = path.split('?').next().unwrap_or_default();
        let Some(number) = computes(path) else { return latency };
        let start = Instant::now();
        black_box(fib(number));
        start.elapsed()
    }

    /// An answer that says no, with the reason in a sentence.
    pub(crate) fn of(status: u16) -> Self {
        let sentence = match status {
            400 => "This is no request of HTTP.",
            404 => "There are /, /jython, /dice and /fib/30 here.",
            405 => "There are only GET and HEAD here.",
            408 => "The request did not arrive in time.",
            411 => "Say the length of the body (Content-Length).",
            413 => "The body is too long.",
            431 => "The head of the request is too long.",
            _ => "Too many wait already. Try again in a second.",
        };
        Self { status, body: format!("{status}: {sentence}\n"), is_html: false }
    }

    /// The head of the answer, with the empty line.
    pub(crate) fn head(&self, keeps: bool) -> String {
        let (status, length) = (self.status, self.body.len());
        let reason = match status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            411 => "Length Required",
            413 => "Content Too Large",
            431 => "Request Header Fields Too Large",
            _ => "Service Unavailable",
        };
        let kind = if self.is_html { "html" } else { "plain" };
        let connection = if keeps { "keep-alive" } else { "close" };
        let more = match status {
            405 => "Allow: GET, HEAD\r\n",
            503 => "Retry-After: 1\r\n",
            _ => "",
        };
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Length: {length}\r\n\
             Connection: {connection}\r\nX-Content-Type-Options: nosniff\r\n{more}\r\n"
        )
    }
}

/// The number of a page that computes.
fn computes(path: &str) -> Option<u64> {
    let number = path.strip_prefix("/fib/").and_then(|number| number.parse().ok());
    number.filter(|number| *number <= MOST_FIB)
}

/// Waits, as for a database, and returns the page.
fn after(latency: Duration, page: Page) -> Page {
    thread::sleep(latency);
    page
}

/// About 10 KB of HTML, always the same.
fn jython() -> Page {
    let paragraph = |n| {
        format!(
            "<p id=\"p{n}\">{n}. A worker of the server waited for this page, and answered nobody else.</p>\n"
        )
    };
    html("A long page", &(1..=105).map(paragraph).collect::<String>())
}

/// About 300 bytes of HTML, with another throw each time.
fn dice(counts: &Counts) -> Page {
    let eyes = counts.requests() * 5 % 7 % 6 + 1;
    html(
        "Dice",
        &format!(
            "<p>You threw <strong>{eyes}</strong></p>\n\
             <p>Each request throws the dice again, so two downloads of this page need not be alike, and may even differ \
             in nothing but one digit.</p>\n"
        ),
    )
}

/// The page for a browser.
fn home(latency: Duration, counts: &Counts) -> Page {
    let (requests, refused, busy) = (counts.requests(), counts.refused(503), counts.busy());
    let latency = latency.as_millis();
    html(
        "A web server",
        &format!(
            "<p>Requests so far: {requests}, of which {refused} were refused with 503. \
             Busy workers, with the one that made this page: {busy}.</p>\n\
             <ul>\n<li><a href=\"/jython\">/jython</a> waits {latency} ms, as for a database</li>\n\
             <li><a href=\"/dice\">/dice</a>, too</li>\n\
             <li><a href=\"/fib/30\">/fib/30</a> computes; up to /fib/{MOST_FIB}</li>\n</ul>\n"
        ),
    )
}

fn html(title: &str, body: &str) -> Page {
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n\
         <body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    );
    Page { status: 200, body, is_html: true }
}

/// The naive recursion: it costs time and nothing else.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_computes_takes_as_long_as_its_number_says() {
        let latency = Duration::from_millis(7);
        let quickest = |path: &str| (0..5).map(|_| Page::time(path, latency)).min();
        assert!(quickest("/fib/32") > quickest("/fib/22").map(|time| 10 * time));
        assert!(quickest("/fib/32?again") > quickest("/fib/22").map(|time| 10 * time));
        assert_eq!(Page::time("/jython", latency), latency);
        assert_eq!(Page::time("/fib/41", latency), latency, "it is not there");
    }
}
