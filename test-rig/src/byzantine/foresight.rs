//! What liars work out about a roll whose close is only proposed: the one attack on the dice that a threshold coin leaves.
//!
//! From a proposal everybody can tell what the roll would be thrown from. The liars make their own shares of it at once, with
//! their real key shares, pool them, and add every share of an honest phone that reaches one of them. With t of them they
//! know the dice. Honest phones give theirs only once the close is decided and applied, so this must always be too late
//! (dice.md A2); the checkers judge when it was.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bitcraps_core::consensus::{Message, PrePrepare, Request, RequestId};
use bitcraps_core::crypto::{Checker, Digest, Seat};
use bitcraps_core::dice::{CheckedShare, RollInput, Share, dice_of};
use bitcraps_core::node::Node;
use bitcraps_core::table::{EpochKey, Operation};
use bitcraps_core::wire::{Decode, HEADER_BYTES, Kind};

use super::{Letter, Stage};

/// How many requests, prospects and shares are remembered.
const KEPT_MAX: usize = 256;

/// What plotters share.
pub(super) type Pool = Rc<RefCell<Foresight>>;

/// Dice that liars have worked out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreseen {
    /// Which roll.
    pub roll: u64,
    /// The slot in which it is closed, or would be.
    pub sequence: u64,
    /// C_s of that slot, as it was proposed.
    pub chain: [u8; 32],
    /// What it shows.
    pub dice: (u8, u8),
}

/// A roll as a proposal would close it.
#[derive(Debug)]
struct Prospect {
    roll: u64,
    epoch: u64,
    input: RollInput,
    shares: BTreeMap<Seat, CheckedShare>,
    is_known: bool,
}

#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// Who is in it.
    pub(super) members: BTreeSet<Seat>,
    /// Requests that close a roll, and which.
    closes: BTreeMap<RequestId, u64>,
    /// By slot and C_s.
    prospects: BTreeMap<(u64, Digest), Prospect>,
    /// Shares that were heard, by the low bits of their roll.
    heard: BTreeSet<(u16, [u8; SHARE_BYTES])>,
}

const SHARE_BYTES: usize = bitcraps_core::dice::SHARE_BYTES;

impl Foresight {
    /// The roll that one of these requests closes.
    pub(super) fn closed_by(&self, proposal: &PrePrepare) -> Option<u64> {
        let mut ids = proposal.ids.iter();
        ids.find_map(|id| self.closes.get(id).copied())
    }

    /// Learns from something that a member says or hears.
    pub(super) fn note(&mut self, stage: &mut Stage, node: &Node, letter: &Letter) {
        if letter.bytes.first() == Some(&(Kind::Share as u8)) {
            self.note_share(&letter.bytes);
        } else if let Some(spoken) = stage.read(node, letter) {
            match &spoken.message {
                Message::Request(signed) => self.note_request(stage, &signed.statement),
                Message::PrePrepare(proposal) => {
                    let known = stage.memory.head(spoken.view, spoken.sequence);
                    let head = known.map(|known| (spoken.sequence, known.chain));
                    if let Some((head, roll)) = head.zip(self.closed_by(proposal)) {
                        self.expect(stage, node, head, roll);
                    }
                }
                _ => {}
            }
        }
        self.work_out(stage, node);
    }

    /// A roll that would be closed in this slot, with the share of whoever expects it.
    pub(super) fn expect(
        &mut self,
        stage: &Stage,
        node: &Node,
        (sequence, chain): (u64, Digest),
        roll: u64,
    ) {
        let epoch = node.epoch().0.number;
        let Some(key) = node.table().key(epoch) else {
            return;
        };
        let table = node.table().genesis().digest();
        let input = RollInput::new(&table, epoch, roll, &chain);
        let own = own_share(stage, key, &input);
        let prospect = self.prospects.entry((sequence, chain)).or_insert(Prospect {
            roll,
            epoch,
            input,
            shares: BTreeMap::new(),
            is_known: false,
        });
        prospect.shares.extend(own);
        if self.prospects.len() > KEPT_MAX {
            self.prospects.pop_first();
        }
    }

    fn note_request(&mut self, stage: &Stage, statement: &[u8]) {
        let request = Request::from_bytes(statement);
        let operation = request.map(|request| Operation::from_bytes(&request.payload));
        if let Ok(Ok(Operation::RollClose { roll })) = operation {
            let id = RequestId(stage.pen.request_digest(statement).short());
            self.closes.insert(id, roll);
        }
        if self.closes.len() > KEPT_MAX {
            self.closes.pop_first();
        }
    }

    fn note_share(&mut self, bytes: &[u8]) {
        let roll = bytes
            .get(4..6)
            .map(|low| u16::from_le_bytes([low[0], low[1]]));
        let share = bytes.get(HEADER_BYTES..HEADER_BYTES + SHARE_BYTES);
        let share = share.and_then(|share| share.try_into().ok());
        self.heard.extend(roll.zip(share));
        if self.heard.len() > KEPT_MAX {
            self.heard.pop_first();
        }
    }

    /// Puts together what is there.
    fn work_out(&mut self, stage: &mut Stage, node: &Node) {
        for ((sequence, chain), prospect) in &mut self.prospects {
            let Some(key) = node.table().key(prospect.epoch) else {
                continue;
            };
            if prospect.is_known {
                continue;
            }
            let [low, high, ..] = prospect.roll.to_le_bytes();
            let of_roll = u16::from_le_bytes([low, high]);
            for (_, bytes) in self.heard.iter().filter(|(roll, _)| *roll == of_roll) {
                prospect.take(key, bytes);
            }
            let shares: Vec<CheckedShare> = prospect.shares.values().copied().collect();
            if let Some(value) = key.coin().combine(&prospect.input, &shares) {
                prospect.is_known = true;
                stage.foreseen.push_back(Foreseen {
                    roll: prospect.roll,
                    sequence: *sequence,
                    chain: chain.0,
                    dice: dice_of(&prospect.input, &value),
                });
            }
        }
    }
}

impl Prospect {
    fn take(&mut self, key: &EpochKey, bytes: &[u8; SHARE_BYTES]) {
        let Ok(share) = Share::from_bytes(bytes) else {
            return;
        };
        if self.shares.contains_key(&share.signer) {
            return;
        }
        let checked = key.coin().check(&Checker::default(), &self.input, &share);
        self.shares
            .extend(checked.ok().map(|share_held| (share.signer, share_held)));
    }
}

/// The share of the phone that asks.
fn own_share(stage: &Stage, key: &EpochKey, input: &RollInput) -> Option<(Seat, CheckedShare)> {
    let secret = stage.pen.secret_of(key)?;
    let share = Share::make(stage.pen.seat, &secret, input);
    let checked = key.coin().check(&Checker::default(), input, &share);
    Some((stage.pen.seat, checked.ok()?))
}
