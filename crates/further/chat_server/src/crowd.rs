//! The crowd that visits the chat: options, messages as items of the run, and the table of what each way of serving cost.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, ExitCode};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{mem, thread};

use clap::{Arg, ArgAction};
use common::{Done, Run, Span, is_cancelled};
use cpu_time::{ProcessTime, ThreadTime};
use futures_util::stream::{self, StreamExt};
use harness::options::{MOST_ITEMS, bind, numeric};
use harness::{Kind, Lesson, Setup, Total, Unit, Work, figures, give_up, lock, warn};
use processes::{reserve_descriptors, this_program_again};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use thread_clock::{Usage, add_work};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::clients::{ROLE, be_the_clients_if_asked};
use crate::room::{CAPACITY, Manners, Room, TIME_FOR_A_NAME};

/// More deliveries than this are refused: they would take half an hour.
const MOST_DELIVERIES: u64 = 100_000_000;
/// More connections than this are refused.
const MOST_CLIENTS: usize = 20_000;
/// For other open files, and for more guests than were asked for.
const OTHERS: usize = 32;
/// What the system keeps for a client that does not read, in bytes; Linux takes twice as much for its own records. By
/// default these are megabytes.
const SEND_BUFFER: usize = 8 * 1024;
/// How many connections may wait to be accepted, as far as the system allows.
const BACKLOG: i32 = 4_096;
/// The longest that guests take to leave.
const GRACE: Duration = Duration::from_secs(2);

/// A message by its number; its value is how many clients received it.
const MESSAGE: Kind = Kind {
    noun: "message",
    verb: "delivered",
    counted: "messages",
    counts_alone: true,
    unit: Unit::Result,
    label: str::to_owned,
    line,
    total: Total::Sum("deliveries"),
    only_computes: false,
    expected: None,
};

fn line(span: &Span, done: &Done) -> String {
    let took = span.end.saturating_sub(span.start);
    format!(
        "{}: {} clients had it after {:.1} ms",
        span.label,
        done.value,
        took.as_secs_f64() * 1e3
    )
}

/// A chat with many clients, or with `--serve` for whoever comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd;

/// What the chat is to do, and what it has done.
#[derive(Debug)]
pub(crate) struct Visits {
    readers: usize,
    sleepers: usize,
    messages: usize,
    /// The most connections, if there is a limit.
    room: Option<usize>,
    /// The address for people, in place of the clients.
    serve: Option<SocketAddr>,
    clients: Mutex<Option<Clients>>,
    figures: Arc<Mutex<Vec<Figures>>>,
}

/// The figures of one way of serving.
#[derive(Clone, Debug, Default)]
struct Figures {
    way: &'static str,
    clients: u64,
    refused: u64,
    sent: u64,
    /// As the clients counted.
    delivered: u64,
    missed: u64,
    /// As the server counted: sent, delivered, missed.
    server: [u64; 3],
    /// Half of the deliveries, and 99% of them, took no longer.
    delays: [Duration; 2],
    /// What the memory of this process grew by for a connection, in bytes; `None` if the system does not tell.
    memory: Option<u64>,
    /// How many threads this process had.
    threads: Option<u64>,
    /// The server's CPU time for a delivery.
    working: Duration,
}

/// The clients' process.
#[derive(Debug)]
struct Clients {
    way: &'static str,
    /// The memory of this process before they came, in KB.
    resident: Option<u64>,
    child: Child,
    commands: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Answers>>,
}

/// Receives the numbers of an answer, or why there is none.
type Waits = oneshot::Sender<Result<Vec<u64>, String>>;

/// Answers of the clients' process, by their first words.
#[derive(Debug, Default)]
struct Answers {
    expected: BTreeMap<String, Waits>,
    /// Those for which nobody waits yet.
    early: BTreeMap<String, Vec<u64>>,
    /// Why there will be no more.
    lost: Option<String>,
}

impl Work for Crowd {
    type Items = Visits;

    fn enter(&self) {
        be_the_clients_if_asked();
    }

