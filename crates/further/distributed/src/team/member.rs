//! Each process but the first: it introduces itself, does its share of each job, and ends when the first says so or is
//! gone.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use common::{Run, is_cancelled};
use harness::{give_up, warn};
use serde_json::{Value, json};

use super::gather::{ENDED, MAGIC, VERSION};
use super::link::{self, Incoming, Link, Mesh, SOON, TICK, halves};
use super::options::{end, listen_at};
use super::records::{Sent, nanos};
use super::{Job, TakePart, What, Work, catch_broken_links, links, text};

/// The role of a process that the first one starts.
pub(super) const ROLE: &str = "DISTRIBUTED_PROCESS";

/// How a process comes to a run.
pub(super) struct Comes {
    /// Where the first one listens.
    first: SocketAddr,
    /// Where this one listens, if a file says so.
    own: Option<SocketAddr>,
    /// What it says of itself.
    hello: Value,
    /// How long it tries to reach the first.
    wait: Duration,
    is_child: bool,
}

impl Comes {
    /// Started by the first, on its machine.
    pub(super) fn as_child(role: &str) -> Self {
        let (first, token) = role.split_once(' ').unwrap_or_default();
        let first = first.parse().unwrap_or_else(|_| process::exit(1));
        let hello = json!({ "token": token.parse::<u64>().unwrap_or_default() });
        Self { first, own: None, hello, wait: SOON, is_child: true }
    }

    /// By the line that the first printed.
    pub(super) fn joining(first: SocketAddr, wait: Duration) -> Self {
        Self { first, own: None, hello: json!({}), wait, is_child: false }
    }

    /// As a line of a file of hosts, counted from 1.
    pub(super) fn as_host(hosts: &[SocketAddr], me: usize, work: Work, wait: Duration) -> Self {
        let Work { number, calls, books } = work;
        let hello = json!({ "me": me, "work": [hosts.len(), number, calls, books] });
        Self { first: hosts[0], own: Some(hosts[me - 1]), hello, wait, is_child: false }
    }
}

/// Takes part until the end of the run.
pub(super) fn serve(comes: Comes, take_part: TakePart) -> ! {
    let is_child = comes.is_child;
    if is_child {
        // Ctrl-C is for the first, and its end is the end of this input.
        let _ = processes::pass_over_ctrl_c();
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            process::exit(1)
        });
    }
    text::read().unwrap_or_else(|why| end(is_child, &why));
    let (link, mut incoming) = reach(&comes).unwrap_or_else(|why| end(is_child, &why));
    let link = Arc::new(link);
    // Its clock starts here, and the first reads it.
    let run = Run::start(1, Sent(link.clone()));
    let hello = json!({ "magic": MAGIC, "version": VERSION, "text": text::digest() });
    link.send(&merged(hello, &comes.hello));
    let welcome = introduce(&comes, run, &link, &mut incoming);
    let (mesh, work) = welcome.unwrap_or_else(|why| end(is_child, &why));
    let own = mesh.own + 1;
    catch_broken_links(move |place| {
        end(
            is_child,
            &format!("the connection between process {own} and process {} broke", place + 1),
        )
    });
    thread::spawn({
        let link = link.clone();
        move || loop {
            link.send(&Value::Null);
            thread::sleep(TICK);
        }
    });
    // The first may be stopped by Ctrl-Z: then its children wait for it.
    incoming.counts_silence = !is_child;
    let (sender, jobs) = mpsc::channel();
    let first = comes.first;
    thread::spawn(move || obey(incoming, &sender, is_child, first));
    loop {
        let Ok((what, number)) = jobs.recv() else { park() };
        let before = link::sent();
        let links = match mesh.connect(number).map(links(mesh.own)) {
            Ok(links) => links,
            Err(why) => {
                link.send(&json!({ "failed": why }));
                park() // the first tells all
            }
        };
        let (results, _received) = mpsc::channel();
        take_part(links, Job { what, run, numbers: &[], books: work.books, results });
        link.send(&json!({ "sent": link::sent() - before }));
    }
}

