//! The sessions of the downloaders: real `ureq::Agent`s and `reqwest::Client`s, set up with everything that is not
//! the lesson: the time limit of a page, the trusted certificates, the proxy. Their errors are the clients' own; a
//! report puts them into plain words.
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
pub use words::may_pass;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
use std::time::Duration;

/// A client that can be made as a session.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub trait Session {
    /// Makes a session with this time limit for a page, with or without the proxy that the environment names.
    fn new(timeout: Duration, proxy: bool) -> Self;
}

/// Returns a session with this time limit for a page, with or without the proxy that the environment names. The
/// caller's type decides which client it is.
///
/// # Panics
/// When the system has no randomness for TLS.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub fn session<S: Session>(timeout: Duration, proxy: bool) -> S {
    // An error means that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    common::explain_errors(words::explain);
    S::new(timeout, proxy)
}

/// The buffer of a connection, in bytes, in each direction. Without optimisation, ureq's default of 128 KiB is filled
/// with zeros one by one: half of the work of a page on its own connection.
#[cfg(feature = "ureq")]
const BUFFER: usize = 16 * 1024;

/// The most connections that are kept for their next page. ureq's default is 3 for a site: if more threads than that
/// share a session, they would connect again for page after page.
#[cfg(feature = "ureq")]
const IDLE: usize = 1_000;

/// Sites refuse a request without a `User-Agent`.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
const USER_AGENT: &str = concat!("concurrency-course/", env!("CARGO_PKG_VERSION"));

/// The most lines in the header of a response, as in ureq.
#[cfg(feature = "reqwest")]
const MOST_HEADERS: usize = 128;

/// The only compression that requests ask for.
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
        client(timeout, proxy, |builder| builder.retry(rejections()))
    }
}

/// The same session, which returns each answer as it came: a redirect is not followed, and no status is an error.
#[cfg(feature = "reqwest")]
#[derive(Clone, Debug)]
pub struct AsAnswered(pub reqwest::Client);

#[cfg(feature = "reqwest")]
impl Session for AsAnswered {
    fn new(timeout: Duration, proxy: bool) -> Self {
        Self(client(timeout, proxy, |builder| builder.redirect(reqwest::redirect::Policy::none())))
    }
}

#[cfg(feature = "reqwest")]
fn client(
    timeout: Duration,
    proxy: bool,
    set_up: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Client {
    use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};

    // This unpacks deflate, too, if a site sends it unasked.
    let asked_for = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(PACKING))]);
    let builder = || {
        let builder = reqwest::Client::builder()
            .timeout(timeout)
            .user_agent(USER_AGENT)
            .default_headers(asked_for.clone())
            .http1_max_headers(MOST_HEADERS)
            .dns_resolver(awaiting::OnThread);
        let builder = set_up(builder);
        let Some(proxies) = proxies::Proxies::from_environment() else { return builder };
        builder.proxy(reqwest::Proxy::custom(move |url| {
            proxies.of(url.scheme(), url.host_str()?).map(String::from)
        }))
    };
    // This client trusts no certificate, and needs none for http.
    let without_certificates = || builder().tls_certs_only([]);
    let client = if proxy {
        // If the system has no certificates, each page over https fails by itself.
        builder().build().or_else(|_| without_certificates().build())
    } else {
        // A practice site has no certificate, and reading the system's would take 3 to 20 ms.
        without_certificates().no_proxy().build()
    };
    client.expect("a client can be built")
}

/// reqwest returns every response. Its `error_for_status` fails only with 4xx and 5xx, but only a response with
/// status 2xx is a page that arrived. The policy for retries sees each response: this one never retries, and notes
/// which of the others are not a page.
#[cfg(feature = "reqwest")]
fn rejections() -> reqwest::retry::Builder {
    reqwest::retry::never().classify_fn(|answer| {
        common::reject(answer.status().and_then(|status| words::of_status(status.as_u16())));
        answer.success()
    })
}
