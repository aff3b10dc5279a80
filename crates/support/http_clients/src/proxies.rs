//! The proxies that the environment names, read once for both clients, since each would read them differently.

use std::env;
use std::net::IpAddr;

/// The variables as Python's `requests` reads them: a proxy for each scheme, and hosts that are reached without one.
#[derive(Debug)]
pub(crate) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    reached_directly: Vec<String>,
}

impl Proxies {
    /// Returns `None` if the environment names no proxy. Then the system may have one, on Windows and macOS.
    pub(crate) fn from_environment() -> Option<Self> {
        Self::of_variables(|name| env::var(name).ok())
    }

    fn of_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        // Lower case takes precedence; an empty variable names nothing.
        let value = |name: &str| variable(name).or_else(|| variable(&name.to_uppercase()));
        let proxy = |name| value(name).and_then(|url| with_scheme(url.trim()));
        let all = proxy("all_proxy");
        let (http, https) = (proxy("http_proxy").or(all.clone()), proxy("https_proxy").or(all));
        let hosts = value("no_proxy").unwrap_or_default();
        let hosts = hosts.split([',', ' ']).filter(|host| !host.is_empty());
        let reached_directly = hosts.map(str::to_ascii_lowercase).collect();
        (http.is_some() || https.is_some()).then_some(Self { http, https, reached_directly })
    }

    /// Returns the proxy for a URL with this scheme and this host.
    pub(crate) fn of(&self, scheme: &str, host: &str) -> Option<&str> {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        if self.reached_directly.iter().any(|entry| covers(entry, &host)) {
            return None;
        }
        let is_secure = scheme.eq_ignore_ascii_case("https");
        if is_secure { self.https.as_deref() } else { self.http.as_deref() }
    }
}

fn with_scheme(url: &str) -> Option<String> {
    match url.split_once("://") {
        _ if url.is_empty() => None,
        // Desktops write `socks://`, and browsers take that for version 5.
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("socks") => {
            Some(format!("socks5://{rest}"))
        }
        Some(_) => Some(url.into()),
        None => Some(format!("http://{url}")),
    }
}

/// Whether an entry of `no_proxy` is this host, a domain above it, or a network that it is in.
fn covers(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(address) = host.parse() {
        return is_in(address, entry);
    }
    let domain = entry.trim_start_matches('*').trim_matches('.');
    let below = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

/// Whether an address is this one, or in this network (`10.0.0.0/8`).
fn is_in(address: IpAddr, network: &str) -> bool {
    let (network, bits) = match network.split_once('/') {
        Some((network, bits)) => (network, bits.parse().ok()),
        None => (network, None),
    };
    let (address, network, width) = match (address, network.trim_matches(['[', ']']).parse()) {
        (IpAddr::V4(a), Ok(IpAddr::V4(b))) => (a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), Ok(IpAddr::V6(b))) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let others: u32 = width - bits.unwrap_or(width).min(width);
    u128::checked_shr(address ^ network, others).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Option<Proxies> {
        Proxies::of_variables(|name| {
            let found = variables.iter().find(|(its_name, _)| *its_name == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let both = [("http_proxy", "a:1"), ("HTTPS_PROXY", "https://b:2")];
        let all = [("ALL_PROXY", "socks://c:3"), ("https_proxy", "http://d:4")];
        let twice = [("http_proxy", "small:1"), ("HTTP_PROXY", "large:1")];
        let emptied = [("http_proxy", ""), ("HTTP_PROXY", "large:1"), ("https_proxy", "d:4")];
        for (variables, http, https) in [
            (&both[..], Some("http://a:1"), Some("https://b:2")),
            (&both[..1], Some("http://a:1"), None),
            (&both[1..], None, Some("https://b:2")),
            (&all, Some("socks5://c:3"), Some("http://d:4")),
            (&twice, Some("http://small:1"), None),
            (&emptied, None, Some("http://d:4")),
        ] {
            let proxies = proxies(variables).expect("they name a proxy");
            let got = (proxies.of("http", "h"), proxies.of("https", "h"));
            assert_eq!(got, (http, https), "{variables:?}");
        }
        assert!(proxies(&[]).is_none());
        assert!(proxies(&[("http_proxy", ""), ("no_proxy", "h")]).is_none());
    }

    #[test]
    fn some_hosts_are_reached_directly() {
        for (entries, directly, not) in [
            ("*", &["h", "127.0.0.1", "[::1]"][..], &[][..]),
            (
                "example.org",
                &["example.org", "www.Example.org", "example.org."],
                &["myexample.org", "org"],
            ),
            (".example.org", &["example.org", "a.b.example.org"], &["example.com"]),
            ("*.example.org", &["www.example.org"], &["example.com"]),
            ("a, b,c d", &["a", "b", "c", "d"], &["e"]),
            ("127.0.0.1", &["127.0.0.1"], &["127.0.0.2", "1"]),
            (
                "10.0.0.0/8, 192.168.7.0/24",
                &["10.255.1.2", "192.168.7.9"],
                &["11.0.0.1", "192.168.8.9"],
            ),
            ("::1, fd00::/8", &["[::1]", "[fd12::3]"], &["[::2]", "10.0.0.1"]),
            ("0.0.0.0/0", &["1.2.3.4"], &["h", "[::1]"]),
            ("10.0.0.0/x, /, .", &["10.0.0.0"], &["10.0.0.1", "h"]),
            ("", &[], &["h", "127.0.0.1"]),
        ] {
            let variables = [("http_proxy", "a:1"), ("no_proxy", entries)];
            let proxies = proxies(&variables).expect("they name a proxy");
            for (hosts, proxy) in [(directly, None), (not, Some("http://a:1"))] {
                for host in hosts {
                    assert_eq!(proxies.of("http", host), proxy, "{entries:?}: {host}");
                }
            }
        }
    }
}
