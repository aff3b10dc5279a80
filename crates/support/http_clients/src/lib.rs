//! The sessions of the downloaders: real `ureq::Agent`s and `reqwest::Client`s, made with what is not
//! the lesson: the time limit of a page, the certificates that are trusted, the proxy. Their errors are the
//! clients' own; a report puts them into plain words.
//!
//! Both clients use the same TLS, rustls with ring: the cheapest to build that needs no system
//! package. They trust what the system trusts, so a school's own certificate authority is known.
//! A practice site is reached without a proxy, whatever the environment names.

#[cfg(feature = "reqwest")]
mod awaiting;
#[cfg(feature = "ureq")]
mod blocking;
#[cfg(feature = "ureq")]
mod ends;
#[cfg(any(feature = "ureq", feature = "reqwest"))]
mod proxies;
#[cfg(feature = "ureq")]
mod resolver;
#[cfg(feature = "ureq")]
mod unpacking;
#[cfg(any(feature = "ureq", feature = "reqwest"))]
mod words;

mod urls;

pub use urls::encoded;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
use std::time::Duration;

/// A client of which a session can be made.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub trait Session {
    /// A session in which one page may take so long, with or without the proxy that the environment names.
    fn new(timeout: Duration, proxy: bool) -> Self;
}

/// A session in which one page may take so long, with or without the proxy that the environment names: of
/// whichever client the caller needs.
///
/// # Panics
/// When the system gives no randomness to TLS.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub fn session<S: Session>(timeout: Duration, proxy: bool) -> S {
    // An error says that it was done already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    common::explain_errors(words::explain);
    S::new(timeout, proxy)
}

/// What a connection has room for, in bytes, in each direction. ureq's own 128 KiB are filled with zeros one by
/// one where it is not optimised: half of the work of a page on a connection of its own.
#[cfg(feature = "ureq")]
const BUFFER: usize = 16 * 1024;

/// How many connections wait for their next page, at the most. ureq's own limit is 3 for a site: more threads than that
/// that share a session would have to connect anew for page after page.
#[cfg(feature = "ureq")]
const IDLE: usize = 1_000;

/// Sites refuse a request that does not say who asks.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
const USER_AGENT: &str = concat!("concurrency-course/", env!("CARGO_PKG_VERSION"));

/// So many lines the header of an answer may have, as in ureq.
#[cfg(feature = "reqwest")]
const MOST_HEADERS: usize = 128;

/// The one packing that sites are asked for.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
const PACKING: &str = "gzip";

/// A session of blocking calls, for one thread or for many.
#[cfg(feature = "ureq")]
impl Session for ureq::Agent {
    fn new(timeout: Duration, proxy: bool) -> Self {
        use ureq::tls::{RootCerts, TlsConfig};
        use ureq::unversioned::transport::{Connector, DefaultConnector};

        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Self::config_builder()
            .timeout_global(Some(timeout))
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_idle_connections(IDLE)
            .max_idle_connections_per_host(IDLE)
            .tls_config(tls)
            .user_agent(USER_AGENT)
            .accept_encoding(PACKING)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build();
        let agent = |forwards| {
            let connector = DefaultConnector::default().chain(ends::HonestEnds { forwards });
            Self::with_parts(config.clone(), connector, resolver::WithoutThread::default())
        };
        let browse = blocking::Browse {
            agent: agent(false),
            forwarding: agent(true),
            proxies: proxy.then(proxies::Proxies::from_environment).flatten(),
            system: proxy.then(ureq::Proxy::try_from_env).flatten(),
            timeout,
        };
        Self::config_builder().middleware(browse).build().into()
    }
}

/// A session of awaited calls, shared by cloning.
#[cfg(feature = "reqwest")]
impl Session for reqwest::Client {
    fn new(timeout: Duration, proxy: bool) -> Self {
        use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};

        // It unpacks deflate, too, where a site sends that unasked.
        let asked_for =
            HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(PACKING))]);
        let builder = || {
            let builder = Self::builder()
                .timeout(timeout)
                .user_agent(USER_AGENT)
                .default_headers(asked_for.clone())
                .http1_max_headers(MOST_HEADERS)
                .retry(rejections())
                .dns_resolver(awaiting::OnThread);
            let Some(proxies) = proxies::Proxies::from_environment() else { return builder };
            builder.proxy(reqwest::Proxy::custom(move |url| {
                proxies.of(url.scheme(), url.host_str()?).map(String::from)
            }))
        };
        // No certificate is trusted here, and none is needed for http.
        let without_certificates = || builder().tls_certs_only([]);
        let client = if proxy {
            // Where the system has no certificates, pages over https fail, each by itself.
            builder().build().or_else(|_| without_certificates().build())
        } else {
            // A practice site has no certificate, and reading the system's would take 3 to 20 ms.
            without_certificates().no_proxy().build()
        };
        client.expect("a client can be built")
    }
}

/// reqwest hands out every answer. Its `error_for_status` fails with 4xx and 5xx alone; but only a response of
/// status 2xx is a page that arrived. What decides whether to ask again is shown each answer: it never asks
/// again, and notes which of the others are no page.
#[cfg(feature = "reqwest")]
fn rejections() -> reqwest::retry::Builder {
    reqwest::retry::never().classify_fn(|answer| {
        common::reject(answer.status().and_then(|status| words::of_status(status.as_u16())));
        answer.success()
    })
}
