//! The instructor's program: the site and the board.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process;
use std::time::Instant;

use clap::ArgMatches;
use console::style;
use if_addrs::get_if_addrs;
use practice_site::Server;

use crate::board::Board;
use crate::nicknames::unguessable;
use crate::routes::Routes;

/// Runs the site and the board until Ctrl-C.
pub(crate) fn serve(arguments: &ArgMatches) -> Result<(), String> {
    let (port, times) = practice_site::times(arguments);
    let bind = arguments.get_one::<IpAddr>("bind").copied();
    let address = SocketAddr::from((bind.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), port));
    let none = |error: io::Error| format!("no class's site at {address}: {error}");
    // Some systems let two programs have one port, if only one of them names an address.
    if address.ip() == Ipv4Addr::UNSPECIFIED && port != 0 {
        drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(none)?);
    }
    let server = Server::bind(address, times).map_err(none)?;
    let address = server.address().map_err(none)?;
    let save = arguments.get_one::<PathBuf>("save").map(|path| {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.map_err(|error| format!("{} cannot be written: {error}", path.display()))
    });
    let lessons = course::root().and_then(|root| course::find(&root)).unwrap_or_default();
    let lessons = lessons.into_iter().map(|lesson| lesson.name).collect();
    let (key, reachable) = (unguessable()[..16].to_owned(), addresses(address.ip()));
    let typed: Vec<String> =
        reachable.iter().map(|ip| SocketAddr::from((*ip, address.port())).to_string()).collect();
    let join = typed.iter().map(|address| format!("http://{address}")).collect();
    let board = Board::new(lessons, Instant::now());
    let routes = Routes::new(board, key.clone(), join, save.transpose()?);
    let record = server.record();
    ctrlc::set_handler(move || {
        let (requests, peak) = (record.requests(), record.peak_in_flight());
        let _ = writeln!(
            io::stdout(),
            "\nAnswered {requests} requests for pages, at most {peak} at once"
        );
        process::exit(130)
    })
    .map_err(|error| format!("no handler for Ctrl-C: {error}"))?;
    // The site is up even if this is not read.
    let own = if address.ip().is_unspecified() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
    } else {
        address
    };
    let _ = greet(&typed, own, &key);
    server.with_pages(move |request| routes.answer(request)).run()
}

/// The addresses under which other machines reach this one, if it listens there: those of IPv4 first.
pub(crate) fn addresses(bound: IpAddr) -> Vec<IpAddr> {
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let interfaces = get_if_addrs().unwrap_or_default();
    let usable = interfaces.iter().filter(|it| !it.is_loopback() && !it.is_link_local());
    let mut addresses: Vec<IpAddr> =
        usable.map(|it| it.ip()).filter(|ip| ip.is_ipv4() || bound.is_ipv6()).collect();
    // The one on the way to the rest of the world is the network's that the students are in, and not a virtual machine's.
    // Nothing is sent.
    let way = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9))?;
        socket.local_addr()
    });
    let way = way.ok().map(|way| way.ip());
    addresses.sort_by_key(|ip| (Some(*ip) != way, ip.is_ipv6(), !is_private(ip)));
    addresses
}

/// Whether it is an address of a local network, as a classroom's is.
fn is_private(ip: &IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_private())
}

fn greet(typed: &[String], own: SocketAddr, key: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let look = harness::look(80);
    writeln!(
        out,
        "The class's site is up. The board, for your browser alone (it has your buttons):\n\n    {}\n",
        style(format!("http://{own}/class#key={key}")).bold()
    )?;
    let Some(first) = typed.first() else {
        return writeln!(
            out,
            "This machine has no address in a network, so students cannot reach it. Connect it and start this again. Without a \
             network, each student types once: cargo run -p class -- join\nCtrl-C ends it."
        );
    };
    writeln!(
        out,
        "Students type once:\n\n    {}",
        style(format!("cargo run -p class -- join {first}")).bold()
    )?;
    let large = large(first, if look.unicode { '█' } else { '#' });
    if large.iter().all(|line| line.chars().count() <= look.width) {
        writeln!(out, "\n{}", large.join("\n"))?;
    }
    if typed.len() > 1 {
        writeln!(out, "\nIf they cannot reach that address: {}", typed[1..].join(", "))?;
    }
    writeln!(
        out,
        "\nThen they run lessons as always, also with a guess:\n    cargo run -p LESSON -- --guess SECONDS\n\nCtrl-C ends it."
    )
}

/// An address in large letters: five lines.
fn large(address: &str, block: char) -> Vec<String> {
    /// Three bits a line, from the top.
    const DIGITS: [[u8; 5]; 10] = [
        [7, 5, 5, 5, 7],
        [2, 6, 2, 2, 7],
        [7, 1, 7, 4, 7],
        [7, 1, 7, 1, 7],
        [5, 5, 7, 1, 1],
        [7, 4, 7, 1, 7],
        [7, 4, 7, 5, 7],
        [7, 1, 1, 1, 1],
        [7, 5, 7, 5, 7],
        [7, 5, 7, 1, 7],
    ];
    if !address.chars().all(|sign| sign.is_ascii_digit() || ".:".contains(sign)) {
        return Vec::new();
    }
    let dot = |on: bool| if on { format!(" {block} ") } else { "   ".into() };
    (0..5)
        .map(|line| {
            let sign = |sign: char| match (sign, sign.to_digit(10)) {
                (_, Some(digit)) => (0..3)
                    .map(|bit| {
                        if DIGITS[digit as usize][line] >> (2 - bit) & 1 == 1 { block } else { ' ' }
                    })
                    .collect(),
                (':', _) => dot(line == 1 || line == 3),
                _ => dot(line == 4),
            };
            let signs: Vec<String> = address.chars().map(sign).collect();
            signs.join(" ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_letters_are_read_from_afar() {
        let lines = large("10.2:4", '#');
        assert_eq!(
            lines,
            [
                " #  ###     ###     # #",
                "##  # #       #  #  # #",
                " #  # #     ###     ###",
                " #  # #     #    #    #",
                "### ###  #  ###       #",
            ]
        );
        // The longest address fits 80 columns.
        assert!(large("192.168.100.100:8000", '#').iter().all(|line| line.len() <= 80));
        assert!(large("[fe80::1]:8000", '#').is_empty());
    }
}