    fn kinds(&self) -> Vec<&'static str> {
        vec![MESSAGE.noun]
    }

    fn limited(&self) -> &'static str {
        "messages may be on their way"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        vec![
            numeric("clients", "N", 1..=MOST_CLIENTS)
                .default_value("1000")
                .help("How many clients read"),
            numeric("asleep", "N", 0..=MOST_CLIENTS)
                .default_value("1")
                .help("How many more come in and do not read until all is said"),
            numeric("room", "N", 1..=MOST_CLIENTS)
                .help("How many connections are let in [default: as many as the system carries]"),
            numeric("messages", "N", 1..=MOST_ITEMS)
                .default_value("500")
                .help("How many messages the clients send, in turn"),
            Arg::new("serve")
                .long("serve")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["clients", "asleep", "messages"])
                .help("Be a chat for people, until Ctrl-C: `nc` and `telnet` are clients"),
            bind(
                "The address to listen on; 0.0.0.0 means all of this machine [default: 127.0.0.1]",
            )
            .requires("serve"),
            numeric("port", "PORT", 0..=u16::MAX)
                .requires("serve")
                .help("The port; 0 means any that is free [default: 7000]"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Visits {
        let serve = setup.flag("serve").then(|| {
            let address = setup.optional("bind").unwrap_or(Ipv4Addr::LOCALHOST.into());
            SocketAddr::new(address, setup.optional("port").unwrap_or(7_000))
        });
        let [mut readers, sleepers, mut messages]: [usize; 3] =
            ["clients", "asleep", "messages"].map(|name| setup.value(name));
        if serve.is_some() {
            (readers, messages) = (MOST_CLIENTS, 0);
            // People may be silent for as long as they like.
            setup.takes_at_most(Duration::from_secs(365 * 24 * 3600));
        }
        let deliveries = (readers + sleepers) as u64 * messages as u64;
        if deliveries > MOST_DELIVERIES {
            setup.refuse(format!("{deliveries} deliveries: at most {MOST_DELIVERIES} are allowed"));
        }
        let wanted = readers + if serve.is_some() { 0 } else { sleepers };
        let there = reserve_descriptors(wanted + OTHERS).saturating_sub(OTHERS);
        if serve.is_some() {
            readers = there;
        } else if there < wanted {
            give_up(&format!(
                "{wanted} clients are too many: the system allows this process {there} (`ulimit -n`)"
            ));
        }
        // With fewer messages in flight than the channel holds, a client that reads misses nothing.
        setup.limit_workers(messages.min(CAPACITY / 2));
        setup.add(MESSAGE, messages);
        let figures = Arc::<Mutex<Vec<Figures>>>::default();
        let [seen, doubted] = [figures.clone(), figures.clone()];
        setup.table("chats", move || table(&lock(&seen)));
        setup.remark(move |_| lock(&doubted).iter().find_map(Figures::refusals));
        let room = setup.optional("room");
        Visits { readers, sleepers, messages, room, serve, clients: Mutex::default(), figures }
    }
}

