//! What phones export is true, whatever is changed in it is found, and who missed something gets it from others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod room;

use bitcraps_core::consensus::Ignored;
use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::{Seat, SeatSet};
use bitcraps_core::history::{
    Archive, Breach, Flaw, HistoryRuns, HistoryWant, Run, Verdict, verify_history,
};
use bitcraps_core::mesh::{Class, LinkId};
use bitcraps_core::node::{Command, Event};
use bitcraps_core::table::SettlementSheet;
use bitcraps_core::wire::{Decode, Encode, Kind};
use room::{Room, genesis};

const BET: Command = Command::PlaceBet {
    kind: BetKind::PassLine,
    amount: 10,
};

/// A table of four that has rolled once.
fn played() -> Room {
    let mut room = Room::meshed(4);
    room.run(3_000);
    room.command(0, BET);
    room.run(1_500);
    room.command(0, Command::Roll);
    room.run(1_500);
    assert!(room.nodes.iter().all(|node| node.table().rolls() == 1));
    room
}

fn valid(bytes: &[u8]) -> (u64, Seat, SettlementSheet) {
    match verify_history(bytes) {
        Verdict::Valid {
            sequence,
            closed_by,
            sheet,
        } => (sequence, closed_by, sheet),
        other => panic!("{other:?}"),
    }
}

fn broken(bytes: &[u8]) -> Breach {
    match verify_history(bytes) {
        Verdict::Broken(breach) => breach,
        other => panic!("{other:?}"),
    }
}

/// Where each record of a file begins, and where the last one ends. Read from the format, not with the code under test.
fn records(bytes: &[u8]) -> Vec<usize> {
    let mut at = 12;
    let mut found = vec![at];
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 1..at + 5].try_into().unwrap());
        at += 5 + usize::try_from(length).unwrap();
        found.push(at);
    }
    assert_eq!(at, bytes.len());
    found
}

/// The file with its records in another order, some left out, some twice.
fn with_records(bytes: &[u8], order: &[usize]) -> Vec<u8> {
    let at = records(bytes);
    let mut file = bytes[..12].to_vec();
    for record in order {
        file.extend_from_slice(&bytes[at[*record]..at[record + 1]]);
    }
    file
}

#[test]
fn every_phone_exports_a_true_history_with_the_tables_own_balances() {
    let room = played();
    for (phone, seat) in (0..4).zip(0..) {
        let node = &room.nodes[phone];
        let (sequence, closed_by, sheet) = valid(&node.export_history());
        assert_eq!((sequence, closed_by), (node.delivered().0, Seat(seat)));
        assert_eq!(sheet, node.table().sheet(SeatSet::default()));
        for line in &sheet.lines {
            let ledger = node.table().ledger();
            assert_eq!(Ok(line.stack), ledger.stack(line.seat));
            assert_eq!(Ok(line.layout), ledger.escrow(line.seat));
            assert_eq!(line.start, 1_000);
        }
        assert_eq!(sheet.rolls, 1);
        assert_eq!(sheet.total(), Some(4 * 1_000 + sheet.bank_start));
    }
}

#[test]
fn a_table_where_nothing_was_played_has_a_history_too() {
    let room = Room::apart(2);
    let bytes = room.nodes[1].export_history();
    let (sequence, closed_by, sheet) = valid(&bytes);
    assert_eq!((sequence, closed_by, sheet.rolls), (0, Seat(1), 0));
    assert!(sheet.lines.iter().all(|line| line.up() == 0));
}

#[test]
fn a_history_that_is_cut_off_is_true_up_to_there_and_not_final() {
    let bytes = played().nodes[2].export_history();
    let at = records(&bytes);
    let mut reached = Vec::new();
    for end in &at[1..at.len() - 1] {
        match verify_history(&bytes[..*end]) {
            Verdict::ValidTo { sequence, .. } => reached.push(sequence),
            other => panic!("cut at {end}: {other:?}"),
        }
    }
    assert_eq!(reached[0], 0, "the genesis alone");
    assert!(reached.is_sorted() && reached.len() > 4);
    assert_eq!(*reached.last().unwrap(), valid(&bytes).0);
    // Within a record, the place is that record.
    for (record, pair) in at.windows(2).enumerate() {
        for end in [pair[0] + 1, pair[0] + 5, pair[1] - 1] {
            let breach = broken(&bytes[..end]);
            assert_eq!((breach.offset, breach.record), (pair[0], record));
        }
    }
    assert_eq!(broken(&bytes[..11]).flaw, Flaw::Format);
    assert_eq!(broken(&bytes[..12]).flaw, Flaw::Order, "no genesis");
    assert_eq!(broken(&[]).flaw, Flaw::Format);
}

