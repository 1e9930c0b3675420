//! Breadth-first search through every state.

use super::properties::Property;
use super::state::{Bound, State};
use super::steps::{Step, successors};

/// What a search came to.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    /// Steps taken, also to states that were known.
    pub(crate) steps: usize,
    /// The longest of all shortest ways to a state.
    pub(crate) depth: usize,
    /// The first property that does not hold, and a shortest way there.
    pub(crate) broken: Option<(Property, Vec<(usize, Step)>)>,
}

/// Every state within the bound, until one of the properties is broken.
pub(crate) fn search(bound: &Bound, properties: &[Property]) -> Found {
    let mut known = Known::default();
    known.insert(State::default().canonical(bound), 0, 0);
    let (mut steps, mut at, mut level_ends, mut depth) = (0, 0, 1, 0);
    let mut broken = None;
    while at < known.states.len() && broken.is_none() {
        if at == level_ends {
            (level_ends, depth) = (known.states.len(), depth + 1);
        }
        let state = known.states[at];
        successors(&state, bound, |_, _, next| {
            steps += 1;
            let fresh = known.insert(next.canonical(bound), at, known.states.len());
            if fresh && broken.is_none() {
                let violated = properties
                    .iter()
                    .find(|property| !property.holds(&next, bound));
                broken = violated.map(|property| (*property, known.states.len() - 1));
            }
        });
        at += 1;
    }
    Found {
        states: known.states.len(),
        steps,
        depth,
        broken: broken.map(|(property, last)| (property, known.way_to(last, bound))),
    }
}

/// All states so far, each with the one it was first reached from. The index is open addressing over state numbers:
/// states are compared whole, so two never pass for one.
#[derive(Default)]
struct Known {
    states: Vec<State>,
    parents: Vec<u32>,
    index: Vec<u32>,
}

const FREE: u32 = u32::MAX;

impl Known {
    /// Adds a state that is not there yet; says whether it was not.
    fn insert(&mut self, state: State, parent: usize, number: usize) -> bool {
        if self.states.len() * 2 >= self.index.len() {
            self.grow();
        }
        let place = self.place(&state);
        if self.index[place] != FREE {
            return false;
        }
        self.index[place] = u32::try_from(number).expect("fewer states than memory");
        self.states.push(state);
        self.parents
            .push(u32::try_from(parent).expect("fewer states than memory"));
        true
    }

    fn place(&self, state: &State) -> usize {
        let mut place = hash(state) & (self.index.len() - 1);
        while self.index[place] != FREE && self.states[self.index[place] as usize] != *state {
            place = (place + 1) & (self.index.len() - 1);
        }
        place
    }

    fn grow(&mut self) {
        let room = (self.index.len() * 2).max(1 << 12);
        self.index = vec![FREE; room];
        for number in 0..self.states.len() {
            let place = self.place(&self.states[number]);
            self.index[place] = u32::try_from(number).expect("fewer states than memory");
        }
    }

    /// The steps that lead to a state. Replicas change places when a state is made canonical, so a number in the way
    /// is a place in the state before that step.
    fn way_to(&self, last: usize, bound: &Bound) -> Vec<(usize, Step)> {
        let (mut way, mut at) = (Vec::new(), last);
        while at != 0 {
            let parent = self.parents[at] as usize;
            let mut taken = None;
            successors(&self.states[parent], bound, |replica, step, next| {
                if taken.is_none() && next.canonical(bound) == self.states[at] {
                    taken = Some((replica, step));
                }
            });
            way.extend(taken);
            at = parent;
        }
        way.reverse();
        way
    }
}

fn hash(state: &State) -> usize {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    state.hash(&mut hasher);
    usize::try_from(hasher.finish()).unwrap_or(0)
}
