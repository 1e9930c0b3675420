//! A short history, bent as the input says: only the whole one is valid, and only one that is cut off behind a record
//! is true as far as it goes.

use std::sync::{Arc, OnceLock};

use bitcraps_core::consensus::{
    Batch, Certificate, Epoch, Head, NO_NEW_VIEW, Phase, Request, SignedRequest, Vote,
    genesis_chain, next_chain,
};
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Checker, Context, Identity, Roster, Seat, Signed};
use bitcraps_core::dice::{SecretShare, Share};
use bitcraps_core::history::{Archive, Throw, Verdict, verify_history};
use bitcraps_core::table::{AttemptId, Genesis, Operation, Table, TableRules};
use bitcraps_core::wire::{Encode, PROTOCOL_VERSION};

use super::Choices;

const SEATS: u8 = 4;
const SLOTS: u64 = 17;
/// The first slot of the epoch without seat 3: W + 1 behind the slot with its key.
const SECOND_EPOCH: u64 = 17;
/// Bytes in front of the records.
const HEAD: usize = 12;

fn identity(seat: u8) -> Identity {
    Identity::from_seed(&[seat + 1; 32])
}

/// Signatures, dealings, acknowledgements, a roll with its dice, a bet, a leave, a key without whoever left, and a bet in the
/// next epoch. One certificate decides the fourth and fifth slot, and one the eight that nothing happens in.
fn sample() -> &'static [u8] {
    static SAMPLE: OnceLock<Vec<u8>> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let keys = (0..SEATS).map(|seat| identity(seat).public_key());
        let genesis = Genesis {
            rules: TableRules::default(),
            roster: Roster::new(keys.collect()).unwrap(),
        };
        let table_id = genesis.digest();
        let context = Context::of_table(PROTOCOL_VERSION, &table_id);
        let mut archive = Archive::new(genesis.clone());
        let mut table = Table::new(genesis).unwrap();
        let mut chain = genesis_chain(&table_id);
        let (mut numbers, mut throws) = ([0; SEATS as usize], Vec::new());
        for sequence in 1..=SLOTS {
            let batch: Batch = operations(sequence, &table)
                .into_iter()
                .map(|(seat, operation)| {
                    numbers[usize::from(seat)] += 1;
                    request(seat, numbers[usize::from(seat)], &operation, &context)
                })
                .collect();
            chain = next_chain(&chain, sequence, &batch);
            let head = Head {
                view: 0,
                sequence,
                chain,
            };
            let epoch = table.epoch_at(sequence).clone();
            let ends = !matches!(sequence, 4 | 9..16);
            let certificate = ends.then(|| certificate(head, &epoch));
            archive.deliver(sequence, chain, &batch, certificate.as_ref(), &epoch);
            let requests = batch.iter().map(|r| (r.player(), r.number(), r.payload()));
            table.apply(sequence, chain, requests);
            if table.dice().is_closed() {
                // The slot is not in the archive before its certificate is.
                throws.push((sequence, throw(&mut table)));
            }
        }
        for (sequence, throw) in throws {
            archive.throw(sequence, throw);
        }
        assert_eq!(table.rolls(), 1);
        assert_eq!(table.epoch_at(SECOND_EPOCH - 1).number, 0);
        let epoch = table.epoch_at(SECOND_EPOCH);
        assert_eq!((epoch.number, epoch.roster.len()), (1, 3));
        archive.export(&table, SLOTS, None, Some((Seat(0), &identity(0))))
    })
}

/// What is ordered in a slot.
fn operations(sequence: u64, table: &Table) -> Vec<(u8, Operation)> {
    let epoch = u64::from(sequence > 6);
    let id = AttemptId { epoch, attempt: 0 };
    let bet = Operation::PlaceBet {
        kind: BetKind::PassLine,
        amount: 25,
    };
    match sequence {
        1 => (0..SEATS).map(|seat| (seat, Operation::Sign)).collect(),
        2 | 7 => {
            let ceremony = table.attempt().unwrap().ceremony();
            let deal = |seat| Box::new(ceremony.deal(&identity(seat), Seat(seat)));
            let deals = (0..3).map(|seat| (seat, Operation::Deal(id, deal(seat))));
            deals.collect()
        }
        3 => (0..SEATS)
            .map(|seat| (seat, Operation::Acknowledge(id)))
            .collect(),
        8 => (0..3)
            .map(|seat| (seat, Operation::Acknowledge(id)))
            .collect(),
        4 => vec![(0, bet.clone()), (0, Operation::RollClose { roll: 1 })],
        6 => vec![(3, Operation::Leave)],
        5 | SECOND_EPOCH => vec![(1, bet)],
        _ => Vec::new(),
    }
}