#[test]
fn one_byte_changed_anywhere_breaks_a_history_at_that_record_or_behind_it() {
    let bytes = played().nodes[1].export_history();
    let at = records(&bytes);
    let genesis_ends = at[1];
    // Whole checks are dear, so the bytes are taken in steps that meet every residue; the first records whole.
    let everywhere = (0..bytes.len()).filter(|at| *at < 1_500 || at % 13 == 0);
    for (place, bit) in everywhere.zip((0..8).cycle()) {
        let mut bent = bytes.clone();
        bent[place] ^= 1 << bit;
        let breach = broken(&bent);
        let record = at.iter().rposition(|begin| *begin <= place);
        match record {
            None => assert_eq!(breach.flaw, Flaw::Format, "byte {place}"),
            // The genesis is named by whatever it does not fit.
            Some(_) if place < genesis_ends => assert!(breach.record <= 1, "byte {place}"),
            Some(record) => assert_eq!(breach.record, record, "byte {place}: {breach}"),
        }
    }
}

#[test]
fn the_place_of_a_changed_request_or_certificate_is_named() {
    let bytes = played().nodes[0].export_history();
    let at = records(&bytes);
    let run = Run::from_bytes(&bytes[at[1] + 5..at[2]]).unwrap();
    let rewritten = |run: &Run| {
        let body = run.to_bytes();
        assert_eq!(body.len(), at[2] - at[1] - 5);
        [&bytes[..at[1] + 5], &body, &bytes[at[2]..]].concat()
    };
    let mut other = run.clone();
    let statement = &mut other.batches[0][0].statement;
    let player = Seat(statement[0]);
    *statement.last_mut().unwrap() ^= 1;
    let flaw = Flaw::Request {
        sequence: 1,
        index: 0,
        player,
    };
    assert_eq!(broken(&rewritten(&other)).flaw, flaw);
    let mut other = run.clone();
    other.body.signatures[2].0[7] ^= 1;
    let sequence = run.last();
    let flaw = Flaw::Certificate { epoch: 0, sequence };
    assert_eq!(broken(&rewritten(&other)).flaw, flaw);
    let mut other = run;
    other.body.signatures.swap(0, 1);
    assert_eq!(broken(&rewritten(&other)).flaw, flaw);
}

#[test]
fn records_left_out_doubled_or_in_another_order_break_a_history() {
    let bytes = played().nodes[3].export_history();
    let count = records(&bytes).len() - 1;
    let all: Vec<usize> = (0..count).collect();
    assert_eq!(with_records(&bytes, &all), bytes);
    for record in 0..count - 1 {
        let without: Vec<usize> = all.iter().copied().filter(|at| *at != record).collect();
        let breach = broken(&with_records(&bytes, &without));
        assert_eq!(breach.record, record, "without record {record}");
        let mut swapped = all.clone();
        swapped.swap(record, record + 1);
        broken(&with_records(&bytes, &swapped));
        let mut doubled = all.clone();
        doubled.insert(record, record);
        let breach = broken(&with_records(&bytes, &doubled));
        assert_eq!(breach.record, record + 1, "record {record} twice");
    }
    let mut more = all.clone();
    more.push(count - 1);
    let breach = broken(&with_records(&bytes, &more));
    assert_eq!((breach.record, breach.flaw), (count, Flaw::Order));
}

#[test]
fn records_of_another_table_break_a_history() {
    let room = played();
    let bytes = room.nodes[0].export_history();
    let at = records(&bytes);
    let mut other = Room::of(
        (0..4)
            .map(|seat| room::open(genesis(4, 999), seat))
            .collect(),
    );
    other.join_all();
    other.run(3_000);
    other.command(0, BET);
    other.run(1_500);
    let theirs = other.nodes[0].export_history();
    let of_theirs = records(&theirs);
    let mixed = [&bytes[..at[1]], &theirs[of_theirs[1]..]].concat();
    let breach = broken(&mixed);
    assert_eq!((breach.record, breach.sequence), (1, 0));
    assert!(matches!(breach.flaw, Flaw::Request { sequence: 1, .. }));
    let end = [
        &bytes[..at[at.len() - 2]],
        &theirs[of_theirs[of_theirs.len() - 2]..],
    ]
    .concat();
    assert_eq!(broken(&end).record, at.len() - 2);
}

