//! Errors in plain words, the same for both clients.

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, ErrorKind};
#[cfg(feature = "reqwest")]
use std::iter;

use rustls::CertificateError;

/// Why a page did not arrive.
type Words = Cow<'static, str>;

const REFUSED: Words = Cow::Borrowed("the connection was refused");
const RESET: Words = Cow::Borrowed("the connection was reset");
const ABORTED: Words = Cow::Borrowed("the connection was aborted");
const CLOSED: Words = Cow::Borrowed("the connection was closed before an answer came");
const CUT_SHORT: Words = Cow::Borrowed("the page was cut short");
const TIMED_OUT: Words = Cow::Borrowed("the page took longer than --timeout allows");
const NO_ADDRESS: Words = Cow::Borrowed("no address was found for the host");
const OUT_OF_REACH: Words = Cow::Borrowed("the host cannot be reached");
const PROXY: Words = Cow::Borrowed("the proxy does not let the page through");
const NOT_HTTP: Words = Cow::Borrowed("the answer is not valid HTTP");
const LARGE_HEADER: Words = Cow::Borrowed("the header of the answer is too large");
const BROKEN_GZIP: Words = Cow::Borrowed("the compressed page is broken");
#[cfg(feature = "reqwest")]
const MORE_BEHIND: Words = Cow::Borrowed("there is more data after the compressed page");
const TOO_MANY_REDIRECTS: Words = Cow::Borrowed("it redirects too often");
const NO_REDIRECT: Words =
    Cow::Borrowed("it redirects without an http:// or https:// URL to go to");
#[cfg(feature = "ureq")]
const TOO_LONG: Words = Cow::Borrowed("the URL is too long");
const BAD_URL: Words = Cow::Borrowed("this is not the URL of a page");
const UNTRUSTED: Words =
    Cow::Borrowed("the certificate is not valid: no authority that is trusted here signed it");
const NO_TLS: Words = Cow::Borrowed("the site does not speak https at this port");
const TLS_REFUSED: Words = Cow::Borrowed("the site refused the encrypted connection");

/// Returns the words for an error of one of the clients; `None` for an error of another type.
pub(crate) fn explain(error: &(dyn Error + 'static)) -> Option<String> {
    #[cfg(feature = "ureq")]
    if let Some(error) = error.downcast_ref() {
        // An error before the response is explained where it happens.
        return Some(from_ureq(error, CUT_SHORT).into());
    }
    #[cfg(feature = "reqwest")]
    if let Some(error) = error.downcast_ref() {
        return Some(from_reqwest(error).into());
    }
    None
}

/// Whether the same request may succeed a moment later: the connection failed, the time was up, or the site is busy
/// (429, 5xx). A site that has no such page, or that sends nonsense, will do so again.
pub fn may_pass(error: &(dyn Error + 'static)) -> bool {
    const PASSING: [Words; 7] =
        [REFUSED, RESET, ABORTED, CLOSED, CUT_SHORT, TIMED_OUT, OUT_OF_REACH];
    #[cfg(feature = "ureq")]
    if let Some(ureq::Error::StatusCode(code)) = error.downcast_ref() {
        return is_busy(*code);
    }
    #[cfg(feature = "reqwest")]
    if let Some(status) = error.downcast_ref().and_then(reqwest::Error::status) {
        return is_busy(status.as_u16());
    }
    explain(error).is_some_and(|words| PASSING.iter().any(|passing| *passing == words))
}

fn is_busy(code: u16) -> bool {
    code == 429 || code >= 500
}

/// An error of ureq that came before the response, with its words.
#[cfg(feature = "ureq")]
#[derive(Debug)]
struct Explained(Words);

#[cfg(feature = "ureq")]
impl std::fmt::Display for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "ureq")]
impl Error for Explained {}

/// For an error while connecting, or in place of a response. There the end of a connection has another meaning, and
/// later nobody knows when it came: so it gets its words now. Other errors stay as they are.
#[cfg(feature = "ureq")]
pub(crate) fn before_answer(error: ureq::Error) -> ureq::Error {
    match error {
        ureq::Error::Io(_) | ureq::Error::Other(_) => {
            ureq::Error::Other(Box::new(Explained(from_ureq(&error, CLOSED))))
        }
        other => other,
    }
}

