//! Mistakes in `[radio]`, `[workload]` and `[expect]`.

use super::*;

#[test]
fn impossible_radios_are_refused() {
    assert_errors_of_seven(&[
        (
            "[radio]\nmtu = 9",
            "t.toml:4: key `radio.mtu`: expected a whole number from 23 to 517, found 9",
        ),
        (
            "radio.connection_interval = \"7.4ms\"",
            "t.toml:3: key `radio.connection_interval`: expected an interval from 7.5ms to 4s, \
             found \"7.4ms\"",
        ),
        (
            "radio.connection_interval = 30",
            "t.toml:3: key `radio.connection_interval`: expected a duration such as \"30ms\", \
             \"1.5s\" or \"2m\", found 30",
        ),
        (
            "radio.profile = \"iphon\"",
            "t.toml:3: key `radio.profile`: expected one of ideal, iphone, android, mixed-room, \
             busy-room, desktop, fixed, found \"iphon\" (did you mean \"iphone\"?)",
        ),
        (
            "radio.loss = 1.5",
            "t.toml:3: key `radio.loss`: expected a probability from 0 to 1, found 1.5",
        ),
        (
            "radio.loss = -0.1",
            "t.toml:3: key `radio.loss`: expected a probability from 0 to 1, found -0.1",
        ),
        (
            "radio.loss = nan",
            "t.toml:3: key `radio.loss`: expected a probability from 0 to 1, found nan",
        ),
        (
            "radio.loss = 0.0000001",
            "t.toml:3: key `radio.loss`: expected a probability from 0 to 1 with at most 6 \
             decimals, found 0.0000001",
        ),
        (
            "radio.bandwidth = 0",
            "t.toml:3: key `radio.bandwidth`: expected a whole number from 1 to 4294967295, found 0",
        ),
        (
            "radio.latency = \"8ms\"",
            "t.toml:3: key `radio.latency`: expected a table, found \"8ms\"",
        ),
        (
            "radio.latency = { min = \"8ms\" }",
            "t.toml:3: key `radio.latency.mean`: missing; expected a duration such as \"22ms\"",
        ),
        (
            "radio.latency = { min = \"8ms\", mean = \"7ms\" }",
            "t.toml:3: key `radio.latency.mean`: expected a mean latency that is not below the \
             least one, found \"7ms\"",
        ),
        (
            "radio.latency = { mean = \"2m\" }",
            "t.toml:3: key `radio.latency.mean`: expected a latency of at most 60s, found \"2m\"",
        ),
        (
            "[radio]\nbandwith = 3",
            "t.toml:4: key `radio.bandwith`: unknown; expected one of profile, \
             connection_interval, mtu, latency, loss, bandwidth, topology, link \
             (did you mean `bandwidth`?)",
        ),
    ]);
}

#[test]
fn impossible_topologies_are_refused() {
    assert_errors_of_seven(&[
        (
            "radio.topology = \"star\"",
            "t.toml:3: key `radio.topology`: expected one of auto, full, line, ring, found \"star\"",
        ),
        (
            "radio.topology = [[0, 1]]",
            "t.toml:3: key `radio.topology`: expected auto, full, line, ring or \
             { links = [[0, 1], …] }, found an array",
        ),
        (
            "radio.topology = { links = [[0, 0]] }",
            "t.toml:3: key `radio.topology.links[0]`: expected two different players, found 0 twice",
        ),
        (
            "radio.topology = { links = [[0, 1],\n[1, 7]] }",
            "t.toml:4: key `radio.topology.links[1][1]`: expected a player from 0 to 6, found 7",
        ),
        (
            "radio.topology = { links = [[0, 1, 2]] }",
            "t.toml:3: key `radio.topology.links[0]`: expected a link such as [0, 1], found 3 ends",
        ),
        (
            "radio.topology = { links = [[0, 1], [1, 0]] }",
            "t.toml:3: key `radio.topology.links[1]`: expected every link once, found [0, 1] twice",
        ),
        (
            "radio.topology = { links = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 6]] }",
            "t.toml:3: key `radio.topology.links`: expected links that connect all players, \
             found no link to player 5",
        ),
        (
            "radio.topology = { links = [[0, 1], [1, 2], [3, 4], [4, 5], [5, 6]] }",
            "t.toml:3: key `radio.topology.links`: expected links that connect all players, \
             found no path from player 0 to player 3",
        ),
        (
            "radio.topology = { link = [] }",
            "t.toml:3: key `radio.topology.link`: unknown; expected one of links \
             (did you mean `links`?)",
        ),
    ]);
}

