//! That the counts which the book states are true: all orders are tried one by one, without the graph and its sums.

use std::collections::BTreeSet;

use scheduler::{Graph, Puzzle, State, Taken};

fn puzzles() -> Vec<Puzzle> {
    let root = course::root().expect("the workspace");
    scheduler::find(&root).expect("they can be read")
}

/// An order, and the states that it goes through.
type Walk = (Vec<usize>, Vec<State>);

/// All orders there are.
fn walks(puzzle: &Puzzle) -> Vec<Walk> {
    let mut whole = Vec::new();
    let mut begun = vec![(Vec::new(), vec![puzzle.start()])];
    while let Some((order, states)) = begun.pop() {
        let mut goes_on = false;
        for actor in 0..puzzle.actors.len() {
            if let Taken::Step(after) = puzzle.after(&states[states.len() - 1], actor) {
                goes_on = true;
                begun.push(([&order[..], &[actor]].concat(), [&states[..], &[after]].concat()));
            }
        }
        if !goes_on {
            whole.push((order, states));
        }
    }
    whole
}

/// What was counted, where the lesson's own code did it: as it lies beside the puzzle.
fn outcome<'a>(puzzle: &'a Puzzle, order: &[usize]) -> &'a str {
    &puzzle.replays[&puzzle.seen(order)].outcome
}

