//! The site as a separate process: the program that needs it, started again.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{self, Child, ChildStdout};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use processes::{pass_over_ctrl_c, role, this_program_again};

use crate::{Seen, Server, SiteTimes};

/// The environment variable that marks the site's process, and holds its two times in milliseconds: `50,0`.
const MARK: &str = "PRACTICE_SITE_CHILD";

/// A site that runs in its own process until this is dropped.
#[derive(Debug)]
pub struct PracticeSite {
    child: Child,
    answers: Option<BufReader<ChildStdout>>,
}

/// In a process that [`start`] started: runs the site, and never returns. In any other process: does nothing. Call it
/// before the program reads its arguments, since a site's arguments are not the program's.
pub fn be_the_site_if_asked() {
    if let Some(times) = role(MARK) {
        be_the_site(&times);
    }
}

/// Starts a practice site with this latency (or these [`SiteTimes`]) on a free port of loopback; returns its URL.
///
/// The process is the same program again, whose `main` must begin with [`be_the_site_if_asked`]: there it becomes the
/// site. It ends with its parent, even if that is killed, since its standard input ends then.
///
/// # Errors
/// When no process can be started, or the site in it finds no port.
pub fn start(times: impl Into<SiteTimes>) -> io::Result<(String, PracticeSite)> {
    let SiteTimes { latency, connecting } = times.into();
    let times = format!("{},{}", latency.as_millis(), connecting.as_millis());
    let mut child = this_program_again(MARK, &times)?.spawn()?;
    let answers = child.stdout.take().map(BufReader::new);
    let mut site = PracticeSite { child, answers };
    let mut url = String::new();
    if let Some(answers) = &mut site.answers {
        answers.read_line(&mut url)?;
    }
    if !url.ends_with('\n') {
        return Err(io::Error::other("its process ended"));
    }
    Ok((url.trim_end().into(), site))
}

fn be_the_site(times: &str) -> ! {
    match serve(times) {
        Ok(server) => server.run(),
        // The lesson that started it is gone already.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            let _ = writeln!(io::stderr(), "practice site: {error}");
            process::exit(1)
        }
    }
}

fn serve(times: &str) -> io::Result<Server> {
    let (latency, connecting) = times.split_once(',').ok_or(ErrorKind::InvalidInput)?;
    let milliseconds =
        |text: &str| text.parse().map(Duration::from_millis).map_err(io::Error::other);
    let times =
        SiteTimes { latency: milliseconds(latency)?, connecting: milliseconds(connecting)? };
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(loopback, times)?;
    // Ctrl-C is for the lesson; the pages in flight should still arrive.
    pass_over_ctrl_c()?;
    let record = server.record();
    thread::Builder::new().spawn(move || {
        // Each line of the input asks for the record since the line before.
        for _ in io::stdin().lines().map_while(Result::ok) {
            let Seen { connections, requests, peak_in_flight, bytes, took, given_up } =
                record.take();
            let took = took.as_micros();
            let _ = writeln!(
                io::stdout(),
                "{connections} {requests} {peak_in_flight} {bytes} {took} {given_up}"
            );
        }
        process::exit(0)
    })?;
    writeln!(io::stdout(), "http://{}", server.address()?)?;
    Ok(server)
}

impl PracticeSite {
    /// Returns the site's record since the last call; `None` if the site does not answer in time (it was stopped).
    pub fn seen(&mut self, patience: Duration) -> Option<Seen> {
        let (mut answers, stdin) = (self.answers.take()?, self.child.stdin.as_mut()?);
        writeln!(stdin).ok()?;
        let (sender, answer) = mpsc::channel();
        let read = move || {
            let mut line = String::new();
            // If this fails, the line holds no numbers.
            let _ = answers.read_line(&mut line);
            let _ = sender.send((line, answers));
        };
        thread::Builder::new().spawn(read).ok()?;
        let (line, answers) = answer.recv_timeout(patience).ok()?;
        self.answers = Some(answers);
        let numbers = line.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>();
        let [connections, requests, peak_in_flight, bytes, took, given_up] = numbers.ok()?[..]
        else {
            return None;
        };
        let took = Duration::from_micros(took);
        Some(Seen { connections, requests, peak_in_flight, bytes, took, given_up })
    }
}

impl Drop for PracticeSite {
    fn drop(&mut self) {
        // It has nothing to save, and a process that was stopped (Ctrl-Z) would not see its input end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
