//! A small world of linked pages below `/world/`, for crawlers, and the site's `/robots.txt`.
//!
//! The world is always the same: a start page, six islands with fourteen villages each, a list of five pages of which
//! each names only the next, and a few places that a crawler must be able to bear: two dead links, a page that moved,
//! two pages that redirect to each other, a slow one, a huge one, and one that is no HTML. `/robots.txt` forbids two
//! more: private pages, and a chain of pages without an end.

use std::fmt::Write;
use std::sync::LazyLock;

use hyper::body::Bytes;
use hyper::header::{HeaderValue, LOCATION};
use hyper::{Response, StatusCode, Uri};

use crate::pages::{HTML, html};
use crate::server::{Body, response};

/// How many URLs a crawler requests that visits each once and obeys `/robots.txt`, which does not count itself.
pub const PAGES: usize = 1 + ISLANDS.len() * (1 + VILLAGES) + LIST + PLACES.len() + DEAD.len();

/// The path of the first page.
pub const START: &str = "/world/";

const ISLANDS: [&str; 6] = ["amber", "birch", "coral", "dune", "ember", "fern"];
const VILLAGES: usize = 14;
/// The pages of the list.
const LIST: usize = 5;
const PLACES: [&str; 6] = ["ferry", "ferry/back", "huge", "map.svg", "old", "slow"];
/// Linked, and not there.
const DEAD: [&str; 2] = ["gone", "dune/99"];
const ROBOTS_PATH: &str = "/robots.txt";

/// The slow page takes as long as this many others.
const SLOW: u32 = 4;
/// The size of the huge page in bytes, about.
const HUGE: usize = 3 << 20;

const ROBOTS: &str = "\
# What a program that follows links may request here.
User-agent: *
Disallow: /world/private/
Disallow: /world/trap/

User-agent: greedy-crawler
Disallow: /
";

/// Whether a request for this path is answered here.
pub(crate) fn is_asked_for(path: &str) -> bool {
    path == ROBOTS_PATH || path.starts_with(START)
}

/// How many times as long as other pages the page at this path takes.
pub(crate) fn slowness(path: &str) -> u32 {
    if path == "/world/slow" { SLOW } else { 1 }
}

/// The answer for a URL of the world; `host` is what the client calls the site.
pub(crate) fn answer(uri: &Uri, host: &str) -> Response<Body> {
    const SVG: &str = "image/svg+xml";
    const TEXT: &str = "text/plain; charset=utf-8";
    let Some(place) = uri.path().strip_prefix(START) else {
        return response(StatusCode::OK, TEXT, ROBOTS);
    };
    match place {
        "" => page("The world", &start()),
        "ferry" => moved(StatusCode::FOUND, "ferry/back"),
        "ferry/back" => moved(StatusCode::FOUND, "/world/ferry"),
        "old" => moved(StatusCode::MOVED_PERMANENTLY, "coral/"),
        "slow" => page("A slow page", "<p>It took its time. <a href='./'>Back</a></p>\n"),
        "huge" => response(StatusCode::OK, HTML, huge()),
        // Links in a picture are no links of a page.
        "map.svg" => response(
            StatusCode::OK,
            SVG,
            "<svg xmlns='http://www.w3.org/2000/svg'><a href='hidden'><circle r='9'/></a></svg>\n",
        ),
        "private/" => page("Private", "<p><a href='diary'>A diary</a></p>\n"),
        "list" => list(uri.query().unwrap_or_default()),
        _ => found(place, host),
    }
}

/// An island, a village, or a page of the endless chain.
fn found(place: &str, host: &str) -> Response<Body> {
    let nothing = || {
        let body = "<p>There is no such page.</p>\n";
        response(StatusCode::NOT_FOUND, HTML, html("404", body))
    };
    let Some((land, number)) = place.split_once('/') else { return nothing() };
    let island = ISLANDS.iter().position(|island| *island == land);
    match (island, number.parse::<usize>()) {
        (Some(island), Err(_)) if number.is_empty() => page(land, &villages(island, host)),
        (Some(island), Ok(number)) if (1..=VILLAGES).contains(&number) => {
            page(&format!("{land} {number}"), &village(island, number))
        }
        (None, Ok(number)) if land == "trap" => {
            let next = number.saturating_add(1);
            page("A trap", &format!("<p><a href='{next}'>Further</a></p>\n"))
        }
        _ => nothing(),
    }
}

fn page(title: &str, body: &str) -> Response<Body> {
    response(StatusCode::OK, HTML, html(title, body))
}

fn moved(status: StatusCode, to: &'static str) -> Response<Body> {
    let mut moved = response(status, HTML, Bytes::new());
    moved.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    moved
}

