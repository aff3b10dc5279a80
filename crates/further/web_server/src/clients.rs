//! The clients of a server that runs by itself: a process of their own, so that their work takes no time from the server.

use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{self, Child, ChildStdin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use harness::lock;
use httparse::{EMPTY_HEADER, Status};
use processes::{pass_over_ctrl_c, reserve_descriptors, role, this_program_again};

/// The environment variable that marks the clients' process, and holds its [`Plan`].
const MARK: &str = "WEB_SERVER_CLIENTS";
/// A slow client sends a byte every so often.
const SLOWLY: Duration = Duration::from_millis(100);
/// After Ctrl-C, the clients have so long to say what they counted.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the clients do in each round.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How many ask,
    pub(crate) clients: usize,
    /// and how often, all together.
    pub(crate) requests: usize,
    /// How many more send byte by byte.
    pub(crate) slow: usize,
    /// How long one waits for an answer.
    pub(crate) patience: Duration,
    /// The page.
    pub(crate) path: String,
}

/// What the clients counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Answers other than 503.
    pub(crate) answered: u64,
    /// Answers 503.
    pub(crate) refused: u64,
    /// Requests without an answer.
    pub(crate) lost: u64,
    /// The longest time from a request to its answer.
    pub(crate) longest: Duration,
}

/// The clients' process, seen from the server.
#[derive(Debug)]
pub(crate) struct Clients {
    stdin: Mutex<Option<ChildStdin>>,
    state: Arc<(Mutex<State>, Condvar)>,
}

/// How far they are.
#[derive(Debug, Default)]
struct State {
    begun: usize,
    ended: usize,
    is_gone: bool,
    tally: Tally,
}

/// Ends the process when it is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the clients' process, which waits for the first [`Clients::begin`].
///
/// # Errors
/// When the system starts no process or no thread.
pub(crate) fn start(plan: &Plan) -> io::Result<(Clients, Process)> {
    let Plan { clients, requests, slow, patience, path } = plan;
    let plan = format!("{clients} {requests} {slow} {} {path}", patience.as_millis());
    let mut process = Process(this_program_again(MARK, &plan)?.spawn()?);
    let stdin = Mutex::new(process.0.stdin.take());
    let answers = process.0.stdout.take().map(BufReader::new);
    let clients = Clients { stdin, state: Arc::default() };
    let state = clients.state.clone();
    thread::Builder::new().spawn(move || {
        for line in answers.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
            let numbers: Vec<u64> = line.split(' ').map_while(|it| it.parse().ok()).collect();
            let [answered, refused, lost, longest] = numbers[..] else { break };
            let mut state = lock(&state.0);
            state.tally.add(Tally {
                answered,
                refused,
                lost,
                longest: Duration::from_micros(longest),
            });
            state.ended += 1;
        }
        lock(&state.0).is_gone = true;
        state.1.notify_all();
    })?;
    Ok((clients, process))
}

impl Clients {
    /// Begins a round, at this address.
    pub(crate) fn begin(&self, address: SocketAddr) {
        lock(&self.state.0).begun += 1;
        // If that fails, they are gone, and the end of their output says so.
        let _ = lock(&self.stdin).as_mut().map(|stdin| writeln!(stdin, "{address}"));
    }

    /// Whether the round is still going on.
    pub(crate) fn are_asking(&self) -> bool {
        let state = lock(&self.state.0);
        state.ended < state.begun && !state.is_gone
    }

    /// What they counted in all rounds; `None` if they ended before. Ends them.
    pub(crate) fn tally(&self) -> Option<Tally> {
        *lock(&self.stdin) = None;
        let (state, changed) = &*self.state;
        let is_busy = |state: &mut State| state.ended < state.begun && !state.is_gone;
        let state = changed.wait_timeout_while(lock(state), LAST_WORDS, is_busy);
        let (state, _) = state.unwrap_or_else(PoisonError::into_inner);
        (state.ended == state.begun).then_some(state.tally)
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.refused += other.refused;
        self.lost += other.lost;
        self.longest = self.longest.max(other.longest);
    }
}

