//! The site to crawl: the world of a practice site, which is started for the run unless `--site` names one.

use std::time::Duration;

use clap::Arg;
use common::{Done, Span};
use harness::{Kind, Lesson, Setup, Total, Unit, Work};
use practice_site::world;
use processes::reserve_descriptors;
use reqwest::{Client, StatusCode, Url};

use crate::page::is_dead;

/// A visit by its URL; its value is how many bytes were read.
const VISIT: Kind = Kind {
    noun: "visit",
    verb: "visited",
    counted: "pages",
    counts_alone: true,
    unit: Unit::Bytes,
    label: str::to_owned,
    line,
    total: Total::Sum("bytes"),
    only_computes: false,
    expected: None,
};

fn line(span: &Span, done: &Done) -> String {
    let number =
        |name| done.details.iter().find(|(its, _)| *its == name).map_or(0, |(_, it)| it[0]);
    let (url, links) = (&span.label, number("links"));
    let status = StatusCode::from_u16(number("status") as u16).unwrap_or_default();
    match status {
        dead if is_dead(dead, links as usize) => format!("Dead: {dead}: {url}"),
        moved if moved.is_redirection() => format!("Moved: {moved}: {url}"),
        _ => {
            let plural = if links == 1 { "" } else { "s" };
            format!("Found {links} link{plural} in {} bytes of {url}", done.value)
        }
    }
}

/// Crawls the world of a practice site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World;

/// A site, by the page where the crawl begins.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) start: Url,
    /// Time limit for one page.
    timeout: Duration,
}

impl Site {
    /// A client with connections of its own. It follows no redirects: where one leads is a link like others, which may
    /// be known already, forbidden, or on another site.
    pub(crate) fn client(&self) -> Client {
        let http_clients::AsAnswered(client) = http_clients::session(self.timeout, false);
        client
    }

    /// Whether a link stays on the site: on the same port of the same host.
    pub(crate) fn has(&self, link: &Url) -> bool {
        link.origin() == self.start.origin()
    }
}

impl Work for World {
    type Items = Site;

    fn enter(&self) {
        practice_site::be_the_site_if_asked();
    }

    fn kinds(&self) -> Vec<&'static str> {
        vec![VISIT.noun]
    }

    fn limited(&self) -> &'static str {
        "pages may be in flight"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        let latency = downloads::latency().default_value("20").conflicts_with("site");
        vec![latency, downloads::site(), downloads::timeout()]
    }

    fn prepare(self, setup: &mut Setup) -> Site {
        let base = setup.optional("site").unwrap_or_else(|| {
            let latency = Duration::from_millis(setup.value("latency"));
            let (base, mut site) = downloads::own_site(latency);
            setup.remark(move |_| {
                let seen = site.seen(Duration::from_secs(1))?;
                let (requests, peak) = (seen.requests, seen.peak_in_flight);
                Some(format!("The site counted {requests} requests, at most {peak} at once."))
            });
            base
        });
        let start = format!("{}{}", base.trim_end_matches('/'), world::START);
        let start = Url::parse(&start).unwrap_or_else(|error| setup.refuse(error.to_string()));
        let timeout = setup.value("timeout");
        setup.takes_at_most(timeout);
        reserve_descriptors(world::PAGES + 64); // one for each page in flight
        // A crawler does not know this number; here it shows whether a page was missed.
        setup.add(VISIT, world::PAGES);
        Site { start, timeout }
    }
}