#[test]
fn impossible_links_are_refused() {
    assert_errors_of_seven(&[
        (
            "[radio.link]\nbetween = [0, 1]",
            "t.toml:3: key `radio.link`: expected sections [[radio.link]], found a table",
        ),
        (
            "[[radio.link]]\nloss = 0.1",
            "t.toml:3: key `radio.link[0].between`: missing; expected a link such as [0, 1]",
        ),
        (
            "[[radio.link]]\nbetween = [0, 9]",
            "t.toml:4: key `radio.link[0].between[1]`: expected a player from 0 to 6, found 9",
        ),
        (
            "[[radio.link]]\nbetween = [3, 3]\nmtu = 99",
            "t.toml:4: key `radio.link[0].between`: expected two different players, found 3 twice",
        ),
        (
            "[[radio.link]]\nbetween = [0, 1]",
            "t.toml:3: key `radio.link[0]`: expected loss, latency or mtu, found none of them",
        ),
        (
            "[[radio.link]]\nbetween = [0, 1]\nmtu = 99\n[[radio.link]]\nbetween = [1, 0]",
            "t.toml:7: key `radio.link[1].between`: expected every link once, found [0, 1] twice",
        ),
    ]);
}

#[test]
fn impossible_workloads_are_refused() {
    assert_errors_of_seven(&[
        (
            "workload.bets_per_round = { min = 4, max = 3 }",
            "t.toml:3: key `workload.bets_per_round`: expected min up to max, found min 4 and max 3",
        ),
        (
            "workload.bets_per_round.max = 101",
            "t.toml:3: key `workload.bets_per_round.max`: expected a whole number from 0 to 100, \
             found 101",
        ),
        (
            "workload.kinds = [\"feild\"]",
            "t.toml:3: key `workload.kinds[0]`: expected one of pass-line, dont-pass, field, odds, \
             found \"feild\" (did you mean \"field\"?)",
        ),
        (
            "workload.kinds = [\"field\", \"field\"]",
            "t.toml:3: key `workload.kinds[1]`: expected every kind of bet once, found \"field\"",
        ),
        (
            "workload.kinds = []",
            "t.toml:3: key `workload.kinds`: expected at least one kind of bet, found none",
        ),
        (
            "workload.kinds = \"field\"",
            "t.toml:3: key `workload.kinds`: expected a list of bets such as \
             [\"pass-line\", \"field\"], found \"field\"",
        ),
        (
            "workload.think = \"-1s\"",
            "t.toml:3: key `workload.think`: expected a duration such as \"30ms\", \"1.5s\" or \
             \"2m\", found \"-1s\"",
        ),
    ]);
}

#[test]
fn impossible_expectations_are_refused() {
    assert_errors_of_seven(&[
        (
            "expect.outcome = \"violated\"",
            "t.toml:3: key `expect.outcome`: expected one of reached, stalled, halted, found \
             \"violated\"",
        ),
        (
            "expect.evicted = [0, 7]",
            "t.toml:3: key `expect.evicted[1]`: expected a player from 0 to 6, found 7",
        ),
        (
            "expect.evicted = [3, 3]",
            "t.toml:3: key `expect.evicted[1]`: expected every player at most once, found 3",
        ),
        (
            "expect.view_min = -1",
            "t.toml:3: key `expect.view_min`: expected a whole number from 0 to \
             18446744073709551615, found -1",
        ),
        (
            "expect.decide_p95_max = \"0.5ms\"",
            "t.toml:3: key `expect.decide_p95_max`: expected a duration in whole milliseconds, \
             found \"0.5ms\"",
        ),
    ]);
}
