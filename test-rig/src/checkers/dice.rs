//! Dice: every phone sees the same, and they are what key and shares make.
//!
//! Keys are computed here again from the dealings that a phone delivered, and rolls from the shares that it shows. Nothing
//! of the core's coin is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use bitcraps_core::consensus::Batch;
use bitcraps_core::table::Outcome;

use super::coin::{Key, SHARE, Throw, commitments, message};
use super::{Property, quorum};

const DEAL: u8 = 7;
/// A share's message: header, share, signature.
const HEADER: usize = 6;
/// How many keys and rolls are remembered.
const KEPT_MAX: usize = 64;

/// A dealer, its commitments, and for how many members it dealt.
type Dealt = (u8, Vec<[u8; 32]>, usize);
/// Which epoch's key, and which attempt at it.
type Attempt = (u64, u16);

/// What one phone has delivered and been told.
#[derive(Clone, Debug, Default)]
struct Log {
    /// The dealings of each attempt in the order of the log, a dealer's first.
    dealings: BTreeMap<Attempt, Vec<Dealt>>,
    chains: BTreeMap<u64, [u8; 32]>,
    keys: BTreeMap<u64, Arc<Key>>,
    /// Epochs with their first slots.
    epochs: BTreeMap<u64, u64>,
    /// The roll that is closed: its epoch and the chain digest of its slot.
    closed: Option<(u64, u64, [u8; 32])>,
    shown: BTreeMap<u64, Vec<[u8; SHARE]>>,
    /// Whether part of it was not told; such a phone's dice are compared with the others' only.
    partial: bool,
}

#[derive(Debug)]
pub(super) struct Dice {
    pub(super) property: Property,
    table: [u8; 32],
    rolled: BTreeMap<u64, ((u8, u8), usize)>,
    logs: Vec<Log>,
    /// Every phone has the same keys, unless something is wrong.
    keys: BTreeMap<[u8; 32], Arc<Key>>,
    /// By roll, epoch, C_s and key.
    throws: BTreeMap<(u64, u64, [u8; 32], [u8; 32]), Throw>,
}

impl Dice {
    pub(super) fn new(phones: usize, table: [u8; 32]) -> Self {
        let first = Log {
            epochs: BTreeMap::from([(0, 1)]),
            ..Log::default()
        };
        Self {
            property: Property::default(),
            table,
            rolled: BTreeMap::new(),
            logs: vec![first; phones],
            keys: BTreeMap::new(),
            throws: BTreeMap::new(),
        }
    }

    /// A phone went on from a certified state: part of its log was not told.
    pub(super) fn installed(&mut self, phone: usize) {
        self.logs[phone].partial = true;
    }

    pub(super) fn delivered(
        &mut self,
        phone: usize,
        sequence: u64,
        chain: [u8; 32],
        batch: &Batch,
    ) {
        let log = &mut self.logs[phone];
        log.chains.insert(sequence, chain);
        while log.chains.len() > 64 {
            log.chains.pop_first();
        }
        for request in batch {
            if let Some((attempt, commitments, members)) = dealing(request.payload()) {
                let dealings = log.dealings.entry(attempt).or_default();
                let dealer = request.player().0;
                if dealings.iter().all(|(known, ..)| *known != dealer) {
                    dealings.push((dealer, commitments, members));
                }
            }
        }
    }

    /// A phone shows the shares of a roll.
    pub(super) fn shown(&mut self, phone: usize, roll: u64, messages: &[Vec<u8>]) {
        let share = |bytes: &Vec<u8>| bytes.get(HEADER..HEADER + SHARE)?.try_into().ok();
        let shares = messages.iter().filter_map(share).collect();
        let shown = &mut self.logs[phone].shown;
        shown.clear();
        shown.insert(roll, shares);
    }

