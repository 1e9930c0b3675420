//! The contract's example scenario means what the contract says.

use super::*;

#[test]
fn every_field_of_the_contracts_example_is_read() {
    let scenario = loaded(EXAMPLE);
    assert_eq!(scenario.name, "equivocating-primary");
    assert_eq!(
        scenario.summary,
        "The primary signs two different pre-prepares for one sequence number."
    );
    assert_eq!(scenario.source, EXAMPLE);
    assert_eq!(scenario.players, 4);
    assert_eq!(scenario.seed, Some(42));
    assert_eq!(
        scenario.stop,
        Stop {
            rounds: 20,
            at_ms: 120_000
        }
    );
    let liar = Byzantine {
        player: 0,
        behaviour: Behaviour::Equivocator,
        from_ms: 0,
        until_ms: None,
        with: vec![3],
    };
    assert_eq!(scenario.byzantine, [liar]);
    let crash = FaultAction::Crash {
        player: 2,
        disk: Some(DiskMode::TornWrite),
    };
    let partition = FaultAction::Partition {
        groups: vec![vec![0, 1], vec![2, 3]],
    };
    let faults = [
        Fault {
            from_ms: 40_000,
            until_ms: Some(55_000),
            action: crash,
        },
        Fault {
            from_ms: 70_000,
            until_ms: Some(80_000),
            action: partition,
        },
    ];
    assert_eq!(scenario.faults, faults);
    let kinds = ["pass-line", "field", "odds"].map(str::to_owned).to_vec();
    assert_eq!(
        scenario.workload,
        Workload {
            bets_min: 1,
            bets_max: 3,
            kinds,
            think_ms: 0
        }
    );
    let expect = Expect {
        outcome: Some(Outcome::Reached),
        evicted: Some(vec![0]),
        view_min: Some(1),
        decide_p95_max_ms: Some(1500),
    };
    assert_eq!(scenario.expect, Some(expect));
}

#[test]
fn every_field_of_the_contracts_radio_is_read() {
    let radio = Radio {
        profile: Profile::MixedRoom,
        connection_interval_us: Some(30_000),
        mtu: Some(185),
        latency: Some(Latency {
            min_us: 8_000,
            mean_us: 22_000,
        }),
        loss_ppm: Some(20_000),
        bandwidth: Some(20_000),
        topology: Topology::Auto,
        links: vec![LinkOverride {
            between: (1, 3),
            loss_ppm: Some(300_000),
            latency: None,
            mtu: None,
        }],
    };
    assert_eq!(loaded(EXAMPLE).radio, radio);
}

#[test]
fn what_a_file_leaves_out_takes_its_default() {
    let scenario = loaded("name = \"t\"\nplayers = 2\n# not the summary\n");
    assert_eq!(scenario.summary, "");
    assert_eq!(scenario.seed, None);
    assert_eq!(
        scenario.stop,
        Stop {
            rounds: 50,
            at_ms: 600_000
        }
    );
    assert_eq!(scenario.radio.profile, Profile::Ideal);
    assert_eq!(scenario.radio.topology, Topology::Auto);
    assert_eq!(scenario.radio.mtu, None);
    assert!(scenario.byzantine.is_empty() && scenario.faults.is_empty());
    assert_eq!(scenario.workload.kinds, BETS);
    assert_eq!(
        (scenario.workload.bets_min, scenario.workload.bets_max),
        (1, 3)
    );
    assert_eq!(scenario.workload.think_ms, 0);
    assert_eq!(scenario.expect, None);
}

#[test]
fn a_missing_key_of_stop_takes_its_default() {
    assert_eq!(
        loaded(&seven("stop = { rounds = 9 }")).stop,
        Stop {
            rounds: 9,
            at_ms: 600_000
        }
    );
    assert_eq!(
        loaded(&seven("[stop]\nat = \"1.5s\"")).stop,
        Stop {
            rounds: 50,
            at_ms: 1_500
        }
    );
}

