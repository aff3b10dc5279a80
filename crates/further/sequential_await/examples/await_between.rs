//! Wrong on purpose: one thread, two tasks, and an update is lost, since an await stands between its read and its write.
//!
//! Run:     `cargo run -p sequential_await --example await_between`
//! Watch:   what is counted: of two additions one is lost, in every run. With the await before the read, none is.

use std::cell::Cell;
use std::io::{self, Write};
use std::process::ExitCode;

use futures_util::future::join;
use tokio::{runtime::Builder, task::yield_now};

fn main() -> ExitCode {
    let event_loop = Builder::new_current_thread().build().expect("the system gives an event loop");
    let counted = event_loop.block_on(async {
        let (between, before) = (Cell::new(0), Cell::new(0));
        join(await_between(&between), await_between(&between)).await;
        join(await_before(&before), await_before(&before)).await;
        [("await between", between.get()), ("await before", before.get())]
    });
    for (way, count) in counted {
        let line = format!("{way:<14} 2 x 1  counted {count}, lost {}", 2 - count);
        if writeln!(io::stdout(), "{line}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

// ANCHOR: add
/// Wrong on purpose: at the await the other task has its turn, and reads what this one has read.
async fn await_between(counter: &Cell<u64>) {
    let read = counter.get();
    yield_now().await; // any await: a request, a file, a pause
    counter.set(read + 1);
}

/// Fixed without a lock: where there is no await, no other task has a turn.
async fn await_before(counter: &Cell<u64>) {
    yield_now().await;
    counter.set(counter.get() + 1);
}
// ANCHOR_END: add
