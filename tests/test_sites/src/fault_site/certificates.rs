//! Certificates: one is valid, the others are not.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use testing::Folder;

/// The fault of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certificate {
    /// None, for a client that trusts the authority.
    Trusted,
    /// It is signed by itself.
    SelfSigned,
    /// It is signed by itself and claims to be an authority, as `openssl req -x509` makes it.
    SelfSignedAuthority,
    /// It was valid until 2001.
    Expired,
    /// It is valid from 2100 on.
    NotYetValid,
    /// It is another host's.
    ForAnotherHost,
}

/// An authority, which signs them.
pub(super) struct Certificates {
    authority: Issuer<'static, KeyPair>,
    folder: Folder,
}

impl Certificates {
    pub(super) fn make() -> Self {
        // There may be several sites in a process.
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = Folder::new(&format!("authority-{number}"));
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "The tests' authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        fs::write(folder.path().join("authority.pem"), certificate.pem()).expect("a file");
        Self { authority: Issuer::new(params, key), folder }
    }

    pub(super) fn file(&self) -> String {
        self.folder.file("authority.pem")
    }

    pub(super) fn server(&self, certificate: Certificate) -> Arc<ServerConfig> {
        let host = if certificate == Certificate::ForAnotherHost {
            "another.invalid"
        } else {
            "127.0.0.1"
        };
        let mut params = CertificateParams::new([host.into()]).expect("a name");
        match certificate {
            Certificate::SelfSignedAuthority => {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }
            Certificate::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Certificate::NotYetValid => params.not_before = date_time_ymd(2100, 1, 1),
            _ => {}
        }
        let key = KeyPair::generate().expect("a key");
        let signed = match certificate {
            Certificate::SelfSigned | Certificate::SelfSignedAuthority => params.self_signed(&key),
            _ => params.signed_by(&key, &self.authority),
        };
        let chain = vec![signed.expect("a certificate").der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key);
        Arc::new(config.expect("a key that fits"))
    }
}