/// Does what the first says, and ends this process with it.
fn obey(
    mut incoming: Incoming,
    jobs: &Sender<(What, u64)>,
    is_child: bool,
    first: SocketAddr,
) -> ! {
    loop {
        let message = incoming.next(None).unwrap_or_else(|gone| {
            end(is_child, &format!("the first process at {} is lost: {}", first.ip(), gone.words()))
        });
        if let Some(why) = message["lost"].as_str() {
            end(is_child, why);
        }
        if message == "end" {
            if is_cancelled() {
                end(is_child, ENDED);
            }
            if !is_child {
                say(&format!("The run is over; this process has sent {} bytes.", link::sent()));
            }
            process::exit(0)
        } else if message == "cancel" {
            common::cancel();
        }
        let what = What::numbered(&message["what"]);
        if let Some(job) = what.zip(message["job"].as_u64()) {
            let _ = jobs.send(job);
        }
    }
}

/// Connects with the first, which may not listen yet.
fn reach(comes: &Comes) -> Result<(Link, Incoming), String> {
    let until = Instant::now() + comes.wait;
    let mut is_told = comes.is_child;
    loop {
        match TcpStream::connect_timeout(&comes.first, SOON.min(comes.wait)).and_then(halves) {
            Ok(halves) => return Ok(halves),
            Err(error) if Instant::now() > until => {
                let wait = comes.wait.as_secs_f64();
                return Err(format!(
                    "the first process at {} is not reached within {wait} s: {error}",
                    comes.first
                ));
            }
            Err(error) => {
                if !is_told {
                    warn(&format!("waits for the first process at {}: {error}", comes.first));
                    is_told = true;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Answers the questions of the first, until all have come.
fn introduce(
    comes: &Comes,
    run: &Run,
    link: &Link,
    incoming: &mut Incoming,
) -> Result<(Mesh, Work), String> {
    let mut own = None::<(usize, TcpListener)>;
    incoming.counts_silence = !comes.is_child;
    loop {
        let message = incoming.next(None).map_err(|gone| {
            format!("the first process at {} is lost: {}", comes.first.ip(), gone.words())
        })?;
        if let Some(why) = message["lost"].as_str() {
            return Err(why.into());
        }
        if message == "time" {
            link.send(&json!({ "time": nanos(run.started.elapsed()) }));
        } else if let Some(place) = message["seat"].as_u64() {
            let address = match comes.own {
                Some(own) => Ok(own),
                None => incoming.own().map(|ip| (ip, 0).into()).map_err(|error| error.to_string()),
            };
            let listener = address.and_then(listen_at).and_then(|listener| {
                let port = listener.local_addr().map_err(|error| error.to_string())?.port();
                link.send(&json!({ "port": port }));
                Ok(listener)
            });
            let place = usize::try_from(place).unwrap_or_default();
            match listener {
                Ok(listener) => {
                    if !comes.is_child {
                        let (place, of, first) = (place + 1, &message["of"], comes.first);
                        say(&format!("Process {place} of {of}; the first is at {first}."));
                    }
                    own = Some((place, listener));
                }
                Err(why) => {
                    let why = format!("process {}: {why}", place + 1);
                    link.send(&json!({ "failed": why }));
                    return Err(why);
                }
            }
        } else if let Some((own, listener)) = own.take_if(|_| message["welcome"].is_object()) {
            return welcome(&message["welcome"], own, listener, comes.first)
                .ok_or_else(|| "the first process sends nonsense".into());
        }
    }
}

fn welcome(
    message: &Value,
    own: usize,
    listener: TcpListener,
    first: SocketAddr,
) -> Option<(Mesh, Work)> {
    let run = message["run"].as_u64()?;
    let addresses = message["addresses"].as_array()?.iter().map(|it| it.as_str()?.parse().ok());
    let mut addresses = addresses.collect::<Option<Vec<SocketAddr>>>()?;
    // The first knows itself by no address, or by another one.
    addresses.first_mut()?.set_ip(first.ip());
    let [number, calls, books] = [0, 1, 2].map(|at| message["work"][at].as_u64());
    let work = Work { number: number?, calls: calls?, books: books? };
    (own < addresses.len()).then_some((Mesh { own, addresses, listener, run }, work))
}

fn merged(mut hello: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        hello[name] = value.clone();
    }
    hello
}

/// Waits for the end of the process, which another thread brings.
fn park() -> ! {
    loop {
        thread::park();
    }
}

fn say(line: &str) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        give_up(&format!("the output cannot be written: {error}"));
    }
}
