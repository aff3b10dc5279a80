//! Every state of a puzzle that any order leads to, and how many orders there are.

use std::collections::HashMap;

use crate::puzzle::{Goal, Puzzle, State, Taken};

/// The states of a puzzle. The first one is where all orders begin.
#[derive(Debug)]
pub struct Graph {
    /// All of them.
    pub nodes: Vec<Node>,
}

/// A state, and what leads on from it.
#[derive(Debug)]
pub struct Node {
    /// Where all are.
    pub state: State,
    /// What comes of it when an actor goes next, for each of them.
    pub next: Vec<Next>,
    /// Where no actor can go on.
    pub end: Option<End>,
    /// In how many orders it goes on from here,
    pub orders: u64,
    /// how many of them reach each goal,
    pub reach: Vec<u64>,
    /// and how many are of the kind that is counted.
    pub counted: u64,
}

/// What comes of it when an actor goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The state of that index.
    Node(usize),
    /// It has to wait.
    Blocked,
    /// It has ended.
    Ended,
}

/// How an order has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Whether some wait that will never go on.
    pub is_deadlock: bool,
    /// Which goals were reached.
    pub goals: Vec<bool>,
    /// Whether it is one of those that are counted.
    pub is_counted: bool,
}

/// A state, and for each goal and what is counted whether its condition has held on the way.
type Key = (State, Vec<bool>);

impl Graph {
    /// Of this puzzle.
    pub fn new(puzzle: &Puzzle) -> Self {
        let mut graph = Self { nodes: Vec::new() };
        let mut known = HashMap::new();
        let start = puzzle.start();
        let conditions: Vec<&Goal> = puzzle.goals.iter().chain([&puzzle.count]).collect();
        let held = vec![false; conditions.len()];
        graph.add(puzzle, &conditions, (start, held), &mut known);
        graph
    }

    /// Adds a state with all that follow it, unless it is there; gives its index.
    fn add(
        &mut self,
        puzzle: &Puzzle,
        conditions: &[&Goal],
        (state, mut held): Key,
        known: &mut HashMap<Key, usize>,
    ) -> usize {
        for (held, goal) in held.iter_mut().zip(conditions) {
            *held |= goal.is_ever && puzzle.holds(goal, &state);
        }
        let key = (state, held);
        if let Some(&at) = known.get(&key) {
            return at;
        }
        let at = self.nodes.len();
        known.insert(key.clone(), at);
        let (state, held) = key;
        let reach = vec![0; puzzle.goals.len()];
        let node = |state| Node { state, next: vec![], end: None, orders: 0, reach, counted: 0 };
        self.nodes.push(node(state.clone()));
        let taken: Vec<Taken> =
            (0..puzzle.actors.len()).map(|actor| puzzle.after(&state, actor)).collect();
        let is_deadlock = taken.contains(&Taken::Blocked);
        for taken in taken {
            let next = match taken {
                Taken::Blocked => Next::Blocked,
                Taken::Ended => Next::Ended,
                Taken::Step(after) => {
                    let next = self.add(puzzle, conditions, (after, held.clone()), known);
                    let [orders, counted] = [self.nodes[next].orders, self.nodes[next].counted];
                    let reach = self.nodes[next].reach.clone();
                    let node = &mut self.nodes[at];
                    node.orders += orders;
                    node.counted += counted;
                    node.reach.iter_mut().zip(reach).for_each(|(all, more)| *all += more);
                    Next::Node(next)
                }
            };
            self.nodes[at].next.push(next);
        }
        let node = &mut self.nodes[at];
        if !node.next.iter().any(|next| matches!(next, Next::Node(_))) {
            let holds =
                |(held, goal): (bool, &&Goal)| held || !goal.is_ever && puzzle.holds(goal, &state);
            let mut goals: Vec<bool> = held.into_iter().zip(conditions).map(holds).collect();
            let is_counted = goals.pop().expect("what is counted is the last of them");
            node.orders = 1;
            node.counted = is_counted.into();
            node.reach = goals.iter().map(|&reached| reached.into()).collect();
            node.end = Some(End { is_deadlock, goals, is_counted });
        }
        at
    }

    /// Where all orders begin.
    pub fn start(&self) -> &Node {
        &self.nodes[0]
    }

    /// Where an order leads to; `None` where one of its steps cannot be taken.
    pub fn follow(&self, order: &[usize]) -> Option<&Node> {
        order.iter().try_fold(self.start(), |node, &actor| match *node.next.get(actor)? {
            Next::Node(next) => Some(&self.nodes[next]),
            Next::Blocked | Next::Ended => None,
        })
    }

    /// The first order that reaches a goal, where one does.
    pub fn solution(&self, goal: usize) -> Option<Vec<usize>> {
        let (mut node, mut order) = (self.start(), Vec::new());
        while node.end.is_none() {
            let leads = |next: &Next| match *next {
                Next::Node(next) => self.nodes[next].reach[goal] > 0,
                Next::Blocked | Next::Ended => false,
            };
            let actor = node.next.iter().position(leads)?;
            order.push(actor);
            node = self.follow(&order)?;
        }
        (node.reach[goal] > 0).then_some(order)
    }

    /// All orders, one after another.
    pub fn orders(&self) -> Vec<Vec<usize>> {
        let mut whole = Vec::new();
        let mut begun = vec![(0, Vec::new())];
        while let Some((at, order)) = begun.pop() {
            let node: &Node = &self.nodes[at];
            for (actor, next) in node.next.iter().enumerate() {
                if let Next::Node(next) = *next {
                    begun.push((next, [&order[..], &[actor]].concat()));
                }
            }
            if node.end.is_some() {
                whole.push(order);
            }
        }
        whole.sort_unstable();
        whole
    }
}