/// Links as they occur on the web, with some that lead nowhere: in a comment, in a script, to a person, elsewhere.
fn start() -> String {
    let mut body = String::from("<ul>\n");
    for island in ISLANDS {
        let _ = writeln!(body, "<li><a href=\"{island}/\">{island}</a>");
    }
    body += "</ul>\n\
        <p><a href=\"list?sort=name&amp;page=1\">All by name</a>, <A HREF='/world/slow'>slow</A>, \
        <a href=huge>huge</a>, <a class=\"way\" href=\"./old#north\">old</a>, \
        <a href=\"ferry\">ferry</a>, <a href=\"amber/../map.svg\">map</a>.</p>\n\
        <p><a href=\"private/\">private</a>, <a href=\"trap/1\">a trap</a>, \
        <a href=\"http://elsewhere.invalid/\">elsewhere</a>, \
        <a href=\"mailto:world@elsewhere.invalid\">a letter</a>, \
        <a href=\"javascript:history.back()\">back</a>, <a name=\"here\">here</a>, \
        <a href=\"\">this page</a>.</p>\n\
        <!-- <a href=\"hidden\">in a comment</a> -->\n\
        <script>const text = '<a href=\"hidden\">in a script</a>';</script>\n";
    body
}

/// The page of an island. A third of them has relative links, a third has paths, and a third has whole URLs.
fn villages(island: usize, host: &str) -> String {
    let name = ISLANDS[island];
    let base = match island % 3 {
        0 => String::new(),
        1 => format!("/world/{name}/"),
        _ => format!("http://{host}/world/{name}/"),
    };
    let mut body = String::from("<ul>\n");
    for number in 1..=VILLAGES {
        let _ = writeln!(
            body,
            "<li><a href=\"{base}{number}\">{number}</a> <a href='{number}#well'>its well</a>"
        );
    }
    body += "</ul>\n<p><a href=\"../\">The world</a>, <a href=\"..\">the same</a></p>\n";
    if island == 0 {
        body += "<p><a href=\"/world/gone\">What was here</a></p>\n";
    }
    body
}

/// A village: it has links to its neighbours, in a ring, and to a village of the next island.
fn village(island: usize, number: usize) -> String {
    let (next, before) = (number % VILLAGES + 1, (number + VILLAGES - 2) % VILLAGES + 1);
    let over = ISLANDS[(island + 1) % ISLANDS.len()];
    let mut body = format!(
        "<p><a href=\"{before}\">Before</a>, <a href=\"{next}\">after</a>, \
         <a href=\"../{over}/{number}#market\">over the sea</a>, <a href=\"./\">the island</a>, \
         <a href=\"#top\">up</a></p>\n"
    );
    match (ISLANDS[island], number) {
        ("dune", 3) => body += "<p><a href=\"99\">A village that is no more</a></p>\n",
        ("fern", 7) => body += "<p><a href=\"../dune/99\">Dune's last village</a></p>\n",
        _ => {}
    }
    body
}

/// A page of the list, which names only the next one.
fn list(query: &str) -> Response<Body> {
    let page_number = query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok());
    let number = page_number.filter(|number| (1..=LIST).contains(number)).unwrap_or(1);
    let next = match number {
        LIST => String::new(),
        _ => format!("<p><a href=\"?sort=name&amp;page={}\">Next</a></p>\n", number + 1),
    };
    page(&format!("All by name, page {number} of {LIST}"), &next)
}

/// Made once: it takes the site's thread from the other pages.
fn huge() -> Bytes {
    static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
        const LINE: &str =
            "<p>This page is longer than anybody reads. A crawler stops somewhere.</p>\n";
        html(
            "A huge page",
            &format!("<p><a href=\"./\">Back</a></p>\n{}", LINE.repeat(HUGE / LINE.len())),
        )
    });
    PAGE.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(path: &str) -> u16 {
        answer(&path.parse().expect("a path"), "h:1").status().as_u16()
    }

    #[test]
    fn each_place_is_there_and_the_dead_ones_are_not() {
        for path in ["", "amber/", "fern/14", "list", "list?page=5", "trap/7", "private/"] {
            assert_eq!(status(&format!("{START}{path}")), 200, "{path}");
        }
        for path in ["hidden", "amber", "amber/0", "amber/15", "amber/x", "trap/", "a/b/c"] {
            assert_eq!(status(&format!("{START}{path}")), 404, "{path}");
        }
        assert!(DEAD.iter().all(|path| status(&format!("{START}{path}")) == 404));
        assert!(PLACES.iter().all(|path| status(&format!("{START}{path}")) < 400));
        assert_eq!((status("/world/ferry"), status("/world/old")), (302, 301));
        assert_eq!(status(ROBOTS_PATH), 200);
    }

    #[test]
    fn only_its_own_paths_are_asked_for_here() {
        assert!(["/world/", "/world/x", "/robots.txt"].into_iter().all(is_asked_for));
        assert!(!["/", "/world", "/jython", "/robots.txt/"].into_iter().any(is_asked_for));
    }
}
