//! What the book shows of puzzles: text that can be read as it is, and the data that its script follows.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::graph::{Graph, Next, Node};
use crate::puzzle::{Actor, Puzzle, Replay};

/// What stands below the mark of a puzzle: its steps, the counts, and an order for each goal. The script of the book finds it
/// by its name, and puts the board in the place of the table.
pub fn markdown(puzzle: &Puzzle) -> String {
    let graph = Graph::new(puzzle);
    let mut text = format!("<div class=\"puzzle\" id=\"{}\">\n\n{}\n\n", puzzle.name, puzzle.idea);
    // Actors that do the same share a row.
    let mut done = Vec::new();
    text += "| step | what it does | the line of the source |\n|---|---|---|\n";
    for actor in &puzzle.actors {
        if done.contains(&actor.letter) {
            continue;
        }
        let same: Vec<&Actor> =
            puzzle.actors.iter().filter(|other| steps(other) == steps(actor)).collect();
        done.extend(same.iter().map(|actor| actor.letter));
        for (number, step) in (1..).zip(&actor.steps) {
            let names: Vec<String> =
                same.iter().map(|actor| format!("{}{number}", actor.letter)).collect();
            // A bar would end the cell.
            let code = step.code.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {} | `{code}` |", names.join(", "), step.words);
        }
    }
    let source = puzzle.source_file();
    let _ = write!(
        text,
        "\nThe source: [{source}](../../{source})\n\n<details>\n<summary>The counts, and an order for each goal</summary>\n\n{}\n",
        counts(puzzle, &graph)
    );
    for (at, goal) in puzzle.goals.iter().enumerate() {
        let number = graph.start().reach[at];
        let orders = if number == 1 { "order does" } else { "orders do" };
        let _ = write!(text, "\n- {} {number} {orders}. ", goal.words);
        if let Some(order) = graph.solution(at) {
            let letters: Vec<String> = puzzle.letters(&order).chars().map(String::from).collect();
            let _ = write!(text, "The first: {}. ", letters.join(" "));
            if let Some(replay) = puzzle.replays.get(&puzzle.seen(&order)) {
                let Replay { outcome, log } = replay;
                let _ = write!(text, "`{}` {outcome} ({}).", puzzle.calls, log.join(", "));
            }
        }
        text = text.trim_end().into();
    }
    text + "\n\n</details>\n\n</div>\n"
}

/// `There are 20 orders, and 18 of them lose an update.`
pub fn counts(puzzle: &Puzzle, graph: &Graph) -> String {
    let node = graph.start();
    let counted = if node.counted == 0 { "none".into() } else { node.counted.to_string() };
    let orders = node.orders;
    format!("There are {orders} orders, and {counted} of them {}.", puzzle.count.words)
}

fn steps(actor: &Actor) -> Vec<(&str, &str)> {
    actor.steps.iter().map(|step| (step.words.as_str(), step.code.as_str())).collect()
}

/// The script that the book's script loads, with all puzzles: what each state shows, and where each choice leads.
pub fn data(puzzles: &[Puzzle]) -> String {
    let mut text = String::from(
        "// Made from the lessons' puzzles: cargo run -p book -- --diffs\nwindow.puzzles = {};\n",
    );
    for puzzle in puzzles {
        let graph = Graph::new(puzzle);
        let actors = puzzle.actors.iter().enumerate().map(|(index, actor)| {
            let step = |step: &crate::Step| json!([step.words, step.code, step.operation.is_some()]);
            let own: Vec<String> = named(puzzle.own(&graph.start().state, index)).0;
            json!({"letter": actor.letter, "steps": actor.steps.iter().map(step).collect::<Vec<_>>(), "own": own})
        });
        let goals = puzzle.goals.iter().zip(&graph.start().reach);
        let replay = |replay: &Replay| json!([replay.outcome, replay.log.join(", ")]);
        let replays: Map<String, Value> =
            puzzle.replays.iter().map(|(order, it)| (order.clone(), replay(it))).collect();
        let of_puzzle = json!({
            "who": puzzle.who,
            "source": puzzle.source_file(),
            "calls": puzzle.calls,
            "actors": actors.collect::<Vec<_>>(),
            "shared": named(puzzle.shared(&graph.start().state)).0,
            "goals": goals.map(|(goal, reach)| json!([goal.words, reach])).collect::<Vec<_>>(),
            "orders": graph.start().orders,
            "counted": graph.start().counted,
            "count": puzzle.count.words,
            "counts": counts(puzzle, &graph),
            "nodes": graph.nodes.iter().map(|node| state(puzzle, node)).collect::<Vec<_>>(),
            "replays": replays,
        });
        let _ = writeln!(text, "window.puzzles.{} = {of_puzzle};", puzzle.name);
    }
    text
}

/// What is shared, what each has of its own, how many steps each has taken, where each choice leads (-1: it has to wait,
/// -2: it has ended), and in the end whether that is a deadlock and which goals were reached.
fn state(puzzle: &Puzzle, node: &Node) -> Value {
    let own = (0..puzzle.actors.len()).map(|actor| named(puzzle.own(&node.state, actor)).1);
    let next = node.next.iter().map(|next| match next {
        Next::Node(at) => json!(at),
        Next::Blocked => json!(-1),
        Next::Ended => json!(-2),
    });
    let end = node.end.as_ref().map(|end| json!([end.is_deadlock, end.goals]));
    json!([
        named(puzzle.shared(&node.state)).1,
        own.collect::<Vec<_>>(),
        node.state.taken,
        next.collect::<Vec<_>>(),
        end,
    ])
}

fn named(values: Vec<(String, String)>) -> (Vec<String>, Vec<String>) {
    values.into_iter().unzip()
}
