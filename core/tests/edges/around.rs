//! Values of what is around consensus: links, history, dice, the settlement sheet.

use bitcraps_core::consensus::Lie;
use bitcraps_core::crypto::Seat;
use bitcraps_core::dice::{Dealing, Share};
use bitcraps_core::history::{Closing, HistoryRuns, HistoryWant, Run, Throw};
use bitcraps_core::mesh::{Have, LinkProof, LinkState, Links};
use bitcraps_core::table::{Gone, PendingRoll, SettlementSheet, SheetLine};

use super::{Random, array, batch, certificate, digest, number, seats, view_and_new_view};

pub(super) fn link_proof(random: &mut Random) -> LinkProof {
    LinkProof {
        is_central: random.next().is_multiple_of(2),
        noise_key: array(random),
        transcript: digest(random),
    }
}

pub(super) fn link_state(random: &mut Random) -> LinkState {
    LinkState {
        signer: Seat(array::<1>(random)[0]),
        number: u32::from_le_bytes(array(random)),
        links: seats(random),
    }
}

pub(super) fn links(random: &mut Random) -> Links {
    Links {
        table: u16::from_le_bytes(array(random)),
        seats: seats(random),
    }
}

pub(super) fn history_want(random: &mut Random) -> HistoryWant {
    HistoryWant {
        table: u16::from_le_bytes(array(random)),
        first: number(random),
    }
}

pub(super) fn history_runs(random: &mut Random) -> HistoryRuns {
    HistoryRuns {
        table: u16::from_le_bytes(array(random)),
        first: number(random),
        runs: (0..random.below(4)).map(|_| run(random)).collect(),
    }
}

pub(super) fn run(random: &mut Random) -> Run {
    let (view, new_view) = view_and_new_view(random);
    Run {
        first: 1 + (number(random) >> 1),
        batches: (0..=random.below(5)).map(|_| batch(random)).collect(),
        view,
        body: certificate(new_view, random),
        throws: (0..random.below(3)).map(|_| throw(random)).collect(),
    }
}

pub(super) fn throw(random: &mut Random) -> Throw {
    let roll = number(random);
    let signers = seats(random);
    let shared = |signer| Share {
        signer,
        ..share(random)
    };
    Throw {
        roll,
        shares: signers.iter().map(shared).collect(),
    }
}

pub(super) fn share(random: &mut Random) -> Share {
    Share {
        signer: Seat(random.next().to_le_bytes()[0]),
        value: array(random),
        challenge: array(random),
        response: array(random),
    }
}

pub(super) fn dealing(random: &mut Random) -> Dealing {
    let points = |random: &mut Random| (0..random.below(19)).map(|_| array(random)).collect();
    Dealing {
        commitments: points(random),
        challenge: array(random),
        response: array(random),
        shares: points(random),
    }
}

pub(super) fn closing(random: &mut Random) -> Closing {
    Closing {
        seat: Seat(random.next().to_le_bytes()[0]),
        epoch: number(random),
        sequence: number(random),
        chain: digest(random),
        state: digest(random),
        sheet: digest(random),
    }
}

pub(super) fn sheet(random: &mut Random) -> SettlementSheet {
    let line = |seat: Seat, random: &mut Random| SheetLine {
        seat,
        start: number(random),
        stack: number(random),
        layout: number(random),
        gone: match random.below(3) {
            0 => None,
            1 => Some(Gone::Left),
            _ => Some(Gone::Convicted(Lie::Amnesia)),
        },
    };
    SettlementSheet {
        lines: seats(random)
            .iter()
            .map(|seat| line(seat, random))
            .collect(),
        bank_start: number(random),
        bank: number(random),
        rolls: number(random),
        pending: (random.below(2) == 1).then(|| PendingRoll {
            roll: number(random),
            waits_for: seats(random),
        }),
        waiting: u16::from_le_bytes(array(random)),
        dissolved: Some(number(random)).filter(|slot| *slot > 0),
    }
}

pub(super) fn have(random: &mut Random) -> Have {
    let Links { table, .. } = links(random);
    let slots = (0..random.below(9)).map(|_| [seats(random), seats(random)]);
    let slots = slots.collect();
    let others = (0..random.below(17)).map(|_| array(random)).collect();
    Have {
        table,
        view: array::<1>(random)[0],
        next: table.rotate_left(5),
        slots,
        roll: table.rotate_left(9),
        shares: seats(random),
        others,
    }
}
