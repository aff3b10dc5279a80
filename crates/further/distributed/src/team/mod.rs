//! All processes of a run, as the first one sees them: it starts or awaits the others, tells them what to do, receives
//! what they record, and tells all if one is lost.
//!
//! Trusted networks only: nothing is encrypted, and nobody has to prove who they are.

mod gather;
mod link;
mod member;
mod options;
mod records;
pub(crate) mod text;

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::panic;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use common::{Record, Run, is_cancelled};
use harness::figures::two_digits;
use harness::{before_exit, give_up, lock};
use process_pool::ProcessPool;
use serde_json::{Value, json};
use timely::CommunicationConfig;
use timely::communication::Allocator;
use timely::communication::allocator::generic::GenericBuilder;
use timely::communication::allocator::process::Process;
use timely::communication::allocator::zero_copy::bytes_slab::BytesRefill;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::worker::Worker;

use link::{Counted, Gone, Incoming, Link, Mesh, TICK};
pub(crate) use options::{Start, source};
use records::Clock;

/// The engine's ways from worker to worker, and their guard.
pub(crate) type Links = (Vec<GenericBuilder>, Box<dyn Any + Send>);

/// What a process does in a section.
pub(crate) type TakePart = fn(Links, Job);

/// A job for all workers.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) what: What,
    /// Takes the records of this process.
    pub(crate) run: &'static Run,
    /// The numbers for `fib`, which the first worker deals out.
    pub(crate) numbers: &'static [u64],
    /// How many copies of the book to count.
    pub(crate) books: u64,
    /// Takes the results, on the first worker.
    results: Sender<(String, u64)>,
}

impl Job {
    /// Keeps a result, on the first worker.
    pub(crate) fn keep(&self) -> impl Fn(&(String, u64)) + 'static {
        let results = self.results.clone();
        // The receiver is there until all workers have ended.
        move |result| _ = results.send(result.clone())
    }

    /// Lets the engine do all that is left, as it would by itself, and draws it.
    pub(crate) fn rest(&self, worker: &mut Worker<Allocator>) {
        let _counting = self.run.annotate("counts");
        while worker.has_dataflows() {
            worker.step_or_park(None);
        }
    }
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The calls of `fib`.
    Calls,
    /// Every word is sent to the worker that counts it.
    Words,
    /// The words of each book are counted where they are read, and the counts are sent.
    Counts,
}

impl What {
    const ALL: [Self; 3] = [Self::Calls, Self::Words, Self::Counts];

    /// The one of that number in a message.
    fn numbered(number: &Value) -> Option<Self> {
        Self::ALL.get(usize::try_from(number.as_u64()?).ok()?).copied()
    }
}

/// What each process must know of the work, whoever gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    number: u64,
    calls: u64,
    books: u64,
}

/// The processes of a run.
pub(crate) struct Team {
    /// The numbers for `fib`.
    pub(crate) numbers: Vec<u64>,
    work: Work,
    start: Start,
    sections: Vec<&'static str>,
    /// Takes the records of the first process's own part.
    desk: &'static Run,
    run: OnceLock<&'static Run>,
    mesh: OnceLock<Mesh>,
    /// The others, by their place. The first has none.
    seats: Mutex<Vec<Option<Seat>>>,
    /// All connections, also those of processes that have only begun to introduce themselves.
    links: Mutex<Vec<Weak<Link>>>,
    /// The places that were given away.
    taken: Mutex<Vec<bool>>,
    children: Mutex<Vec<Child>>,
    /// The place of the section in the run that all do a job for.
    section: AtomicUsize,
    answers: Mutex<Receiver<(usize, Value)>>,
    answered: Sender<(usize, Value)>,
    /// The bytes that crossed: for each section, those that each process sent.
    exchanged: Mutex<Vec<Exchanged>>,
    right: OnceLock<HashMap<String, u64>>,
    /// Whether the run is over, well or not: from then on it is no loss if a process leaves.
    is_over: AtomicBool,
}

/// The bytes that the processes sent each other in a section.
struct Exchanged {
    section: &'static str,
    what: What,
    /// By each process.
    sent: Vec<u64>,
}

