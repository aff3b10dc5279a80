//! Solution: a second request if the first has no answer after a while; the first good answer counts.
//!
//! Run:     `cargo run -p api_client --example hedged`
//! Watch:   `reviews` answers in time, and the site still sees one request given up: the slower one.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::Run;
use futures_util::future::select_ok;
use services::{Answer, LATE, Service, Services, TenServices};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout, timeout_at};

#[path = "../src/services.rs"]
mod services;
#[path = "../src/threads.rs"]
mod threads;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).worker_per_item().sections(&["tasks", "threads"]);
    let (run, services) = lesson.start(TenServices);
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let event_loop = event_loop.expect("the system gives an event loop");
    event_loop.block_on(ask_all(run, services));
    threads::ask_all(run, services);
    services.status(run.finish())
}

async fn ask_all(run: &'static Run, services: &'static Services) {
    run.section("tasks");
    let session: reqwest::Client = http_clients::session(services.timeout, false);
    let (deadline, mut tasks) = (Instant::now() + services.deadline, JoinSet::new());
    for service in services.of_a_run() {
        let session = session.clone();
        tasks.spawn(async move {
            let (asked, mut answer) = (run.begin(&service)?, LATE);
            asked
                .end_after(async {
                    // At the deadline the request is dropped. That cancels it, and closes its connection.
                    let asking = retry(&session, &service, services.retries);
                    answer = timeout_at(deadline.into(), asking).await.unwrap_or(LATE);
                    services.outcome(&answer)
                })
                .await;
            Some((service, answer))
        });
    }
    let answers = tasks.join_all().await;
    // It blocks, so it needs another thread: the event loop still has a connection to close.
    let told = spawn_blocking(move || services.tell(run, deadline, answers.into_iter().flatten()));
    told.await.expect("no panic");
}

async fn retry(session: &reqwest::Client, service: &Service, retries: u32) -> Answer {
    for wait in waits(retries) {
        match hedged(session, service).await {
            Err(why) if service.method.is_idempotent() && why.may_pass() => sleep(wait).await,
            answer => return answer, // an answer, or an error that is final
        }
    }
    hedged(session, service).await
}

/// Each wait is twice as long as the last on average, and random: 1,000 clients must not come back together.
fn waits(retries: u32) -> impl Iterator<Item = Duration> {
    let first = Duration::from_millis(100);
    (0..retries).map(move |n| (first * 2u32.pow(n)).mul_f64(0.5 + fastrand::f64())) // 50 to 150 %
}

/// Asks a second time if there is no answer after a while. The first good answer counts, and the other request is dropped.
async fn hedged(session: &reqwest::Client, service: &Service) -> Answer {
    let mut first = Box::pin(ask(session, service));
    if !service.method.is_idempotent() {
        return first.await;
    }
    // Longer than the others take. An error before that is for `retry`.
    if let Ok(answer) = timeout(Duration::from_millis(300), &mut first).await {
        return answer;
    }
    let second = Box::pin(ask(session, service));
    select_ok([first, second]).await.map(|(answer, _other)| answer)
}

async fn ask(session: &reqwest::Client, service: &Service) -> Answer {
    let response = session.request(service.method.clone(), &service.url).send().await?;
    services::read(&services::body(response.error_for_status()?).await?)
}