#[test]
fn a_closing_statement_of_an_earlier_slot_does_not_close_a_longer_history() {
    let mut room = played();
    let early = room.nodes[0].export_history();
    room.command(1, BET);
    room.run(1_500);
    let late = room.nodes[0].export_history();
    let (of_early, of_late) = (records(&early), records(&late));
    assert!(late.len() > early.len());
    let mixed = [
        &late[..of_late[of_late.len() - 2]],
        &early[of_early[of_early.len() - 2]..],
    ]
    .concat();
    let flaw = broken(&mixed).flaw;
    assert!(matches!(flaw, Flaw::Sheet | Flaw::Closing), "{flaw}");
    // The shorter history is the beginning of the longer one.
    let shared = of_early[of_early.len() - 2];
    assert_eq!(early[..shared], late[..shared]);
}

/// Phone 3 hears nothing while the others decide so much that none of them keeps the slots it lacks.
fn left_behind(room: &mut Room) {
    room.deaf.insert(3);
    for round in 0..110 {
        room.command(round % 3, BET);
        room.run(200);
    }
    let reached = room.nodes[0].delivered().0;
    assert!(reached > 100, "{reached}");
    room.hear_again();
}

#[test]
fn a_phone_that_went_on_from_a_certified_state_fetches_what_its_history_lacks() {
    let mut room = played();
    let before = room.nodes[3].delivered().0;
    left_behind(&mut room);
    room.command(0, BET);
    room.run(10_000);
    let installed = |event: &Event| matches!(event, Event::Installed { .. });
    assert!(
        room.events(3).any(installed),
        "the phone was not away enough"
    );
    let node = &room.nodes[3];
    assert_eq!(node.delivered(), room.nodes[0].delivered());
    assert_eq!(node.history_reaches(), node.delivered().0);
    let (sequence, closed_by, sheet) = valid(&node.export_history());
    assert_eq!((sequence, closed_by), (node.delivered().0, Seat(3)));
    assert_eq!(sheet, room.nodes[0].table().sheet(SeatSet::default()));
    assert!(sequence > before + 100);
    let answers = node.stats().accepted[&Kind::HistoryRuns];
    assert!((2..100).contains(&answers), "{answers} answers");
}

