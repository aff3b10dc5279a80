//! A web site that does everything wrong, each fault at a page of its own.

mod answers;
mod certificates;
mod faults;
mod mortal;

use std::io::{Read, Write};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::{Domain, Socket, Type};

use answers::serve;
use certificates::{Certificate, Certificates};
pub use faults::{Ending, FAULTS, Fault};
use faults::{Handshake, Place};
pub use mortal::MortalSite;

/// A site whose pages fail, but for `/ok`, `/gzip`, `/busy`, the large ones, and those of [`FAULTS`] that
/// arrive all the same.
pub struct FaultSite {
    address: SocketAddr,
    refusing: RefusingPort,
    full: OnceLock<FullPort>,
    certificates: OnceLock<Certificates>,
}

impl FaultSite {
    /// The bytes in the body of `/ok`, and of `/gzip` when it is unpacked.
    pub const BYTES: u64 = 27;

    /// The bytes of `/large` and of `/large-and-late`: to read them is work that can be measured.
    pub const MANY_BYTES: u64 = 64 << 20;

    /// Brings it up. It ends with the test.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        let address = listen(|stream| serve(&stream, &stream));
        Self {
            address,
            refusing: RefusingPort::take(),
            full: OnceLock::new(),
            certificates: OnceLock::new(),
        }
    }

    /// The URL of one of its pages.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL at which this fault is met.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn url_of(&self, fault: &Fault) -> String {
        match fault.place {
            Place::Http(path) => self.url(path),
            Place::Refused => self.refusing.url.clone(),
            Place::NotAccepted => self.full.get_or_init(FullPort::take).url.clone(),
            Place::UnknownHost => "http://no-such-host.invalid/".into(),
            Place::NoHost => "http://no%20host.invalid/".into(),
            Place::HttpsWhereHttpIs => format!("https://{}/ok", self.address),
            Place::HttpWhereHttpsIs => format!("http://{}/ok", secure(self.trusted())),
            Place::Https(certificate) => {
                format!("https://{}/ok", secure(self.certificates().server(certificate)))
            }
            Place::CutShortOverTls => format!("https://{}/no-length", secure(self.trusted())),
            Place::Handshake(handshake) => {
                format!("https://{}/ok", listen(move |stream| shake_hands(&stream, handshake)))
            }
        }
    }

    /// The file of the authority that signed the site's certificates. On Linux, `SSL_CERT_FILE` makes a program trust it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn authority(&self) -> String {
        self.certificates().file()
    }

    /// The URL of a page over TLS, whose certificate the authority signed.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn trusted_url(&self) -> String {
        format!("https://{}/ok", secure(self.trusted()))
    }

    fn certificates(&self) -> &Certificates {
        self.certificates.get_or_init(Certificates::make)
    }

    fn trusted(&self) -> Arc<ServerConfig> {
        self.certificates().server(Certificate::Trusted)
    }
}

/// Listens on a free port from now on, and serves each connection on its own thread.
fn listen(serve: impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            // A client that goes away is not a fault of this site.
            thread::spawn(move || serve(stream).unwrap_or_default());
        }
    });
    address
}

/// The same site over TLS.
fn secure(config: Arc<ServerConfig>) -> SocketAddr {
    listen(move |stream| {
        let connection = rustls::ServerConnection::new(config.clone());
        let connection = connection.map_err(std::io::Error::other)?;
        serve(rustls::StreamOwned::new(connection, &stream), &stream)
    })
}

/// Sends something in place of the server's part of the handshake.
fn shake_hands(mut stream: &TcpStream, handshake: Handshake) -> std::io::Result<()> {
    let hello = stream.read(&mut [0; 16 * 1024])?;
    assert!(hello > 0, "the client says hello first");
    match handshake {
        Handshake::Closed => Ok(()),
        Handshake::Silent => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Handshake::ByteByByte => {
            // The record of a server's hello of 122 bytes, and its first zeros.
            for byte in [22, 3, 3, 0, 122, 2, 0, 0, 118].into_iter().chain([0; 100]) {
                stream.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(200));
            }
            Ok(())
        }
    }
}

/// A port that is in use, but on which nothing listens.
pub struct RefusingPort {
    _socket: Socket,
    /// A page there.
    pub url: String,
}

impl RefusingPort {
    /// Takes it, until this is dropped.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn take() -> Self {
        let (socket, address) = bind();
        Self { _socket: socket, url: format!("http://{address}/refused") }
    }
}

/// A port with a listener that accepts no connection and whose queue is full.
struct FullPort {
    _socket: Socket,
    _waiting: Vec<TcpStream>,
    url: String,
}

impl FullPort {
    fn take() -> Self {
        let (socket, address) = bind();
        socket.listen(0).expect("it can be listened at");
        // The queue holds one or two; later clients wait in vain.
        let knock = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let waiting = iter::repeat_with(knock).map_while(|stream| stream).take(100).collect();
        Self { _socket: socket, _waiting: waiting, url: format!("http://{address}/full") }
    }
}

/// A socket with its own port.
fn bind() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any_port.into()).expect("a free port");
    let address = socket.local_addr().expect("an address").as_socket().expect("an IP address");
    (socket, address)
}