impl Visits {
    /// Opens a room, and sends for the clients; returns where they come in, at most so many of them. `None` after
    /// Ctrl-C.
    pub(crate) fn comes(
        &self,
        run: &Run,
        way: &'static str,
        most: usize,
    ) -> Option<(TcpListener, &'static Room)> {
        if is_cancelled() {
            return None;
        }
        let at = self.serve.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        let opened = listen(at).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) =
            opened.unwrap_or_else(|error| give_up(&format!("no chat at {at}: {error}")));
        let is_for_people = self.serve.is_some();
        if is_for_people {
            run.note(invitation(address));
        } else {
            run.section(way);
            let clients = Clients::start(way, address.port(), self.readers, self.sleepers);
            let clients = clients
                .unwrap_or_else(|error| give_up(&format!("the clients did not start: {error}")));
            *lock(&self.clients) = Some(clients);
        }
        let all = self.readers + self.sleepers + OTHERS;
        let manners = Manners {
            most_guests: self.room.unwrap_or(all).min(most),
            announces: is_for_people,
            limits_rate: is_for_people,
            time_for_a_name: is_for_people.then_some(TIME_FOR_A_NAME),
        };
        Some((listener, Box::leak(Box::new(Room::new(manners)))))
    }

    /// Lets the clients chat, until all is said or Ctrl-C is pressed; then closes the room.
    pub(crate) async fn chats(&self, run: &Run, room: &Room) {
        let clients = lock(&self.clients).take();
        match &clients {
            Some(clients) => {
                let figures = self.all_is_said(run, clients).await;
                let figures = figures.map(|it| Figures { server: room.counted(), ..it });
                lock(&self.figures).extend(figures);
            }
            None => {
                while !is_cancelled() {
                    sleep(Duration::from_millis(20)).await;
                }
                let [sent, delivered, missed] = room.counted();
                run.note(format!("Sent: {sent}. Delivered: {delivered}. Missed: {missed}."));
            }
        }
        room.close();
        let closed = Instant::now();
        while room.guests() > 0 && closed.elapsed() < GRACE {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The status of the program, which ends with a sentence if clients and server counted differently.
    pub(crate) fn status(&self, status: ExitCode) -> ExitCode {
        let contradiction = lock(&self.figures).iter().find_map(Figures::contradiction);
        contradiction.map_or(status, |sentence| give_up(&sentence))
    }

    /// Returns the figures of a chat that came to its end.
    async fn all_is_said(&self, run: &Run, clients: &Clients) -> Option<Figures> {
        let came = self.after(run, "the clients come in", clients.answer("in")).await?;
        let [awake, asleep] = came[..] else { return None };
        if awake == 0 {
            warn("no client came in");
            return None;
        }
        let (came, wanted) = (awake + asleep, (self.readers + self.sleepers) as u64);
        let memory = status("VmRSS:").zip(clients.resident).map(|(now, before)| {
            now.saturating_sub(before) * 1_024 / came.max(1) // it is told in KB
        });
        let threads = status("Threads:");

        let start = ProcessTime::now();
        let times = Mutex::new((start, ThreadTime::now()));
        let deliver = async |number: usize| {
            let message = run.begin(format!("message {number}"))?;
            let all_have_it = async {
                clients.says(&number.to_string())?;
                clients.answer(&number.to_string()).await?;
                add_work_of_other_threads(&mut lock(&times));
                Ok::<_, String>(awake)
            };
            message.end_after(all_have_it).await.then_some(())
        };
        let sent = stream::iter(1..=self.messages).map(deliver).buffer_unordered(run.workers);
        let sent = sent.filter_map(async |sent| sent).count().await as u64;
        let working = start.elapsed();

        if is_cancelled() {
            return None;
        }
        let figures = async {
            clients.says("end")?;
            clients.answer("end").await
        };
        let told = self.after(run, "who slept reads", figures).await?;
        let [delivered, missed, half, most] = told[..] else { return None };
        Some(Figures {
            way: clients.way,
            clients: came,
            refused: wanted - came,
            sent,
            delivered,
            missed,
            server: [0; 3],
            delays: [half, most].map(Duration::from_micros),
            memory,
            threads,
            working: working / u32::try_from(delivered.max(1)).unwrap_or(u32::MAX),
        })
    }

    /// Waits for an answer of the clients, which the diagram shows under this label; `None` after Ctrl-C, or if none comes.
    async fn after(
        &self,
        run: &Run,
        label: &str,
        answer: impl Future<Output = Result<Vec<u64>, String>>,
    ) -> Option<Vec<u64>> {
        let mut told = None;
        let waiting = async {
            told = Some(answer.await);
            0
        };
        run.annotate(label)?.end_after(waiting).await;
        told?.map_err(|why| warn(&format!("no answer of the clients: {why}"))).ok()
    }
}

impl Clients {
    fn start(way: &'static str, port: u16, readers: usize, sleepers: usize) -> io::Result<Self> {
        let resident = status("VmRSS:");
        let numbers = format!("{port} {readers} {sleepers}");
        let mut child = this_program_again(ROLE, &numbers)?.spawn()?;
        let (commands, answers) = (child.stdin.take(), child.stdout.take());
        let (Some(commands), Some(answers)) = (commands, answers) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (waiting, commands) = (Arc::<Mutex<Answers>>::default(), Mutex::new(commands));
        let clients = Self { way, resident, child, commands, waiting: waiting.clone() };
        thread::Builder::new().spawn(move || {
            let lines = BufReader::new(answers).lines().map_while(Result::ok);
            let lost = lines.filter_map(|line| lock(&waiting).take(&line)).next();
            lock(&waiting).lose(lost.unwrap_or_else(|| "their process ended".into()));
        })?;
        Ok(clients)
    }

    fn says(&self, command: &str) -> Result<(), String> {
        let written = writeln!(lock(&self.commands), "{command}");
        written.map_err(|_| "their process ended".into())
    }

    /// The numbers that follow this word in an answer.
    async fn answer(&self, word: &str) -> Result<Vec<u64>, String> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).wait(word, sender);
        receiver.await.unwrap_or_else(|_| Err("nobody waits for it".into()))
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answers {
    /// A line has come; returns why it is the last one, if it is.
    fn take(&mut self, line: &str) -> Option<String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "lost" {
            return Some(rest.into());
        }
        let numbers = rest.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        match self.expected.remove(word) {
            Some(waits) => drop(waits.send(Ok(numbers))),
            None => drop(self.early.insert(word.into(), numbers)),
        }
        None
    }

    fn wait(&mut self, word: &str, waits: Waits) {
        match (self.early.remove(word), &self.lost) {
            (Some(numbers), _) => drop(waits.send(Ok(numbers))),
            (None, Some(why)) => drop(waits.send(Err(why.clone()))),
            (None, None) => drop(self.expected.insert(word.into(), waits)),
        }
    }

    fn lose(&mut self, why: String) {
        for (_, waits) in mem::take(&mut self.expected) {
            drop(waits.send(Err(why.clone())));
        }
        self.lost = Some(why);
    }
}