/// A process that has come.
#[derive(Clone, Debug)]
struct Seat {
    link: Arc<Link>,
    address: IpAddr,
    /// Where it takes data connections.
    port: u16,
    clock: Clock,
}

impl Team {
    fn new(
        numbers: Vec<u64>,
        work: Work,
        start: Start,
        sections: Vec<&'static str>,
        processes: usize,
    ) -> Arc<Self> {
        let (answered, answers) = mpsc::channel();
        Arc::new_cyclic(|team| Self {
            numbers,
            work,
            start,
            sections,
            desk: Run::start(1, records::Own(team.clone())),
            run: OnceLock::new(),
            mesh: OnceLock::new(),
            seats: Mutex::new(vec![None; processes]),
            links: Mutex::default(),
            taken: Mutex::new(vec![false; processes]),
            children: Mutex::default(),
            section: AtomicUsize::new(0),
            answers: Mutex::new(answers),
            answered,
            exchanged: Mutex::default(),
            right: OnceLock::new(),
            is_over: AtomicBool::new(false),
        })
    }

    /// Does a job on threads of this process.
    pub(crate) fn on_threads(&'static self, run: &'static Run, section: &'static str, what: What) {
        run.section(section);
        // Bytes pass from thread to thread, too. A word that one thread made and another one freed would keep both
        // busy in the allocator: that takes longer than to write and read it.
        let links = CommunicationConfig::ProcessBinary(run.workers).try_build();
        self.part(run, section, what, links.expect("threads need no network"));
    }

    /// Makes the calls in a pool of processes of this machine, for comparison. They start here.
    pub(crate) fn on_pool(&self, run: &'static Run, section: &'static str) {
        run.section(section);
        let pool = ProcessPool::new(run.workers, &()).expect("JSON holds nothing");
        pool.for_each(&self.numbers, |worker, number| {
            let Some(call) = run.begin(number) else { return };
            call.end(worker.call(number));
        });
    }

    /// Does a job on all processes.
    pub(crate) fn on_all(&'static self, run: &'static Run, section: &'static str, what: What) {
        if is_cancelled() {
            return;
        }
        let _ = self.run.set(run);
        let number = self.sections.iter().position(|it| *it == section).unwrap_or_default();
        self.section.store(number, SeqCst);
        // To connect is a part of what the network costs.
        run.section(section);
        self.broadcast(&json!({ "job": number, "what": what as usize }));
        let before = link::sent();
        let mesh = self.mesh.get().expect("all have come");
        let links = mesh.connect(number as u64).map(links(0));
        let links = links.unwrap_or_else(|why| self.lost(&why));
        self.part(self.desk, section, what, links);
        let mut sent = vec![link::sent() - before];
        sent.extend(
            self.all_answer("sent").into_iter().map(|answer| answer.as_u64().unwrap_or_default()),
        );
        lock(&self.exchanged).push(Exchanged { section, what, sent });
    }

    /// Does this process's part, and checks the results of all.
    fn part(&'static self, run: &'static Run, section: &str, what: What, links: Links) {
        let (results, received) = mpsc::channel();
        let (numbers, books) = (self.numbers.as_slice(), self.work.books);
        (self.start.take_part)(links, Job { what, run, numbers, books, results });
        if is_cancelled() {
            return;
        }
        let received: Vec<(String, u64)> = received.try_iter().collect();
        if let Some(wrong) = self.wrong(what, &received) {
            self.lost(&format!("{section}: {wrong}"));
        }
    }