/// For a response in a form that the client misreads.
#[cfg(feature = "ureq")]
pub(crate) fn not_http() -> ureq::Error {
    ureq::Error::Other(Box::new(Explained(NOT_HTTP)))
}

/// For a page whose compressed data is broken.
#[cfg(feature = "ureq")]
pub(crate) fn broken_packing() -> ureq::Error {
    ureq::Error::Other(Box::new(Explained(BROKEN_GZIP)))
}

/// For a page with a compression that was not requested.
#[cfg(feature = "ureq")]
pub(crate) fn unknown_packing(name: &str) -> ureq::Error {
    let words = format!("the page is compressed with {name}, which was not asked for");
    ureq::Error::Other(Box::new(Explained(words.into())))
}

/// `at_end` is the meaning of a connection that ended.
#[cfg(feature = "ureq")]
fn from_ureq(error: &ureq::Error, at_end: Words) -> Words {
    use ureq_proto::Error::{
        BadLocationHeader, HttpParseTooManyHeaders, NoLocationHeader, OutputOverflow,
    };

    use crate::ends::Stale;

    match error {
        ureq::Error::StatusCode(code) => from_status(*code),
        ureq::Error::Timeout(_) => TIMED_OUT,
        ureq::Error::HostNotFound => NO_ADDRESS,
        ureq::Error::Io(error) => from_io(error, at_end),
        ureq::Error::Rustls(error) => from_tls(error),
        ureq::Error::Other(other) => {
            let explained = other.downcast_ref::<Explained>().map(|explained| explained.0.clone());
            // As `HonestEnds` reports it.
            let io = || other.downcast_ref().map(|error| from_io(error, at_end.clone()));
            let stale =
                || other.downcast_ref::<Stale>().map(|stale| from_ureq(&stale.0, at_end.clone()));
            explained.or_else(stale).or_else(io).unwrap_or_else(|| other.to_string().into())
        }
        ureq::Error::TooManyRedirects => TOO_MANY_REDIRECTS,
        ureq::Error::RedirectFailed => NO_REDIRECT,
        ureq::Error::Protocol(OutputOverflow) => TOO_LONG,
        ureq::Error::ConnectProxyFailed(_) => PROXY,
        ureq::Error::Http(_) => BAD_URL,
        // The URLs of a list were checked before: this can only be the target of a redirect.
        ureq::Error::BadUri(_) | ureq::Error::Protocol(BadLocationHeader(_) | NoLocationHeader) => {
            NO_REDIRECT
        }
        ureq::Error::LargeResponseHeader(..) | ureq::Error::Protocol(HttpParseTooManyHeaders) => {
            LARGE_HEADER
        }
        ureq::Error::Protocol(_) => NOT_HTTP,
        other => other.to_string().into(),
    }
}