impl Figures {
    fn to_json(&self) -> Value {
        let [sent, delivered, missed] = self.server;
        let [half, most] = self.delays.map(figures::seconds);
        json!({
            "way": self.way,
            "clients": self.clients,
            "refused": self.refused,
            "sent": self.sent,
            "delivered": self.delivered,
            "missed": self.missed,
            "server": { "sent": sent, "delivered": delivered, "missed": missed },
            "half_within": half,
            "most_within": most,
            "memory": self.memory,
            "threads": self.threads,
            "working": figures::seconds(self.working),
        })
    }

    /// Counts that differ, in a sentence.
    fn contradiction(&self) -> Option<String> {
        let Self { way, clients, sent, delivered, missed, server, .. } = self;
        let counted = [*sent, *delivered, *missed];
        let is_one = *server == counted && delivered + missed == sent * clients;
        (!is_one).then(|| {
            format!(
                "{way}: sent, delivered and missed are {counted:?} for the {clients} clients, and {server:?} for the server"
            )
        })
    }

    /// Connections that were refused, in a sentence.
    fn refusals(&self) -> Option<String> {
        let Self { way, clients, refused, .. } = self;
        let all = clients + refused;
        (*refused > 0).then(|| {
            format!("{way}: {clients} of {all} clients came in; the others found no room, or the system had no thread for them.")
        })
    }
}

/// One row for each way of serving. What the system does not tell is a question mark.
fn table(chats: &[Figures]) -> (Value, Vec<Vec<String>>) {
    let head =
        ["part", "clients", "sent", "delivered", "missed", "50% in", "99% in", "memory", "threads"];
    let told = |number: Option<u64>| number.map_or("?".into(), |number| number.to_string());
    let rows = chats.iter().map(|it| {
        let [half, most] = it.delays.map(|delay| format!("{:.1} ms", delay.as_secs_f64() * 1e3));
        let memory = told(it.memory.map(|bytes| bytes.div_ceil(1_024))) + " KB";
        let [clients, sent, delivered, missed] =
            [it.clients, it.sent, it.delivered, it.missed].map(|number| number.to_string());
        vec![it.way.into(), clients, sent, delivered, missed, half, most, memory, told(it.threads)]
    });
    let rows = [head.map(String::from).to_vec()].into_iter().chain(rows);
    let rows = if chats.is_empty() { Vec::new() } else { rows.collect() };
    (chats.iter().map(Figures::to_json).collect(), rows)
}

/// Adds what the other threads of this process worked since the last time to the work of this one, which waits for them.
fn add_work_of_other_threads((process, thread): &mut (ProcessTime, ThreadTime)) {
    let working = process.elapsed().saturating_sub(thread.elapsed());
    add_work(Usage { working, ..Usage::default() });
    (*process, *thread) = (ProcessTime::now(), ThreadTime::now());
}

/// A number of this process that Linux tells; memory is in KB.
fn status(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A listener whose connections have small buffers in the system.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A chat that was just ended can be opened again. On Windows this would share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    // The connections inherit both: a line goes out at once, and does not wait for the last one to arrive.
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn invitation(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    // 0.0.0.0 stands for all addresses of a machine; other machines need one of them.
    let host = if ip.is_unspecified() { "THIS-MACHINE".into() } else { ip.to_string() };
    format!("The chat is open. In other terminals: nc {host} {port} (or telnet). Ctrl-C ends it.")
}
