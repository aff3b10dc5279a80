//! The web site that the downloaders download from, without a network.
//!
//! It has the articles' two pages, `/jython` (about 10 KB) and `/dice` (about 300 bytes), and answers
//! each request a fixed latency after it came, however many others wait. A third page, `/record`,
//! answers at once with what the site saw: its [`SiteRecord`].
//!
//! A downloader brings it up as a process of its own, with [`start`]: so the site's work takes
//! nothing from the thread that is being timed, and its connections count against its own limit of
//! open files.
//!
//! It stays up whatever its clients do: connections that bring no request for a minute are closed, and
//! at most 20,000 are served at once ([`Limits`]).
//!
//! One site for a whole class is the program of the same name:
//!
//! ```text
//! cargo run -p practice_site -- --port 8000 --latency 50 --bind 0.0.0.0
//! ```

mod child;
mod pages;
mod server;

pub use child::{PracticeSite, be_the_site_if_asked, start};
pub use server::{Limits, Server, SiteRecord, SiteTimes};
