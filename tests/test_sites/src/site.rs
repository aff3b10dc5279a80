//! The practice site in the process of a test.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use practice_site::{Server, SiteRecord};

/// A practice site on a thread of this process, so that a test can read its record.
pub struct Site {
    /// Its URL.
    pub url: String,
    /// Its counts.
    pub record: Arc<SiteRecord>,
}

impl Site {
    /// Starts it with this latency in milliseconds. It ends with the test.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn start(latency: u64) -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::bind(any_port, Duration::from_millis(latency)).expect("a free port");
        let url = format!("http://{}", server.address().expect("an address"));
        let record = server.record();
        thread::spawn(|| server.run());
        Self { url, record }
    }

    /// Waits until no request is in flight and none has come for two seconds. A shorter time would take a client that waits
    /// for a core on a busy machine for one that has finished.
    pub fn wait_until_idle(&self) {
        let mut before = u64::MAX;
        while self.record.in_flight() > 0 || self.record.requests() != before {
            before = self.record.requests();
            thread::sleep(Duration::from_secs(2));
        }
    }

    /// Its final counts: the most requests in flight at once, the connections, and the requests.
    ///
    /// # Panics
    /// When a request is still in flight.
    pub fn seen(&self) -> (u64, u64, u64) {
        assert_eq!(self.record.in_flight(), 0);
        (self.record.peak_in_flight(), self.record.connections(), self.record.requests())
    }
}
