//! Layout and ledger driven together by random play, legal and illegal: no chip appears or
//! vanishes, escrow is always what stands on the layout, and the bank can always pay.

mod random;

use bitcraps_core::craps::{
    BETS_PER_SEAT_MAX, Bar, BetKind, BigPays, BonusAllPays, BonusPays, Chips, FieldPays, FirePays,
    Layout, LineResult, OddsLimit, Phase, Pricing, RidePays, Roll, Rules, Vig,
};
use bitcraps_core::crypto::Seat;
use bitcraps_core::ledger::Ledger;
use bitcraps_core::wire::{Decode, Encode, Reader};
use random::Random;

const SEATS: u8 = 4;
const STRANGER: Seat = Seat(SEATS);

/// What a run has met, so that a test can tell that it was worth running.
#[derive(Default)]
struct Met {
    placed: u64,
    refused: u64,
    uncovered: u64,
    reduced: u64,
    taken_from_winners: u64,
    wins: u64,
    losses: u64,
    returns: u64,
    pushes: u64,
    travels: u64,
}

struct Table {
    layout: Layout,
    ledger: Ledger,
    dice: Random,
    met: Met,
}

impl Table {
    fn new(seed: u64, rules: Rules, buy_in: Chips, bank: Chips) -> Self {
        let ledger = Ledger::new(&vec![buy_in; usize::from(SEATS)], bank).expect("small sums");
        Self {
            layout: Layout::new(rules),
            ledger,
            dice: Random(seed),
            met: Met::default(),
        }
    }

    fn play(&mut self, rolls: u32) {
        for _ in 0..rolls {
            for _ in 0..6 {
                self.ask();
                self.check();
            }
            self.roll();
            self.check();
        }
    }

    /// One seat asks for something, often something that it must not have.
    fn ask(&mut self) {
        let seat = Seat(self.dice.one_of(&[0, 1, 2, 3]));
        let kind = self.choose(seat);
        let amount = match self.dice.below(8) {
            0 => self
                .dice
                .one_of(&[0, 1, 7, Chips::MAX, Chips::MAX - 1, 1 << 32]),
            1 => self.dice.next(),
            _ => {
                let unit = self
                    .layout
                    .bounds(seat, kind)
                    .map_or(1, |bounds| bounds.unit);
                unit * (1 + self.dice.below(30))
            }
        };
        match self.dice.below(8) {
            0 => self.reduce(seat, kind, amount),
            1 => self.take_down(seat, kind),
            2 => drop(self.layout.set_working(seat, kind, amount % 2 == 0)),
            3 => assert!(self.ledger.place(STRANGER, amount).is_err()),
            _ => self.place(seat, kind, amount),
        }
    }

    /// Any kind, or one that the seat has, or odds behind one that it has, or an opening bet.
    fn choose(&mut self, seat: Seat) -> BetKind {
        let all = BetKind::all;
        let way = self.dice.below(4);
        let stands = |kind: &BetKind| self.layout.bet(seat, *kind).is_some();
        let kinds: Vec<_> = match way {
            0 => all().filter(stands).collect(),
            1 => all().filter(stands).filter_map(BetKind::odds).collect(),
            2 => vec![BetKind::PassLine, BetKind::DontPass, BetKind::Come],
            _ => Vec::new(),
        };
        if kinds.is_empty() {
            self.dice.one_of(&all().collect::<Vec<_>>())
        } else {
            self.dice.one_of(&kinds)
        }
    }

    fn place(&mut self, seat: Seat, kind: BetKind, amount: Chips) {
        if self.layout.check_place(seat, kind, amount).is_err() {
            let before = self.layout.clone();
            assert!(self.layout.place(seat, kind, amount).is_err());
            assert_eq!(self.layout, before);
            self.met.refused += 1;
            return;
        }
        let exposure = self.layout.exposure_with(seat, kind, amount);
        if exposure.is_none_or(|exposure| exposure > self.ledger.bank()) {
            self.met.uncovered += 1;
            return;
        }
        let charge = self.layout.charge(seat, kind, amount);
        if self.ledger.place(seat, charge).is_ok() {
            self.layout.place(seat, kind, amount).expect("checked");
            assert_eq!(Some(self.layout.exposure()), exposure);
            self.met.placed += 1;
        }
    }

