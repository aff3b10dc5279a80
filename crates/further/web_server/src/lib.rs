//! The parts of a web server that are not the idea of its lesson: HTTP over one connection, the pages, the options, and
//! the clients that come when it runs by itself.
//!
//! It speaks enough of HTTP/1.1 for browsers and for the course's downloaders. It leaves out what a server for the
//! internet has: TLS, the header `Date`, bodies in chunks (411), files, and the system's notice of which connections are
//! ready (epoll), in place of which it asks each of them.

mod clients;
mod connection;
mod pages;
mod server;

pub use connection::{Connection, Request};
pub use pages::Page;
pub use server::{Server, Site, TICK};
