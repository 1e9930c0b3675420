//! Mistakes in `[[byzantine]]` and `[[fault]]`.

use super::*;

const A_DURATION: &str = "expected a duration such as \"30ms\", \"1.5s\" or \"2m\", found";

#[test]
fn impossible_liars_are_refused() {
    assert_errors_of_seven(&[
        (
            "[byzantine]\nplayer = 1",
            "t.toml:3: key `byzantine`: expected sections [[byzantine]], found a table",
        ),
        (
            "[[byzantine]]\nbehaviour = \"silent\"",
            "t.toml:3: key `byzantine[0].player`: missing; expected a player from 0 to 6",
        ),
        (
            "[[byzantine]]\nplayer = 9",
            "t.toml:4: key `byzantine[0].player`: expected a player from 0 to 6, found 9",
        ),
        (
            "[[byzantine]]\nplayer = 256\n",
            "t.toml:4: key `byzantine[0].player`: expected a player from 0 to 6, found 256",
        ),
        (
            "[[byzantine]]\nplayer = 1",
            "t.toml:3: key `byzantine[0].behaviour`: missing; expected a behaviour such as \
             \"silent\"",
        ),
        (
            "[[byzantine]]\nplayer = 1\nbehavior = \"silent\"",
            "t.toml:5: key `byzantine[0].behavior`: unknown; expected one of player, behaviour, \
             from, until, with (did you mean `behaviour`?)",
        ),
        (
            "[[byzantine]]\nplayer = 1\nbehaviour = \"sillent\"",
            "t.toml:5: key `byzantine[0].behaviour`: expected one of equivocator, silent, forger, \
             double-spender, delayer, spammer, colluder, censor, withhold-share, liar-dice, \
             peeker, slot-skipper, bad-dealer, false-accuser, replayer, amnesiac, twin, black-hole-relay, \
             corrupting-relay, bad-state-transfer, invite-thief, fragment-bomber, random, found \
             \"sillent\" (did you mean \"silent\"?)",
        ),
    ]);
}

#[test]
fn a_player_does_not_lie_in_two_ways_at_once() {
    let first = "[[byzantine]]\nplayer = 1\nbehaviour = \"silent\"\nfrom = \"5s\"\n";
    assert_errors_of_seven(&[
        (
            &format!("{first}[[byzantine]]\nplayer = 1\nbehaviour = \"forger\""),
            "t.toml:8: key `byzantine[1].player`: expected a player who does not lie already, \
             found 1, who is silent from 5s to the end (byzantine[0])",
        ),
        (
            &format!(
                "{first}until = \"9s\"\n[[byzantine]]\nplayer = 1\nbehaviour = \"silent\"\n\
                 from = \"8.999s\""
            ),
            "t.toml:9: key `byzantine[1].player`: expected a player who does not lie already, \
             found 1, who is silent from 5s to 9s (byzantine[0])",
        ),
    ]);
}

#[test]
fn only_plotters_have_accomplices() {
    let liar = |behaviour: &str, with: &str| {
        format!("byzantine = [{{ player = 1, behaviour = \"{behaviour}\", with = {with} }}]")
    };
    assert_errors_of_seven(&[
        (
            &liar("silent", "[2]"),
            "t.toml:3: key `byzantine[0].with`: expected only with behaviour colluder or peeker, \
             found with silent",
        ),
        (
            &liar("colluder", "[1]"),
            "t.toml:3: key `byzantine[0].with`: expected other players, found 1 itself",
        ),
        (
            &liar("colluder", "[2, 2]"),
            "t.toml:3: key `byzantine[0].with[1]`: expected every player at most once, found 2",
        ),
        (
            &liar("colluder", "2"),
            "t.toml:3: key `byzantine[0].with`: expected a list of players, found 2",
        ),
        (
            &liar("colluder", "[7]"),
            "t.toml:3: key `byzantine[0].with[0]`: expected a player from 0 to 6, found 7",
        ),
    ]);
}

#[test]
fn impossible_times_are_refused() {
    let fault = |times: &str| format!("[[fault]]\nkind = \"suspend\"\nplayer = 0\n{times}");
    assert_errors_of_seven(&[
        (
            &fault("from = \"10m\""),
            "t.toml:6: key `fault[0].from`: expected a time before the stop at 600s, found \"10m\"",
        ),
        (
            &fault("from = \"5s\"\nuntil = \"5s\""),
            "t.toml:7: key `fault[0].until`: expected a time after `from` (5s), found \"5s\"",
        ),
        (
            &fault("until = \"0s\""),
            "t.toml:6: key `fault[0].until`: expected a time after `from` (0s), found \"0s\"",
        ),
        (
            &fault("from = \"-5s\""),
            &format!("t.toml:6: key `fault[0].from`: {A_DURATION} \"-5s\""),
        ),
        (
            &fault("from = \"5\""),
            &format!("t.toml:6: key `fault[0].from`: {A_DURATION} \"5\""),
        ),
        (
            &fault("from = \"soon\""),
            &format!("t.toml:6: key `fault[0].from`: {A_DURATION} \"soon\""),
        ),
        (
            "stop.at = \"9s\"\nbyzantine = [{ player = 0, behaviour = \"twin\", from = \"9s\" }]",
            "t.toml:4: key `byzantine[0].from`: expected a time before the stop at 9s, found \"9s\"",
        ),
        (
            &fault("until = \"99999999999h\""),
            "t.toml:6: key `fault[0].until`: expected a duration of at most 8760h, found \
             \"99999999999h\"",
        ),
    ]);
}