    /// What is wrong with the results, if anything is.
    fn wrong(&self, what: What, received: &[(String, u64)]) -> Option<String> {
        if what == What::Calls {
            let (got, all) = (received.len(), self.numbers.len());
            return (got != all).then(|| format!("{got} of {all} results came back"));
        }
        let right = self.right.get().expect("it was counted");
        let mut totals = BTreeMap::<&str, Vec<u64>>::new();
        for (word, total) in received {
            totals.entry(word).or_default().push(*total);
        }
        let all = |word: &str| right.get(word).copied().unwrap_or_default() * self.work.books;
        let twice = totals.iter().max_by_key(|(_, totals)| totals.len());
        if let Some((word, totals)) = twice.filter(|(_, totals)| totals.len() > 1) {
            let (all, totals) = (all(word), totals.iter().map(u64::to_string).collect::<Vec<_>>());
            return Some(format!(
                "'{word}' has {} totals, {}; {all} is right",
                totals.len(),
                totals.join(" and ")
            ));
        }
        let wrong = totals.iter().find(|(word, totals)| totals[0] != all(word));
        if let Some((word, totals)) = wrong {
            return Some(format!(
                "'{word}' was counted {} times; {} is right",
                totals[0],
                all(word)
            ));
        }
        let (got, all) = (totals.len(), right.len());
        (got != all).then(|| format!("{got} of {all} words have a total"))
    }

    fn broadcast(&self, message: &Value) {
        // Sending may take time, so nobody waits for the lock meanwhile.
        let links: Vec<_> =
            lock(&self.seats).iter().flatten().map(|seat| seat.link.clone()).collect();
        links.iter().for_each(|link| link.send(message));
    }

    /// Waits until each other process has answered under that name; returns the answers in the order of the processes.
    fn all_answer(&self, name: &str) -> Vec<Value> {
        let answers = lock(&self.answers);
        let others = lock(&self.seats).iter().flatten().count();
        let answers = answers
            .iter()
            .filter_map(|(place, mut answer)| Some((place, answer.get_mut(name)?.take())));
        let answers: BTreeMap<usize, Value> = answers.take(others).collect();
        answers.into_values().collect()
    }

    /// Reads the messages of another process, until it is gone.
    fn listen(self: Arc<Self>, place: usize, address: IpAddr, mut incoming: Incoming) {
        loop {
            match incoming.next(None) {
                Ok(mut message) => {
                    if let Some(record) = message.get_mut("record") {
                        if let Some(record) = records::read(record.take()) {
                            self.record(place, record);
                        }
                    } else if let Some(why) = message["failed"].as_str() {
                        self.lost(why);
                    } else {
                        let _ = self.answered.send((place, message));
                    }
                }
                Err(gone) => {
                    if !self.is_over.load(SeqCst) {
                        self.lost_process(place, address, gone);
                    }
                    return;
                }
            }
        }
    }

    /// Takes the record of a process into the run.
    fn record(&self, place: usize, mut record: Record) {
        let Some(run) = self.run.get() else { return };
        let clock =
            lock(&self.seats)[place].as_ref().map_or_else(Clock::default, |seat| seat.clock);
        let begun = run.started.saturating_duration_since(self.desk.started);
        let time = |time: Duration| clock.to_first(time).saturating_sub(begun);
        (record.span.start, record.span.end) = (time(record.span.start), time(record.span.end));
        record.span.worker = format!("process-{}", place + 1);
        record.section = self.section.load(SeqCst);
        run.observer.begin(&record);
        run.observer.record(record);
    }

    fn lost_process(&self, place: usize, address: IpAddr, gone: Gone) -> ! {
        self.lost(&format!("process {} at {address} is lost: {}", place + 1, gone.words()))
    }

    /// Tells all processes why the run cannot go on, and ends this one.
    fn lost(&self, why: &str) -> ! {
        if self.is_over.swap(true, SeqCst) {
            wait_for_the_end(); // another thread has found a reason, too
        }
        self.tell_all(why);
        give_up(why)
    }

    fn tell_all(&self, why: &str) {
        let links: Vec<_> = lock(&self.links).iter().filter_map(Weak::upgrade).collect();
        links.iter().for_each(|link| link.send(&json!({ "lost": why })));
    }

    /// Says each tick that this process lives, and if Ctrl-C was pressed.
    fn keep_alive(self: Arc<Self>) {
        let (mut last, mut told) = (Instant::now(), false);
        while !self.is_over.load(SeqCst) {
            thread::sleep(TICK / 10);
            if is_cancelled() && !told {
                told = true;
                self.broadcast(&json!("cancel"));
            }
            if last.elapsed() >= TICK {
                last = Instant::now();
                self.broadcast(&Value::Null);
            }
        }
    }