    fn take_down(&mut self, seat: Seat, kind: BetKind) {
        if let Some(amount) = self.layout.bet(seat, kind).map(|bet| bet.amount) {
            self.reduce(seat, kind, amount);
        }
    }

    fn reduce(&mut self, seat: Seat, kind: BetKind, by: Chips) {
        let before = self.layout.clone();
        let Ok(reduced) = self.layout.reduce(seat, kind, by) else {
            assert_eq!(self.layout, before);
            self.met.refused += 1;
            return;
        };
        for (_, chips) in reduced.returned {
            self.ledger.give_back(seat, chips).expect("in escrow");
        }
        self.met.reduced += 1;
    }

    fn roll(&mut self) {
        let rolls: Vec<_> = Roll::all().collect();
        let roll = self.dice.one_of(&rolls);
        let settlement = self.layout.resolve(roll);
        let mut staying = Vec::new();
        for line in &settlement.lines {
            match line.result {
                LineResult::Win { profit, stays } => {
                    self.ledger
                        .win(line.seat, line.stake, profit, stays)
                        .expect("covered");
                    staying.extend(stays.then_some((line.seat, line.kind)));
                    self.met.wins += 1;
                }
                LineResult::Lose => {
                    self.ledger.lose(line.seat, line.stake).expect("in escrow");
                    self.met.losses += 1;
                }
                LineResult::Returned => {
                    self.ledger
                        .give_back(line.seat, line.stake)
                        .expect("in escrow");
                    self.met.returns += 1;
                }
                LineResult::Push => self.met.pushes += 1,
                LineResult::Travels { .. } => self.met.travels += 1,
            }
        }
        self.layout.apply(&settlement);
        assert_eq!(self.layout.phase(), settlement.phase_after);
        assert_eq!(*self.layout.trackers(), settlement.trackers_after);
        self.cover(&staying);
    }

    /// A place bet that has won and stays up could win once more than the bank can pay.
    fn cover(&mut self, staying: &[(Seat, BetKind)]) {
        for &(seat, kind) in staying {
            if !self.is_covered() {
                self.take_down(seat, kind);
                self.met.taken_from_winners += 1;
            }
        }
    }

    fn is_covered(&self) -> bool {
        self.layout.exposure() <= self.ledger.bank()
    }

    fn check(&self) {
        assert_eq!(self.ledger.check_conservation(), Ok(()));
        assert!(self.is_covered());
        for seat in (0..SEATS).map(Seat) {
            assert_eq!(self.ledger.escrow(seat), Ok(self.layout.stake_of(seat)));
            let bets = self.layout.bets().filter(|(owner, ..)| *owner == seat);
            assert!(bets.count() <= BETS_PER_SEAT_MAX);
        }
        for (seat, kind, bet) in self.layout.bets() {
            assert!(bet.amount > 0);
            let stands = |kind| self.layout.bet(seat, kind).is_some();
            assert!(
                kind.flat().is_none_or(stands),
                "{kind} without its flat bet"
            );
            let on_line = matches!(kind, BetKind::PassOdds | BetKind::DontPassOdds);
            assert!(
                !on_line || self.layout.phase() != Phase::ComeOut,
                "{kind} without a point"
            );
        }
    }
}

