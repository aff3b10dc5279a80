//! Each process but the first: it introduces itself, does its share of each job, and ends when the first says so or is
//! gone.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use common::Run;
use harness::{give_up, warn};
use serde_json::{Value, json};

use super::link::{self, Counted, Incoming, Link, Mesh, SOON, TICK, WATCH, halves};
use super::options::listen_at;
use super::records::{Sent, nanos};
use super::{Job, Start, What, Work, catch_broken_links, links, text, wait_for_the_end};

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

    /// Ends this process with a sentence, unless the first says it on the same terminal.
    fn end(&self, why: &str) -> ! {
        if self.is_child {
            process::exit(1)
        }
        give_up(why)
    }

    /// Connects with the first, which may not listen yet.
    fn reach(&self) -> (Link, Incoming) {
        let until = Instant::now() + self.wait;
        let mut is_told = self.is_child;
        loop {
            let rest = until.saturating_duration_since(Instant::now()).max(TICK / 10);
            match TcpStream::connect_timeout(&self.first, SOON.min(rest)).and_then(halves) {
                Ok(halves) => return halves,
                Err(error) if Instant::now() > until => {
                    let (first, wait) = (self.first, self.wait.as_secs_f64());
                    self.end(&format!(
                        "the first process at {first} is not reached within {wait} s: {error}"
                    ));
                }
                Err(error) => {
                    if !is_told {
                        warn(&format!("waits for the first process at {}: {error}", self.first));
                        is_told = true;
                    }
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    /// The next message of the first; ends this process if the run cannot go on, or the first is gone.
    fn hear(&self, incoming: &mut Incoming) -> Value {
        let message = incoming.next(None).unwrap_or_else(|gone| {
            let (first, gone) = (self.first.ip(), gone.words());
            self.end(&format!("the first process at {first} is lost: {gone}"))
        });
        if let Some(why) = message["lost"].as_str() {
            self.end(why);
        }
        message
    }

    /// Takes a seat and answers the questions of the first, until all have come.
    fn introduce(&self, run: &Run, link: &Link, incoming: &mut Incoming) -> (Mesh, Work) {
        incoming.counts_silence = !self.is_child;
        let seat = self.hear(incoming);
        let place = seat["seat"].as_u64().and_then(|place| usize::try_from(place).ok());
        let place = place.unwrap_or_else(|| self.end("the first process sends nonsense"));
        let address = match self.own {
            Some(own) => Ok(own),
            None => incoming.own().map(|ip| (ip, 0).into()).map_err(|error| error.to_string()),
        };
        let listener = address.and_then(listen_at).and_then(|listener| {
            let port = listener.local_addr().map_err(|error| error.to_string())?.port();
            link.send(&json!({ "port": port }));
            Ok(listener)
        });
        let listener = listener.unwrap_or_else(|why| {
            let why = format!("process {}: {why}", place + 1);
            link.send(&json!({ "failed": why }));
            self.end(&why)
        });
        if !self.is_child {
            say(&format!(
                "Process {} of {}; the first is at {}.",
                place + 1,
                seat["of"],
                self.first
            ));
        }
        loop {
            let mut message = self.hear(incoming);
            if message == "time" {
                link.send(&json!({ "time": nanos(run.started.elapsed()) }));
            } else if message["welcome"].is_array() {
                let welcome = self.welcome(message["welcome"].take(), place, listener);
                return welcome.unwrap_or_else(|| self.end("the first process sends nonsense"));
            }
        }
    }

    fn welcome(&self, message: Value, own: usize, listener: TcpListener) -> Option<(Mesh, Work)> {
        type Welcome = (u64, Vec<SocketAddr>, [u64; 3]);
        let (run, mut addresses, [number, calls, books]): Welcome =
            serde_json::from_value(message).ok()?;
        // The first knows itself by no address, or by another one.
        addresses.first_mut()?.set_ip(self.first.ip());
        let mesh = Mesh { own, addresses, listener, run };
        (own < mesh.addresses.len()).then_some((mesh, Work { number, calls, books }))
    }

    /// Does what the first says, and ends this process with it.
    fn obey(&self, mut incoming: Incoming, jobs: &Sender<(What, u64)>) -> ! {
        loop {
            let message = self.hear(&mut incoming);
            if message == "end" {
                if !self.is_child {
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
}

/// Takes part until the end of the run.
pub(super) fn serve(mut comes: Comes, start: Start) -> ! {
    let is_child = comes.is_child;
    if is_child {
        // Ctrl-C is for the first, and its end is the end of this input.
        let _ = processes::pass_over_ctrl_c();
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            process::exit(1)
        });
    }
    text::read().unwrap_or_else(|why| comes.end(&why));
    let (link, mut incoming) = comes.reach();
    let link = Arc::new(link);
    // Its clock starts here, and the first reads it.
    let run = Run::start(1, Sent(link.clone()));
    let mut hello = comes.hello.take();
    for (name, value) in start.identity() {
        hello[name] = value;
    }
    link.send(&hello);
    say_it_lives(link.clone());
    let (mesh, work) = comes.introduce(run, &link, &mut incoming);
    let (sender, jobs) = mpsc::channel();
    thread::spawn(move || comes.obey(incoming, &sender));
    // The first tells all. If it misses the other process as well, that is the better sentence: so it gets the time to.
    let failed = {
        let link = link.clone();
        move |why: &str| link.send(&json!({ "failed": why }))
    };
    let own = mesh.own + 1;
    catch_broken_links({
        let failed = failed.clone();
        move |place| {
            let place = place + 1;
            failed(&format!("the connection between process {own} and process {place} broke"));
        }
    });
    let connect = |job| {
        mesh.connect(job).unwrap_or_else(|why| {
            thread::sleep(4 * TICK);
            failed(&why);
            wait_for_the_end()
        })
    };
    // Children are on one machine, where no line can break.
    if !is_child {
        watch(connect(WATCH), own, &failed);
        link.send(&json!({ "watches": true }));
    }
    loop {
        let Ok((what, number)) = jobs.recv() else { wait_for_the_end() };
        let before = link::sent();
        let links = links(mesh.own)(connect(number));
        let (results, _received) = mpsc::channel();
        (start.take_part)(links, Job { what, run, numbers: &[], books: work.books, results });
        link.send(&json!({ "sent": link::sent() - before }));
    }
}

/// Watches the other processes: the line between two of them may be broken while both reach the first.
fn watch(
    others: Vec<Option<Counted>>,
    own: usize,
    failed: &(impl Fn(&str) + Clone + Send + 'static),
) {
    for (place, other) in (1..).zip(others).skip(1) {
        let Some(Counted(stream)) = other else { continue };
        let failed = failed.clone();
        thread::spawn(move || {
            if let Ok((link, mut incoming)) = halves(stream) {
                say_it_lives(Arc::new(link));
                let _ = incoming.next(None); // it is silent, or gone
            }
            thread::sleep(4 * TICK);
            failed(&format!("process {own} no longer hears process {place}"));
        });
    }
}

/// Says each tick that this process lives.
fn say_it_lives(link: Arc<Link>) {
    thread::spawn(move || {
        loop {
            link.send(&Value::Null);
            thread::sleep(TICK);
        }
    });
}

fn say(line: &str) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        give_up(&format!("the output cannot be written: {error}"));
    }
}
