//! A short history, bent as the input says: only the whole one is valid, and only one that is cut off behind a record
//! is true as far as it goes.

use std::sync::{Arc, OnceLock};

use bitcraps_core::consensus::{
    Batch, Certificate, Epoch, Head, NO_NEW_VIEW, Phase, Quorum, Request, SignedRequest, Vote,
    genesis_chain, next_chain,
};
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Context, Identity, Roster, Seat, Signed};
use bitcraps_core::history::{Archive, Verdict, verify_history};
use bitcraps_core::table::{Genesis, Operation, Table, TableRules};
use bitcraps_core::wire::{Encode, PROTOCOL_VERSION};

use super::Choices;

const SEATS: u8 = 4;
const SLOTS: u64 = 5;
/// Bytes in front of the records.
const HEAD: usize = 12;

fn identity(seat: u8) -> Identity {
    Identity::from_seed(&[seat + 1; 32])
}

/// Five slots, of which one certificate decides the second and third; with a bet in each and a leave in the fourth.
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
        let epoch = Epoch::new(PROTOCOL_VERSION, &table_id, 0, 1, genesis.roster.clone());
        let mut archive = Archive::new(genesis.clone());
        let mut table = Table::new(genesis).unwrap();
        let mut chain = genesis_chain(&table_id);
        for sequence in 1..=SLOTS {
            let batch = batch(sequence, &context);
            chain = next_chain(&chain, sequence, &batch);
            let head = Head {
                view: 0,
                sequence,
                chain,
            };
            let certificate = (sequence != 2).then(|| certificate(head, &epoch));
            archive.deliver(
                sequence,
                chain,
                &batch,
                certificate.as_ref(),
                Vec::new(),
                &epoch,
            );
            let requests = batch.iter().map(|r| (r.player(), r.number(), r.payload()));
            table.apply(sequence, chain, requests);
        }
        archive.export(&table, Seat(0), &identity(0))
    })
}

fn batch(sequence: u64, context: &Context) -> Batch {
    let player = u8::try_from(sequence).unwrap() % SEATS;
    let bet = Operation::PlaceBet {
        kind: BetKind::PassLine,
        amount: 5 * sequence,
    };
    let operation = if sequence == 4 { Operation::Leave } else { bet };
    let request = Request {
        player: Seat(player),
        number: 1 + u64::from(sequence == 5),
        skips: false,
        payload: operation.to_bytes(),
    };
    let signed = Signed::sign(request, context, &identity(player));
    let digest = signed.digest(context);
    vec![Arc::new(SignedRequest { signed, digest })]
}

fn certificate(head: Head, epoch: &Epoch) -> Certificate {
    let q = u8::try_from(Quorum::of(usize::from(SEATS)).q).unwrap();
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
