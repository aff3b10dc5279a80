//! The options of programs that are a practice site.

use std::time::Duration;

use clap::{Arg, ArgMatches, value_parser};

use crate::SiteTimes;

/// `--port`, `--latency` and `--connecting`. The lines of their help are broken by hand: they fit 60 columns.
pub fn options() -> [Arg; 3] {
    [
        Arg::new("port")
            .long("port")
            .value_name("N")
            .default_value("8000")
            .value_parser(value_parser!(u16))
            .help("The port to listen on; 0 picks\na free one"),
        Arg::new("latency")
            .long("latency")
            .value_name("MS")
            .default_value("50")
            .value_parser(value_parser!(u64).range(0..=60_000))
            .help("How long an answer takes, in\nmilliseconds"),
        Arg::new("connecting")
            .long("connecting")
            .value_name("MS")
            .default_value("0")
            .value_parser(value_parser!(u64).range(0..=60_000))
            .help("Extra time of the first answer\non each connection, in\nmilliseconds"),
    ]
}

/// The port and the times that these [`options`] name.
pub fn times(arguments: &ArgMatches) -> (u16, SiteTimes) {
    let port = arguments.get_one::<u16>("port").copied().unwrap_or_default();
    let milliseconds = |name| arguments.get_one::<u64>(name).copied().unwrap_or_default();
    let time = |name| Duration::from_millis(milliseconds(name));
    (port, SiteTimes { latency: time("latency"), connecting: time("connecting") })
}
