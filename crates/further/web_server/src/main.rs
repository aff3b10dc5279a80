//! A fixed number of threads answers any number of clients, and says no at once when too many wait.
//!
//! Mirrors: `http.server` with a `ThreadPoolExecutor` and a limit.
//! Run:     `cargo run -p web_server`
//! Watch:   the lanes are the workers of the server. Four clients send byte by byte: no lane waits for them.
//! Try:     `--workers 16`, then `--path /fib/35`; `--clients 100 --queue 8`; `--serve` and a browser.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::{TrySendError, channel, sync_channel};
use std::thread;

use common::Run;
use web_server::{Connection, Request, Server, Site, TICK};

fn main() -> ExitCode {
    let lesson = harness::lesson!(Threads).workers(4).sections(&["one worker", "the pool"]);
    let (run, site) = lesson.start(Server);
    if site.has_clients() {
        run.section("one worker");
        serve(run, site, 1);
        run.section("the pool");
    }
    serve(run, site, run.workers);
    run.finish()
}

// ANCHOR: serve
fn serve(run: &Run, site: &Site, workers: usize) {
    let (listener, mut lobby) = site.open();
    let (sender, receiver) = sync_channel::<(Connection, Request)>(site.queue);
    let queue = Mutex::new(receiver);
    let next_request = || queue.lock().expect("no worker panics here").recv(); // unlocks when it returns
    let (back, answered) = channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let back = back.clone();
            scope.spawn(move || {
                while let Ok((mut connection, request)) = next_request() {
                    answer(run, site, &mut connection, &request);
                    // A client that asks for nothing more must not keep the worker.
                    let _ = back.send(connection);
                }
            });
        }
        // This thread never waits for a client: only for connections that come back, and not long.
        while site.is_open() {
            lobby.extend(answered.recv_timeout(TICK).into_iter().chain(answered.try_iter()));
            site.accept(&listener, &mut lobby);
            for request in site.whole_requests(&mut lobby) {
                if let Err(TrySendError::Full((mut connection, _))) = sender.try_send(request) {
                    site.refuse(&mut connection, 503);
                    lobby.push(connection);
                }
            }
        }
        drop(listener); // from here on, a new client is refused by the system
        site.close(lobby);
        drop(sender); // the workers end when the queue is empty
    });
}
// ANCHOR_END: serve

fn answer(run: &Run, site: &Site, connection: &mut Connection, request: &Request) {
    // After Ctrl-C nothing new begins; whoever waits in the queue is told so.
    let Some(item) = run.begin(request) else { return site.refuse(connection, 503) };
    let page = site.page(request); // waits or computes, and the worker with it
    item.end(connection.answer(request, &page));
}
