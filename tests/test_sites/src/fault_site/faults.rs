//! The table of faults: the place of each, its description, and the outcome of the page.

use super::FaultSite;
pub(super) use super::certificates::Certificate;

/// A fault of a site, or something that looks like one.
#[derive(Debug)]
pub struct Fault {
    pub(super) place: Place,
    /// The site's behaviour, in the words of `FAULTS.md`.
    pub what: &'static str,
    /// The outcome of the page.
    pub ending: Ending,
    /// Whether it sends as much as it can.
    pub is_flood: bool,
}

impl Fault {
    /// Whether it lasts until the page's time limit.
    pub fn takes_time(&self) -> bool {
        self.ending == TOO_LONG
    }

    /// Whether a test can cause it only on Linux: there a variable makes a process trust the site's authority, and a
    /// connection to a full queue gets no answer.
    pub fn needs_linux(&self) -> bool {
        match self.place {
            Place::NotAccepted => true,
            Place::Https(Certificate::SelfSigned | Certificate::SelfSignedAuthority) => false,
            Place::Https(_) => true,
            place => place == Place::CutShortOverTls,
        }
    }
}

/// What becomes of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It arrives, with this many bytes.
    Arrives(u64),
    /// It fails with one of these messages, which may depend on the system.
    Fails(&'static [&'static str]),
}

/// The place of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At a path of the site.
    Http(&'static str),
    /// At a port where nothing listens.
    Refused,
    /// At a port whose queue is full.
    NotAccepted,
    /// At a host that does not exist.
    UnknownHost,
    /// At a host that cannot exist.
    NoHost,
    /// Where a URL says https, and the site speaks HTTP.
    HttpsWhereHttpIs,
    /// Where a URL says http, and the site speaks TLS.
    HttpWhereHttpsIs,
    /// At the site over TLS, with this certificate.
    Https(Certificate),
    /// At the site over TLS, which ends the connection without notice.
    CutShortOverTls,
    /// At a server that does this in place of its part of the handshake.
    Handshake(Handshake),
}

/// A server's behaviour in place of its part of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// Closes the connection.
    Closed,
    /// Nothing.
    Silent,
    /// Sends something long, one byte after another.
    ByteByByte,
}

use Ending::{Arrives, Fails};
use Place::{Http, Https};

const PAGE: Ending = Arrives(FaultSite::BYTES);
const CLOSED: Ending = Fails(&["the connection was closed before an answer came"]);
const RESET: Ending = Fails(&["the connection was reset"]);
const CUT_SHORT: Ending = Fails(&["the page was cut short"]);
const TOO_LONG: Ending = Fails(&["the page took longer than --timeout allows"]);
const NOT_HTTP: Ending = Fails(&["the answer is not valid HTTP"]);
const TOO_LARGE: Ending = Fails(&["the header of the answer is too large"]);
const BROKEN_GZIP: Ending = Fails(&["the compressed page is broken"]);
const NO_END: Ending = Fails(&["it redirects too often"]);
// A machine that must wait for its name server may run into the time limit.
const UNKNOWN_HOST: Ending =
    Fails(&["no address was found for the host", "the page took longer than --timeout allows"]);
const STRANGE_LOCATION: Ending =
    Fails(&["it redirects without an http:// or https:// URL to go to"]);
const NO_TLS: Ending = Fails(&["the site does not speak https at this port"]);

const UNTRUSTED: Ending =
    Fails(&["the certificate is not valid: no authority that is trusted here signed it"]);

const fn fault(place: Place, what: &'static str, ending: Ending) -> Fault {
    Fault { place, what, ending, is_flood: false }
}

const fn flood(place: Place, what: &'static str, ending: Ending) -> Fault {
    Fault { is_flood: true, ..fault(place, what, ending) }
}

