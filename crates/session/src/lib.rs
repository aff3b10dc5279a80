//! The sessions of the downloaders: real `ureq::Agent`s and `reqwest::Client`s, made with what is not
//! the lesson: the time limit of a page, the certificates that are trusted, the proxy.
//!
//! Both clients use the same TLS, rustls with ring: the cheapest to build that needs no system
//! package. They trust what the system trusts, so a school's own certificate authority is known.
//! A practice site is reached `direct`ly, past the proxy that the environment may name.

#[cfg(any(feature = "ureq", feature = "reqwest"))]
mod failure;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
use std::time::Duration;

#[cfg(any(feature = "ureq", feature = "reqwest"))]
pub use failure::Failure;

/// A session of blocking calls, for one thread or for many.
#[cfg(feature = "ureq")]
pub fn agent(timeout: Duration, direct: bool) -> ureq::Agent {
    use ureq::tls::{RootCerts, TlsConfig};

    use_ring();
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = ureq::Agent::config_builder().timeout_global(Some(timeout)).tls_config(tls);
    let config = if direct { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// A session of awaited calls, shared by cloning.
///
/// The system's certificates are read now: where there are none, a sentence says so and the process
/// ends (status 1).
#[cfg(feature = "reqwest")]
pub fn client(timeout: Duration, direct: bool) -> reqwest::Client {
    use_ring();
    let mut builder = reqwest::Client::builder().timeout(timeout);
    if direct {
        // A practice site has no certificate: reading the system's would take 3 to 20 ms of the run.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().unwrap_or_else(|error| common::give_up(&Failure::from(error).to_string()))
}

/// Neither client comes with a default for the cryptography.
#[cfg(any(feature = "ureq", feature = "reqwest"))]
fn use_ring() {
    // An error says that it was done already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
