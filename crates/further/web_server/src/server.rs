//! The options, and everything of a server that is not its threads: limits, counts, the door.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction};
use common::{Done, Span, is_cancelled};
use harness::figures::two_digits;
use harness::options::{MOST_ITEMS, bind, in_seconds, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, Work, give_up, lock, warn};
use processes::reserve_descriptors;
use timeline::Timeline;

use crate::clients::{self, Clients, Tally};
use crate::connection::News;
use crate::{Connection, Page, Request};

/// How long the main thread waits for an answered connection, before it asks all others whether something has arrived.
pub const TICK: Duration = Duration::from_millis(1);

/// The most connections, if the system allows as many. A further one is refused with 503 before it has asked for anything.
const MOST_CONNECTIONS: usize = 500;
/// For other open files: the listener, the clients' process, a diagram.
const OTHERS: usize = 8;
/// The most connections that are accepted in a row: then it is the turn of those that are there.
const MOST_IN_A_ROW: usize = 64;
/// This many bytes of a request are read at a time.
const CHUNK: usize = 16 * 1024;
/// Without `--requests`: how many the clients ask for in a section.
const REQUESTS: usize = 48;
/// No item comes for a day or more while nobody asks, and that is no hang.
const NO_END: Duration = Duration::from_secs(1_000_000_000);

/// A request by its path; its value is the size of the body.
const REQUEST: Kind = Kind {
    noun: "request",
    verb: "answered",
    counted: "requests",
    counts_alone: true,
    unit: Unit::Bytes,
    label: str::to_owned,
    line,
    total: Total::Sum("bytes"),
    only_computes: false,
    expected: None,
};

fn line(span: &Span, done: &Done) -> String {
    let status = done.details.iter().flat_map(|(_, status)| status).next();
    let status = status.map_or_else(String::new, |status| format!("{status}, "));
    format!("{}: {}: {status}{} bytes", span.worker, span.label, done.value)
}

/// A web server, and clients for it unless it serves others (`--serve`).
#[derive(Clone, Copy, Debug)]
pub struct Server;

/// A web server without its threads.
#[derive(Debug)]
pub struct Site {
    /// How many requests may wait for a worker.
    pub queue: usize,
    latency: Duration,
    timeout: Duration,
    /// How many connections there may be. As many again may be about to leave.
    most: usize,
    /// Each connection has a clone.
    open: Arc<()>,
    /// How many requests are taken: then it closes by itself.
    requests: u64,
    counts: Arc<Counts>,
    clients: Option<Arc<Clients>>,
    /// For `--serve`: open before the clock starts, with the first connection.
    door: Mutex<Option<(TcpListener, Vec<Connection>)>>,
}

/// What the server counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    requests: AtomicU64,
    busy: AtomicUsize,
    refused: Mutex<BTreeMap<u16, u64>>,
}

impl Counts {
    /// Requests that were taken or refused for want of room.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(SeqCst)
    }

    /// Requests and connections that were refused with this status.
    pub(crate) fn refused(&self, status: u16) -> u64 {
        self.all_refused().get(&status).copied().unwrap_or_default()
    }

    /// Workers that make a page now.
    pub(crate) fn busy(&self) -> usize {
        self.busy.load(SeqCst)
    }

    fn all_refused(&self) -> MutexGuard<'_, BTreeMap<u16, u64>> {
        lock(&self.refused)
    }
}

impl Work for Server {
    type Items = Site;

    fn enter(&self) {
        clients::be_the_clients_if_asked();
    }