#[test]
fn a_phone_that_lacks_slots_still_exports_what_it_has_and_calls_it_not_final() {
    let mut room = played();
    left_behind(&mut room);
    // Just long enough to go on, too short to have fetched everything.
    let mut seen = Vec::new();
    for _ in 0..200 {
        room.run(50);
        let node = &room.nodes[3];
        let (has, delivered) = (node.history_reaches(), node.delivered().0);
        if has < delivered {
            match verify_history(&node.export_history()) {
                Verdict::ValidTo { sequence, .. } => assert_eq!(sequence, has),
                other => panic!("{other:?}"),
            }
            seen.push(has);
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
    assert!(seen.is_sorted());
}

#[test]
fn an_archive_takes_nothing_for_its_gap_that_a_quorum_did_not_decide() {
    let room = played();
    let bytes = room.nodes[0].export_history();
    let at = records(&bytes);
    let runs: Vec<Run> = (1..at.len() - 2)
        .map(|record| Run::from_bytes(&bytes[at[record] + 5..at[record + 1]]).unwrap())
        .collect();
    let until = runs.last().unwrap().last();
    let mut archive = Archive::behind(genesis(4, 1_000), until).unwrap();
    assert_eq!(archive.wanted(), Some(1));
    assert!(matches!(
        archive.fill(runs[1].clone()),
        Err(Flaw::Gap { .. })
    ));
    let mut bent = runs[0].clone();
    bent.body.signatures[0].0[0] ^= 1;
    assert!(matches!(archive.fill(bent), Err(Flaw::Certificate { .. })));
    assert_eq!((archive.complete(), archive.wanted()), (0, Some(1)));
    for run in &runs {
        assert_eq!(archive.wanted(), Some(run.first));
        assert_eq!(archive.fill(run.clone()), Ok(()));
        let again = archive.fill(run.clone());
        assert!(matches!(again, Err(Flaw::Gap { .. })), "{again:?}");
    }
    assert_eq!((archive.complete(), archive.wanted()), (until, None));
    let of_seat = (Seat(0), &room::identity(0));
    let filled = archive.export(room.nodes[0].table(), until, None, Some(of_seat));
    assert_eq!(filled, bytes, "byte for byte what the other phone kept");
}

/// The file with the run that this changes.
fn with_run(bytes: &[u8], change: impl Fn(&mut Run) -> bool) -> Vec<u8> {
    let at = records(bytes);
    for record in 1..at.len() - 2 {
        let mut run = Run::from_bytes(&bytes[at[record] + 5..at[record + 1]]).unwrap();
        if change(&mut run) {
            let body = run.to_bytes();
            let length = u32::try_from(body.len()).unwrap().to_le_bytes();
            let (before, after) = (&bytes[..=at[record]], &bytes[at[record + 1]..]);
            return [before, &length, &body, after].concat();
        }
    }
    panic!("no run to change");
}

#[test]
fn a_roll_needs_exactly_its_own_true_shares() {
    let bytes = played().nodes[0].export_history();
    let throw = Flaw::Throw { roll: 1 };
    let flaw_of = |change: &dyn Fn(&mut Run)| {
        broken(&with_run(&bytes, |run| {
            let has = !run.throws.is_empty();
            if has {
                change(run);
            }
            has
        }))
        .flaw
    };
    assert_eq!(
        flaw_of(&|run| run.throws[0].shares[1].response[3] ^= 1),
        throw
    );
    assert_eq!(flaw_of(&|run| run.throws[0].shares[0].value[9] ^= 1), throw);
    let moved = flaw_of(&|run| run.throws[0].shares[0].signer.0 ^= 1);
    assert!(
        moved == throw || matches!(moved, Flaw::Decode(_)),
        "{moved}"
    );
    assert_eq!(flaw_of(&|run| run.throws[0].roll = 2), throw);
    // Without a share the roll waits, so nothing that came after it can follow.
    let after = |flaw| matches!(flaw, Flaw::Sheet | Flaw::Gap { .. } | Flaw::Throw { .. });
    assert!(after(flaw_of(&|run| run.throws[0].shares.truncate(2))));
    assert!(after(flaw_of(&|run| run.throws.clear())));
    assert!(after(flaw_of(&|run| {
        let again = run.throws[0].clone();
        run.throws.push(again);
    })));
    let stray = broken(&with_run(&bytes, |run| {
        run.throws
            .push(bitcraps_core::history::Throw::new(1, Vec::new()));
        true
    }));
    assert_eq!(
        (stray.record, stray.flaw),
        (1, throw),
        "no roll is closed in slot 1"
    );
}

/// A table of four whose first roll is closed; phones 2 and 3 have said nothing since, so two shares are there.
fn waiting() -> Room {
    let mut room = Room::meshed(4);
    room.run(3_000);
    room.command(0, BET);
    room.run(1_500);
    room.command(0, Command::Roll);
    let closed = |room: &Room| {
        let mut nodes = room.nodes.iter();
        nodes.all(|node| node.table().dice().is_closed())
    };
    for _ in 0..200 {
        if closed(&room) {
            break;
        }
        room.run(10);
    }
    assert!(
        closed(&room),
        "all of them at once, before any share has arrived"
    );
    room.deaf.extend([2, 3]);
    room.run(1_500);
    assert!(closed(&room));
    room
}

#[test]
fn a_roll_that_waits_stands_on_the_sheet_with_those_who_have_not_shown_their_share() {
    let mut room = waiting();
    let bytes = room.nodes[1].export_history();
    let (sequence, _, sheet) = valid(&bytes);
    let pending = sheet.pending.expect("the roll waits");
    let others = [Seat(2), Seat(3)].into_iter().collect();
    assert_eq!((pending.roll, pending.waits_for), (1, others));
    assert_eq!((sequence, sheet.rolls), (room.nodes[1].delivered().0, 0));
    assert_eq!(sheet.total(), Some(4 * 1_000 + sheet.bank_start));
    room.hear_again();
    room.run(20_000);
    let (_, _, sheet) = valid(&room.nodes[1].export_history());
    assert_eq!((sheet.pending, sheet.rolls), (None, 1));
}

#[test]
fn a_phone_that_fell_behind_while_a_roll_waited_has_its_shares_in_the_end() {
    let mut room = waiting();
    room.hear_again();
    room.deaf.insert(3);
    room.run(5_000);
    assert_eq!(room.nodes[0].table().rolls(), 1);
    assert_eq!(room.nodes[3].table().rolls(), 0);
    left_behind(&mut room);
    room.command(0, BET);
    room.run(20_000);
    let node = &room.nodes[3];
    assert_eq!(node.history_reaches(), node.delivered().0);
    let (_, _, sheet) = valid(&node.export_history());
    assert_eq!(sheet.pending, None);
    assert!(sheet.rolls >= 1, "the shooter's patience ends one day");
}

#[test]
fn alone_or_unsigned_there_is_no_table() {
    let mut room = Room::apart(4);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        room.join(a, b);
    }
    room.run(60_000);
    for phone in 0..3 {
        let table = room.nodes[phone].table();
        assert_eq!(
            table.signed().len(),
            3,
            "q of them decide, and the fourth has not signed"
        );
        assert!(!table.has_key() && table.attempt().is_some_and(|a| a.dealings().len() == 0));
    }
    room.command(0, BET);
    room.run(2_000);
    let (_, _, sheet) = valid(&room.nodes[0].export_history());
    assert!(
        sheet
            .lines
            .iter()
            .all(|line| line.up() == 0 && line.layout == 0)
    );
    for other in 0..3 {
        room.join(other, 3);
    }
    room.run(20_000);
    assert!(room.nodes.iter().all(|node| node.table().has_key()));
}

#[test]
fn a_dissolved_table_rests_and_its_history_is_final() {
    let mut room = played();
    room.command(1, BET);
    room.run(1_500);
    for phone in 1..4 {
        room.command(phone, Command::Dissolve);
    }
    room.run(1_500);
    let (sequence, _, sheet) = valid(&room.nodes[2].export_history());
    assert!(sheet.dissolved.is_some_and(|slot| slot <= sequence));
    assert!(sheet.lines.iter().all(|line| line.layout == 0));
    assert_eq!(sheet.total(), Some(4 * 1_000 + sheet.bank_start));
    room.command(0, BET);
    room.run(60_000);
    let (later, _, same) = valid(&room.nodes[0].export_history());
    assert!(
        later <= sequence + 2,
        "nobody orders anything by itself any more"
    );
    assert_eq!(same, sheet, "and what a player orders is rejected");
}

#[test]
fn nobody_is_answered_too_often_and_nobody_is_listened_to_unasked() {
    let mut room = played();
    let node = &mut room.nodes[0];
    let table = u16::from_le_bytes(node.table().genesis().digest().0[..2].try_into().unwrap());
    let ignored = |node: &bitcraps_core::node::Node, why| {
        node.stats().ignored.get(&why).copied().unwrap_or(0)
    };
    let runs = HistoryRuns {
        table,
        first: 1,
        runs: Vec::new(),
    };
    let want = HistoryWant { table, first: 1 };
    let (often, unclaimed) = (
        ignored(node, Ignored::TooOften),
        ignored(node, Ignored::Unclaimed),
    );
    let now = room.now;
    let (mut neighbour, _) = room::Stranger::dial(node, now, LinkId(99), room::identity(1));
    let mut say = |node: &mut bitcraps_core::node::Node, class, message: &[u8]| {
        neighbour.say(node, now, class, message);
    };
    say(node, Class::Bulk, &runs.to_bytes());
    assert_eq!(ignored(node, Ignored::Unclaimed), unclaimed + 1);
    say(node, Class::Control, &want.to_bytes());
    assert_eq!(node.stats().accepted[&Kind::HistoryWant], 1);
    say(node, Class::Control, &want.to_bytes());
    assert_eq!(ignored(node, Ignored::TooOften), often + 1);
    let of_another = HistoryWant {
        table: !table,
        first: 1,
    };
    say(node, Class::Control, &of_another.to_bytes());
    assert_eq!(ignored(node, Ignored::OtherTable), 1);
}