/// Rules with every variant drawn, and a layout on which hundreds of chips may lie.
fn random_rules(random: &mut Random) -> Rules {
    let odds = 1 + u8::try_from(random.below(100)).expect("small");
    Rules {
        bet_min: 1 + random.below(10),
        bet_max: 200 + random.below(2_000),
        prop_min: 1,
        prop_win_max: 1_000 + random.below(5_000),
        side_max: 1 + random.below(50),
        odds: random.one_of(&[OddsLimit::ThreeFourFive, OddsLimit::Times(odds)]),
        put: random.below(2) == 0,
        bar: random.one_of(Bar::ALL),
        field: random.one_of(FieldPays::ALL),
        vig: random.one_of(Vig::ALL),
        big: random.one_of(BigPays::ALL),
        hardways_rest: random.below(2) == 0,
        props: random.one_of(Pricing::ALL),
        repeaters: random.one_of(Pricing::ALL),
        fire: random.one_of(FirePays::ALL),
        bonus: random.one_of(BonusPays::ALL),
        bonus_all: random.one_of(BonusAllPays::ALL),
        ride: random.one_of(RidePays::ALL),
    }
}

#[test]
fn a_rich_bank_pays_every_win_of_random_play() {
    let (mut returns, mut pushes) = (0, 0);
    for seed in 1..=12 {
        let mut random = Random(seed);
        let rules = random_rules(&mut random);
        assert_eq!(rules.check(), Ok(()), "seed {seed}: {rules:?}");
        assert_eq!(
            Rules::from_bytes(&rules.to_bytes()),
            Ok(rules),
            "seed {seed}"
        );
        let mut table = Table::new(seed, rules, 10_000_000, 1_000_000_000);
        table.play(2_000);
        let met = &table.met;
        assert!(
            met.placed > 500 && met.refused > 500 && met.reduced > 100,
            "seed {seed}"
        );
        assert!(
            met.wins > 500 && met.losses > 500 && met.travels > 50,
            "seed {seed}"
        );
        returns += met.returns;
        pushes += met.pushes;
        assert_eq!(
            (met.uncovered, met.taken_from_winners),
            (0, 0),
            "seed {seed}"
        );
    }
    assert!(returns > 20 && pushes > 20);
}

#[test]
fn a_poor_bank_refuses_what_it_cannot_cover_and_never_fails_to_pay() {
    let (mut uncovered, mut taken) = (0, 0);
    for seed in 1..=12 {
        let rules = random_rules(&mut Random(seed));
        let bank = 40 << seed;
        let mut table = Table::new(seed, rules, 50_000, bank);
        table.play(2_000);
        uncovered += table.met.uncovered;
        taken += table.met.taken_from_winners;
    }
    assert!(uncovered > 0 && taken > 0);
}

#[test]
fn every_state_of_random_play_comes_back_from_its_bytes_and_no_other_bytes_do() {
    let mut refused = 0_u32;
    for seed in 1..=6 {
        let mut random = Random(seed);
        let rules = random_rules(&mut random);
        let mut table = Table::new(seed, rules, 1_000_000, 1_000_000);
        for _ in 0..150 {
            table.play(1);
            let bytes = table.layout.to_bytes();
            let mut reader = Reader::new(&bytes);
            let back = Layout::read(&mut reader, rules, usize::from(SEATS));
            assert_eq!(back.as_ref(), Ok(&table.layout), "seed {seed}");
            assert_eq!(reader.finish(), Ok(()));
            let ledger = table.ledger.to_bytes();
            assert_eq!(Ledger::from_bytes(&ledger).as_ref(), Ok(&table.ledger));
            for _ in 0..20 {
                let mut other = bytes.clone();
                let at = random.index(other.len());
                other[at] = random.bytes(1)[0];
                match Layout::read(&mut Reader::new(&other), rules, usize::from(SEATS)) {
                    // Another state perhaps, but then written in its one way.
                    Ok(layout) => assert!(
                        other.starts_with(&layout.to_bytes()),
                        "seed {seed} byte {at}"
                    ),
                    Err(_) => refused += 1,
                }
                assert!(
                    Layout::read(&mut Reader::new(&bytes[..at]), rules, usize::from(SEATS))
                        .is_err()
                );
            }
        }
    }
    assert!(refused > 5_000, "{refused}");
}