#[test]
fn impossible_faults_are_refused() {
    let fault = |keys: &str| format!("fault = [{{ {keys} }}]");
    assert_errors_of_seven(&[
        (
            &fault("player = 1"),
            "t.toml:3: key `fault[0].kind`: missing; expected a fault such as \"crash\"",
        ),
        (
            &fault("kind = \"clash\""),
            "t.toml:3: key `fault[0].kind`: expected one of crash, partition, loss, clock, disk, \
             suspend, found \"clash\" (did you mean \"crash\"?)",
        ),
        (
            &fault("kind = \"crash\", groups = []"),
            "t.toml:3: key `fault[0].groups`: unknown for fault \"crash\"; expected one of kind, \
             player, from, until, disk",
        ),
        (
            &fault("kind = \"crash\", player = 1, disk = \"slow-sync\""),
            "t.toml:3: key `fault[0].disk`: expected one of torn-write, lost-sync, bit-flip, lost, \
             rollback, found \
             \"slow-sync\"",
        ),
        (
            &fault("kind = \"crash\""),
            "t.toml:3: key `fault[0].player`: missing; expected a player from 0 to 6",
        ),
        (
            &fault("kind = \"loss\""),
            "t.toml:3: key `fault[0].loss`: missing; expected a probability from 0 to 1",
        ),
        (
            &fault("kind = \"loss\", loss = \"much\""),
            "t.toml:3: key `fault[0].loss`: expected a probability from 0 to 1, found \"much\"",
        ),
        (
            &fault("kind = \"loss\", loss = 1, between = [1]"),
            "t.toml:3: key `fault[0].between`: expected a link such as [0, 1], found 1 ends",
        ),
        (
            &fault("kind = \"clock\", player = 1"),
            "t.toml:3: key `fault[0]`: expected drift_ppm or jump, found neither",
        ),
        (
            &fault("kind = \"clock\", player = 1, drift_ppm = 500001"),
            "t.toml:3: key `fault[0].drift_ppm`: expected a whole number from -500000 to 500000, \
             found 500001",
        ),
        (
            &fault("kind = \"disk\", player = 1"),
            "t.toml:3: key `fault[0].disk`: missing; expected a fault of the disk such as \
             \"slow-sync\"",
        ),
    ]);
}

#[test]
fn impossible_partitions_are_refused() {
    let split = |groups: &str| format!("fault = [{{ kind = \"partition\", groups = {groups} }}]");
    assert_errors_of_seven(&[
        (
            &split("[[0, 1], [2, 1]]"),
            "t.toml:3: key `fault[0].groups[1]`: expected every player in one group, found 1 in two",
        ),
        (
            &split("[[0, 0]]"),
            "t.toml:3: key `fault[0].groups[0][1]`: expected every player at most once, found 0",
        ),
        (
            &split("[[]]"),
            "t.toml:3: key `fault[0].groups[0]`: expected at least one player, found none",
        ),
        (
            &split("[[0, 1, 2, 3, 4, 5, 6]]"),
            "t.toml:3: key `fault[0].groups`: expected a group that leaves somebody out, found none",
        ),
        (
            &split("[0, 1]"),
            "t.toml:3: key `fault[0].groups[0]`: expected a list of players, found 0",
        ),
        (
            &split("[[7]]"),
            "t.toml:3: key `fault[0].groups[0][0]`: expected a player from 0 to 6, found 7",
        ),
    ]);
}

#[test]
fn what_is_not_built_yet_is_named_beside_what_is() {
    let few = Supported {
        behaviours: &[Behaviour::Silent, Behaviour::Twin],
        faults: &[],
        bet_kinds: BETS,
        bet_ids: &["place-6"],
    };
    let liar = seven("byzantine = [{ player = 0, behaviour = \"colluder\" }]");
    assert_eq!(
        load("t.toml", &liar, &few)
            .expect_err("not built")
            .to_string(),
        "t.toml:3: key `byzantine[0].behaviour`: behaviour \"colluder\" is not built yet; this rig \
         has: silent, twin"
    );
    let fault = seven("fault = [{ kind = \"crash\", player = 0 }]");
    assert_eq!(
        load("t.toml", &fault, &few)
            .expect_err("not built")
            .to_string(),
        "t.toml:3: key `fault[0].kind`: fault \"crash\" is not built yet; this rig has: none"
    );
}
