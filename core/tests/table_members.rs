//! Who leaves, who is proven to have lied, and what becomes of their chips and votes.

mod felt;

use bitcraps_core::consensus::{Epoch, Evidence, Lie, limits};
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Context, Digest, Identity, Seat, Signed};
use bitcraps_core::table::{Gone, Operation, Outcome, Rejection, Table};
use bitcraps_core::wire::{Decode, Encode, PROTOCOL_VERSION, Writer};
use felt::Felt;

/// What a table is told with its bytes.
const CHAIN: Digest = Digest([5; 32]);

/// Two requests of one player with one number, as evidence: written by hand, byte by byte.
fn double_spend(felt: &Felt, liar: u8, key_of: u8, epoch: u64) -> Vec<u8> {
    let context = Context::of_table(PROTOCOL_VERSION, &felt.table.genesis().digest());
    let identity = Identity::from_seed(&[key_of + 1; 32]);
    let signed = |payload: u8| {
        let request = bitcraps_core::consensus::Request {
            player: Seat(liar),
            number: 9,
            skips: false,
            payload: vec![payload],
        };
        Signed::sign(request, &context, &identity)
    };
    let mut writer = Writer::new();
    writer.u64(epoch);
    writer.raw(&[liar, 1]);
    for payload in [1, 2] {
        let signed = signed(payload);
        writer.bytes_u16(signed.bytes());
        writer.raw(&signed.signature().0);
    }
    writer.finish()
}

fn accuse(felt: &mut Felt, by: u8, evidence: &[u8]) -> Vec<Outcome> {
    let evidence = Evidence::from_bytes(evidence).expect("well-formed");
    felt.ask(by, Operation::Evidence(Box::new(evidence)))
}

fn place(amount: u64) -> Operation {
    let kind = BetKind::PassLine;
    Operation::PlaceBet { kind, amount }
}

#[test]
fn a_proven_liar_loses_its_bets_its_say_and_its_vote_and_keeps_a_frozen_stack() {
    let mut felt = Felt::new(7);
    felt.ask(2, place(100));
    let evidence = double_spend(&felt, 2, 2, 0);
    let outcomes = accuse(&mut felt, 5, &evidence);
    let (seat, lie, by) = (Seat(2), Lie::Requests, Seat(5));
    let forfeited = 100;
    let caught = Outcome::Convicted {
        seat,
        lie,
        by,
        forfeited,
        seized: 0,
    };
    assert_eq!(outcomes, [caught]);
    assert_eq!(felt.table.ledger().stack(Seat(2)), Ok(900));
    assert_eq!(felt.table.ledger().escrow(Seat(2)), Ok(0));
    assert_eq!(felt.table.ledger().bank(), 100_100);
    assert!(felt.table.books_agree());
    let gone = Rejection::Gone(Gone::Convicted(lie));
    assert_eq!(felt.refusal(2, place(10)), gone);
    let again = Evidence::from_bytes(&evidence).expect("well-formed");
    let again = Operation::Evidence(Box::new(again));
    assert_eq!(felt.refusal(0, again), Rejection::KnownLiar { seat });
    assert_eq!(
        felt.table.members().len(),
        7,
        "it votes until there is a key"
    );
    let outcomes = felt.make_key();
    let change = Outcome::MembersChange {
        first: felt.sequence + limits::WINDOW + 1,
        members: [0, 1, 3, 4, 5, 6].map(Seat).to_vec(),
        quorum: 4,
    };
    assert_eq!(outcomes.last(), Some(&change));
}

#[test]
fn what_proves_nothing_convicts_nobody() {
    let mut felt = Felt::new(4);
    let refused = |felt: &mut Felt, evidence: &[u8]| {
        let evidence = Evidence::from_bytes(evidence).expect("well-formed");
        felt.refusal(0, Operation::Evidence(Box::new(evidence)))
    };
    let forged = double_spend(&felt, 2, 3, 0);
    assert_eq!(refused(&mut felt, &forged), Rejection::NoProof);
    let unknown = double_spend(&felt, 2, 2, 1);
    assert_eq!(refused(&mut felt, &unknown), Rejection::OldEvidence);
    let stranger = double_spend(&felt, 9, 9, 0);
    assert_eq!(refused(&mut felt, &stranger), Rejection::NoProof);
}

#[test]
fn a_player_leaves_with_its_stack_unless_a_bet_must_stay() {
    let mut felt = Felt::new(4);
    felt.ask(1, place(100));
    let outcomes = felt.ask(1, Operation::Leave);
    assert!(outcomes.contains(&Outcome::Left { seat: Seat(1) }));
    assert_eq!(felt.table.ledger().stack(Seat(1)), Ok(1_000));
    assert_eq!(felt.table.gone(Seat(1)), Some(Gone::Left));
    assert_eq!(felt.refusal(1, place(10)), Rejection::Gone(Gone::Left));
    felt.make_key();
    assert!(felt.table.members().seats().eq([0, 2, 3].map(Seat)));
    felt.ask(2, Operation::Leave);
    assert_eq!(felt.refusal(3, Operation::Leave), Rejection::LastTwo);
}

#[test]
fn the_whole_table_comes_back_from_its_bytes_and_from_no_others() {
    let mut felt = Felt::new(5);
    felt.ask(1, place(100));
    let evidence = double_spend(&felt, 4, 4, 0);
    accuse(&mut felt, 0, &evidence);
    let bytes = felt.table.to_bytes();
    let genesis = felt.table.genesis().clone();
    let back =
        Table::read(genesis.clone(), felt.table.sequence(), CHAIN, &bytes).expect("the same table");
    assert_eq!(back.digest(), felt.table.digest());
    assert_eq!(back.to_bytes(), bytes);
    for length in 0..bytes.len() {
        assert!(
            Table::read(
                genesis.clone(),
                felt.table.sequence(),
                CHAIN,
                &bytes[..length]
            )
            .is_err()
        );
    }
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1;
        if let Ok(other) = Table::read(genesis.clone(), felt.table.sequence(), CHAIN, &bent) {
            assert_eq!(other.to_bytes(), bent, "one encoding for each table");
        }
    }
}

#[test]
fn an_epochs_primaries_are_its_members_in_order() {
    let key = |seat: u8| Identity::from_seed(&[seat + 1; 32]).public_key();
    let roster = bitcraps_core::crypto::Roster::new((0..5).map(key).collect()).expect("five");
    let without = roster.without([Seat(0), Seat(3)].into_iter().collect());
    let epoch = Epoch::new(
        1,
        &bitcraps_core::crypto::Digest([1; 32]),
        1,
        20,
        without.expect("three"),
    );
    let primaries: Vec<u8> = (0..4).map(|view| epoch.primary(view).0).collect();
    assert_eq!(primaries, [1, 2, 4, 1]);
    assert_eq!(epoch.quorum.q, 3);
}
