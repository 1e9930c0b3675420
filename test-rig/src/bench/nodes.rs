//! Whole nodes without a radio: chunks arrive at once, in order. What is left is the phones' own work, signature checks
//! included: each node has the plain checker.

use std::collections::VecDeque;

use bitcraps_core::crypto::Roster;
use bitcraps_core::mesh::{LinkId, Role};
use bitcraps_core::node::{Command, Input, Node, NodeConfig, Output};
use bitcraps_core::table::{Genesis, TableRules};
use bitcraps_core::time::Instant;

use crate::random::derive;
use crate::sim::Phone;

#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    pub(super) now: Instant,
    /// To whom, on which link, what.
    flying: VecDeque<(usize, LinkId, Vec<u8>)>,
}

impl Nodes {
    /// A full mesh of `n` phones that have said hello.
    pub(super) fn new(n: u8) -> Result<Self, String> {
        let keys = (0..u64::from(n)).map(|seat| Phone::identity(1, seat).public_key());
        let roster = Roster::new(keys.collect()).map_err(|error| error.to_string())?;
        let rules = TableRules::default();
        let genesis = Genesis { rules, roster };
        let open = |seat: u64| {
            let config = NodeConfig {
                links_max: usize::from(n),
                formed_now: true,
                ..NodeConfig::new(
                    genesis.clone(),
                    Phone::identity(1, seat),
                    Phone::table_secret(1),
                )
            };
            Node::open(config, derive(1, "entropy", seat), &[]).map_err(|error| error.to_string())
        };
        let mut all = Self {
            nodes: (0..u64::from(n)).map(open).collect::<Result<_, _>>()?,
            now: Instant(0),
            flying: VecDeque::new(),
        };
        let count = all.nodes.len();
        for a in 0..count {
            for b in a + 1..count {
                for (at, other, role) in [(a, b, Role::Central), (b, a, Role::Peripheral)] {
                    let link = link(count, at, other);
                    all.input(
                        at,
                        Input::LinkUp {
                            link,
                            role,
                            mtu: 517,
                        },
                    );
                }
            }
        }
        all.settle();
        Ok(all)
    }

    pub(super) fn command(&mut self, at: usize, command: Command) {
        self.input(at, Input::Command(command));
        self.settle();
    }

    fn settle(&mut self) {
        while let Some((to, link, bytes)) = self.flying.pop_front() {
            self.input(to, Input::Received { link, bytes });
        }
    }

    fn input(&mut self, at: usize, input: Input) {
        self.nodes[at].handle_input(self.now, input);
        loop {
            match self.nodes[at].poll_output(self.now) {
                Output::Transmit { link, chunk } => {
                    let (count, to) = (self.nodes.len(), other_end(self.nodes.len(), link));
                    self.flying
                        .push_back((to, self::link(count, to, at), chunk));
                    self.nodes[at].handle_input(self.now, Input::Writable { link });
                }
                Output::Idle { .. } => return,
                _ => {}
            }
        }
    }
}

/// How phone `at` calls its link to another phone.
fn link(count: usize, at: usize, other: usize) -> LinkId {
    LinkId((at * count + other) as u64)
}

fn other_end(count: usize, link: LinkId) -> usize {
    usize::try_from(link.0).unwrap_or(0) % count
}
