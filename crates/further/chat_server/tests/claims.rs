//! What the lesson claims, how it treats strangers, and what the tutorial says of its examples.

use std::net::TcpListener;
#[cfg(target_os = "linux")]
use std::{io::Write, net::TcpStream};

use harness::Limit;
use serde_json::Value;
use testing::record::{items, number, section};
use testing::{OwnLesson, own_lesson};
#[cfg(unix)]
use testing::{children, is_alive, signal, wait_until};

const LESSON: OwnLesson = own_lesson!();
const WAYS: [&str; 2] = ["tasks", "threads"];

// The crowd

#[test]
fn a_thousand_clients_of_which_each_second_one_speaks() {
    assert_eq!(LESSON.described().limit, Limit::Fixed(10));
    assert_eq!(LESSON.defaults(["clients", "asleep", "messages"]), ["1000", "1", "500"]);
}

/// The figures of a way of serving.
fn chat<'run>(run: &'run Value, way: &str) -> &'run Value {
    let chats = run["chats"].as_array().unwrap_or_else(|| panic!("no chats: {run}"));
    let chat = chats.iter().find(|chat| chat["way"] == way);
    chat.unwrap_or_else(|| panic!("no {way}: {run}"))
}

fn count(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_else(|| panic!("no {key}: {object}"))
}

/// Clients and server count independently, and nothing is lost without a word. The readers miss nothing, although some
/// clients do not read: so those hold up nobody.
#[test]
fn every_message_is_delivered_or_told_as_missed_and_who_does_not_read_holds_up_nobody() {
    let (readers, sleepers, messages) = (40, 5, 600);
    let sizes = [readers, sleepers, messages].map(|number: u64| number.to_string());
    let [clients, asleep, said] = &sizes;
    let run = LESSON.record(&["--clients", clients, "--asleep", asleep, "--messages", said]);
    for way in WAYS {
        let chat = chat(&run, way);
        let all = readers + sleepers;
        assert_eq!((count(chat, "clients"), count(chat, "refused")), (all, 0), "{chat}");
        assert_eq!(count(chat, "sent"), messages, "{chat}");
        let (delivered, missed) = (count(chat, "delivered"), count(chat, "missed"));
        assert_eq!(delivered + missed, all * messages, "{chat}");
        for key in ["sent", "delivered", "missed"] {
            assert_eq!(count(chat, key), count(&chat["server"], key), "{key}: {chat}");
        }
        // Each sleeper gets what the channel has kept and what was on its way, and misses the rest.
        assert!(missed > 0 && missed < sleepers * messages, "{chat}");
        assert!(delivered > readers * messages, "{chat}");
        assert!(number(chat, "half_within") <= number(chat, "most_within"), "{chat}");
        for item in section(&run, way).0 {
            assert_eq!(count(item, "result"), readers, "{item}");
        }
    }
    assert_eq!(items(&run).len() as u64, 2 * messages);
}

#[test]
fn the_last_message_is_delivered_as_the_first_even_if_only_one_reads() {
    for arguments in [["--clients", "1", "--asleep", "0"], ["--clients", "1", "--asleep", "9"]] {
        let run = LESSON.record(&[&arguments[..], &["--messages", "30"]].concat());
        assert_eq!(run["deliveries"], 60, "{run}");
    }
}

/// Two threads for each connection, and one for all.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_is_cheaper_as_a_task_in_memory_and_in_work() {
    let run = LESSON.record(&["--messages", "60"]);
    let [tasks, threads] = WAYS.map(|way| chat(&run, way));
    assert!(count(tasks, "threads") < 10, "{tasks}");
    assert!(count(threads, "threads") > 2 * 1_001, "{threads}");
    let times = |key: &str| number(threads, key) / number(tasks, key);
    assert!(times("memory") > 4.0, "{} times the memory: {run}", times("memory"));
    assert!(times("working") > 2.0, "{} times the work: {run}", times("working"));
}

/// Those who are in chat all the same.
#[test]
fn connections_for_which_there_is_no_room_are_told_and_counted() {
    let arguments = ["--clients", "30", "--messages", "20", "--room", "20"];
    let run = LESSON.record(&arguments);
    for chat in WAYS.map(|way| chat(&run, way)) {
        assert_eq!((count(chat, "clients"), count(chat, "refused")), (20, 11), "{chat}");
        assert_eq!(count(chat, "delivered") + count(chat, "missed"), 20 * 20, "{chat}");
    }
    LESSON.program().says(&arguments, "tasks: 20 of 31 clients came in");
}

