//! What reqwest leaves to others: a look-up of names that can be given up.

use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Looks each name up on a thread of its own. The system's call cannot be interrupted, and an event loop waits in the
/// end for the threads that it started itself: with a name server that does not answer, for 15 seconds.
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
