//! What a scripted player wants of one round: bets that the table would take now, and changes of those that stand.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bitcraps_core::craps::{BetKind, Window};
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Command;
use bitcraps_core::table::Table;

use crate::random::Stream;
use crate::scenario::Workload;

/// The name under which a workload means all odds.
const ODDS: &str = "odds";
/// One in so many wishes is a change of a standing bet.
const CHANGE: u64 = 4;
/// One in so many come-out rolls is declined.
const DECLINE: u64 = 16;
/// A stake above this part of the stack is not raised above the least.
const CAUTION: u64 = 20;

/// The families of bets that a workload may name, and "odds" for all odds.
pub static BET_FAMILIES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut families = vec![ODDS];
    for kind in BetKind::all() {
        if !families.contains(&kind.family()) {
            families.push(kind.family());
        }
    }
    families
});

/// The single bets that a workload may name besides: `place-6` where `place` means all of them.
pub static BET_IDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let ids = BetKind::all().map(BetKind::id);
    ids.filter(|id| !BET_FAMILIES.contains(id)).collect()
});

/// What one player draws its wishes from.
#[derive(Debug)]
pub(super) struct Plan {
    seat: Seat,
    bets_min: u64,
    bets_max: u64,
    /// The bets of its workload, by family.
    families: Vec<Vec<BetKind>>,
    /// How often each was made.
    made: BTreeMap<BetKind, u64>,
    stream: Stream,
    /// The last roll that it declined.
    declined: u64,
}

impl Plan {
    pub(super) fn new(seat: Seat, workload: &Workload, stream: Stream) -> Self {
        let named = |name: &str| workload.kinds.iter().any(|kind| kind == name);
        let mut families: Vec<Vec<BetKind>> = Vec::new();
        for kind in BetKind::all() {
            let is_odds = kind.flat().is_some() && named(ODDS);
            if !(named(kind.id()) || named(kind.family()) || is_odds) {
                continue;
            }
            match families.last_mut() {
                Some(family) if family[0].family() == kind.family() => family.push(kind),
                _ => families.push(vec![kind]),
            }
        }
        Self {
            seat,
            bets_min: u64::from(workload.bets_min),
            bets_max: u64::from(workload.bets_max),
            families,
            made: BTreeMap::new(),
            stream,
            declined: 0,
        }
    }

    /// The wishes of one round. On a come-out the first is a line bet: without one nobody may shoot. Whoever has lost
    /// everything buys in again first.
    pub(super) fn commands(&mut self, table: &Table) -> Vec<Command> {
        if self.has_lost_everything(table) {
            return vec![Command::BuyIn];
        }
        let count = self.stream.between(self.bets_min, self.bets_max);
        let mut trial = table.clone();
        let mut commands = Vec::new();
        let comes_out = table.layout().phase().point().is_none();
        if comes_out && !table.layout().has_line_bet(self.seat) {
            let line = self.line_bet();
            commands.extend(self.place(&mut trial, line));
        }
        while (commands.len() as u64) < count {
            let change = self.stream.below(CHANGE) == 0;
            let changed = if change {
                self.change(&mut trial)
            } else {
                None
            };
            match changed.or_else(|| self.new_bet(&mut trial)) {
                Some(command) => commands.push(command),
                None => break,
            }
        }
        commands
    }

    fn has_lost_everything(&self, table: &Table) -> bool {
        let ledger = table.ledger();
        let chips = ledger.stack(self.seat).ok();
        let chips = chips.zip(ledger.escrow(self.seat).ok());
        let least = table.genesis().rules.craps.bet_min;
        chips.is_some_and(|(stack, layout)| stack + layout < least)
    }

    /// Rolls; now and then a shooter declines instead, once for each roll, if somebody else can go on.
    pub(super) fn roll_or_pass(&mut self, table: &Table) -> Command {
        let roll = table.dice().roll();
        let comes_out = table.layout().phase().point().is_none();
        let mut others = table
            .genesis()
            .roster
            .seats()
            .filter(|seat| *seat != self.seat);
        let shared = others.any(|seat| table.layout().has_line_bet(seat));
        if comes_out && shared && self.declined < roll && self.stream.below(DECLINE) == 0 {
            self.declined = roll;
            return Command::PassDice;
        }
        Command::Roll
    }

    /// Mostly with the dice; against them if the workload knows nothing else.
    fn line_bet(&mut self) -> BetKind {
        let with = self.allows(BetKind::PassLine);
        let against = self.allows(BetKind::DontPass);
        if !against || with && self.stream.below(4) > 0 {
            BetKind::PassLine
        } else {
            BetKind::DontPass
        }
    }

