//! From a host's name to its address.

use std::net::IpAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, time::Duration};

/// ureq's own resolver, except for hosts that are addresses already, such as a practice site's.
///
/// With a time limit, ureq starts a thread for each look-up: a lesson with a thread for each page would have two for
/// each. An address needs no look-up, so it needs no limit and no thread.
#[derive(Debug, Default)]
pub(crate) struct WithoutThread(DefaultResolver);

impl Resolver for WithoutThread {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let after = match host.parse::<IpAddr>() {
            Ok(_) => Duration::NotHappening,
            Err(_) => timeout.after,
        };
        let resolved = self.0.resolve(uri, config, NextTimeout { after, ..timeout });
        resolved.map_err(|error| match error {
            // Each system has other words for it, in an error without a kind.
            Error::Io(_) => Error::HostNotFound,
            other => other,
        })
    }
}