/// In a process that [`start`] started: is the clients, and never returns. In any other process: does nothing.
pub(crate) fn be_the_clients_if_asked() {
    if let Some(plan) = role(MARK) {
        let _ = be_the_clients(&plan);
        process::exit(0);
    }
}

fn be_the_clients(plan: &str) -> io::Result<()> {
    // Ctrl-C is for the server, which closes: that ends the round.
    pass_over_ctrl_c()?;
    let words: Vec<&str> = plan.split(' ').collect();
    let [clients, requests, slow, patience, path] = words[..] else { return Ok(()) };
    let number = |text: &str| text.parse::<usize>().map_err(Error::other);
    let plan = Plan {
        clients: number(clients)?,
        requests: number(requests)?,
        slow: number(slow)?,
        patience: Duration::from_millis(number(patience)? as u64),
        path: path.into(),
    };
    reserve_descriptors(plan.clients + plan.slow);
    for address in io::stdin().lines() {
        let address = address?.parse().map_err(Error::other)?;
        let Tally { answered, refused, lost, longest } = round(&plan, address);
        writeln!(io::stdout(), "{answered} {refused} {lost} {}", longest.as_micros())?;
    }
    Ok(())
}

/// All requests of one round.
fn round(plan: &Plan, address: SocketAddr) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let (over, ends) = channel::<()>();
    let slow = (0..plan.slow).filter_map(|_| {
        let mut slow = TcpStream::connect(address).ok()?;
        slow.write_all(b"GET / HTTP/1.1\r\nHost: ").ok()?;
        Some(slow)
    });
    let mut slow: Vec<TcpStream> = slow.collect();
    let client = || {
        let mut connection = None;
        while next.fetch_add(1, SeqCst) < plan.requests {
            let began = Instant::now();
            let status = ask(&mut connection, plan, address);
            let mut tally = lock(&tally);
            match &status {
                Ok(503) => tally.refused += 1,
                Ok(_) => tally.answered += 1,
                Err(_) => tally.lost += 1,
            }
            tally.longest = tally.longest.max(began.elapsed());
            // Nobody is there any more.
            if status.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
                break;
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(move || {
            while ends.recv_timeout(SLOWLY) == Err(RecvTimeoutError::Timeout) {
                // One that was given up is not replaced.
                slow.retain_mut(|slow| slow.write_all(b"a").is_ok());
            }
        });
        let clients: Vec<_> = (0..plan.clients).map(|_| scope.spawn(client)).collect();
        for client in clients {
            let _ = client.join();
        }
        drop(over);
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for the page, and returns the status of the answer. Keeps the connection for the next time, if the server does.
fn ask(kept: &mut Option<TcpStream>, plan: &Plan, address: SocketAddr) -> io::Result<u16> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(plan.patience))?;
            stream.set_nodelay(true)?;
            stream
        }
    };
    let request = format!("GET {} HTTP/1.1\r\nHost: {address}\r\n\r\n", plan.path);
    stream.write_all(request.as_bytes())?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let mut headers = [EMPTY_HEADER; 32];
        let mut answer = httparse::Response::new(&mut headers);
        if let Status::Complete(head) = answer.parse(&bytes).map_err(Error::other)? {
            let value = |name: &str| {
                let header = answer.headers.iter().find(|it| it.name.eq_ignore_ascii_case(name));
                header.and_then(|it| std::str::from_utf8(it.value).ok()).unwrap_or_default()
            };
            let length: usize = value("content-length").parse().map_err(Error::other)?;
            if bytes.len() >= head + length {
                let (status, keeps) =
                    (answer.code.unwrap_or_default(), value("connection") != "close");
                *kept = keeps.then_some(stream);
                return Ok(status);
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            many => bytes.extend(&chunk[..many]),
        }
    }
}