    fn allows(&self, kind: BetKind) -> bool {
        self.families.iter().flatten().any(|other| *other == kind)
    }

    /// A bet that does not stand yet, of a family drawn among those that have one; of its numbers one that it has made
    /// least often, so that it gets around the whole layout.
    fn new_bet(&mut self, trial: &mut Table) -> Option<Command> {
        let has_options = |family: &usize| {
            let mut kinds = self.families[*family].iter();
            kinds.any(|kind| self.is_option(trial, *kind))
        };
        let families: Vec<usize> = (0..self.families.len()).filter(has_options).collect();
        let family = *self.draw(&families)?;
        let kinds = self.families[family].iter().copied();
        let options: Vec<BetKind> = kinds.filter(|kind| self.is_option(trial, *kind)).collect();
        let made = |kind: &BetKind| self.made.get(kind).copied().unwrap_or(0);
        let least = options.iter().map(made).min()?;
        let rare: Vec<BetKind> = options
            .iter()
            .copied()
            .filter(|kind| made(kind) == least)
            .collect();
        let kind = *self.draw(&rare)?;
        *self.made.entry(kind).or_insert(0) += 1;
        self.place(trial, kind)
    }

    fn is_option(&self, table: &Table, kind: BetKind) -> bool {
        let layout = table.layout();
        layout.bet(self.seat, kind).is_none()
            && layout
                .bounds(self.seat, kind)
                .is_ok_and(|bounds| table.check_place(self.seat, kind, bounds.min).is_ok())
    }

    fn place(&mut self, trial: &mut Table, kind: BetKind) -> Option<Command> {
        let least = trial.layout().bounds(self.seat, kind).ok()?.min;
        let several = least.saturating_mul(self.stream.between(1, 3));
        let stack = trial.ledger().stack(self.seat).ok()?;
        let fits =
            several <= stack / CAUTION && trial.check_place(self.seat, kind, several).is_ok();
        let amount = if fits { several } else { least };
        trial.place(self.seat, kind, amount).ok()?;
        Some(Command::PlaceBet { kind, amount })
    }

    /// A legal change of a bet that stands: more, less, down, on or off.
    fn change(&mut self, trial: &mut Table) -> Option<Command> {
        let standing: Vec<BetKind> = trial
            .layout()
            .bets_of(self.seat)
            .map(|(kind, _)| kind)
            .collect();
        let kind = *self.draw(&standing)?;
        let options = self.changes(trial, kind);
        let command = *self.draw(&options)?;
        let done = match command {
            Command::PlaceBet { kind, amount } => trial.place(self.seat, kind, amount),
            Command::ReduceBet { kind, by } => trial.reduce_bet(self.seat, kind, by).map(drop),
            Command::RemoveBet { kind } => trial.remove_bet(self.seat, kind).map(drop),
            Command::SetWorking { kind, on } => trial.set_working(self.seat, kind, on).map(drop),
            _ => return None,
        };
        done.ok().map(|()| command)
    }

    fn changes(&self, table: &Table, kind: BetKind) -> Vec<Command> {
        let layout = table.layout();
        let (Some(bet), Ok(bounds)) = (layout.bet(self.seat, kind), layout.bounds(self.seat, kind))
        else {
            return Vec::new();
        };
        let mut options = Vec::new();
        if table.check_place(self.seat, kind, bounds.unit).is_ok() {
            options.push(Command::PlaceBet {
                kind,
                amount: bounds.unit,
            });
        }
        if layout.check_reduce(self.seat, kind, bounds.unit).is_ok() && bet.amount > bounds.unit {
            options.push(Command::ReduceBet {
                kind,
                by: bounds.unit,
            });
        }
        // Whoever takes the line bet down on a come-out may leave the table without a shooter.
        let shoots = kind.window() == Window::ComeOut
            && layout.is_open(Window::ComeOut)
            && kind.odds().is_some();
        if layout.may_come_down(kind) && !shoots {
            options.push(Command::RemoveBet { kind });
        }
        if kind.can_be_called() {
            let on = !layout.is_working(self.seat, kind).unwrap_or(false);
            options.push(Command::SetWorking { kind, on });
        }
        options
    }

    fn draw<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            return None;
        }
        let drawn = self.stream.below(items.len() as u64);
        items.get(usize::try_from(drawn).ok()?)
    }
}