/// The dice of the closed roll fall.
fn throw(table: &mut Table) -> Throw {
    let closed = *table.dice().closed().unwrap();
    let key = table.key(closed.epoch).unwrap();
    let (ceremony, input) = (key.ceremony(), table.roll_input().unwrap());
    let share = |seat| {
        let opened = key
            .dealings()
            .map(|dealing| ceremony.open(&identity(seat), Seat(seat), dealing).unwrap());
        let secret = SecretShare::sum(opened.collect::<Vec<_>>().iter());
        Share::make(Seat(seat), &secret, input)
    };
    let shares: Vec<Share> = (1..SEATS).map(share).collect();
    let check = |share| table.check_share(&Checker::default(), share).unwrap();
    let checked: Vec<_> = shares.iter().map(|share| check(share).unwrap()).collect();
    table.settle(&checked).unwrap();
    Throw::new(closed.roll, shares)
}

fn request(
    player: u8,
    number: u64,
    operation: &Operation,
    context: &Context,
) -> Arc<SignedRequest> {
    let request = Request {
        player: Seat(player),
        number,
        skips: false,
        payload: operation.to_bytes(),
    };
    let signed = Signed::sign(request, context, &identity(player));
    let digest = signed.digest(context);
    Arc::new(SignedRequest { signed, digest })
}

fn certificate(head: Head, epoch: &Epoch) -> Certificate {
    let q = u8::try_from(epoch.quorum.q).unwrap();
    let phase = Phase::Commit;
    let context = epoch.view_context(&NO_NEW_VIEW);
    let sign = |seat| *Signed::sign(Vote { phase, head }, &context, &identity(seat)).signature();
    Certificate {
        phase,
        head,
        new_view: NO_NEW_VIEW,
        signers: (0..q).map(Seat).collect(),
        signatures: (0..q).map(sign).collect(),
    }
}

/// Where the records of the sample end, the first entry being where they begin.
fn ends(file: &[u8]) -> Vec<usize> {
    let mut at = HEAD;
    let mut ends = vec![at];
    while let Some(length) = file.get(at + 1..at + 5) {
        at += 5 + usize::try_from(u32::from_le_bytes(length.try_into().unwrap())).unwrap();
        ends.push(at);
    }
    ends
}

pub(crate) fn history(input: &[u8]) {
    // Bytes that are no history of ours at all.
    let _ = verify_history(input);
    let whole = sample();
    let ends = ends(whole);
    let mut file = whole.to_vec();
    let mut choices = Choices(input);
    while !choices.is_empty() {
        bend(&mut file, &ends, &mut choices);
    }
    let at_a_record = ends[1..ends.len() - 1].contains(&file.len());
    // A genesis alone, unsigned, may be of any table.
    let cut = at_a_record && (whole.starts_with(&file) || file.len() == ends[1]);
    match verify_history(&file) {
        Verdict::Valid { .. } => assert_eq!(file, whole),
        Verdict::ValidTo { .. } => assert!(cut, "{} bytes", file.len()),
        Verdict::Broken(breach) => {
            assert!(!whole.starts_with(&file) || !at_a_record, "{breach}");
            assert_ne!(file, whole, "{breach}");
            assert!(breach.offset <= file.len());
            // What stands in front of the first change is true, and is not what is called broken.
            let same = whole.iter().zip(&file).take_while(|(a, b)| a == b).count();
            let changed = ends.iter().rev().find(|begin| **begin <= same);
            assert!(breach.offset >= changed.copied().unwrap_or(0), "{breach}");
        }
    }
}

/// One change: bytes set, taken out, put in or doubled, whole records exchanged, or the end cut off.
fn bend(file: &mut Vec<u8>, ends: &[usize], choices: &mut Choices<'_>) {
    let kind = choices.byte();
    let place = usize::from(choices.byte()) << 8 | usize::from(choices.byte());
    let at = place % (file.len() + 1);
    let size = choices.below(70).min(file.len() - at);
    match kind % 6 {
        0 => {
            if let Some(byte) = file.get_mut(at) {
                *byte ^= choices.byte();
            }
        }
        1 => drop(file.drain(at..at + size)),
        2 => drop(file.splice(at..at, choices.bytes(16).iter().copied())),
        3 if file.len() < 1 << 16 => {
            let again = file[at..at + size].to_vec();
            drop(file.splice(at..at, again));
        }
        4 => file.truncate(ends[place % ends.len()].min(file.len())),
        _ => {
            let pair = place % (ends.len() - 2);
            if let Some(records) = file.get_mut(ends[pair]..ends[pair + 2]) {
                records.rotate_left(ends[pair + 1] - ends[pair]);
            }
        }
    }
}
