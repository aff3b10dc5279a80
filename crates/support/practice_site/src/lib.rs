//! The web site that the downloaders download from, without a network.
//!
//! It has the articles' two pages, `/jython` (about 10 KB) and `/dice` (about 300 bytes), and answers
//! each request a fixed latency after it came, even if many others wait. A third page, `/record`, returns the site's
//! counts at once: its [`SiteRecord`].
//!
//! A downloader starts it as a separate process, with [`start`]: so the site's work takes no time from the thread that
//! is being timed, and its connections count against its own limit of open files.
//!
//! No client can bring it down: connections without a request for a minute are closed, and at most 20,000 are served at
//! once ([`Limits`]).
//!
//! The program of the same name is one site for a whole class:
//!
//! ```text
//! cargo run -p practice_site -- --port 8000 --latency 50 --bind 0.0.0.0
//! ```

mod child;
mod pages;
mod server;

pub use child::{PracticeSite, be_the_site_if_asked, start};
pub use server::{Limits, Seen, Server, SiteRecord, SiteTimes};
