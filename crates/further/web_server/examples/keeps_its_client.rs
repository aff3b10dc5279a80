//! Wrong on purpose: a worker stays with its client until that has gone, whether it asks for something or not.
//!
//! Run:     `cargo run -p web_server --example keeps_its_client`
//! Watch:   nothing: the four slow clients have the worker, one after another. Ctrl-C twice, then `-- --slow 0`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::{TrySendError, sync_channel};
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

fn serve(run: &Run, site: &Site, workers: usize) {
    let (listener, mut lobby) = site.open();
    let (sender, receiver) = sync_channel::<Connection>(site.queue);
    let queue = Mutex::new(receiver);
    let next_connection = || queue.lock().expect("no worker panics here").recv(); // unlocks when it returns
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Ok(connection) = next_connection() {
                    let mut own = vec![connection];
                    while !own.is_empty() {
                        for (mut connection, request) in site.whole_requests(&mut own) {
                            answer(run, site, &mut connection, &request);
                            own.push(connection);
                        }
                        thread::sleep(TICK);
                    }
                }
            });
        }
        while site.is_open() {
            site.accept(&listener, &mut lobby);
            for connection in lobby.drain(..) {
                if let Err(TrySendError::Full(mut connection)) = sender.try_send(connection) {
                    site.refuse(&mut connection, 503);
                }
            }
            thread::sleep(TICK);
        }
        drop(listener); // from here on, a new client is refused by the system
        site.close(lobby);
        drop(sender); // the workers end when the queue is empty
    });
}

fn answer(run: &Run, site: &Site, connection: &mut Connection, request: &Request) {
    // After Ctrl-C nothing new begins; whoever waits in the queue is told so.
    let Some(item) = run.begin(request) else { return site.refuse(connection, 503) };
    let page = site.page(request); // waits or computes, and the worker with it
    item.end(connection.answer(request, &page));
}
