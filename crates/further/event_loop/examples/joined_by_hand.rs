//! Solution: a `join` by hand, with which each task waits for two pages at once.
//!
//! Run:     `cargo run -p event_loop --example joined_by_hand`
//! Watch:   twice as many pages in flight, by the same number of tasks.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::{cell::RefCell, collections::BTreeMap, io, mem, process::ExitCode, time::Duration};

use common::{Run, Sites};
use network::{Net, Task, Tasks, in_time};
use waiting::Waiting;

#[path = "../src/http.rs"]
mod http;
#[path = "../src/network.rs"]
mod network;
#[path = "../src/trace.rs"]
mod trace;
#[path = "../src/waiting.rs"]
mod waiting;

fn main() -> ExitCode {
    let lesson = harness::lesson!(Async).workers(5).sections(&["by hand", "tokio"]);
    let (run, (sites, is_traced)) = lesson.start((downloads::Pages, trace::SWITCH));
    trace::start(run, *is_traced);
    run.section("by hand");
    let waiting = Waiting::new();
    download_all_sites(run, sites, &waiting, |tasks| run_all(tasks, &waiting));
    run.section("tokio");
    download_all_sites(run, sites, &network::Tokio, network::run_all_on_tokio);
    run.finish()
}

/// Wakes one task: it moves to the ready list. Any thread may do that, even while the loop sleeps.
struct TaskWaker {
    task: usize,
    ready: Arc<Mutex<Vec<usize>>>,
    bell: Arc<mio::Waker>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        trace::woken(self.task);
        self.ready.lock().expect("no thread panics here").push(self.task);
        self.bell.wake().expect("the system ends the loop's sleep");
    }
}

fn run_all(tasks: Tasks<'_>, waiting: &Waiting) {
    let ready = Arc::new(Mutex::new(Vec::from_iter(0..tasks.len()))); // at first, all of them
    let waker = |task| TaskWaker { task, ready: ready.clone(), bell: waiting.bell.clone() };
    let wakers: Vec<Waker> = (0..tasks.len()).map(|task| Arc::new(waker(task)).into()).collect();
    let mut tasks: BTreeMap<usize, Task<'_>> = tasks.into_iter().enumerate().collect();
    while !tasks.is_empty() {
        waiting.wake_some();
        let now = mem::take(&mut *ready.lock().expect("no thread panics here"));
        for number in now {
            let Some(task) = tasks.get_mut(&number) else { continue }; // woken after its end
            let mut context = Context::from_waker(&wakers[number]);
            if trace::turn(number, || task.as_mut().poll(&mut context)).is_ready() {
                tasks.remove(&number); // it has ended
            }
        }
    }
}

fn download_all_sites(run: &Run, sites: &Sites, net: &impl Net, run_all: impl FnOnce(Tasks<'_>)) {
    let queue = RefCell::new(sites.urls.iter());
    let next_site = || queue.borrow_mut().next();
    let download = async || {
        let download_next = async || {
            let page = next_site().and_then(|url| Some((url, run.begin(url)?)));
            let Some((url, page)) = page else { return false };
            page.end_after(download_site(net, url, sites.timeout)).await;
            true
        };
        while join(download_next(), download_next()).await {}
    };
    run_all((0..run.workers).map(|_| Box::pin(download()) as Task<'_>).collect());
}

/// Awaits both at once; returns whether both found a page.
async fn join(one: impl Future<Output = bool>, other: impl Future<Output = bool>) -> bool {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut of_one, mut of_other) = (None, None);
    poll_fn(|context| {
        // A future that has ended must not be polled again.
        if of_one.is_none() {
            of_one = ready(one.as_mut().poll(context));
        }
        if of_other.is_none() {
            of_other = ready(other.as_mut().poll(context));
        }
        match (of_one, of_other) {
            (Some(of_one), Some(of_other)) => Poll::Ready(of_one && of_other),
            _ => Poll::Pending,
        }
    })
    .await
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    if let Poll::Ready(result) = poll { Some(result) } else { None }
}

async fn download_site(net: &impl Net, url: &str, timeout: Duration) -> io::Result<u64> {
    in_time(http::get(net, url), net.sleep(timeout)).await.map_err(http::in_words)
}
