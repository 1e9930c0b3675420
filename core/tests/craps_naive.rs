//! A second, deliberately naive settlement agrees with the engine over a million random rolls.

mod naive;
mod random;

use bitcraps_core::craps::{
    Bar, BetKind, BigPays, BonusAllPays, BonusPays, FieldPays, FirePays, Layout, LineResult,
    Pricing, RidePays, Roll, Rules, Vig,
};
use bitcraps_core::crypto::Seat;
use naive::{Paper, fate};
use random::Random;

const SEAT: Seat = Seat(0);

/// Both settlements of one seat's game.
struct Twice {
    layout: Layout,
    papers: Vec<Paper>,
    /// The point by the naive rule; 0 on the come-out.
    point: u8,
    random: Random,
    settled: u64,
    /// How often each kind of bet was decided.
    decided: Vec<(BetKind, u64)>,
}

impl Twice {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let rules = rules(&mut random);
        Self {
            layout: Layout::new(rules),
            papers: Vec::new(),
            point: 0,
            random,
            settled: 0,
            decided: BetKind::all().map(|kind| (kind, 0)).collect(),
        }
    }

    /// Something that a player may do; the engine alone says whether it is legal.
    fn ask(&mut self, kinds: &[BetKind]) {
        let kind = self.random.one_of(kinds);
        let paper = self.papers.iter().position(|paper| paper.name == kind.id());
        match (paper, self.random.below(8)) {
            (Some(at), 0) => {
                if self
                    .layout
                    .reduce(SEAT, kind, self.papers[at].amount)
                    .is_ok()
                {
                    self.papers
                        .retain(|paper| self.layout.bet(SEAT, kind_of(paper)).is_some());
                }
            }
            (Some(at), 1) => {
                let on = self.random.below(2) == 0;
                if self.layout.set_working(SEAT, kind, on).is_ok() {
                    self.papers[at].called = Some(on);
                }
            }
            (paper, _) => self.place(kind, paper),
        }
    }

    fn place(&mut self, kind: BetKind, paper: Option<usize>) {
        let unit = self
            .layout
            .bounds(SEAT, kind)
            .map_or(1, |bounds| bounds.unit);
        let amount = unit * (1 + self.random.below(9));
        if self.layout.place(SEAT, kind, amount).is_err() {
            return;
        }
        match paper {
            Some(at) => self.papers[at].amount += amount,
            None => self.papers.push(Paper {
                name: kind.id().to_owned(),
                amount,
                called: None,
                rolls: Vec::new(),
            }),
        }
    }

    fn roll(&mut self, seed: u64) {
        let (a, b) = (1 + self.random.seat(6), 1 + self.random.seat(6));
        let rules = *self.layout.rules();
        let mut on_paper = Vec::new();
        for paper in &mut self.papers {
            paper.rolls.push((a, b));
            if let Some(fate) = fate(paper, &rules, self.point, (a, b)) {
                on_paper.push((paper.name.clone(), fate));
            }
        }
        let settlement = self.layout.resolve(Roll::new(a, b).expect("faces"));
        let mut by_engine: Vec<(String, String)> = settlement
            .lines
            .iter()
            .map(|line| (line.kind.id().to_owned(), words(line.result, line.stake)))
            .collect();
        self.settled += by_engine.len() as u64;
        for line in &settlement.lines {
            self.decided
                .iter_mut()
                .find(|(kind, _)| *kind == line.kind)
                .expect("all")
                .1 += 1;
        }
        by_engine.sort_unstable();
        on_paper.sort_unstable();
        assert_eq!(
            by_engine, on_paper,
            "seed {seed}, {a}-{b} with point {}, {rules:?}",
            self.point
        );
        self.layout.apply(&settlement);
        self.take_down(&on_paper);
        let total = a + b;
        self.point = match self.point {
            0 if matches!(total, 4..=6 | 8..=10) => total,
            point if total == 7 || total == point => 0,
            point => point,
        };
        let point = self.layout.phase().point().map_or(0, |point| point.total());
        assert_eq!(point, self.point, "seed {seed}");
    }

    fn take_down(&mut self, fates: &[(String, String)]) {
        let of = |papers: &[Paper], name: &str| papers.iter().position(|paper| paper.name == name);
        let moves = |fate: &str| fate.starts_with("to ");
        for (name, fate) in fates.iter().filter(|(_, fate)| !moves(fate)) {
            if fate != "push" && !fate.ends_with(" up") {
                self.papers
                    .swap_remove(of(&self.papers, name).expect("stood"));
            }
        }
        for (name, fate) in fates.iter().filter(|(_, fate)| moves(fate)) {
            let at = of(&self.papers, name).expect("stood");
            fate["to ".len()..].clone_into(&mut self.papers[at].name);
        }
        assert_eq!(self.papers.len(), self.layout.bets().count());
    }
}

fn kind_of(paper: &Paper) -> BetKind {
    BetKind::from_id(&paper.name).expect("a name of the engine")
}

fn words(result: LineResult, stake: u64) -> String {
    match result {
        LineResult::Win {
            profit,
            stays: true,
        } => format!("win {profit} up"),
        LineResult::Win {
            profit,
            stays: false,
        } => format!("win {profit} down"),
        LineResult::Lose => format!("lose {stake}"),
        LineResult::Push => "push".to_owned(),
        LineResult::Returned => format!("back {stake}"),
        LineResult::Travels { to } => format!("to {}", to.id()),
    }
}

fn rules(random: &mut Random) -> Rules {
    Rules {
        bet_min: 1,
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
        ..Rules::REFERENCE
    }
}

/// Side bets are seldom open, so a player who wants to meet them asks for them often.
fn wishes() -> Vec<BetKind> {
    let kinds = || BetKind::all().filter(|kind| !matches!(kind, BetKind::Hop(_)));
    let hops = BetKind::all()
        .filter(|kind| matches!(kind, BetKind::Hop(_)))
        .step_by(4);
    let side = || kinds().filter(|kind| kind.code()[0] >= 32);
    kinds().chain(hops).chain(side()).chain(side()).collect()
}

#[test]
fn a_naive_settlement_agrees_over_a_million_rolls() {
    let wishes = wishes();
    let (mut rolls, mut settled) = (0_u64, 0);
    let mut decided: Vec<(BetKind, u64)> = BetKind::all().map(|kind| (kind, 0)).collect();
    for seed in 0..50 {
        let mut twice = Twice::new(seed);
        for _ in 0..20_000 {
            for _ in 0..3 {
                twice.ask(&wishes);
            }
            twice.roll(seed);
            rolls += 1;
        }
        settled += twice.settled;
        for (all, (_, count)) in decided.iter_mut().zip(twice.decided) {
            all.1 += count;
        }
    }
    assert_eq!(rolls, 1_000_000);
    assert!(settled > 1_000_000, "{settled}");
    for (kind, count) in decided {
        let asked = wishes.contains(&kind) || kind.window() == bitcraps_core::craps::Window::Never;
        assert!(!asked || count > 50, "{kind} was decided {count} times");
    }
}
