//! Wrong on purpose: a waker that forgets to put its task on the ready list.
//!
//! Run:     `cargo run -p event_loop --example forgets_to_wake -- --timeout 1`
//! Watch:   nothing comes, and nothing ends, though each answer is there: the report comes after the time of a page, and 5 s more.

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
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
    #[expect(dead_code, reason = "wrong on purpose: the compiler notices that nobody uses it")]
    ready: Arc<Mutex<Vec<usize>>>,
    bell: Arc<mio::Waker>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        trace::woken(self.task);
        // The loop looks, and finds nobody who is ready.
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
        while let Some(url) = next_site() {
            let Some(page) = run.begin(url) else { return };
            page.end_after(download_site(net, url, sites.timeout)).await;
        }
    };
    run_all((0..run.workers).map(|_| Box::pin(download()) as Task<'_>).collect());
}

async fn download_site(net: &impl Net, url: &str, timeout: Duration) -> io::Result<u64> {
    in_time(http::get(net, url), net.sleep(timeout)).await.map_err(http::in_words)
}
