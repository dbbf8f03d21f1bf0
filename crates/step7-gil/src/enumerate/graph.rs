//! The graph of states: an edge for each choice, from the state where it is made to the one where it leads.
//!
//! Here a state is a number, and nothing is known of programs.
//!
//! # Invariants
//!
//! 1. State 0 is the start, and every state can be reached from it.
//! 2. A state's parent has a smaller number, so going from parent to parent ends at the start.

use std::collections::VecDeque;

/// States, and what leads from one to another.
#[derive(Default)]
pub(super) struct Graph {
    states: Vec<State>,
}

struct State {
    /// From which state it was reached first, and by whose step.
    parent: Option<(usize, usize)>,
    /// Whose steps lead where.
    next: Vec<(usize, usize)>,
}

impl Graph {
    /// Adds a state, and returns its number.
    pub(super) fn add(&mut self, parent: Option<(usize, usize)>) -> usize {
        self.states.push(State { parent, next: Vec::new() });
        self.states.len() - 1
    }

    pub(super) fn connect(&mut self, from: usize, thread: usize, to: usize) {
        self.states[from].next.push((thread, to));
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// Returns whose steps have led to a state first.
    pub(super) fn path(&self, mut state: usize) -> Vec<usize> {
        let mut path = Vec::new();
        while let Some((parent, thread)) = self.states[state].parent {
            path.push(thread);
            state = parent;
        }
        path.reverse();
        path
    }

    /// Counts the ways from the start to each state: `u128::MAX` stands for so many or more. `None` if some way goes round in
    /// a circle: then there is no end to them.
    ///
    /// A state's ways are known when those of all before it are; a state on a circle never gets there.
    ///
    /// # Source
    ///
    /// Arthur Kahn, *Topological sorting of large networks*, 1962.
    pub(super) fn ways(&self) -> Option<Vec<u128>> {
        let mut unknown = vec![0; self.len()]; // How many edges into each state have not been counted.
        self.states.iter().flat_map(|state| &state.next).for_each(|(_, to)| unknown[*to] += 1);
        let mut ways = vec![0_u128; self.len()];
        ways[0] = 1;
        let mut ready = Vec::from_iter((unknown[0] == 0).then_some(0));
        let mut done = 0;
        while let Some(state) = ready.pop() {
            done += 1;
            for &(_, to) in &self.states[state].next {
                ways[to] = ways[to].saturating_add(ways[state]);
                unknown[to] -= 1;
                if unknown[to] == 0 {
                    ready.push(to);
                }
            }
        }
        (done == self.len()).then_some(ways)
    }

    /// Finds, for each state, a way from the start on which turns change least often.
    pub(super) fn turns(&self, threads: usize) -> Turns {
        // How often turns have changed depends on who made the last step: so a node is a state, and that.
        let width = threads + 1;
        let start = threads; // State 0, and nobody.
        let mut count = vec![usize::MAX; self.len() * width];
        let mut from = vec![start; self.len() * width];
        count[start] = 0;
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            let (state, last) = (node / width, node % width);
            for &(thread, to) in &self.states[state].next {
                let next = to * width + thread;
                let turns = count[node] + usize::from(thread != last);
                if turns < count[next] {
                    (count[next], from[next]) = (turns, node);
                    if thread == last { queue.push_front(next) } else { queue.push_back(next) }
                }
            }
        }
        Turns { width, count, from }
    }
}

/// For each state, a way there with the fewest turns.
pub(super) struct Turns {
    width: usize,
    count: Vec<usize>,
    from: Vec<usize>,
}

impl Turns {
    /// Returns how many turns it takes to a state.
    pub(super) fn count(&self, state: usize) -> usize {
        self.count[self.last(state)]
    }

    /// Returns whose steps lead there.
    pub(super) fn path(&self, state: usize) -> Vec<usize> {
        let mut path = Vec::new();
        let mut node = self.last(state);
        while self.count[node] > 0 {
            path.push(node % self.width);
            node = self.from[node];
        }
        path.reverse();
        path
    }

    /// Returns the node that is reached in the fewest turns of those of a state.
    fn last(&self, state: usize) -> usize {
        let nodes = state * self.width..(state + 1) * self.width;
        nodes.min_by_key(|node| self.count[*node]).expect("there is one more than there are threads")
    }
}
