//! The web site that the downloaders download from, without a network.
//!
//! It has the articles' two pages, `/jython` (about 10 KB) and `/dice` (about 300 bytes), and answers
//! each request a fixed latency after it came, even if many others wait. A third page, `/record`, returns the site's
//! counts at once: its [`SiteRecord`]. `/` is a page for a browser, which shows them live. Below `/services/` there are ten
//! services ([`SERVICES`]) for a client that asks several at once.
//!
//! Crawlers find a small [`world`] of linked pages below `/world/`, and a `/robots.txt`; they count as pages do.
//!
//! A downloader starts it as a separate process, with [`start`]: so the site's work takes no time from the thread that
//! is being timed, and its connections count against its own limit of open files.
//!
//! No client can bring it down: connections without a request for a minute are closed, and at most 20,000 are served at
//! once ([`Limits`]).
//!
//! The program of the same name is a site that stays up. The program `class` is one for a whole class, with a board.

mod child;
mod options;
mod pages;
mod server;
mod services;
pub mod world;

pub use child::{PracticeSite, be_the_site_if_asked, start};
pub use options::{options, times};
pub use pages::scripted;
pub use server::{
    Body, LONGEST_STREAM, Limits, Pages, Seen, Server, SiteRecord, SiteTimes, response,
};
pub use services::{Conduct, SERVICES, Service};