#[cfg(feature = "reqwest")]
fn from_reqwest(error: &reqwest::Error) -> Words {
    if let Some(status) = error.status() {
        return from_status(status.as_u16());
    }
    if error.is_timeout() {
        return TIMED_OUT;
    }
    if error.is_dns() {
        return NO_ADDRESS;
    }
    if error.is_redirect() {
        return TOO_MANY_REDIRECTS;
    }
    if error.is_builder() {
        // A URL with another scheme can only be the target of a redirect.
        return if error.url().is_some() { NO_REDIRECT } else { BAD_URL };
    }
    let at_end = if error.is_request() { CLOSED } else { CUT_SHORT };
    // The innermost causes name the error; the outer ones only say what was tried.
    let causes: Vec<_> =
        iter::successors(Some(error as &(dyn Error + 'static)), |&e| e.source()).collect();
    let http = causes.iter().find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let io = causes.iter().rev().find_map(|cause| cause.downcast_ref::<io::Error>());
    let says = |words| causes.iter().any(|cause| cause.to_string().starts_with(words));
    match (http, io) {
        (Some(http), _) if http.is_parse_too_large() => LARGE_HEADER,
        (Some(http), _) if http.is_parse() => NOT_HTTP,
        (Some(http), None) if http.is_incomplete_message() || http.is_canceled() => at_end,
        // An invalid chunk.
        (Some(_), Some(io)) if is_nonsense(io) => NOT_HTTP,
        // The words of its deflate decoder for a page that ended.
        (None, Some(io)) if io.to_string() == "unexpected BufError" => CUT_SHORT,
        // Errors of the compression come after those of HTTP.
        (None, Some(io)) if error.is_decode() && io.kind() != ErrorKind::UnexpectedEof => {
            BROKEN_GZIP
        }
        (_, Some(io)) => from_io(io, at_end),
        // The type is hyper-util's own.
        _ if says("tunnel error") => PROXY,
        // tower-http's error has no type.
        _ if says("there are extra bytes") => MORE_BEHIND,
        (_, None) => {
            let innermost = causes.last().map_or_else(|| error.to_string(), |e| e.to_string());
            innermost.into()
        }
    }
}

#[cfg(feature = "reqwest")]
fn is_nonsense(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData)
}

/// Returns why a response with this status is not a page, if reqwest's `error_for_status` would accept it.
#[cfg(feature = "reqwest")]
pub(crate) fn of_status(code: u16) -> Option<String> {
    match code {
        200..=299 | 400..=599 => None,
        // A redirect that is followed is not the last response.
        301 | 302 | 303 | 307 | 308 => Some(NO_REDIRECT.into()),
        code => Some(from_status(code).into()),
    }
}

fn from_status(code: u16) -> Words {
    #[cfg(feature = "reqwest")]
    use reqwest::StatusCode;
    #[cfg(not(feature = "reqwest"))]
    use ureq::http::StatusCode;

    match StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{code} {reason}").into(),
        None => format!("status {code}, which is unknown").into(),
    }
}

fn from_io(error: &io::Error, at_end: Words) -> Words {
    // The error below is wrapped, sometimes more than once.
    if let Some(inner) = error.get_ref() {
        if let Some(error) = inner.downcast_ref() {
            return from_tls(error);
        }
        if let Some(error) = inner.downcast_ref() {
            return from_io(error, at_end);
        }
    }
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => at_end,
        ErrorKind::ConnectionRefused => REFUSED,
        ErrorKind::ConnectionReset => RESET,
        ErrorKind::ConnectionAborted => ABORTED,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            OUT_OF_REACH
        }
        ErrorKind::TimedOut => TIMED_OUT,
        _ => error.to_string().into(),
    }
}

fn from_tls(error: &rustls::Error) -> Words {
    match error {
        rustls::Error::InvalidCertificate(error) => from_certificate(error),
        rustls::Error::InvalidMessage(_) => NO_TLS,
        rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_) => TLS_REFUSED,
        // ureq on a machine without certificates; rustls-platform-verifier has no type for it. On such a machine,
        // reqwest's client trusts no authority.
        rustls::Error::General(words) if words.contains("No CA certificates") => UNTRUSTED,
        other => format!("the encrypted connection failed: {other}").into(),
    }
}

