//! Checks URLs before anything is downloaded.

use http_clients::encoded;
use iri_string::types::UriStr;

/// A longer URL does not fit into a client's send buffer, and few sites accept it.
const LONGEST: usize = 15_000;

/// Returns a URL as it is sent, encoded as a browser would do it; or a sentence if it cannot be downloaded.
pub(crate) fn check(url: &str) -> Result<String, String> {
    if !url.contains("://") {
        return Err("a URL begins with http:// or https://".into());
    }
    if url.contains(char::is_control) {
        return Err("this is not a URL: it has a control character".into());
    }
    let url = &*encoded(url);
    if url.len() > LONGEST {
        let length = url.len();
        return Err(format!(
            "the URL is too long: it has {length} bytes, and at most {LONGEST} are allowed"
        ));
    }
    let parsed = UriStr::new(url).map_err(|_| match wrong_sign(url) {
        Some(sign) => format!("this is not a URL: the character '{sign}' is not allowed there"),
        None => "this is not a URL".into(),
    })?;
    let scheme = parsed.scheme_str();
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(format!("the scheme '{scheme}' is unknown here: it must be http or https"));
    }
    let authority = parsed.authority_components().ok_or("the URL names no host")?;
    if authority.host().is_empty() {
        return Err("the URL names no host".into());
    }
    match authority.port() {
        None | Some("") => {}
        Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => {}
        Some(port) => return Err(format!("{port} is not a port: ports go from 1 to 65535")),
    }
    Ok(url.into())
}

/// Returns the first wrong character in an encoded URL: one that a host cannot have, or a % without two digits.
fn wrong_sign(url: &str) -> Option<char> {
    let is_plain =
        |sign: char| sign.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(sign);
    let is_escape = |at: usize| {
        let digits = url.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut signs = url.char_indices();
    let wrong = signs.find(|&(at, sign)| !(is_plain(sign) || sign == '%' && is_escape(at)));
    wrong.map(|(_, sign)| sign)
}

/// Checks the URL of a practice site, which has no certificate and so must be http.
pub(crate) fn check_site(url: &str) -> Result<String, String> {
    match check(url)? {
        url if url.contains(['?', '#']) => Err("a practice site's URL has no ? and no #".into()),
        url if url[..5].eq_ignore_ascii_case("http:") => Ok(url),
        _ => Err("a practice site is at an http:// URL".into()),
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;
    use url::Url;

    use common::LIVE_SITES;

    use super::*;

    #[test]
    fn urls_that_can_be_downloaded() {
        for url in LIVE_SITES.into_iter().chain([
            "http://127.0.0.1:8000/jython",
            "http://[::1]:8000/",
            "HTTP://example.org",
            "https://user@example.org:443/a?b=c#d",
        ]) {
            assert_eq!(check(url).as_deref(), Ok(url));
        }
    }

    #[test]
    fn what_a_browser_opens_is_taken() {
        assert_eq!(check("http://h/ä?[x]|y").as_deref(), Ok("http://h/%C3%A4?%5Bx%5D%7Cy"));
        let long = format!("http://h/?{}", "x".repeat(LONGEST));
        assert!(check(&long).unwrap_err().contains("too long"));
        for (url, sign) in [("http://hä/", "'ä'"), ("http://h/%zz", "'%'"), ("http://a b/", "' '")]
        {
            assert!(check(url).unwrap_err().contains(sign), "{url}");
        }
    }

    #[test]
    fn urls_that_are_none() {
        for (url, why) in [
            ("", "begins with"),
            ("www.jython.org", "begins with"),
            ("localhost:8000", "begins with"),
            ("ftp://example.org", "'ftp'"),
            ("file:///etc/hosts", "'file'"),
            ("http://", "no host"),
            ("http:///jython", "no host"),
            ("http://:80/", "no host"),
            ("http://a b/", "not a URL"),
            ("http://[::1", "not a URL"),
            ("http://example.org/\n", "not a URL"),
            ("http://example.org:99999/", "99999"),
            ("http://example.org:0/", "ports"),
        ] {
            let error = check(url).unwrap_err();
            assert!(error.contains(why), "{url:?}: {error}");
        }
    }

    /// Pieces of URLs, in their order or nearly so.
    fn nearly_a_url() -> impl Strategy<Value = String> {
        let pieces = [
            "(http|https|HTTP|ftp|h ttp)?",
            "(://|:/|:)?",
            "([a-z]{0,2}(:[a-z]?)?@)?",
            r"([a-z0-9.-]{0,6}|\[[:0-9a-f.v%]{0,8}\]|[0-9.]{0,9}|xn--[a-z0-9]{0,4}|%[0-9a-f]{0,3}|\PC{0,3})",
            "(:[0-9]{0,6})?",
            r"([/?#][a-z/?#%\[\] \\]{0,4}|\PC{0,3})?",
        ];
        pieces.to_vec().prop_map(|pieces| pieces.concat())
    }

    /// Whether a client checks the host and may refuse it, which is reported as that page's failure.
    fn is_read_further(url: &str) -> bool {
        let authority = UriStr::new(url).ok().and_then(|url| url.authority_components());
        let host = authority.map_or("", |authority| authority.host()).to_ascii_lowercase();
        let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let is_number =
            last.starts_with(|sign: char| sign.is_ascii_digit()) && !host.ends_with(']');
        host.contains('%') || host.contains("xn--") || host.starts_with("[v") || is_number
    }

    proptest! {
        /// Both clients must parse it: ureq's `http`, reqwest's `url`.
        #[test]
        fn what_is_accepted_can_be_downloaded(
            text in prop_oneof![6 => nearly_a_url(), 1 => any::<String>()],
        ) {
            for check in [check, check_site] {
                let Ok(accepted) = check(&text) else { continue };
                prop_assert_eq!(&accepted, &*encoded(&text));
                if is_read_further(&accepted) {
                    continue;
                }
                let uri: Uri = accepted.parse().map_err(|error| TestCaseError::fail(format!("http: {error}")))?;
                let url = Url::parse(&accepted).map_err(|error| TestCaseError::fail(format!("url: {error}")))?;
                prop_assert!(["http", "https"].contains(&url.scheme()), "{url}");
                prop_assert_eq!(uri.scheme_str().map(str::to_ascii_lowercase), Some(url.scheme().into()));
                prop_assert!(url.has_host() && uri.host().is_some_and(|host| !host.is_empty()));
                let port = url.port_or_known_default();
                prop_assert!(port.is_some_and(|port| port > 0));
                prop_assert_eq!(uri.port_u16().or(if url.scheme() == "http" { Some(80) } else { Some(443) }), port);
            }
        }
    }
}