#[test]
fn as_many_orders_are_there_and_are_wrong_as_the_book_says() {
    // For each puzzle how many orders there are, how many are counted, and what the real code did in those.
    type Known = (&'static str, usize, usize, fn(&str) -> bool);
    let known: [Known; 9] = [
        ("lost_update", 20, 18, |did| did != "returned 2"),
        ("two_each", 924, 918, |did| did != "returned 4"),
        ("locked", 2, 0, |did| did != "returned 2"),
        ("locked_twice", 6, 4, |did| did != "returned 2"),
        ("two_locks", 6, 2, |did| did == "never returned"),
        ("semaphore", 54, 0, |did| did != "ended with pages 3"),
        ("await_between", 6, 4, |did| did != "ended with counter 2"),
        ("await_before", 6, 0, |did| did != "ended with counter 2"),
        ("gil", 6, 4, |did| did != "returned 2"),
    ];
    let puzzles = puzzles();
    for (name, orders, counted, is_counted) in known {
        let puzzle = puzzles.iter().find(|puzzle| puzzle.name == name).expect(name);
        let walks = walks(puzzle);
        let wrong = walks.iter().filter(|(order, _)| is_counted(outcome(puzzle, order))).count();
        assert_eq!((walks.len(), wrong), (orders, counted), "{name}");
        let graph = Graph::new(puzzle);
        let start = graph.start();
        assert_eq!((start.orders, start.counted), (orders as u64, counted as u64), "{name}");
    }
}

/// Of what happens on the way, the recorded steps of the real code tell.
#[test]
fn the_queue_is_full_and_the_permits_are_taken_as_often_as_the_book_says() {
    let puzzles = puzzles();
    let find = |name: &str| puzzles.iter().find(|puzzle| puzzle.name == name).expect("it is there");
    let queue = find("bounded_queue");
    let waits = |log: &[String]| {
        // How many are in the queue after each step: with two in it, and more to come, A waits.
        let (mut inside, mut sent) = (0, 0);
        log.iter().any(|step| {
            let is_sent = step == "A send";
            (inside, sent) = if is_sent { (inside + 1, sent + 1) } else { (inside - 1, sent) };
            assert!((0..=2).contains(&inside), "{log:?}");
            inside == 2 && sent < 4
        })
    };
    let walks_of_queue = walks(queue);
    let made_to_wait = walks_of_queue
        .iter()
        .filter(|(order, _)| waits(&queue.replays[&queue.seen(order)].log))
        .count();
    let graph = Graph::new(queue);
    assert_eq!((walks_of_queue.len() as u64, made_to_wait as u64), (8, 6));
    assert_eq!((graph.start().orders, graph.start().counted), (8, 6));
    for replay in find("semaphore").replays.values() {
        let in_flight = replay.log.iter().filter(|step| step.contains(" begin "));
        let most = in_flight.map(|step| step.rsplit(' ').next().expect("a number")).max();
        assert!(most <= Some("2"), "{replay:?}");
    }
}

#[test]
fn the_graph_has_the_orders_and_the_states_that_there_are() {
    for puzzle in puzzles() {
        let graph = Graph::new(&puzzle);
        let mut walks = walks(&puzzle);
        walks.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let orders: Vec<Vec<usize>> = walks.iter().map(|(order, _)| order.clone()).collect();
        assert_eq!(graph.orders(), orders, "{}", puzzle.name);
        let mut reached = vec![0; puzzle.goals.len()];
        for (order, states) in &walks {
            for length in 0..=order.len() {
                let node = graph.follow(&order[..length]).expect("it can be followed");
                assert_eq!(node.state, states[length], "{}: {order:?}", puzzle.name);
                assert_eq!(node.end.is_some(), length == order.len(), "{order:?}");
            }
            let end = graph.follow(order).and_then(|node| node.end.clone()).expect("an end");
            reached.iter_mut().zip(&end.goals).for_each(|(all, &is)| *all += u64::from(is));
        }
        assert_eq!(graph.start().reach, reached, "{}", puzzle.name);
        // Each goal can be reached, or nobody would ever find it.
        for goal in 0..puzzle.goals.len() {
            let order = graph.solution(goal).expect("it can be reached");
            let end = graph.follow(&order).and_then(|node| node.end.clone()).expect("an end");
            assert!(end.goals[goal], "{}", puzzle.name);
        }
    }
}

/// Without any of this package's code.
#[test]
fn two_threads_lose_as_many_updates_as_any_enumeration_finds() {
    for (name, times, least) in [("lost_update", 1, 1), ("two_each", 2, 2)] {
        let steps = 3 * times;
        let (mut orders, mut wrong, mut outcomes) = (0, 0, BTreeSet::new());
        for choices in 0_u32..1 << (2 * steps) {
            if choices.count_ones() != steps {
                continue;
            }
            let (mut counter, mut own, mut taken) = (0, [0; 2], [0; 2]);
            for at in 0..2 * steps {
                let thread = usize::from(choices >> at & 1 == 1);
                match taken[thread] % 3 {
                    0 => own[thread] = counter,
                    1 => own[thread] += 1,
                    _ => counter = own[thread],
                }
                taken[thread] += 1;
            }
            orders += 1;
            wrong += u64::from(counter < 2 * times);
            outcomes.insert(format!("returned {counter}"));
        }
        assert_eq!(outcomes.first(), Some(&format!("returned {least}")));
        let puzzle = puzzles().into_iter().find(|puzzle| puzzle.name == name).expect("it is there");
        let graph = Graph::new(&puzzle);
        assert_eq!((graph.start().orders, graph.start().counted), (orders, wrong), "{name}");
        let replayed = puzzle.replays.values().map(|replay| replay.outcome.clone());
        assert_eq!(replayed.collect::<BTreeSet<_>>(), outcomes, "{name}");
    }
}

#[test]
fn a_step_is_of_the_lessons_source_and_a_replay_of_each_order_is_there() {
    let root = course::root().expect("the workspace");
    let puzzles = puzzles();
    assert!(puzzles.len() >= 10);
    for puzzle in puzzles {
        let source = std::fs::read_to_string(root.join(puzzle.source_file())).expect("a source");
        for step in puzzle.actors.iter().flat_map(|actor| &actor.steps) {
            // A brace alone is in every source.
            let says_something = step.code.contains(char::is_alphanumeric);
            let is_there = says_something && source.contains(&step.code);
            assert!(is_there, "{}: {}", puzzle.name, step.code);
        }
        for (order, _) in walks(&puzzle) {
            let replay = &puzzle.replays[&puzzle.seen(&order)];
            assert_eq!(*replay, puzzle.expected(&order), "{}: {order:?}", puzzle.name);
        }
    }
}

#[test]
fn a_file_that_is_not_understood_is_refused_with_the_line() {
    let fine = "number: 1\ntitle: t\nidea: i\nsource: s\ncalls: c\nreturns: x\nshared: x = 0\n\
                actors: thread A B\nload x | x = x + 1 | adds | x += 1\n\
                goal: x = 2 | Find it.\ncount: x < 2 | lose one\n";
    assert!(Puzzle::parse("p", "crates", fine).is_ok());
    for (from, to, said) in [
        ("title: t\n", "", "title"),
        ("shared: x = 0", "shared: x", "shared: x"),
        ("x = x + 1", "x = y + 1", "x = y + 1"),
        ("x = x + 1", "lock x", "lock x"),
        ("| adds | x += 1", "| adds", "adds"),
        ("load x", "load y", "no y"),
        ("goal: x = 2", "goal: y = 2", "y = 2"),
        ("goal: x = 2", "goal: blocked C", "blocked C"),
        ("count: x < 2 | lose one\n", "", "count"),
        ("thread A B", "thread A", "two actors"),
        ("title: t", "title: t\ntitel: t", "titel"),
    ] {
        let text = fine.replace(from, to);
        let why = Puzzle::parse("p", "crates", &text).expect_err("it is refused");
        assert!(why.contains(said), "{to}: {why}");
    }
}
