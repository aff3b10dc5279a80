use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
#[cfg(feature = "reqwest")]
use std::iter;

use rustls::CertificateError;

/// Why a page did not arrive: in the same words, whichever of the clients found out.
#[derive(Debug)]
pub struct Failure(Cow<'static, str>);

const REFUSED: Failure = said("the connection was refused");
const RESET: Failure = said("the connection was reset");
const ABORTED: Failure = said("the connection was aborted");
const CLOSED: Failure = said("the connection was closed before an answer came");
const CUT_SHORT: Failure = said("the page was cut short");
const TIMED_OUT: Failure = said("the page took longer than it may (--timeout)");
const NO_ADDRESS: Failure = said("no address was found for the host");
const OUT_OF_REACH: Failure = said("the host cannot be reached");
const PROXY: Failure = said("the proxy does not let the page through");
const NOT_HTTP: Failure = said("the answer is not valid HTTP");
const LARGE_HEADER: Failure = said("the header of the answer is too large");
const BROKEN_GZIP: Failure = said("the compressed page is broken");
const TOO_MANY_REDIRECTS: Failure = said("it redirects too often");
const NO_LOCATION: Failure = said("it redirects, and does not say where to");
const STRANGE_LOCATION: Failure = said("it redirects to what is no http:// or https:// URL");
const BAD_URL: Failure = said("this is no URL of a page");
const UNTRUSTED: Failure =
    said("the certificate is not valid: nobody who is trusted here signed it");
const NO_TLS: Failure = said("the site does not speak https at this port");
const TLS_REFUSED: Failure = said("the site refused the encrypted connection");

const fn said(words: &'static str) -> Failure {
    Failure(Cow::Borrowed(words))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {}

/// What came before the page: while connecting, or instead of an answer.
#[cfg(feature = "ureq")]
impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        from_ureq(error, CLOSED)
    }
}

/// What came while the page was read: ureq hands out a reader, and its errors in those of the reader.
#[cfg(feature = "ureq")]
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        from_ureq(error.into(), CUT_SHORT)
    }
}

/// `at_end` is what it means that the connection ended.
#[cfg(feature = "ureq")]
fn from_ureq(error: ureq::Error, at_end: Failure) -> Failure {
    use ureq_proto::Error::{BadLocationHeader, HttpParseTooManyHeaders, NoLocationHeader};

    match error {
        ureq::Error::StatusCode(code) => match ureq::http::StatusCode::from_u16(code) {
            Ok(status) => from_status(code, status.canonical_reason()),
            Err(_) => from_status(code, None),
        },
        ureq::Error::Timeout(_) => TIMED_OUT,
        ureq::Error::HostNotFound => NO_ADDRESS,
        ureq::Error::Io(error) => from_io(&error, at_end),
        ureq::Error::Rustls(error) => from_tls(&error),
        // As `HonestEnds` hands it on.
        ureq::Error::Other(other) => match other.downcast_ref() {
            Some(error) => from_io(error, at_end),
            None => Failure(other.to_string().into()),
        },
        ureq::Error::Decompress(_, error) if error.kind() == ErrorKind::UnexpectedEof => CUT_SHORT,
        ureq::Error::Decompress(..) => BROKEN_GZIP,
        ureq::Error::TooManyRedirects => TOO_MANY_REDIRECTS,
        ureq::Error::Protocol(NoLocationHeader) => NO_LOCATION,
        ureq::Error::ConnectProxyFailed(_) => PROXY,
        ureq::Error::Http(_) => BAD_URL,
        // The URLs of a list are looked at before: it can only be where a redirect leads.
        ureq::Error::BadUri(_) | ureq::Error::Protocol(BadLocationHeader(_)) => STRANGE_LOCATION,
        ureq::Error::LargeResponseHeader(..) | ureq::Error::Protocol(HttpParseTooManyHeaders) => {
            LARGE_HEADER
        }
        ureq::Error::Protocol(_) => NOT_HTTP,
        other => Failure(other.to_string().into()),
    }
}

