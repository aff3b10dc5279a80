//! A part that reqwest leaves to others: a look-up of names that can be abandoned.

use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Looks up each name on its own thread. The system's call cannot be interrupted, and at its end an event loop waits
/// for the threads that it started itself: for 15 seconds, if the name server does not answer.
#[derive(Debug)]
pub(crate) struct OnThread;

impl Resolve for OnThread {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, addresses) = oneshot::channel();
        let look_up = move || {
            let addresses = (name.as_str(), 0).to_socket_addrs();
            let _ = sender.send(addresses.map(Iterator::collect::<Vec<SocketAddr>>));
        };
        let thread = thread::Builder::new().spawn(look_up);
        Box::pin(async move {
            thread?;
            let addresses: Addrs = Box::new(addresses.await??.into_iter());
            Ok::<_, Box<dyn Error + Send + Sync>>(addresses)
        })
    }
}
