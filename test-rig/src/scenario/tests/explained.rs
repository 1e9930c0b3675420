//! Scenarios in words.

use super::*;

fn remarks_of(text: &str) -> Vec<String> {
    let words = explain(&loaded(text));
    words
        .lines()
        .filter_map(|line| line.strip_prefix("remark    "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_contracts_example_is_explained() {
    let expected = "\
scenario  equivocating-primary: The primary signs two different pre-prepares for one sequence number.
players   4, of whom f = 1 may lie and q = 3 must agree
seed      42
radio     profile mixed-room, connection interval 30ms, mtu 185, latency 22ms on average and 8ms at \
least, loss 2 %, 20000 bytes per second and phone, topology auto
link      1-3: loss 30 %
liar      player 0 is equivocator from 0s to the end, with 3
fault     from 40s to 55s: phone 2 is down, its disk suffers torn-write
fault     from 70s to 80s: partition: 0 and 1 | 2 and 3
workload  1 to 3 bets a round and player, 0s to think: pass-line, field and odds
stop      after 20 rounds or at 120s
expect    outcome reached, evicted 0, view 1 or later, 95 % decided within 1.5s
remark    no side of the partition at 70s has q = 3 players: expect a stall while it lasts
remark    player 0: `with` has no effect on equivocator
";
    assert_eq!(explain(&loaded(EXAMPLE)), expected);
}

#[test]
fn quorums_are_those_of_the_design() {
    let sizes = [
        (2, 0, 2),
        (3, 0, 3),
        (4, 1, 3),
        (5, 1, 4),
        (6, 1, 4),
        (7, 2, 5),
        (10, 3, 7),
    ];
    for (n, f, q) in sizes
        .into_iter()
        .chain([(9, 2, 6), (16, 5, 11), (17, 5, 12), (18, 5, 12)])
    {
        let scenario = loaded(&format!("name = 't'\nplayers = {n}"));
        assert_eq!(
            (scenario.faulty_max(), scenario.quorum()),
            (f, q),
            "{n} players"
        );
    }
}

#[test]
fn more_silence_than_a_table_can_lose_is_remarked() {
    let two = builtin("seven-players-two-silent").expect("it is built in");
    assert_eq!(remarks_of(two), Vec::<String>::new());
    let three = builtin("seven-players-three-silent").expect("it is built in");
    assert_eq!(
        remarks_of(three),
        [
            "players 0, 1 and 2 are silent or down at 0s: 3 are more than the 2 that this table can \
          lose: expect a stall"
        ]
    );
}

#[test]
fn absences_count_only_while_they_overlap_and_each_player_once() {
    let crash = |player: u8, from: u8, until: u8| {
        format!(
            "[[fault]]\nkind = 'crash'\nplayer = {player}\nfrom = '{from}s'\nuntil = '{until}s'\n"
        )
    };
    let apart = crash(0, 1, 2) + &crash(1, 2, 3) + &crash(2, 3, 4) + &crash(2, 3, 5);
    assert_eq!(remarks_of(&seven(&apart)), Vec::<String>::new());
    let together = crash(0, 1, 9) + &crash(1, 2, 9) + &crash(2, 3, 9);
    assert_eq!(
        remarks_of(&seven(&together)),
        [
            "players 0, 1 and 2 are silent or down at 3s: 3 are more than the 2 that this table can \
          lose: expect a stall while it lasts"
        ]
    );
}

#[test]
fn too_many_liars_and_idle_overrides_are_remarked() {
    let liar = |player: u8| format!("[[byzantine]]\nplayer = {player}\nbehaviour = 'forger'\n");
    assert_eq!(
        remarks_of(&seven(&(liar(0) + &liar(1) + &liar(2)))),
        ["3 liars are more than f = 2: agreement is no longer promised"]
    );
    let link = "radio = { topology = 'line', link = [{ between = [0, 6], loss = 0.1 }] }";
    assert_eq!(
        remarks_of(&seven(link)),
        ["link 0-6 has no effect: the topology has no such link"]
    );
}
