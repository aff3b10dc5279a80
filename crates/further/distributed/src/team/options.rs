//! The options, and the preparation of a run.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use calls::Calls;
use clap::{Arg, value_parser};
use common::{Done, Span};
use harness::options::{in_seconds, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, give_up};
use if_addrs::get_if_addrs;
use serde_json::Value;

use super::gather::{Awaited, MAGIC, VERSION};
use super::member::{self, Comes};
use super::{Farewell, TakePart, Team, Work, catch_broken_links, kill_early, text};

/// More processes than this are refused: each is connected with each.
const MOST_PROCESSES: usize = 64;

/// A copy of the book; its value is the number of its words.
const BOOK: Kind = Kind {
    noun: "book",
    verb: "counted",
    counted: "books",
    counts_alone: true,
    unit: Unit::Result,
    label,
    line,
    total: Total::None,
    only_computes: true,
    expected: None,
};

fn label(number: &str) -> String {
    format!("book {number}")
}

fn line(span: &Span, done: &Done) -> String {
    format!("{}: {} words", span.label, done.value)
}

/// Starts or awaits the processes of a run. In each process but the first, it does its share and never returns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// What each process does in each job.
    pub(crate) take_part: TakePart,
    /// The function to call.
    pub(crate) fib: fn(u64) -> u64,
    /// The program's own source.
    pub(crate) source: &'static str,
}

/// The source of the program that says this.
macro_rules! source {
    () => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../", file!()))
    };
}
pub(crate) use source;

impl Start {
    /// What all processes of a run must have in common.
    pub(super) fn identity(self) -> [(&'static str, Value); 5] {
        [
            ("magic", MAGIC.into()),
            ("protocol", VERSION.into()),
            ("program", env!("CARGO_CRATE_NAME").into()),
            ("source", text::digest(self.source).into()),
            ("book", text::digest(text::text()).into()),
        ]
    }
}

impl harness::Work for Start {
    type Items = Arc<Team>;

    fn enter(&self) {
        process_pool::serve(|()| |number| Ok::<_, Infallible>((self.fib)(number)));
        if let Some(role) = processes::role(member::ROLE) {
            member::serve(Comes::as_child(&role), *self);
        }
    }

    fn kinds(&self) -> Vec<&'static str> {
        vec![calls::CALL.noun, BOOK.noun]
    }

