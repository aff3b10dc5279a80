//! A practice site that stays up.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{self, ExitCode};

use clap::{Arg, Command, value_parser};
use practice_site::{Server, SiteTimes};

fn main() -> ExitCode {
    // The lines of the help are broken by hand: they fit 60 columns.
    let arguments = Command::new("practice_site")
        .about(
            "A web site to practise on: /jython, /dice, and\n/record, which counts what it served. See / in a browser",
        )
        .args(practice_site::options())
        .arg(
            Arg::new("bind")
                .long("bind")
                .value_name("ADDRESS")
                .default_value("127.0.0.1")
                .value_parser(value_parser!(IpAddr))
                .help("The address to listen on; 0.0.0.0\nmeans all addresses of this\nmachine"),
        )
        .get_matches();
    let (port, times) = practice_site::times(&arguments);
    let bind = arguments.get_one::<IpAddr>("bind").copied();
    let address = SocketAddr::from((bind.unwrap_or(Ipv4Addr::LOCALHOST.into()), port));
    match serve(address, times) {
        Ok(server) => server.run(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: no practice site at {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(address: SocketAddr, times: SiteTimes) -> io::Result<Server> {
    let server = Server::bind(address, times)?;
    let record = server.record();
    ctrlc::set_handler(move || {
        let (requests, connections) = (record.requests(), record.connections());
        let peak = record.peak_in_flight();
        let _ = writeln!(
            io::stdout(),
            "Answered {requests} requests on {connections} connections, at most {peak} at once"
        );
        process::exit(130)
    })
    .map_err(io::Error::other)?;
    let address = server.address()?;
    let (ip, port) = (address.ip(), address.port());
    // 0.0.0.0 stands for all addresses of a machine; other machines need one of them.
    let site = if ip.is_unspecified() {
        format!("http://THIS-MACHINE:{port}")
    } else {
        format!("http://{address}")
    };
    // The site is up even if this line is not read.
    let _ = writeln!(
        io::stdout(),
        "The practice site is at {site} and answers after {} ms. Try:\n  \
         cargo run -p sync_downloader -- --site {site}\n\
         Ctrl-C ends it.",
        times.latency.as_millis()
    );
    Ok(server)
}
