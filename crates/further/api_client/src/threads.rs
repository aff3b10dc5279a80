//! The same with threads: the deadline is kept by the thread that waits for them. They go on.

use std::iter;
use std::sync::mpsc::sync_channel;
use std::thread::{self, sleep};
use std::time::Instant;

use common::Run;
use ureq::http::Request;

use crate::services::{self, Answer, LATE, Service, Services};
use crate::waits;

// ANCHOR: ask_all
pub(crate) fn ask_all(run: &Run, services: &Services) {
    run.section("threads");
    let session: ureq::Agent = http_clients::session(services.timeout, false);
    let deadline = Instant::now() + services.deadline;
    // Without room: `send` returns `Ok` only when the other side has taken the answer.
    let (sender, receiver) = sync_channel(0);
    thread::scope(|scope| {
        for service in services.of_a_run() {
            let (session, sender) = (&session, sender.clone());
            scope.spawn(move || {
                let Some(asked) = run.begin(&service) else { return };
                let answer = retry(session, &service, services, deadline);
                let is_taken = sender.send((service, answer.clone())).is_ok();
                asked.end(services.outcome(if is_taken { &answer } else { &LATE }));
            });
        }
        drop(sender);
        let left = || deadline.saturating_duration_since(Instant::now());
        let answers: Vec<_> = iter::from_fn(|| receiver.recv_timeout(left()).ok()).collect();
        drop(receiver); // the answer is complete, and nobody listens any more
        services.tell(run, deadline, answers);
        // The scope waits for its threads, and there is no call that ends one.
    });
}
// ANCHOR_END: ask_all

// ANCHOR: retry
/// A thread has to look at the deadline itself, wherever it can: here before each wait.
fn retry(session: &ureq::Agent, service: &Service, all: &Services, deadline: Instant) -> Answer {
    for wait in waits(all.retries) {
        match ask(session, service, all) {
            Err(why) if service.method.is_idempotent() && why.may_pass() => {
                if Instant::now() + wait > deadline {
                    return Err(why);
                }
                sleep(wait);
            }
            answer => return answer,
        }
    }
    ask(session, service, all)
}
// ANCHOR_END: retry

fn ask(session: &ureq::Agent, service: &Service, all: &Services) -> Answer {
    let request = Request::builder().method(&service.method).uri(&service.url).body(())?;
    let request = session.configure_request(request).timeout_global(Some(all.timeout)).proxy(None);
    let body = session.run(request.build())?.into_body();
    services::read(&body.into_with_config().limit(services::LONGEST).read_to_vec()?)
}