/// A stranger finds the door of the clients. What it is told, no client counts.
#[cfg(target_os = "linux")]
#[test]
fn counts_that_differ_are_an_error() {
    let arguments = ["--clients", "20", "--asleep", "0", "--messages", "5000"];
    let mut running = LESSON.program().start(&arguments);
    running.item_line();
    let clients = children(running.id())[0];
    let variables = std::fs::read(format!("/proc/{clients}/environ")).expect("its variables");
    let variables = String::from_utf8(variables).expect("text");
    let door = variables.split('\0').find_map(|it| it.strip_prefix("CHAT_CLIENTS="));
    let port = door.and_then(|door| door.split(' ').next()?.parse().ok()).expect("a port");
    let mut stranger =
        TcpStream::connect(("127.0.0.1", port)).expect("there is room for some more");
    stranger.write_all(b"stranger\n").expect("it is open");
    let ended = std::thread::scope(|scope| {
        // It reads to the end, so that it is told everything.
        scope.spawn(|| std::io::copy(&mut &stranger, &mut std::io::sink()));
        running.wait()
    });
    assert_eq!(ended.code(), 1, "{}", ended.stderr);
    let told = "error: tasks: sent, delivered and missed are [5000, 100000, 0] for the 20 clients, and [5000, ";
    assert!(ended.stderr.starts_with(told), "{}", ended.stderr);
}

#[test]
fn too_much_is_refused_before_anything_starts() {
    let program = LESSON.program();
    program.refuses(&["--clients", "0"], "a whole number from 1 to 20000");
    program.refuses(&["--messages", "0"], "a whole number from 1 to 100000");
    program.refuses(&["--clients", "20000", "--messages", "100000"], "2000100000 deliveries");
    program.refuses(&["--bind", "127.0.0.1"], "--serve");
    program.refuses(&["--port", "7000"], "--serve");
    program.refuses(&["--serve", "--port", "65536"], "a whole number from 0 to 65535");
    program.refuses(&["--serve", "--bind", "here"], "'here'");
    program.refuses(&["--serve", "--clients", "3"], "cannot be used with");
}

#[cfg(unix)]
#[test]
fn with_few_descriptors_it_says_how_many_clients_there_can_be() {
    let ended = LESSON.program().run_after("ulimit -n 200", &["--clients", "300"]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    let told = "error: 301 clients are too many: the system allows this process ";
    assert!(ended.stderr.starts_with(told), "{ended:?}");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let ended = LESSON.run(&["--serve", "--port", &port]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(
        ended.stderr.starts_with(&format!("error: no chat at 127.0.0.1:{port}: ")),
        "{ended:?}"
    );
}

#[cfg(unix)]
#[test]
fn clients_that_are_killed_fail_what_is_in_flight_and_all_that_follows() {
    let mut running = LESSON.program().start(&["--clients", "200", "--messages", "2000"]);
    running.item_line();
    let clients = children(running.id());
    assert_eq!(clients.len(), 1);
    signal("-KILL", clients[0]);
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(": their process ended"), "{}", ended.stderr);
    let (_, summary) = ended.lines_and_summary();
    assert!(summary.contains(" of 4000 messages in ") && summary.contains(" failed)"), "{summary}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_at_random_moments_leaves_nothing() {
    for _ in 0..6 {
        let running = LESSON.program().start(&["--clients", "100", "--messages", "100000"]);
        std::thread::sleep(std::time::Duration::from_millis(fastrand::u64(100..1_500)));
        let clients = children(running.id());
        signal("-INT", running.id());
        let ended = running.wait();
        assert_eq!((ended.code(), ended.stderr.as_str()), (130, ""), "{ended:?}");
        wait_until("the clients' end", || !clients.iter().any(|client| is_alive(*client)));
    }
}

// The examples

/// One client that does not read stops all others, unless every client reads.
#[cfg(unix)]
#[test]
fn a_lock_held_while_writing_lets_one_client_stop_all() {
    let broken = LESSON.example("under_a_lock");
    let all_read = broken.record(&["--clients", "20", "--asleep", "0"]);
    assert_eq!(all_read["deliveries"], 2 * 500 * 20, "{all_read}");
    let running = broken.start(&["--clients", "20", "--quiet"]);
    let id = running.id();
    std::thread::sleep(std::time::Duration::from_secs(30));
    signal("-INT", id);
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!(
        ended.stderr.contains("Nothing has begun or ended for 15 s: 10 in flight"),
        "{ended:?}"
    );
    // With the same client, the lesson comes to its end.
    LESSON.record(&["--clients", "20"]);
}

/// The bytes that wait for a client that does not read are a part of all that was said: twice as much, twice as long.
#[test]
fn a_queue_without_a_bound_misses_nothing_and_grows() {
    let longest = |messages: &str| -> usize {
        let arguments = ["--clients", "20", "--messages", messages];
        let line = LESSON.example("unbounded_queues").says(&arguments, "The longest queue held ");
        line.split(' ').find_map(|word| word.parse().ok()).expect("a number")
    };
    let (some, more) = (longest("1000"), longest("3000"));
    assert!(more - some > 2_000 * 200 * 9 / 10, "{some}, then {more}");
    let run = LESSON.example("unbounded_queues").record(&["--clients", "20", "--messages", "1000"]);
    assert_eq!(count(chat(&run, "tasks"), "missed"), 0, "{run}");
    assert!(count(chat(&run, "threads"), "missed") > 0, "{run}");
}