#[test]
fn one_number_of_bets_moves_the_default_of_the_other() {
    let bets = |range: &str| {
        let workload = loaded(&seven(&format!("workload.bets_per_round = {range}"))).workload;
        (workload.bets_min, workload.bets_max)
    };
    assert_eq!(bets("{ min = 2 }"), (2, 3));
    assert_eq!(bets("{ min = 5 }"), (5, 5));
    assert_eq!(bets("{ max = 2 }"), (1, 2));
    assert_eq!(bets("{ max = 0 }"), (0, 0));
}

#[test]
fn every_kind_of_fault_is_read() {
    let text = seven(
        "fault = [
        { kind = \"crash\", player = 1 },
        { kind = \"partition\", groups = [[5, 6]], from = \"2m\" },
        { kind = \"loss\", loss = 1, between = [4, 2] },
        { kind = \"loss\", loss = 0.5, until = \"1s\" },
        { kind = \"clock\", player = 3, drift_ppm = -40, jump = \"-1.5s\" },
        { kind = \"disk\", player = 0, disk = \"slow-sync\" },
        { kind = \"suspend\", player = 6 },
        ]",
    );
    let faults = loaded(&text).faults;
    let groups = vec![vec![5, 6], vec![0, 1, 2, 3, 4]];
    let actions = [
        FaultAction::Crash {
            player: 1,
            disk: None,
        },
        FaultAction::Partition { groups },
        FaultAction::Loss {
            loss_ppm: 1_000_000,
            between: Some((2, 4)),
        },
        FaultAction::Loss {
            loss_ppm: 500_000,
            between: None,
        },
        FaultAction::Clock {
            player: 3,
            drift_ppm: -40,
            jump_ms: -1_500,
        },
        FaultAction::Disk {
            player: 0,
            mode: DiskMode::SlowSync,
        },
        FaultAction::Suspend { player: 6 },
    ];
    assert!(faults.iter().map(|fault| &fault.action).eq(&actions));
    assert_eq!(faults[1].from_ms, 120_000);
    assert_eq!((faults[3].from_ms, faults[3].until_ms), (0, Some(1_000)));
    assert_eq!(faults[5].kind(), FaultKind::Disk);
}

#[test]
fn every_behaviour_and_profile_is_read_by_its_name() {
    for behaviour in Behaviour::ALL {
        let liar = format!("byzantine = [{{ player = 6, behaviour = \"{behaviour}\" }}]");
        assert_eq!(loaded(&seven(&liar)).byzantine[0].behaviour, *behaviour);
    }
    for profile in Profile::ALL {
        let radio = format!("radio.profile = \"{profile}\"");
        assert_eq!(loaded(&seven(&radio)).radio.profile, *profile);
    }
}

#[test]
fn a_player_may_lie_in_two_ways_one_after_the_other() {
    let liars = "byzantine = [{ player = 1, behaviour = \"silent\", from = \"9s\" },
        { player = 1, behaviour = \"colluder\", until = \"9s\", with = [2, 3] }]";
    let liars = loaded(&seven(liars)).byzantine;
    assert_eq!(liars[1].with, [2, 3]);
}

#[test]
fn topologies_are_words_or_links() {
    for topology in [
        Topology::Auto,
        Topology::Full,
        Topology::Line,
        Topology::Ring,
    ] {
        let radio = format!("radio.topology = \"{topology}\"");
        assert_eq!(loaded(&seven(&radio)).radio.topology, topology);
    }
    let text = "name = \"t\"\nplayers = 3\nradio.topology = { links = [[2, 1], [0, 1]] }";
    assert_eq!(
        loaded(text).radio.topology,
        Topology::Links(vec![(1, 2), (0, 1)])
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let text = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    let source = EXAMPLE.to_owned();
    assert_eq!(
        Scenario {
            source,
            ..loaded(&text)
        },
        loaded(EXAMPLE)
    );
    assert_errors(&[(
        "name = 't'\r\nplayers = 1\r\n",
        "t.toml:2: key `players`: expected a whole number from 2 to 18, found 1",
    )]);
}