    fn kinds(&self) -> Vec<&'static str> {
        vec![REQUEST.noun]
    }

    fn limited(&self) -> &'static str {
        "requests may be in progress"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        let help = format!(
            "How many requests: then it ends [default: {REQUESTS} in each part; with --serve, {MOST_ITEMS}]"
        );
        vec![
            numeric("latency", "MS", 0..=60_000u64)
                .default_value("50")
                .help("How long /jython and /dice wait, as for a database, in milliseconds"),
            numeric("requests", "N", 1..=MOST_ITEMS).help(help),
            numeric("queue", "N", 1..=1_000usize)
                .default_value("64")
                .help("How many requests may wait for a worker; a further one is refused with 503"),
            in_seconds("timeout")
                .default_value("10")
                .help("How long a client may take to send a request, or be silent"),
            numeric("clients", "N", 1..=400usize)
                .default_value("16")
                .conflicts_with("serve")
                .help("How many clients ask, each for one page after another"),
            numeric("slow", "N", 0..=100usize)
                .default_value("4")
                .conflicts_with("serve")
                .help("How many more clients send their request byte by byte, and never all of it"),
            Arg::new("path")
                .long("path")
                .value_name("PATH")
                .default_value("/jython")
                .value_parser(ValueParser::from(path))
                .conflicts_with("serve")
                .help("The page that the clients ask for; /fib/35 computes"),
            Arg::new("serve").long("serve").action(ArgAction::SetTrue).help(
                "Serve a browser or other programs, until Ctrl-C; the clock starts with the first",
            ),
            bind(
                "The address to listen on; 0.0.0.0 means all of this machine [default: 127.0.0.1]",
            )
            .requires("serve"),
            numeric("port", "N", 0..=u16::MAX)
                .requires("serve")
                .help("The port to listen on; 0 picks a free one [default: 8000]"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Site {
        let latency = Duration::from_millis(setup.value("latency"));
        let requests: Option<usize> = setup.optional("requests");
        let counts = Arc::<Counts>::default();
        let there = reserve_descriptors(2 * MOST_CONNECTIONS + OTHERS).saturating_sub(OTHERS);
        let (most, open) = ((there / 2).max(1), Arc::default());
        let (mut clients, mut door) = (None, None);
        let requests = if setup.flag("serve") {
            // One part only, of unknown length.
            setup.lesson.sections.clear();
            setup.takes_at_most(NO_END);
            setup.catch_ctrl_c();
            if most < MOST_CONNECTIONS {
                warn_of(most);
            }
            door = Some(open_door(setup, &open));
            requests.unwrap_or(MOST_ITEMS)
        } else {
            let requests = requests.unwrap_or(REQUESTS);
            let (many, slow) = (setup.value("clients"), setup.value("slow"));
            let path: String = setup.value("path");
            if most < many + slow {
                warn_of(most);
            }
            let patience = patience(&path, latency, many);
            let plan = clients::Plan { clients: many, requests, slow, patience, path };
            setup.takes_at_most(Duration::from_secs(10) + latency);
            let (started, process) = clients::start(&plan)
                .unwrap_or_else(|error| give_up(&format!("the clients did not start: {error}")));
            setup.keep(process);
            let started = Arc::new(started);
            clients = Some(started.clone());
            setup.remark(rates);
            setup.remark(move |_| counted(&started));
            requests
        };
        setup.add(REQUEST, requests);
        let its_counts = counts.clone();
        setup.remark(move |_| refused(&its_counts));
        Site {
            queue: setup.value("queue"),
            latency,
            timeout: setup.value("timeout"),
            most,
            open,
            requests: if clients.is_some() { u64::MAX } else { requests as u64 },
            counts,
            clients,
            door: Mutex::new(door),
        }
    }
}

fn warn_of(most: usize) {
    warn(&format!(
        "the system allows this process few open files (`ulimit -n`): more than {most} connections at once are refused with 503"
    ));
}

/// How long a client waits for an answer: while all others are served before it, by one worker, and some time more.
fn patience(path: &str, latency: Duration, clients: usize) -> Duration {
    let all = Page::time(path, latency) * u32::try_from(clients).unwrap_or(u32::MAX);
    Duration::from_secs(30) + 2 * all
}

/// A path that can be asked for.
fn path(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains('#');
    if text.starts_with('/') && is_plain && text.len() <= 1_000 {
        return Ok(text.into());
    }
    Err("it takes a path such as /jython".into())
}

/// Listens where the arguments say, says so, and waits for the first connection.
fn open_door(setup: &Setup, open: &Arc<()>) -> (TcpListener, Vec<Connection>) {
    let address = SocketAddr::new(
        setup.optional("bind").unwrap_or(Ipv4Addr::LOCALHOST.into()),
        setup.optional("port").unwrap_or(8_000),
    );
    let listener = listen(address)
        .unwrap_or_else(|error| give_up(&format!("no server at {address}: {error}")));
    let address = listener.local_addr().unwrap_or(address);
    // 0.0.0.0 stands for all addresses of a machine; other machines need one of them.
    let site = if address.ip().is_unspecified() {
        format!("http://THIS-MACHINE:{}", address.port())
    } else {
        format!("http://{address}")
    };
    let sentence = format!(
        "The server is at {site}: for a browser, or for a downloader with --site {site}. Ctrl-C ends it."
    );
    // The server is up even if this line is not read.
    let _ = if setup.flag("json") || setup.flag("quiet") {
        writeln!(io::stderr(), "{sentence}")
    } else {
        writeln!(io::stdout(), "{sentence}")
    };
    while !is_cancelled() {
        if let Some(first) = accept(&listener, open) {
            return (listener, vec![first]);
        }
        thread::sleep(TICK);
    }
    (listener, Vec::new())
}

/// A listener that does not wait for connections.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The next connection, if there is one. If the system has no room for it now, it stays where it waits.
fn accept(listener: &TcpListener, open: &Arc<()>) -> Option<Connection> {
    let (stream, _) = listener.accept().ok()?;
    Connection::new(stream, open).ok()
}

impl Site {
    /// Whether it has clients of its own, which do the same several times.
    pub fn has_clients(&self) -> bool {
        self.clients.is_some()
    }

    /// Opens the door: returns the listener, and the connections that are there already.
    pub fn open(&self) -> (TcpListener, Vec<Connection>) {
        let door = lock(&self.door).take();
        door.unwrap_or_else(|| {
            let opened = listen((Ipv4Addr::LOCALHOST, 0).into())
                .and_then(|listener| Ok((listener.local_addr()?, listener)));
            let (address, listener) =
                opened.unwrap_or_else(|error| give_up(&format!("no port to listen on: {error}")));
            self.clients.iter().for_each(|clients| clients.begin(address));
            (listener, Vec::new())
        })
    }

    /// Whether it goes on: until Ctrl-C, or until its clients have asked for everything.
    pub fn is_open(&self) -> bool {
        let is_wanted = self.clients.as_ref().is_none_or(|clients| clients.are_asking());
        is_wanted && self.counts.requests() < self.requests && !is_cancelled()
    }

    /// Adds the connections that have come. Returns at once.
    pub fn accept(&self, listener: &TcpListener, lobby: &mut Vec<Connection>) {
        for _ in 0..MOST_IN_A_ROW {
            let Some(mut connection) = accept(listener, &self.open) else { return };
            // With this one, in the lobby, in the queue and with the workers.
            let connections = Arc::strong_count(&self.open) - 1;
            if connections > self.most {
                self.refuse(&mut connection, 503);
            }
            // One that was refused stays a moment, so that its client can read why, if there is room for it.
            if connections <= 2 * self.most {
                lobby.push(connection);
            }
        }
    }

    /// Reads what has arrived, and takes out the connections that have sent a whole request. Returns at once.
    pub fn whole_requests(&self, lobby: &mut Vec<Connection>) -> Vec<(Connection, Request)> {
        let (mut whole, mut at, mut arrived) = (Vec::new(), 0, [0; CHUNK]);
        while let Some(connection) = lobby.get_mut(at) {
            match connection.read(self.timeout, &mut arrived) {
                News::Asks(request) if self.counts.requests() < self.requests => {
                    self.counts.requests.fetch_add(1, SeqCst);
                    whole.push((lobby.swap_remove(at), request));
                    continue;
                }
                News::Gone => {
                    lobby.swap_remove(at);
                    continue;
                }
                News::Asks(_) => self.refuse(connection, 503),
                News::Bad(status) => self.refuse(connection, status),
                News::Waits => {}
            }
            at += 1;
        }
        whole
    }

    /// The page that a request asks for: takes its time.
    pub fn page(&self, request: &Request) -> Page {
        self.counts.busy.fetch_add(1, SeqCst);
        let page = Page::asked_for(request, self.latency, &self.counts);
        self.counts.busy.fetch_sub(1, SeqCst);
        page
    }

    /// Says no, with this status, and ends the connection. Returns at once.
    pub fn refuse(&self, connection: &mut Connection, status: u16) {
        *self.counts.all_refused().entry(status).or_default() += 1;
        connection.refuse(status);
    }

    /// Ends all these connections. Whoever has asked for something is told that it is too late.
    pub fn close(&self, lobby: Vec<Connection>) {
        for mut connection in lobby {
            if let News::Asks(_) = connection.read(self.timeout, &mut [0; CHUNK]) {
                self.refuse(&mut connection, 503);
            }
        }
    }
}

/// Requests per second, compared with the first part.
fn rates(timeline: &Timeline) -> Option<String> {
    let rates = timeline.sections.iter().map(|section| {
        let its = timeline.section(section);
        let done = its.spans.iter().filter(|it| it.failed.is_none() && !it.is_annotation);
        (&section.name, done.count() as f64 / its.took.as_secs_f64())
    });
    let [(first, one), (second, all)] =
        rates.collect::<Vec<_>>().try_into().ok().filter(|_| !is_cancelled())?;
    let times = Some(all / one).filter(|times| times.is_finite());
    let times =
        times.map_or_else(String::new, |times| format!(", {} times as many", two_digits(times)));
    Some(format!("Requests a second: {first} {one:.0}, {second} {all:.0}{times}."))
}

/// What the clients counted.
fn counted(clients: &Clients) -> Option<String> {
    let Some(Tally { answered, refused, lost, longest }) = clients.tally() else {
        return Some("The clients' process ended early.".into());
    };
    Some(format!(
        "The clients counted {answered} answers, {refused} refusals (503) and {lost} without an answer; they waited \
         {:.3} s at most.",
        longest.as_secs_f64()
    ))
}

/// What the server refused.
fn refused(counts: &Counts) -> Option<String> {
    let all = counts.all_refused();
    let refused: Vec<String> =
        all.iter().map(|(status, many)| format!("{many} with {status}")).collect();
    (!refused.is_empty()).then(|| format!("The server refused {}.", refused.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 clients that wait for one worker.
    #[test]
    fn clients_wait_longer_for_a_page_that_computes_longer() {
        let patience = |path| patience(path, Duration::ZERO, 400);
        let long = (0..5).map(|_| Page::time("/fib/32", Duration::ZERO)).min().unwrap_or_default();
        assert!(patience("/fib/32") > patience("/fib/20") + 400 * long);
        assert_eq!(patience("/jython"), Duration::from_secs(30));
    }
}
