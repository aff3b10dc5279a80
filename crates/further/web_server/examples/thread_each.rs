//! Solution: a thread for each request, without a pool and without a bound.
//!
//! Run:     `cargo run -p web_server --example thread_each`
//! Watch:   as many lanes as clients, in both parts. What limits them now?

use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread;

use common::Run;
use web_server::{Connection, Request, Server, Site, TICK};

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).workers(4).sections(&["a thread each", "and again"]);
    let (run, site) = lesson.start(Server);
    if site.has_clients() {
        run.section("a thread each");
        serve(run, site);
        run.section("and again");
    }
    serve(run, site);
    run.finish()
}

fn serve(run: &Run, site: &Site) {
    let (listener, mut lobby) = site.open();
    let (back, answered) = channel();
    thread::scope(|scope| {
        // This thread never waits for a client: only for connections that come back, and not long.
        while site.is_open() {
            lobby.extend(answered.recv_timeout(TICK).into_iter().chain(answered.try_iter()));
            site.accept(&listener, &mut lobby);
            for (mut connection, request) in site.whole_requests(&mut lobby) {
                let back = back.clone();
                scope.spawn(move || {
                    answer(run, site, &mut connection, &request);
                    // A client that asks for nothing more must not keep the thread.
                    let _ = back.send(connection);
                });
            }
        }
        drop(listener); // from here on, a new client is refused by the system
        site.close(lobby);
    });
}

fn answer(run: &Run, site: &Site, connection: &mut Connection, request: &Request) {
    // After Ctrl-C nothing new begins; whoever waits in the queue is told so.
    let Some(item) = run.begin(request) else { return site.refuse(connection, 503) };
    let page = site.page(request); // waits or computes, and the worker with it
    item.end(connection.answer(request, &page));
}
