//! The site as a process of its own: the program that wants it, started once more.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{self, Child};
use std::thread;
use std::time::Duration;

use processes::{pass_over_ctrl_c, role, this_program_again};

use crate::{Server, SiteTimes};

/// Marks the process that is to be the site, and holds its two times in milliseconds: `50,0`. It is no
/// option.
const MARK: &str = "PRACTICE_SITE_CHILD";

/// A site that is up, in a process of its own, until this is dropped.
#[derive(Debug)]
pub struct PracticeSite {
    child: Child,
}

/// In a process that [`start`] started: is the site, and never returns. In any other process: does
/// nothing. To be called before the arguments are read: those of a site are none of the program's.
pub fn be_the_site_if_asked() {
    if let Some(times) = role(MARK) {
        be_the_site(&times);
    }
}

/// Brings up a practice site that takes so long (its latency, or [`SiteTimes`]), on a free port of
/// loopback; gives its URL.
///
/// The process is the same program again, whose `main` must begin with [`be_the_site_if_asked`]: there that process
/// is the site. It ends with its parent, however that ends, since its standard input ends then.
///
/// # Errors
/// When no process can be started, or the site in it finds no port.
pub fn start(times: impl Into<SiteTimes>) -> io::Result<(String, PracticeSite)> {
    let SiteTimes { latency, connecting } = times.into();
    let times = format!("{},{}", latency.as_millis(), connecting.as_millis());
    let child = this_program_again(MARK, &times)?.spawn()?;
    let mut site = PracticeSite { child };
    let mut url = String::new();
    if let Some(stdout) = site.child.stdout.take() {
        BufReader::new(stdout).read_line(&mut url)?;
    }
    if !url.ends_with('\n') {
        return Err(io::Error::other("its process ended"));
    }
    Ok((url.trim_end().into(), site))
}

fn be_the_site(times: &str) -> ! {
    match serve(times) {
        Ok(server) => server.run(),
        // The lesson that wanted it is gone already.
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
    // Ctrl-C is for the lesson: the pages in flight are to arrive even so.
    pass_over_ctrl_c()?;
    thread::Builder::new().spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0)
    })?;
    writeln!(io::stdout(), "http://{}", server.address()?)?;
    Ok(server)
}

impl Drop for PracticeSite {
    fn drop(&mut self) {
        // It has nothing to save; and one that was stopped (Ctrl-Z) would not see its input end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