    /// The table of the bytes that crossed.
    fn table_of_bytes(&self) -> (Value, Vec<Vec<String>>) {
        let exchanged = lock(&self.exchanged);
        let bytes = |it: &Exchanged| it.sent.iter().sum::<u64>();
        let words = exchanged.iter().find(|it| it.what == What::Words).map(bytes);
        let mut rows = vec![["part", "MB that crossed", ""].map(String::from).to_vec()];
        rows.extend(exchanged.iter().map(|it| {
            let most = words.filter(|_| it.what == What::Counts && bytes(it) > 0);
            let less =
                most.map(|most| format!("{}x less", two_digits(most as f64 / bytes(it) as f64)));
            vec![
                it.section.into(),
                format!("{:.3}", bytes(it) as f64 / 1e6),
                less.unwrap_or_default(),
            ]
        }));
        let value = exchanged.iter();
        let value =
            value.map(|it| json!({ "part": it.section, "sent": it.sent, "bytes": bytes(it) }));
        (value.collect(), rows)
    }

    /// The table of the processes.
    fn table_of_processes(&self) -> (Value, Vec<Vec<String>>) {
        let seats = lock(&self.seats);
        let exchanged = lock(&self.exchanged);
        let mut value = Vec::new();
        let mut rows = vec![
            ["process", "address", "MB sent", "clock at start within"].map(String::from).to_vec(),
        ];
        for (place, seat) in seats.iter().enumerate() {
            let sent: u64 = exchanged.iter().filter_map(|it| it.sent.get(place)).sum();
            let (address, within) = match seat {
                Some(seat) => (seat.address.to_string(), seat.clock.within),
                None => ("this one".into(), Duration::ZERO),
            };
            value.push(json!({ "process": place + 1, "address": address, "sent": sent, "within": within.as_secs_f64() }));
            let within = format!("{:.3} ms", within.as_secs_f64() * 1e3);
            rows.push(vec![
                format!("process-{}", place + 1),
                address,
                format!("{:.3}", sent as f64 / 1e6),
                within,
            ]);
        }
        (value.into(), rows)
    }
}

/// Ends the other processes at the end of a run.
struct Farewell(Arc<Team>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.is_over.store(true, SeqCst);
        if is_cancelled() {
            self.0.tell_all(gather::ENDED);
        } else {
            self.0.broadcast(&json!("end"));
        }
        let until = Instant::now() + 4 * TICK;
        for child in lock(&self.0.children).iter_mut() {
            while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(2));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Makes the engine's links of connections.
fn links(own: usize) -> impl FnOnce(Vec<Option<Counted>>) -> Links {
    move |sockets| {
        let refill =
            BytesRefill { logic: Arc::new(|size| Box::new(vec![0_u8; size])), limit: None };
        let nobody = Arc::new(|_| None);
        let made =
            initialize_networking_from_sockets::<_, Process>(sockets, own, 1, refill, nobody);
        let (builders, guard) = made.expect("the system gives the threads");
        (builders.into_iter().map(GenericBuilder::ZeroCopy).collect(), Box::new(guard))
    }
}

/// A thread of the engine panics if its connection breaks. It is told to wait, since the first will soon know more if it
/// misses the process, too; if not, `report` gets the number of the other process.
fn catch_broken_links(report: impl Fn(usize) + Send + Sync + 'static) {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        let thread = thread::current();
        let name = thread.name().unwrap_or_default();
        let place = name.strip_prefix("timely:send-").or(name.strip_prefix("timely:recv-"));
        let Some(place) = place.and_then(|place| place.parse().ok()) else { return others(what) };
        thread::sleep(4 * TICK);
        report(place);
        wait_for_the_end()
    }));
}

/// Waits for the end of the process, which another thread brings.
fn wait_for_the_end() -> ! {
    loop {
        thread::park();
    }
}

/// Ends the children if this process ends early. By themselves they would need a moment longer.
fn kill_early(team: &Arc<Team>) {
    let team = team.clone();
    before_exit(move || {
        for child in lock(&team.children).iter_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    });
}
