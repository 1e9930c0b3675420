//! When a share may leave a phone: the search of dice.md A2 over one slot, with the tempting rules beside ours, and real
//! phones held to ours.

mod room;

use std::collections::BTreeSet;

use bitcraps_core::consensus::Quorum;
use bitcraps_core::craps::BetKind;
use bitcraps_core::node::{Command, Event, Output};
use bitcraps_core::table::Outcome;
use bitcraps_core::wire::{HEADER_BYTES, Kind};
use room::Room;

// ---------------------------------------------------------------- the search

/// When an honest phone gives its share of a roll that closes in a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Release {
    /// With its commit vote: it holds a prepared certificate.
    WithCommitVote,
    /// Once it holds the commit certificate, and everything below is applied.
    AfterCertificate,
    /// Once it holds the commit certificate of the slot that closes the roll, whatever is open below. The batches are those
    /// of a slot below, and the liars have kept one back while the close was decided.
    WhileOneBelowIsOpen,
}

/// Two batches that the liars would like to choose between.
type Value = usize;

/// What the honest phones have done by the end of some view, and what the liars know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// Each honest phone's highest prepared view and batch.
    prepared: Vec<Option<(u8, Value)>>,
    /// For each batch, whose shares are out, as bits.
    released: [u32; 2],
    /// For each batch, whether a commit certificate can be put together.
    decided: [bool; 2],
}

struct Search {
    honest: usize,
    liars: usize,
    quorum: usize,
    threshold: usize,
    release: Release,
}

impl Search {
    fn new(n: usize, release: Release, threshold: usize) -> Self {
        let quorum = Quorum::of(n);
        Self {
            honest: n - quorum.f,
            liars: quorum.f,
            quorum: quorum.q,
            threshold,
            release,
        }
    }

    /// Whether liars can know the roll of one batch while another is decided or still can be.
    fn is_broken(&self, views: u8) -> bool {
        let mut states = BTreeSet::from([State {
            prepared: vec![None; self.honest],
            released: [0; 2],
            decided: [false; 2],
        }]);
        for view in 0..views {
            let mut next = BTreeSet::new();
            for state in &states {
                for value in self.proposals(state) {
                    for who in 0..1_u32 << self.honest {
                        let after = self.after(state, view, value, who);
                        assert!(
                            !(after.decided[0] && after.decided[1]),
                            "PBFT itself is safe"
                        );
                        // The liars knew one roll, and the other batch was decided: they chose.
                        if (0..2).any(|v| self.knows(&after, v) && after.decided[1 - v]) {
                            return true;
                        }
                        next.insert(after);
                    }
                }
            }
            states = next;
        }
        false
    }

    /// What the next primary can propose, with any quorum's reports: the liars report nothing.
    fn proposals(&self, state: &State) -> BTreeSet<Value> {
        let mut values = BTreeSet::new();
        for reporting in 0..1_u32 << self.honest {
            if reporting.count_ones() as usize + self.liars < self.quorum {
                continue;
            }
            let reports = (0..self.honest).filter(|phone| reporting >> phone & 1 == 1);
            match reports.filter_map(|phone| state.prepared[phone]).max() {
                Some((_, value)) => values.insert(value),
                None => {
                    values.extend([0, 1]);
                    true
                }
            };
        }
        values
    }

    /// A view in which exactly these honest phones get to be prepared.
    fn after(&self, state: &State, view: u8, value: Value, who: u32) -> State {
        let mut after = state.clone();
        for phone in (0..self.honest).filter(|phone| who >> phone & 1 == 1) {
            after.prepared[phone] = Some((view, value));
        }
        if who.count_ones() as usize + self.liars >= self.quorum {
            after.decided[value] = true;
        }
        match self.release {
            Release::WithCommitVote => after.released[value] |= who,
            // The liars may show the certificate to everybody, or to nobody.
            Release::AfterCertificate if after.decided[value] => {
                after.released[value] = (1 << self.honest) - 1;
            }
            Release::AfterCertificate => {}
            Release::WhileOneBelowIsOpen => after.released = [(1 << self.honest) - 1; 2],
        }
        after
    }

    fn knows(&self, state: &State, value: Value) -> bool {
        state.released[value].count_ones() as usize + self.liars >= self.threshold
    }
}

#[test]
fn with_a_share_after_the_certificate_nobody_ever_chooses_between_two_rolls() {
    for (n, views) in [(4, 4), (7, 3)] {
        let q = Quorum::of(n).q;
        assert!(
            !Search::new(n, Release::AfterCertificate, q).is_broken(views),
            "n {n}"
        );
    }
}

