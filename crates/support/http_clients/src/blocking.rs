//! Parts that ureq leaves to others: redirects as browsers follow them, a second try on a new connection, credentials,
//! and requests to a proxy without a tunnel.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use iri_string::types::{UriAbsoluteStr, UriReferenceStr};
use percent_encoding::percent_decode_str;
use ureq::http::header::{AUTHORIZATION, HOST, LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING};
use ureq::http::uri::Scheme;
use ureq::http::{HeaderValue, Method, Request, Response, Uri, Version};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Agent, Body, Error, Proxy, ProxyProtocol, SendBody};

use crate::ends::is_stale;
use crate::proxies::Proxies;
use crate::unpacking::unpacked;
use crate::urls::encoded;
use crate::words::{before_answer, not_http};

/// The most redirects for one page, as in reqwest.
const MOST_REDIRECTS: usize = 10;

/// Sends each request with an agent that follows no redirects and retries nothing.
#[derive(Debug)]
pub(crate) struct Browse {
    pub(crate) agent: Agent,
    /// The same, for a proxy that receives whole URLs.
    pub(crate) forwarding: Agent,
    /// The proxies that the environment names.
    pub(crate) proxies: Option<Proxies>,
    /// The system's proxies, if the environment names none.
    pub(crate) system: Option<Proxy>,
    /// Time limit for one page as a whole.
    pub(crate) timeout: Duration,
}

impl Middleware for Browse {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<Body>, Error> {
        if request.method() != Method::GET {
            return next.handle(request);
        }
        let answer = self.follow(request.uri().to_string()).map_err(before_answer)?;
        // HTTP/1.0 has no chunks: ureq would count their lengths as a part of the page.
        if answer.version() == Version::HTTP_10 && answer.headers().contains_key(TRANSFER_ENCODING)
        {
            return Err(not_http());
        }
        // Only a response with status 2xx is a page that arrived; ureq itself fails only with 4xx and 5xx.
        match answer.status() {
            status if status.is_success() => unpacked(answer),
            status => Err(Error::StatusCode(status.as_u16())),
        }
    }
}

impl Browse {
    /// Returns the response to a request for this URL, after all redirects.
    fn follow(&self, mut url: String) -> Result<Response<Body>, Error> {
        let start = Instant::now();
        let mut credentials: Option<(Option<String>, HeaderValue)> = None;
        for _ in 0..=MOST_REDIRECTS {
            let uri: Uri = url.parse().map_err(ureq::http::Error::from)?;
            let (target, own) = without_credentials(&uri)?;
            let host = target.authority().map(ToString::to_string);
            // Credentials are only for the host for which they were given.
            credentials = match own {
                Some(own) => Some((host, own)),
                None => credentials.filter(|(of, _)| *of == host),
            };
            let header = credentials.as_ref().map(|(_, header)| header);
            let answer = match self.ask(&target, header, start) {
                // No response came on a connection that had been kept: the site had closed it.
                Err(error) if is_stale(&error) => {
                    // If the site is gone, the first try had met the same.
                    self.ask(&target, header, start).map_err(|_| error)?
                }
                answer => answer?,
            };
            let location = answer.headers().get(LOCATION);
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            // The body of a redirect is not read: it may be endless.
            let Some(next) = location.and_then(|location| resolved(&target, location)) else {
                return Err(Error::RedirectFailed);
            };
            url = next;
        }
        Err(Error::TooManyRedirects)
    }

    fn ask(
        &self,
        uri: &Uri,
        credentials: Option<&HeaderValue>,
        start: Instant,
    ) -> Result<Response<Body>, Error> {
        let mut request = Request::get(uri).body(())?;
        if let Some(credentials) = credentials {
            request.headers_mut().insert(AUTHORIZATION, credentials.clone());
        }
        let mut proxy = self.proxy(uri);
        let mut agent = &self.agent;
        if let Some(proxy) = proxy.take_if(|proxy| is_asked_for(uri, proxy)) {
            agent = &self.forwarding;
            forward(&mut request, &proxy)?;
        }
        let left = self.timeout.saturating_sub(start.elapsed()).max(Duration::from_nanos(1));
        let request = agent.configure_request(request).timeout_global(Some(left));
        agent.run(request.proxy(proxy).build())
    }