    pub(super) fn happened(&mut self, phone: usize, sequence: u64, outcome: &Outcome) {
        match outcome {
            Outcome::KeyMade {
                epoch,
                attempt,
                dealers,
            } => {
                let dealers = dealers.iter().map(|seat| seat.0).collect();
                self.key_made(phone, *epoch, *attempt, dealers);
            }
            Outcome::MembersChange { first, .. } => {
                let epochs = &mut self.logs[phone].epochs;
                let next = epochs.last_key_value().map_or(0, |(last, _)| last + 1);
                epochs.insert(next, *first);
            }
            Outcome::RollClosed { roll, .. } => {
                let log = &mut self.logs[phone];
                let at = log.epochs.iter().rev();
                let epoch = at.into_iter().find(|(_, first)| **first <= sequence);
                let epoch = epoch.map_or(0, |(epoch, _)| *epoch);
                let chain = log.chains.get(&sequence).copied();
                log.closed = chain.map(|chain| (*roll, epoch, chain));
            }
            Outcome::Rolled(result) => {
                let dice = &result.settlement.roll;
                self.rolled(phone, result.roll, (dice.first(), dice.second()));
            }
            _ => {}
        }
    }

    /// The dealings that a key is made from are the first ones of the log.
    fn key_made(&mut self, phone: usize, epoch: u64, attempt: u16, dealers: Vec<u8>) {
        let log = &mut self.logs[phone];
        if log.partial {
            return;
        }
        let dealings = log.dealings.remove(&(epoch, attempt)).unwrap_or_default();
        let first = dealings.get(..dealers.len()).unwrap_or_default();
        let same = first.iter().map(|(dealer, ..)| *dealer).eq(dealers);
        let dealt: Vec<Vec<[u8; 32]>> = first.iter().map(|(_, dealt, _)| dealt.clone()).collect();
        for (dealer, dealt, members) in first {
            let (t, q) = (dealt.len(), quorum(*members));
            self.property.check(t == q && first.len() == q, || {
                format!("phone {phone}: of {members} members, {q} make a roll, and phone {dealer} dealt for {t}")
            });
        }
        let name = Key::name(&dealt);
        let known = self.keys.get(&name).cloned();
        let key = known.or_else(|| Key::of(name, &dealt).map(Arc::new));
        let key = key.filter(|_| same);
        self.keys.extend(key.clone().map(|key| (name, key)));
        while self.keys.len() > KEPT_MAX {
            self.keys.pop_first();
        }
        self.property.check(key.is_some(), || {
            format!("phone {phone}: the key of epoch {epoch} is not that of the first dealings")
        });
        log.keys.extend(key.map(|key| (epoch, key)));
    }

    fn rolled(&mut self, phone: usize, roll: u64, dice: (u8, u8)) {
        let (first, by) = *self.rolled.entry(roll).or_insert((dice, phone));
        self.property.check(first == dice, || {
            format!("roll {roll}: phone {by} saw {first:?}, phone {phone} {dice:?}")
        });
        let log = &mut self.logs[phone];
        let closed = log.closed.take();
        let shares = log.shown.remove(&roll).unwrap_or_default();
        if log.partial {
            return;
        }
        let computed = closed.and_then(|closed| self.compute(phone, roll, closed, &shares));
        self.property.check(computed == Some(dice), || {
            format!("roll {roll}: phone {phone} saw {dice:?}, its shares make {computed:?}")
        });
    }

    /// What the shares make, if each of them has a proof that holds.
    fn compute(
        &mut self,
        phone: usize,
        roll: u64,
        (closed, epoch, chain): (u64, u64, [u8; 32]),
        shares: &[[u8; SHARE]],
    ) -> Option<(u8, u8)> {
        let key = self.logs[phone].keys.get(&epoch)?;
        if closed != roll {
            return None;
        }
        let place = (roll, epoch, chain, key.name);
        let throw = self.throws.entry(place);
        let message = || message(&self.table, epoch, roll, &chain);
        let dice = throw
            .or_insert_with(|| Throw::new(message()))
            .dice(key, shares);
        while self.throws.len() > KEPT_MAX {
            self.throws.pop_first();
        }
        dice
    }
}

/// The attempt, the commitments of a request that deals, and how many shares it has.
fn dealing(payload: &[u8]) -> Option<(Attempt, Vec<[u8; 32]>, usize)> {
    let (operation, rest) = payload.split_first()?;
    let (epoch, rest) = rest.split_first_chunk::<8>()?;
    let (attempt, rest) = rest.split_first_chunk::<2>()?;
    let attempt = (u64::from_le_bytes(*epoch), u16::from_le_bytes(*attempt));
    let commitments = (*operation == DEAL).then(|| commitments(rest))??;
    let members = rest.get(1 + 32 * commitments.len() + 64)?;
    Some((attempt, commitments, usize::from(*members)))
}