#[test]
fn the_tempting_rules_are_broken_and_the_search_finds_it() {
    for (n, views) in [(4, 4), (7, 4)] {
        let Quorum { q, f, .. } = Quorum::of(n);
        let few = Search::new(n, Release::WithCommitVote, f + 1);
        assert!(few.is_broken(2), "n {n}: t = f + 1, with the commit vote");
        let vote = Search::new(n, Release::WithCommitVote, q);
        assert!(vote.is_broken(views), "n {n}: t = q, with the commit vote");
    }
}

#[test]
fn with_a_share_while_a_slot_below_is_open_the_liars_choose_at_once() {
    for n in [4, 7] {
        let q = Quorum::of(n).q;
        let search = Search::new(n, Release::WhileOneBelowIsOpen, q);
        assert!(search.is_broken(1), "n {n}");
    }
}

// ---------------------------------------------------------------- real phones

const BET: Command = Command::PlaceBet {
    kind: BetKind::PassLine,
    amount: 10,
};

fn playing(seats: u8) -> Room {
    let mut room = Room::meshed(seats);
    room.run(4_000);
    assert!(room.nodes.iter().all(|node| node.table().has_key()));
    room.command(0, BET);
    room.run(1_000);
    room
}

/// The rolls of which this phone has sent its own share, and the output at which each began to leave.
fn own_shares(room: &Room, phone: usize) -> Vec<(u16, usize)> {
    let mut shares: Vec<(u16, usize)> = Vec::new();
    for (first, message) in &room.said[phone] {
        let is_own = message[0] == Kind::Share as u8 && usize::from(message[HEADER_BYTES]) == phone;
        let roll = u16::from_le_bytes([message[4], message[5]]);
        if is_own && shares.iter().all(|(known, _)| *known != roll) {
            shares.push((roll, *first));
        }
    }
    shares
}

/// The outputs at which this phone told that a roll is closed.
fn closes(room: &Room, phone: usize) -> Vec<(u16, usize)> {
    let outputs = room.outputs[phone].iter().enumerate();
    let closed = outputs.filter_map(|(at, output)| match output {
        Output::Event(Event::Happened {
            outcome: Outcome::RollClosed { roll, .. },
            ..
        }) => Some((u16::try_from(*roll).unwrap_or(0), at)),
        _ => None,
    });
    closed.collect()
}

#[test]
fn no_share_leaves_a_phone_before_it_has_applied_the_close() {
    let mut room = playing(4);
    for _ in 0..3 {
        let shooter = room.nodes[0].table().shooter().expect("a shooter");
        room.command(shooter.index(), Command::Roll);
        room.run(1_000);
        if room.nodes[0].table().layout().bets().next().is_none() {
            room.command(0, BET);
            room.run(1_000);
        }
    }
    for phone in 0..4 {
        let (closes, shares) = (closes(&room, phone), own_shares(&room, phone));
        assert_eq!(closes.len(), 3, "phone {phone}");
        assert_eq!(shares.len(), 3, "phone {phone}");
        for ((closed, told), (roll, left)) in closes.iter().zip(&shares) {
            assert_eq!(closed, roll);
            assert!(
                told < left,
                "phone {phone} gave its share of roll {roll} too early"
            );
        }
    }
}

#[test]
fn a_key_takes_a_quorum_of_shares_at_every_size() {
    for seats in [2, 3, 4, 5, 7] {
        let room = playing(seats);
        let table = room.nodes[0].table();
        let key = table.key(0).expect("the first key");
        let quorum = Quorum::of(usize::from(seats));
        assert_eq!(key.coin().threshold(), quorum.q, "{seats} seats");
        assert!(quorum.f < key.coin().threshold());
    }
}

#[test]
fn a_phone_that_lacks_a_slot_below_the_close_gives_no_share_until_it_has_applied_both() {
    let mut room = playing(4);
    room.deaf.insert(3);
    room.command(1, BET);
    room.run(1_000);
    let shooter = room.nodes[0].table().shooter().expect("a shooter");
    room.command(shooter.index(), Command::Roll);
    room.run(3_000);
    assert_eq!(room.nodes[0].table().rolls(), 1, "three are enough");
    assert_eq!(own_shares(&room, 3), []);
    room.hear_again();
    room.run(5_000);
    assert_eq!(room.nodes[3].table().rolls(), 1);
    let bet = room.outputs[3].iter().position(|output| {
        matches!(
            output,
            Output::Event(Event::Happened { outcome: Outcome::BetPlaced { seat, .. }, .. }) if seat.0 == 1
        )
    });
    let below = bet.expect("it has caught up");
    let closed = closes(&room, 3)[0].1;
    for (_, left) in own_shares(&room, 3) {
        assert!(below < closed && closed < left, "{below} {closed} {left}");
    }
}