    fn proxy(&self, uri: &Uri) -> Option<Proxy> {
        match &self.proxies {
            Some(named) => Proxy::new(named.of(uri.scheme_str()?, uri.host()?)?).ok(),
            None => self.system.clone().filter(|system| !system.is_no_proxy(uri)),
        }
    }
}

/// Whether the request goes to the proxy itself. Other requests use a tunnel to the site, which some proxies allow
/// only for https.
fn is_asked_for(uri: &Uri, proxy: &Proxy) -> bool {
    let speaks_http = matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
    speaks_http && uri.scheme() == Some(&Scheme::HTTP)
}

/// Sends the request for a page to the proxy itself: see `HonestEnds`.
fn forward(request: &mut Request<()>, proxy: &Proxy) -> Result<(), Error> {
    let (proxy, credentials) = without_credentials(proxy.uri())?;
    let (Some(scheme), Some(proxy)) = (proxy.scheme(), proxy.authority()) else {
        return Err(Error::InvalidProxyUrl);
    };
    let target = request.uri();
    let host = target.authority().map_or("", |host| host.as_str());
    let host = HeaderValue::from_str(host).map_err(ureq::http::Error::from)?;
    let uri = format!("{scheme}://{proxy}/{target}").parse();
    *request.uri_mut() = uri.map_err(ureq::http::Error::from)?;
    request.headers_mut().insert(HOST, host);
    if let Some(credentials) = credentials {
        request.headers_mut().insert(PROXY_AUTHORIZATION, credentials);
    }
    Ok(())
}

/// A URL without the user and password in it, and those as a header.
fn without_credentials(uri: &Uri) -> Result<(Uri, Option<HeaderValue>), Error> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let Some((credentials, host)) = authority.rsplit_once('@') else {
        return Ok((uri.clone(), None));
    };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let pair = [decoded(user), b":".to_vec(), decoded(password)].concat();
    let header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(host.parse().map_err(ureq::http::Error::from)?);
    let uri = Uri::from_parts(parts).map_err(ureq::http::Error::from)?;
    Ok((uri, Some(header.map_err(ureq::http::Error::from)?)))
}

/// Where a redirect leads; `None` where that is no http:// or https:// URL.
fn resolved(from: &Uri, location: &HeaderValue) -> Option<String> {
    let from = from.to_string();
    let base = UriAbsoluteStr::new(&from).ok()?;
    // Sites send UTF-8 as it is, though a header should be ASCII.
    let location = std::str::from_utf8(location.as_bytes()).ok()?;
    let location = encoded(location.trim());
    let reference = UriReferenceStr::new(&location).ok()?;
    let resolved = reference.resolve_against(base).to_string();
    let scheme = resolved.split(':').next()?.to_ascii_lowercase();
    ["http", "https"].contains(&scheme.as_str()).then_some(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_a_browser_would_go() {
        let from = "http://h:8/a/b/start?x=1".parse().expect("a URL");
        for (location, url) in [
            ("next", Some("http://h:8/a/b/next")),
            ("../up", Some("http://h:8/a/up")),
            ("?page=2", Some("http://h:8/a/b/start?page=2")),
            ("/ä b", Some("http://h:8/%C3%A4%20b")),
            ("//other/c", Some("http://other/c")),
            ("HTTP://other/d", Some("HTTP://other/d")),
            (" https://other/e ", Some("https://other/e")),
            ("ftp://other/f", None),
            ("http://[", None),
        ] {
            let header = HeaderValue::from_bytes(location.as_bytes()).expect("a header");
            assert_eq!(resolved(&from, &header).as_deref(), url, "{location}");
        }
    }

    #[test]
    fn credentials_are_decoded() {
        let uri = "http://ana:p%40ss%3Aw@h:8/a".parse().expect("a URL");
        let (uri, header) = without_credentials(&uri).expect("it has credentials");
        assert_eq!(uri, "http://h:8/a");
        assert_eq!(header.expect("a header"), "Basic YW5hOnBAc3M6dw==");
    }
}