/// All faults. The page's outcome is the same with both clients.
pub const FAULTS: &[Fault] = &[
    // Unusual, but right.
    fault(Http("/chunked"), "sends a page in chunks", PAGE),
    fault(Http("/gzip"), "sends a page packed with gzip", PAGE),
    fault(Http("/chunked-gzip"), "sends a packed page in chunks", PAGE),
    fault(Http("/empty-gzip"), "says gzip, and sends an empty page", Arrives(0)),
    fault(Http("/deflate"), "packs a page with deflate, which nobody asked for", PAGE),
    fault(Http("/chunked-with-extensions"), "sends chunks with short extensions", PAGE),
    fault(Http("/no-length"), "names no length, and closes the connection at the end", PAGE),
    fault(Http("/http-1.0"), "speaks HTTP/1.0", PAGE),
    fault(Http("/204"), "sends no page: 204 No Content", Arrives(0)),
    fault(Http("/early-hints"), "sends 103 Early Hints before the answer", PAGE),
    fault(
        Http("/early-hints-and-100-kb"),
        "sends 103 Early Hints before a page of 100 kB",
        Arrives(100_000),
    ),
    fault(Http("/120-headers"), "sends 120 headers", PAGE),
    fault(Http("/header-of-10-kb"), "sends a header of 10 kB", PAGE),
    fault(Http("/too-short-a-length"), "sends more than the length that it names", PAGE),
    fault(Http("/redirect"), "redirects to a page", PAGE),
    fault(Http("/redirects"), "redirects to a page, over six stations", PAGE),
    // The connection.
    fault(Place::Refused, "does not listen", Fails(&["the connection was refused"])),
    fault(Place::UnknownHost, "does not exist: its name is unknown", UNKNOWN_HOST),
    fault(
        Place::NoHost,
        "has a name that no host can have",
        Fails(&["this is not the URL of a page"]),
    ),
    fault(Http("/closed"), "closes the connection instead of an answer", CLOSED),
    fault(Http("/closed-in-the-header"), "closes the connection inside the header", CLOSED),
    fault(Http("/reset"), "resets the connection instead of an answer", RESET),
    fault(Http("/reset-in-the-page"), "resets the connection inside the page", RESET),
    fault(
        Http("/reset-in-a-page-without-length"),
        "names no length, and resets the connection inside the page",
        RESET,
    ),
    fault(Http("/cut-short"), "closes the connection inside the page", CUT_SHORT),
    fault(Http("/cut-short-in-the-chunks"), "closes the connection between two chunks", CUT_SHORT),
    fault(Http("/cut-short-in-the-gzip"), "packs half of the page", CUT_SHORT),
    fault(Http("/cut-short-in-the-deflate"), "packs half of the page with deflate", CUT_SHORT),
    // Time.
    fault(Place::NotAccepted, "never accepts the connection", TOO_LONG),
    fault(Http("/silent"), "never answers", TOO_LONG),
    fault(Http("/silent-in-the-page"), "falls silent inside the page", TOO_LONG),
    fault(Http("/a-byte-a-second"), "sends the page one byte a second", TOO_LONG),
    fault(Http("/a-chunk-a-second"), "sends the page one chunk a second", TOO_LONG),
    fault(Http("/a-header-byte-a-second"), "sends the header one byte a second", TOO_LONG),
    fault(Http("/slow-redirects"), "redirects again and again, and takes its time", TOO_LONG),
    flood(Http("/1xx-without-end"), "sends 103 Early Hints without end", TOO_LONG),
    flood(Http("/10-gb"), "sends a page of 10 GB", TOO_LONG),
    flood(Http("/chunks-without-end"), "sends chunks without end", TOO_LONG),
    flood(Http("/gzip-bomb"), "sends a packed page that grows to 100 GB", TOO_LONG),
    // Not an answer.
    fault(Http("/not-http"), "says something else than HTTP", NOT_HTTP),
    fault(Http("/http-0.9"), "sends a page without a header", NOT_HTTP),
    fault(Http("/http-9.9"), "speaks HTTP/9.9", NOT_HTTP),
    fault(Http("/http-1.0-in-chunks"), "speaks HTTP/1.0, and sends chunks", NOT_HTTP),
    fault(Http("/ssh"), "speaks SSH", NOT_HTTP),
    fault(Http("/noise"), "sends noise", NOT_HTTP),
    fault(Http("/no-status"), "sends no number for its status", NOT_HTTP),
    fault(Http("/broken-header"), "sends a header without a colon", NOT_HTTP),
    fault(Http("/length-of-many"), "names a length that is no number", NOT_HTTP),
    fault(Http("/two-lengths"), "names two lengths", NOT_HTTP),
    fault(Http("/broken-chunks"), "sends a chunk whose length is no number", NOT_HTTP),
    flood(Http("/status-line-of-1-mb"), "sends a status line of 1 MB", TOO_LARGE),
    flood(Http("/header-of-1-mb"), "sends a header of 1 MB", TOO_LARGE),
    fault(Http("/1000-headers"), "sends 1,000 headers", TOO_LARGE),
    flood(Http("/header-without-end"), "sends headers without end", TOO_LARGE),
    flood(Http("/header-line-without-end"), "sends one header without end", TOO_LARGE),
    fault(Http("/broken-gzip"), "says gzip, and sends something else", BROKEN_GZIP),
    fault(Http("/gzip-with-a-wrong-sum"), "packs a page with a wrong checksum", BROKEN_GZIP),
    // Answers that are not a page.
    fault(Http("/404"), "has no such page", Fails(&["404 Not Found"])),
    fault(Http("/500"), "breaks", Fails(&["500 Internal Server Error"])),
    fault(Http("/503"), "is overloaded", Fails(&["503 Service Unavailable"])),
    fault(Http("/304"), "says that the page has not changed", Fails(&["304 Not Modified"])),
    fault(Http("/101"), "changes to another protocol", Fails(&["101 Switching Protocols"])),
    fault(
        Http("/status-999"),
        "sends a status that nobody knows",
        Fails(&["status 999, which is unknown"]),
    ),
    fault(Http("/redirect-to-404"), "redirects to no page", Fails(&["404 Not Found"])),
    fault(Http("/redirect-without-end"), "redirects to ever new places", NO_END),
    fault(Http("/redirect-to-itself"), "redirects to where it is", NO_END),
    fault(Http("/redirect-to-nowhere"), "redirects, and does not say where to", STRANGE_LOCATION),
    fault(Http("/redirect-to-no-url"), "redirects to what is no URL", STRANGE_LOCATION),
    fault(Http("/redirect-to-ftp"), "redirects to another scheme (ftp:)", STRANGE_LOCATION),
    fault(Http("/redirect-to-https"), "redirects to https, which it does not speak there", NO_TLS),
    fault(
        Http("/redirect-to-an-unknown-host"),
        "redirects to a host that does not exist",
        UNKNOWN_HOST,
    ),
    // TLS.
    fault(Place::HttpsWhereHttpIs, "speaks HTTP where the URL says https", NO_TLS),
    fault(Place::HttpWhereHttpsIs, "speaks TLS where the URL says http", NOT_HTTP),
    fault(Place::Handshake(Handshake::Closed), "closes the connection in the handshake", CLOSED),
    fault(Place::Handshake(Handshake::Silent), "never answers in the handshake", TOO_LONG),
    fault(
        Place::Handshake(Handshake::ByteByByte),
        "sends the handshake byte by byte, slowly",
        TOO_LONG,
    ),
    fault(Https(Certificate::Trusted), "has a certificate that is trusted", PAGE),
    fault(Https(Certificate::SelfSigned), "has a certificate that it signed itself", UNTRUSTED),
    fault(
        Https(Certificate::SelfSignedAuthority),
        "has a certificate that it signed itself, as an authority",
        UNTRUSTED,
    ),
    fault(
        Https(Certificate::Expired),
        "has a certificate that has expired",
        Fails(&["the certificate is not valid: it has expired"]),
    ),
    fault(
        Https(Certificate::NotYetValid),
        "has a certificate for later",
        Fails(&["the certificate is not valid: not yet (or the clock here is wrong)"]),
    ),
    fault(
        Https(Certificate::ForAnotherHost),
        "has the certificate of another host",
        Fails(&["the certificate is not valid: it is for another host"]),
    ),
    fault(
        Place::CutShortOverTls,
        "names no length over TLS, and closes the connection without notice",
        CUT_SHORT,
    ),
];