    fn limited(&self) -> &'static str {
        "threads or processes on this machine compute"
    }

    fn options(&self, lesson: &Lesson) -> Vec<Arg> {
        let file = Arg::new("hosts").long("hosts").value_name("FILE");
        let mut options = Calls.options(lesson);
        options.extend([
            numeric("books", "K", 1..=10_000_u64)
                .default_value("20")
                .help("How many copies of the course's book to count"),
            numeric("listen", "N", 2..=MOST_PROCESSES)
                .conflicts_with_all(["join", "hosts"])
                .help("Wait for others, until there are N processes on any machines: trusted networks only"),
            numeric("port", "PORT", 0..=65_535_u16)
                .default_value("7000")
                .help("The port for --listen; 0: any that is free"),
            Arg::new("join")
                .long("join")
                .value_name("ADDRESS:PORT")
                .conflicts_with_all(["hosts", "number", "calls", "books"])
                .help("Do a share of the work of the process that listens there, which says what there is to do"),
            file.value_parser(value_parser!(PathBuf)).requires("me").help(
                "Work with the processes of this file, a line ADDRESS:PORT each; all get the same options",
            ),
            numeric("me", "N", 1..=MOST_PROCESSES)
                .requires("hosts")
                .help("The line of --hosts that is this process; 1 is the first, which prints the result"),
            in_seconds("wait").default_value("60").help("How long to wait until all have come"),
        ]);
        options
    }

    fn prepare(self, setup: &mut Setup) -> Arc<Team> {
        let wait: Duration = setup.value("wait");
        if let Some(first) = setup.optional::<String>("join") {
            let first = address(&first)
                .unwrap_or_else(|why| setup.refuse(format!("--join {first}: {why}")));
            member::serve(Comes::joining(first, wait), self);
        }
        let numbers = Calls.prepare(setup);
        let (calls, books) = (numbers.len() as u64, setup.value("books"));
        let work = Work { number: setup.value("number"), calls, books };
        let hosts = setup.optional::<PathBuf>("hosts").zip(setup.optional::<usize>("me"));
        let hosts = hosts.map(|(file, me)| {
            let hosts = hosts_in(&file).and_then(|hosts| match hosts.len() {
                many if many < me => {
                    Err(format!("--me {me}: {} has only {many} lines", file.display()))
                }
                _ => Ok(hosts),
            });
            (hosts.unwrap_or_else(|why| setup.refuse(why)), me)
        });
        text::read().unwrap_or_else(|why| give_up(&why));
        if let Some((hosts, me)) = hosts.as_ref().filter(|(_, me)| *me > 1) {
            member::serve(Comes::as_host(hosts, *me, work, wait), self);
        }
        let mut right = HashMap::new();
        text::counts(&mut |(word, many)| _ = right.insert(word, many));
        setup.add(
            Kind { expected: Some(right.values().sum()), ..BOOK },
            usize::try_from(books).expect("it fits"),
        );
        // The others must end, too.
        setup.catch_ctrl_c();
        setup.limit_workers(numbers.len().min(MOST_PROCESSES));
        let listen: Option<usize> = setup.optional("listen");
        let (own, processes) = match (&hosts, listen) {
            (Some((hosts, _)), _) => (hosts[0], hosts.len()),
            (_, Some(processes)) => {
                ((Ipv4Addr::UNSPECIFIED, setup.value("port")).into(), processes)
            }
            _ => ((Ipv4Addr::LOCALHOST, 0).into(), setup.workers(numbers.len())),
        };
        let listener = listen_at(own).unwrap_or_else(|why| give_up(&why));
        let sections = setup.lesson.sections.iter().map(|section| section.name).collect();
        let team = Team::new(numbers, work, self, sections, processes);
        let _ = team.right.set(right);
        kill_early(&team);
        let links = team.clone();
        catch_broken_links(move |place| {
            links.lost(&format!("the connection between process 1 and process {} broke", place + 1))
        });
        let awaited = Awaited {
            listener,
            hosts: hosts.map(|(hosts, _)| hosts),
            are_children: listen.is_none() && setup.optional::<PathBuf>("hosts").is_none(),
            wait,
        };
        team.gather(awaited);
        setup.keep(Farewell(team.clone()));
        let tables = [team.clone(), team.clone()];
        let [bytes, all] = tables;
        setup.table("exchanged", move || bytes.table_of_bytes());
        setup.table("processes", move || all.table_of_processes());
        team
    }
}

/// Opens a port; an error is a sentence.
pub(super) fn listen_at(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .map_err(|error| format!("this machine cannot listen at {address}: {error}"))
}

/// Reads a file of addresses, one a line; the first is that of the first process.
fn hosts_in(file: &Path) -> Result<Vec<SocketAddr>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut hosts = Vec::new();
    for (number, line) in (1..).zip(text.trim_end().lines()) {
        let wrong = |why: String| format!("{}, line {number}: {why}", file.display());
        let host = address(line.trim()).map_err(wrong)?;
        if hosts.contains(&host) {
            return Err(wrong(format!("{host} is there twice")));
        }
        hosts.push(host);
    }
    match hosts.len() {
        0..2 => Err(format!("{}: it takes at least two lines, ADDRESS:PORT each", file.display())),
        many if many > MOST_PROCESSES => {
            Err(format!("{}: {many} lines are too many", file.display()))
        }
        _ => Ok(hosts),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let found =
        text.to_socket_addrs().map_err(|error| format!("'{text}' is no ADDRESS:PORT ({error})"))?;
    let mut found: Vec<SocketAddr> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| format!("'{text}' has no address"))
}

/// The address of this machine that others most likely reach.
pub(super) fn reachable() -> IpAddr {
    // The one on the way to the rest of the world. Nothing is sent.
    let way = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9))?;
        socket.local_addr()
    });
    let interfaces = get_if_addrs().unwrap_or_default();
    let others =
        interfaces.iter().filter(|it| !it.is_loopback() && it.ip().is_ipv4()).map(|it| it.ip());
    let way = way.ok().map(|way| way.ip()).filter(|way| !way.is_loopback());
    way.or_else(|| others.min()).unwrap_or(Ipv4Addr::LOCALHOST.into())
}
