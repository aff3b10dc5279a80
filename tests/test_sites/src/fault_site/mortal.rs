//! A site that dies, and comes back at the same port.

use std::io::{self, BufRead, BufReader, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A site whose process seems to be killed and started again, at the request of its pages.
pub struct MortalSite {
    address: SocketAddr,
    control: SocketAddr,
}

/// The sockets that are closed when the site dies.
#[derive(Default)]
struct Life {
    alive: bool,
    listening: Option<JoinHandle<()>>,
    connections: Vec<TcpStream>,
}

type Shared = Arc<Mutex<Life>>;

impl MortalSite {
    /// Starts it. It ends with the test.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        let life = Shared::default();
        let address = live(([127, 0, 0, 1], 0).into(), &life).expect("a free port");
        let control = super::listen(move |stream| {
            read_request(&mut BufReader::new(&stream))?;
            live(address, &life)?;
            say_ok(&stream, "close")
        });
        Self { address, control }
    }

    /// A page that arrives while the site is alive.
    pub fn page(&self) -> String {
        format!("http://{}/ok", self.address)
    }

    /// A page at which the site dies: all its connections are closed, and it listens no more.
    pub fn death(&self) -> String {
        format!("http://{}/die", self.address)
    }

    /// A page (of another site) that arrives when the site is alive again.
    pub fn revival(&self) -> String {
        format!("http://{}/revive", self.control)
    }
}

fn lock(life: &Shared) -> MutexGuard<'_, Life> {
    life.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens there until the site dies.
fn live(address: SocketAddr, life: &Shared) -> io::Result<SocketAddr> {
    let mut bound = TcpListener::bind(address);
    // The previous listener is still ending.
    for _ in 0..100 {
        if bound.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
        bound = TcpListener::bind(address);
    }
    let listener = bound?;
    let address = listener.local_addr()?;
    let mut held = lock(life);
    held.alive = true;
    let life = life.clone();
    held.listening = Some(thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut held = lock(&life);
            if !held.alive {
                break;
            }
            held.connections.extend(stream.try_clone());
            let life = life.clone();
            thread::spawn(move || serve(&stream, address, &life).unwrap_or_default());
        }
    }));
    Ok(address)
}

fn die(address: SocketAddr, life: &Shared) {
    let (listening, connections) = {
        let mut life = lock(life);
        life.alive = false;
        (life.listening.take(), mem::take(&mut life.connections))
    };
    drop(TcpStream::connect(address)); // wakes the thread that waits in `accept`
    if let Some(listening) = listening {
        listening.join().expect("it only listens");
    }
    for connection in connections {
        let _ = connection.shutdown(Shutdown::Both); // it may be closed already
    }
}

fn serve(stream: &TcpStream, address: SocketAddr, life: &Shared) -> io::Result<()> {
    let mut requests = BufReader::new(stream);
    while let Some(request) = read_request(&mut requests)? {
        if request.contains("/die") {
            die(address, life);
            return Ok(());
        }
        say_ok(stream, "keep-alive")?;
    }
    Ok(())
}

fn read_request(requests: &mut impl BufRead) -> io::Result<Option<String>> {
    let (mut request, mut header) = (String::new(), String::new());
    requests.read_line(&mut request)?;
    while requests.read_line(&mut header)? > 2 {
        header.clear();
    }
    Ok(Some(request).filter(|request| !request.is_empty()))
}

fn say_ok(mut stream: &TcpStream, connection: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nConnection: {connection}\r\nContent-Length: 27\r\n\r\n");
    stream.write_all(&[head.as_bytes(), b"Hello, hello, hello, hello!"].concat())
}
