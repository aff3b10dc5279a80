//! Which URLs can be downloaded.

use iri_string::types::UriStr;

/// Says what is wrong with a URL that cannot be downloaded.
pub(crate) fn check(url: &str) -> Result<String, String> {
    if !url.contains("://") {
        return Err("a URL begins with http:// or https://".into());
    }
    let parsed = UriStr::new(url).map_err(|_| "this is not a URL")?;
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

/// Says what is wrong with the URL of a practice site: it has no certificate, so it speaks HTTP.
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

    /// Whether a client looks into the host, and may refuse what it finds there: it is reported as that page's
    /// failure.
    fn is_read_further(url: &str) -> bool {
        let authority = UriStr::new(url).ok().and_then(|url| url.authority_components());
        let host = authority.map_or("", |authority| authority.host()).to_ascii_lowercase();
        let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let is_number =
            last.starts_with(|sign: char| sign.is_ascii_digit()) && !host.ends_with(']');
        host.contains('%') || host.contains("xn--") || host.starts_with("[v") || is_number
    }

    proptest! {
        /// What both clients make of it: ureq's `http`, reqwest's `url`.
        #[test]
        fn what_is_accepted_can_be_downloaded(
            text in prop_oneof![6 => nearly_a_url(), 1 => any::<String>()],
        ) {
            for check in [check, check_site] {
                let Ok(accepted) = check(&text) else { continue };
                prop_assert_eq!(&accepted, &text);
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
