//! The sessions of the downloaders: real `ureq::Agent`s and `reqwest::Client`s, made with what is not
//! the lesson: the time limit of a page, the certificates that are trusted, the proxy.
//!
//! Both clients use the same TLS, rustls with ring: the cheapest to build that needs no system
//! package. They trust what the system trusts, so a school's own certificate authority is known.
//! A practice site is reached `without_proxy`, whatever the environment names.

#[cfg(feature = "ureq")]
mod ends;
#[cfg(any(feature = "ureq", feature = "reqwest"))]
mod failure;
#[cfg(feature = "ureq")]
mod resolver;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
use std::time::Duration;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub use failure::Failure;

/// What a connection has room for, in bytes, in each direction. ureq's own 128 KiB are filled with zeros one by
/// one where it is not optimised: half of the work of a page on a connection of its own.
#[cfg(feature = "ureq")]
const BUFFER: usize = 16 * 1024;

/// How many connections wait for their next page, at the most. ureq's own limit is 3 for a site: more threads than that
/// that share a session would have to connect anew for page after page.
#[cfg(feature = "ureq")]
const IDLE: usize = 1_000;

/// A session of blocking calls, for one thread or for many.
#[cfg(feature = "ureq")]
pub fn agent(timeout: Duration, without_proxy: bool) -> ureq::Agent {
    use ureq::tls::{RootCerts, TlsConfig};
    use ureq::unversioned::transport::{Connector, DefaultConnector};

    use_ring();
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .max_idle_connections(IDLE)
        .max_idle_connections_per_host(IDLE)
        .tls_config(tls)
        .middleware(success_alone);
    let config = if without_proxy { config.proxy(None) } else { config };
    ureq::Agent::with_parts(
        config.build(),
        DefaultConnector::default().chain(ends::HonestEnds),
        resolver::WithoutThread::default(),
    )
}

/// ureq itself fails with 4xx and 5xx alone; but only a response of status 2xx is a page that arrived.
#[cfg(feature = "ureq")]
fn success_alone(
    request: ureq::http::Request<ureq::SendBody<'_>>,
    next: ureq::middleware::MiddlewareNext<'_>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let response = next.handle(request)?;
    let status = response.status();
    if status.is_success() { Ok(response) } else { Err(ureq::Error::StatusCode(status.as_u16())) }
}

/// A session of awaited calls, shared by cloning.
///
/// # Panics
/// When the system gives no randomness to TLS.
#[cfg(feature = "reqwest")]
pub fn client(timeout: Duration, without_proxy: bool) -> reqwest::Client {
    use_ring();
    let builder = || reqwest::Client::builder().timeout(timeout);
    // No certificate is trusted here, and none is needed for http.
    let without_certificates = || builder().tls_certs_only([]);
    let client = if without_proxy {
        // A practice site has no certificate, and reading the system's would take 3 to 20 ms.
        without_certificates().no_proxy().build()
    } else {
        // Where the system has none, pages over https fail, each by itself.
        builder().build().or_else(|_| without_certificates().build())
    };
    client.expect("a client can be built")
}

/// A page that arrived: a response of status 2xx. (An [`agent`] sees to that itself.)
///
/// # Errors
/// The status, if it is another; or why a redirect was not followed.
#[cfg(feature = "reqwest")]
pub fn success(response: reqwest::Response) -> Result<reqwest::Response, Failure> {
    if response.status().is_success() { Ok(response) } else { Err((&response).into()) }
}

/// Neither client comes with a default for the cryptography.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
fn use_ring() {
    // An error says that it was done already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