#[cfg(feature = "reqwest")]
impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
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
            // A URL of another scheme is one that can be named: it is where a redirect leads.
            return if error.url().is_some() { STRANGE_LOCATION } else { BAD_URL };
        }
        let at_end = if error.is_request() { CLOSED } else { CUT_SHORT };
        // The innermost causes name what happened; the outer ones only say what was being tried.
        let causes: Vec<_> =
            iter::successors(Some(&error as &(dyn Error + 'static)), |&e| e.source()).collect();
        let http = causes.iter().find_map(|cause| cause.downcast_ref::<hyper::Error>());
        let io = causes.iter().rev().find_map(|cause| cause.downcast_ref::<io::Error>());
        match (http, io) {
            (Some(http), _) if http.is_parse_too_large() => LARGE_HEADER,
            (Some(http), _) if http.is_parse() => NOT_HTTP,
            (Some(http), None) if http.is_incomplete_message() || http.is_canceled() => at_end,
            // A chunk that is none.
            (Some(_), Some(io)) if is_nonsense(io) => NOT_HTTP,
            // After the HTTP comes what it was packed with.
            (None, Some(io)) if error.is_decode() && io.kind() != ErrorKind::UnexpectedEof => {
                BROKEN_GZIP
            }
            (_, Some(io)) => from_io(io, at_end),
            // The type is hyper-util's own.
            _ if causes.iter().any(|cause| cause.to_string().starts_with("tunnel error")) => PROXY,
            (_, None) => {
                let innermost = causes.last().map_or_else(|| error.to_string(), |e| e.to_string());
                Failure(innermost.into())
            }
        }
    }
}

#[cfg(feature = "reqwest")]
fn is_nonsense(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData)
}

/// A response that is no page.
#[cfg(feature = "reqwest")]
impl From<&reqwest::Response> for Failure {
    fn from(response: &reqwest::Response) -> Self {
        let status = response.status();
        let names_a_location = response.headers().contains_key(reqwest::header::LOCATION);
        match status.as_u16() {
            // A redirect that is followed does not come here.
            301 | 302 | 303 | 307 | 308 if names_a_location => STRANGE_LOCATION,
            301 | 302 | 303 | 307 | 308 => NO_LOCATION,
            code => from_status(code, status.canonical_reason()),
        }
    }
}

fn from_status(code: u16, reason: Option<&str>) -> Failure {
    Failure(match reason {
        Some(reason) => format!("{code} {reason}").into(),
        None => format!("status {code}, which is no known one").into(),
    })
}

fn from_io(error: &io::Error, at_end: Failure) -> Failure {
    // What is below is wrapped, by some more than once.
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
        _ => Failure(error.to_string().into()),
    }
}

fn from_tls(error: &rustls::Error) -> Failure {
    match error {
        rustls::Error::InvalidCertificate(error) => from_certificate(error),
        rustls::Error::InvalidMessage(_) => NO_TLS,
        rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_) => TLS_REFUSED,
        // ureq, where a machine has no certificates; rustls-platform-verifier has no type for it. There,
        // reqwest's client trusts nobody.
        rustls::Error::General(words) if words.contains("No CA certificates") => UNTRUSTED,
        other => Failure(format!("the encrypted connection failed: {other}").into()),
    }
}

fn from_certificate(error: &CertificateError) -> Failure {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
        NotValidYet, NotValidYetContext, Other, Revoked, UnknownIssuer,
    };

    said(match error {
        UnknownIssuer | BadSignature => return UNTRUSTED,
        // It signed itself, and says of itself that it may sign. The type is webpki's.
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

    fn told(error: &io::Error) -> String {
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
            (ErrorKind::TimedOut, "the page took longer than it may (--timeout)"),
            (ErrorKind::UnexpectedEof, "the connection was closed before an answer came"),
            (ErrorKind::BrokenPipe, "the connection was closed before an answer came"),
        ] {
            assert_eq!(told(&kind.into()), words, "{kind:?}");
        }
    }

    #[test]
    fn what_is_wrapped_is_looked_for_in_its_wrappings() {
        let reset = io::Error::other(io::Error::other(io::Error::from(ErrorKind::ConnectionReset)));
        assert_eq!(told(&reset), "the connection was reset");
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let expired = io::Error::other(io::Error::new(ErrorKind::InvalidData, expired));
        assert_eq!(told(&expired), "the certificate is not valid: it has expired");
    }

    #[test]
    fn no_cause_of_a_refused_certificate_is_told_in_the_words_of_a_type() {
        use CertificateError::{
            ApplicationVerificationFailure, BadEncoding, InvalidPurpose, Revoked,
        };
        for error in [ApplicationVerificationFailure, BadEncoding, InvalidPurpose, Revoked] {
            let told = from_certificate(&error).to_string();
            assert!(told.starts_with("the certificate is not valid"), "{told}");
            assert_eq!(told, told.to_lowercase());
        }
    }
}