fn from_certificate(error: &CertificateError) -> Words {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
        NotValidYet, NotValidYetContext, Other, Revoked, UnknownIssuer,
    };

    Cow::Borrowed(match error {
        UnknownIssuer | BadSignature => return UNTRUSTED,
        // A certificate that signed itself and claims to be an authority. The type is webpki's.
        Other(error) if error.to_string().contains("CaUsedAsEndEntity") => return UNTRUSTED,
        Expired | ExpiredContext { .. } => "the certificate is not valid: it has expired",
        NotValidYet | NotValidYetContext { .. } => {
            "the certificate is not valid: not yet (or the clock here is wrong)"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "the certificate is not valid: it is for another host"
        }
        Revoked => "the certificate is not valid: it was revoked",
        _ => "the certificate is not valid",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program must call `error_for_status` itself: without it, a 404 counts as a page.
    #[cfg(feature = "reqwest")]
    #[test]
    fn only_what_error_for_status_lets_through_is_rejected_here() {
        for code in [200, 204, 404, 418, 500, 599] {
            assert_eq!(of_status(code), None, "{code}");
        }
        for code in [300, 301, 304, 307, 600, 999] {
            assert!(of_status(code).is_some(), "{code}");
        }
    }

    #[cfg(feature = "ureq")]
    #[test]
    fn an_error_that_means_the_same_at_any_time_stays_what_it_is() {
        let lost = before_answer(ureq::Error::Io(ErrorKind::UnexpectedEof.into()));
        assert_eq!(explain(&lost).as_deref(), Some(&*CLOSED));
        let lost = ureq::Error::Io(ErrorKind::UnexpectedEof.into());
        assert_eq!(explain(&lost).as_deref(), Some(&*CUT_SHORT));
        assert!(matches!(before_answer(ureq::Error::HostNotFound), ureq::Error::HostNotFound));
        assert!(matches!(
            before_answer(ureq::Error::StatusCode(404)),
            ureq::Error::StatusCode(404)
        ));
    }

    #[cfg(feature = "ureq")]
    #[test]
    fn an_error_may_pass_or_will_come_again() {
        use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, InvalidData, UnexpectedEof};

        let io = |kind: ErrorKind| ureq::Error::Io(kind.into());
        let status = ureq::Error::StatusCode;
        for (error, passes) in [
            (status(503), true),
            (status(500), true),
            (status(429), true),
            (status(404), false),
            (status(400), false),
            (io(ConnectionRefused), true),
            (before_answer(io(ConnectionReset)), true),
            (before_answer(io(UnexpectedEof)), true),
            (before_answer(io(InvalidData)), false),
            (ureq::Error::Timeout(ureq::Timeout::Global), true),
            (ureq::Error::HostNotFound, false),
            (ureq::Error::TooManyRedirects, false),
            (not_http(), false),
        ] {
            assert_eq!(may_pass(&error), passes, "{error}");
        }
        assert!(!may_pass(&io::Error::from(ConnectionReset)), "it is no client's");
    }

    fn words_for(error: &io::Error) -> String {
        from_io(error, CLOSED).to_string()
    }

    #[test]
    fn what_the_system_says_of_a_network_is_told_in_words() {
        for (kind, words) in [
            (ErrorKind::ConnectionRefused, "the connection was refused"),
            (ErrorKind::ConnectionReset, "the connection was reset"),
            (ErrorKind::ConnectionAborted, "the connection was aborted"),
            (ErrorKind::HostUnreachable, "the host cannot be reached"),
            (ErrorKind::NetworkUnreachable, "the host cannot be reached"),
            (ErrorKind::NetworkDown, "the host cannot be reached"),
            (ErrorKind::TimedOut, "the page took longer than --timeout allows"),
            (ErrorKind::UnexpectedEof, "the connection was closed before an answer came"),
            (ErrorKind::BrokenPipe, "the connection was closed before an answer came"),
        ] {
            assert_eq!(words_for(&kind.into()), words, "{kind:?}");
        }
    }

    #[test]
    fn what_is_wrapped_is_looked_for_in_its_wrappings() {
        let reset = io::Error::other(io::Error::other(io::Error::from(ErrorKind::ConnectionReset)));
        assert_eq!(words_for(&reset), "the connection was reset");
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let expired = io::Error::other(io::Error::new(ErrorKind::InvalidData, expired));
        assert_eq!(words_for(&expired), "the certificate is not valid: it has expired");
    }

    #[test]
    fn no_cause_of_a_refused_certificate_is_told_in_the_words_of_a_type() {
        use CertificateError::{
            ApplicationVerificationFailure, BadEncoding, InvalidPurpose, Revoked,
        };
        for error in [ApplicationVerificationFailure, BadEncoding, InvalidPurpose, Revoked] {
            let words = from_certificate(&error).to_string();
            assert!(words.starts_with("the certificate is not valid"), "{words}");
            assert_eq!(words, words.to_lowercase());
        }
    }
}
