//! The sessions of the downloaders: real `ureq::Agent`s and `reqwest::Client`s, made with what is not
//! the lesson: the time limit of a page, the certificates that are trusted, the proxy.
//!
//! Both clients use the same TLS, rustls with ring: the cheapest to build that needs no system
//! package. They trust what the system trusts, so a school's own certificate authority is known.
//! A practice site is reached `without_proxy`, whatever the environment names.

#[cfg(any(feature = "ureq", feature = "reqwest"))]
mod failure;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
use std::time::Duration;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub use failure::Failure;

/// A session of blocking calls, for one thread or for many.
#[cfg(feature = "ureq")]
pub fn agent(timeout: Duration, without_proxy: bool) -> ureq::Agent {
    use ureq::tls::{RootCerts, TlsConfig};

    use_ring();
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = ureq::Agent::config_builder().timeout_global(Some(timeout)).tls_config(tls);
    let config = if without_proxy { config.proxy(None) } else { config };
    config.build().new_agent()
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

/// Neither client comes with a default for the cryptography.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
fn use_ring() {
    // An error says that it was done already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
