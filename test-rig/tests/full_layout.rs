//! The built-in scenario `full-layout`: every bet of the catalogue goes through a node's life in a simulated room.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::collections::BTreeMap;

use bitcraps_core::craps::{BetKind, LineResult, Rules, Window};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Event;
use bitcraps_core::table::Outcome;
use bitcraps_rig::cli::SUPPORTED;
use bitcraps_rig::result::RunOutcome;
use bitcraps_rig::run::run;
use bitcraps_rig::scenario::resolve;
use bitcraps_rig::sim::Observation;

/// What was seen of one kind of bet on the first phone.
#[derive(Default, Clone, Copy, Debug)]
struct Seen {
    placed: u32,
    raised: u32,
    came_down: u32,
    called: u32,
    travelled_to: u32,
    settled: u32,
}

#[derive(Default)]
struct Watch {
    kinds: BTreeMap<BetKind, Seen>,
    stands: BTreeMap<(Seat, BetKind), u64>,
    lowered: u32,
    passed: u32,
}

impl Watch {
    fn happened(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::BetPlaced {
                seat, kind, amount, ..
            } => {
                let stands = self.stands.entry((*seat, *kind)).or_insert(0);
                let seen = self.kinds.entry(*kind).or_default();
                seen.placed += 1;
                seen.raised += u32::from(*stands > 0);
                *stands += amount;
            }
            Outcome::BetReturned { seat, kind, amount } => {
                let stands = self.stands.get_mut(&(*seat, *kind)).unwrap();
                *stands -= amount;
                let down = *stands == 0;
                self.lowered += u32::from(!down);
                self.kinds.entry(*kind).or_default().came_down += u32::from(down);
            }
            Outcome::WorkingSet { kind, .. } => self.kinds.entry(*kind).or_default().called += 1,
            Outcome::DicePassed { .. } => self.passed += 1,
            Outcome::Convicted { .. }
            | Outcome::Left { .. }
            | Outcome::MembersChange { .. }
            | Outcome::Dealt { .. }
            | Outcome::KeyMade { .. }
            | Outcome::GivenUp { .. }
            | Outcome::Signed { .. }
            | Outcome::Tapped { .. }
            | Outcome::Unseated { .. }
            | Outcome::Invited { .. }
            | Outcome::Seated { .. }
            | Outcome::NotSeated { .. }
            | Outcome::BoughtIn { .. }
            | Outcome::Dissolved => {}
            Outcome::Rolled(roll) => {
                for line in &roll.settlement.lines {
                    let key = (line.seat, line.kind);
                    match line.result {
                        LineResult::Push => continue,
                        LineResult::Travels { to } => {
                            let amount = self.stands.remove(&key).unwrap();
                            self.stands.insert((line.seat, to), amount);
                            self.kinds.entry(to).or_default().travelled_to += 1;
                        }
                        LineResult::Win { stays: true, .. } => {}
                        _ => drop(self.stands.remove(&key).unwrap()),
                    }
                    self.kinds.entry(line.kind).or_default().settled += 1;
                }
            }
            Outcome::RollClosed { .. } | Outcome::Rejected { .. } => {}
        }
    }
}

#[test]
fn every_bet_is_placed_changed_and_settled_through_nodes_in_a_room() {
    let scenario = resolve("full-layout", &SUPPORTED).unwrap();
    let mut watch = Watch::default();
    // A bet that takes many rolls may still stand at the end of one evening.
    for seed in [1, 2] {
        let finished = run(&scenario, seed, &mut |_, observation| {
            if let Observation::Event {
                phone: 0,
                event: Event::Happened { outcome, .. },
            } = observation
            {
                watch.happened(outcome);
            }
        });
        let result = finished.unwrap().result;
        assert_eq!(
            result.outcome,
            RunOutcome::Reached,
            "seed {seed}: {result:?}"
        );
    }
    // The room plays by the home rules, which the rig takes by default.
    let rules = Rules::default();
    for kind in BetKind::all() {
        let seen = watch.kinds.get(&kind).copied().unwrap_or_default();
        let made = match rules.window(kind) {
            Window::Never => seen.travelled_to,
            _ => seen.placed,
        };
        assert!(made > 0 && seen.settled > 0, "{kind}: {seen:?}");
    }
    for family in [
        "come-odds",
        "place",
        "place-to-lose",
        "buy",
        "lay",
        "big",
        "hard",
    ] {
        let of_family = watch
            .kinds
            .iter()
            .filter(|(kind, _)| kind.family() == family);
        let (mut raised, mut came_down, mut called) = (0, 0, 0);
        for (_, seen) in of_family {
            raised += seen.raised;
            came_down += seen.came_down;
            called += seen.called;
        }
        assert!(
            raised > 0 && came_down > 0,
            "{family}: {raised} {came_down}"
        );
        assert_eq!(called > 0, family != "big", "{family}: {called}");
    }
    let contract = watch.kinds[&BetKind::SevenPointUp].came_down;
    assert_eq!(contract, 0, "a contract");
    assert!(
        watch.lowered > 50 && watch.passed > 0,
        "{} {}",
        watch.lowered,
        watch.passed
    );
}
