//! The seat: a room in which one phone is the player's, and time passes only when it is told to.

use std::collections::{BTreeMap, BTreeSet};

use bitcraps_core::craps::BetKind;
use bitcraps_core::crypto::Seat;
use bitcraps_core::node::{Command, Event};
use bitcraps_core::table::{Gone, Outcome, TableRules};

use super::bridge::{BetState, Intent, News, Said, SeatState, State};
use super::words;
use crate::scenario::{Behaviour, Supported, load};
use crate::sim::{Observation, Room};
use crate::trace::events::{moves, roll_text};

/// The longest that a table waits for a shooter who says nothing, and some more.
const PATIENCE_MS: u64 = 60_000;
/// How often it is looked at whether that has come about.
const STEP_MS: u64 = 50;
/// The longest that a script waits for the others to be ready.
const READY_MS: u64 = 10_000;
/// The players of the other phones play on for so many rolls.
const ROUNDS: u32 = 1_000_000;

/// Something that the player has asked for, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    intent: Intent,
    /// Rolls settled by then.
    rolls: u64,
    ms: u64,
}

/// A table to sit down at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Phones, the player's among them.
    pub players: u8,
    /// The player's seat.
    pub seat: u8,
    /// The seed.
    pub seed: u64,
    /// How many of the others lie, and how; they have the lowest seats, so that the first primary is one of them.
    pub liars: Vec<(Behaviour, u8)>,
    /// How long the others think before they bet, in milliseconds.
    pub pace_ms: u64,
}

impl Opening {
    /// The scenario behind it.
    #[must_use]
    pub fn scenario(&self) -> String {
        let mut text = format!(
            "# A seat for you among simulated phones.\nname    = \"play\"\nplayers = {}\nseed    = {}\n\
             stop    = {{ rounds = {ROUNDS}, at = \"8000h\" }}\n\n[workload]\nthink = \"{}ms\"\n",
            self.players, self.seed, self.pace_ms
        );
        let liars = self.liars.iter();
        let liars: Vec<Behaviour> = liars
            .flat_map(|(kind, count)| vec![*kind; usize::from(*count)])
            .collect();
        let seats = (0..self.players).filter(|seat| *seat != self.seat);
        let told: Vec<(u8, Behaviour)> = seats.zip(liars).collect();
        for (player, kind) in &told {
            text += &format!("\n[[byzantine]]\nplayer    = {player}\nbehaviour = \"{kind}\"\n");
            let also = told
                .iter()
                .filter(|(other, also)| other != player && also == kind);
            let with: Vec<u8> = also.map(|(other, _)| *other).collect();
            if matches!(kind, Behaviour::Colluder | Behaviour::Peeker) && !with.is_empty() {
                text += &format!("with      = {with:?}\n");
            }
        }
        text
    }
}

/// A seat at a table.
#[derive(Debug)]
pub struct Table {
    room: Room,
    you: usize,
    dice: Option<[u8; 2]>,
    caught: BTreeSet<u8>,
    stalled: Option<Vec<u8>>,
    halted: bool,
    /// What is on its way: by number, what it was.
    pending: BTreeMap<u64, Command>,
    said: Vec<Said>,
    /// The table's time: where it was told to be, be there something to do or not.
    ms: u64,
    left: bool,
}

impl Table {
    /// Sits down; formation is over when it returns.
    ///
    /// # Errors
    /// In one line why there is no such table.
    pub fn open(opening: &Opening, supported: &Supported<'_>) -> Result<Self, String> {
        let (players, seat) = (opening.players, opening.seat);
        if seat >= players {
            return Err(format!(
                "no seat {seat} at a table of {players}; the last is {}",
                players - 1
            ));
        }
        let liars: usize = opening
            .liars
            .iter()
            .map(|(_, count)| usize::from(*count))
            .sum();
        if liars >= usize::from(players) {
            return Err(format!(
                "{liars} liars and you do not fit at a table of {players}"
            ));
        }
        let scenario = load("play", &opening.scenario(), supported).map_err(|e| e.to_string())?;
        let mut room = Room::new(scenario, opening.seed, TableRules::default())?;
        let you = usize::from(seat);
        room.phones[you].player.sit_out();
        room.form().map_err(|error| error.0)?;
        let mut table = Self {
            room,
            you,
            dice: None,
            caught: BTreeSet::new(),
            stalled: None,
            halted: false,
            pending: BTreeMap::new(),
            said: Vec::new(),
            ms: 0,
            left: false,
        };
        table.look();
        table.said.clear();
        Ok(table)
    }

    /// Lets the table's time come to a moment.
    pub fn advance_to(&mut self, ms: u64) {
        let until_us = ms.saturating_mul(1000);
        while self.room.next_us().is_some_and(|next| next <= until_us) && self.room.step() {
            self.look();
        }
        self.ms = self.ms.max(ms);
    }

    /// The table's time.
    #[must_use]
    pub const fn ms(&self) -> u64 {
        self.ms
    }

    /// Whether the player has left for good.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.left
    }

    /// All chips of the table.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.room.phones[self.you].node.table().ledger().issued()
    }

    /// Lets time pass until what the player asked for has come about, or for as long as the intent says.
    pub fn advance_after(&mut self, intent: &Intent) {
        if let Intent::Wait { ms: Some(ms) } = intent {
            return self.advance_to(self.ms.saturating_add(*ms));
        }
        let asked = self.asked(intent);
        while self.awaits(&asked) {
            self.advance_to(self.ms + STEP_MS);
        }
    }

    /// What the player asks for now.
    #[must_use]
    pub fn asked(&self, intent: &Intent) -> Asked {
        Asked {
            intent: intent.clone(),
            rolls: self.rolls(),
            ms: self.ms,
        }
    }

    /// Whether what was asked for has still to come about, or the time that it named to pass.
    #[must_use]
    pub fn awaits(&self, asked: &Asked) -> bool {
        let passed = self.ms - asked.ms;
        let has_rolled = self.rolls() != asked.rolls;
        match asked.intent {
            Intent::Wait { ms: Some(ms) } => passed < ms,
            _ if passed >= PATIENCE_MS => false,
            Intent::Wait { ms: None } => !has_rolled,
            Intent::Roll => !has_rolled && (!self.pending.is_empty() || self.is_closed()),
            Intent::State | Intent::Quit => false,
            _ => !self.pending.is_empty(),
        }
    }

    /// Whether the player has the dice, and may not roll only because the others are not ready yet. They get ten seconds.
    #[must_use]
    pub fn others_are_slow(&self, since_ms: u64) -> bool {
        let state = self.state();
        let waits = state.shooter == Some(state.you) && !state.may_roll && !state.closed;
        waits && self.ms < since_ms + READY_MS
    }

    /// Lets time pass until the player may roll, if it is only the others who are not ready yet.
    pub fn await_the_others(&mut self) {
        let since = self.ms;
        while self.others_are_slow(since) {
            self.advance_to(self.ms + STEP_MS);
        }
    }

    fn rolls(&self) -> u64 {
        self.room.phones[self.you].node.table().rolls()
    }

    fn is_closed(&self) -> bool {
        self.room.phones[self.you].node.table().dice().is_closed()
    }

    /// Does what the player wants, or says why it cannot be. What comes of it is news later.
    ///
    /// # Errors
    /// In one line why not.
    pub fn intend(&mut self, intent: &Intent) -> Result<(), String> {
        let command = match intent {
            Intent::Place { bet, amount } => Command::PlaceBet {
                kind: kind(bet)?,
                amount: *amount,
            },
            Intent::Reduce { bet, by } => Command::ReduceBet {
                kind: kind(bet)?,
                by: *by,
            },
            Intent::Remove { bet } => Command::RemoveBet { kind: kind(bet)? },
            Intent::Working { bet, on } => Command::SetWorking {
                kind: kind(bet)?,
                on: *on,
            },
            Intent::Roll => Command::Roll,
            Intent::Pass => Command::PassDice,
            Intent::Leave => Command::Leave,
            Intent::Wait { .. } | Intent::State | Intent::Quit => return Ok(()),
        };
        let table = self.room.phones[self.you].node.table();
        let seat = Seat(u8::try_from(self.you).unwrap_or(u8::MAX));
        // The phone knows the table's answer to most of what cannot be, before it asks the others.
        match command {
            Command::PlaceBet { kind, amount } => {
                table
                    .check_place(seat, kind, amount)
                    .map_err(|r| r.to_string())?;
            }
            Command::Roll if table.shooter() != Some(seat) => {
                return Err(match table.shooter() {
                    Some(shooter) => format!("seat {shooter} has the dice"),
                    None => {
                        "nobody has a line bet yet; `bet pass-line 10` makes you a shooter".into()
                    }
                });
            }
            Command::Roll if table.dice().is_closed() => {
                return Err("the dice are on their way".into());
            }
            Command::Roll if !table.is_ready() => {
                return Err("the others are not ready; try again".into());
            }
            _ => {}
        }
        self.room.command(self.you, command);
        self.look();
        Ok(())
    }

    /// What has been said since the last time.
    pub fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    // ------------------------------------------------------------------ what the phone says

    fn look(&mut self) {
        while let Some(observation) = self.room.take_observation() {
            if let Observation::Event { phone, event } = observation
                && phone == self.you
            {
                self.event(&event);
            }
        }
    }

    fn news(&mut self, what: &str, seat: Option<Seat>, text: String) {
        let ms = u64::try_from(self.room.observed_us().max(0)).unwrap_or(0) / 1000;
        self.said.push(Said::News(News {
            ms,
            what: what.to_owned(),
            text,
            seat: seat.map(|seat| seat.0),
            dice: None,
            moves: Vec::new(),
        }));
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Submitted {
                number, command, ..
            } => {
                self.pending.insert(*number, *command);
            }
            Event::Delivered { batch, .. } => {
                let you = self.you;
                let own = batch
                    .iter()
                    .filter(|request| request.player().index() == you);
                for request in own {
                    self.pending.remove(&request.number());
                }
            }
            Event::Happened { outcome, .. } => self.outcome(outcome),
            Event::Caught { seat, lie, .. } => {
                self.caught.insert(seat.0);
                let text = format!("seat {seat} is proven to have lied: {}", lie.name());
                self.news("caught", Some(*seat), text);
            }
            Event::ViewLeft { target } => {
                let text = format!("your phone gives up on the primary and moves to view {target}");
                self.news("view", None, text);
            }
            Event::ViewChanged { view, primary } => {
                let text = format!("view {view} begins; the phone of seat {primary} proposes");
                self.news("view", Some(*primary), text);
            }
            Event::Stalled { silent } => {
                let names: Vec<String> = silent.iter().map(ToString::to_string).collect();
                let text = match names.is_empty() {
                    true => "nothing is decided: no quorum agrees".to_owned(),
                    false => format!(
                        "nothing is decided; not heard from seats {}",
                        names.join(", ")
                    ),
                };
                self.stalled = Some(silent.iter().map(|seat| seat.0).collect());
                self.news("stalled", None, text);
            }
            Event::Resumed => {
                self.stalled = None;
                self.news("resumed", None, "decisions go on".to_owned());
            }
            Event::Halted { culprits, .. } => {
                self.halted = true;
                let names: Vec<String> = culprits.iter().map(ToString::to_string).collect();
                let text = format!(
                    "the table forked and stops for good; culprits: seats {}",
                    names.join(", ")
                );
                self.news("halted", None, text);
            }
            Event::NeighbourUp { seat, .. } => {
                self.news("neighbour", Some(*seat), format!("a link to seat {seat}"));
            }
            Event::NeighbourDown { seat, .. } => {
                self.news(
                    "neighbour",
                    Some(*seat),
                    format!("the link to seat {seat} is gone"),
                );
            }
            _ => {}
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        let own = |seat: &Seat| seat.index() == self.you;
        match outcome {
            Outcome::Rolled(roll) => {
                let dice = roll.settlement.roll;
                let dice = [dice.first(), dice.second()];
                self.dice = Some(dice);
                self.news("rolled", roll.shooter, roll_text(roll));
                if let Some(Said::News(news)) = self.said.last_mut() {
                    news.dice = Some(dice);
                    news.moves = moves(&roll.settlement);
                }
            }
            Outcome::BetPlaced {
                seat, kind, amount, ..
            } => self.news(
                "placed",
                Some(*seat),
                format!("seat {seat}: {amount} on {kind}"),
            ),
            Outcome::BetReturned { seat, kind, amount } => {
                self.news(
                    "returned",
                    Some(*seat),
                    format!("seat {seat}: {amount} back from {kind}"),
                );
            }
            Outcome::Rejected { seat, reason, .. } if own(seat) => {
                self.news("rejected", Some(*seat), reason.to_string());
            }
            Outcome::Convicted {
                seat, forfeited, ..
            } => {
                let text = format!(
                    "seat {seat} is out for lying; {forfeited} chips of its bets go to the bank"
                );
                self.news("convicted", Some(*seat), text);
            }
            Outcome::Left { seat } => {
                self.left |= own(seat);
                self.news("left", Some(*seat), format!("seat {seat} has left"));
            }
            _ => {}
        }
    }

    /// How things stand.
    #[must_use]
    pub fn state(&self) -> State {
        let node = &self.room.phones[self.you].node;
        let (table, (epoch, _)) = (node.table(), node.epoch());
        let (view, voting) = node.view();
        let seat = Seat(u8::try_from(self.you).unwrap_or(u8::MAX));
        let point = table.layout().phase().point();
        State {
            ms: self.ms,
            you: seat.0,
            roll: table.dice().roll(),
            closed: table.dice().is_closed(),
            point: point.map(|point| point.total()),
            shooter: table.shooter().map(|seat| seat.0),
            may_roll: table.shooter() == Some(seat)
                && table.is_ready()
                && !table.dice().is_closed(),
            dice: self.dice,
            seats: table
                .genesis()
                .roster
                .seats()
                .map(|seat| self.seat(seat))
                .collect(),
            bank: table.ledger().bank(),
            links: self.room.neighbours(self.you),
            quorum: [epoch.quorum.q, epoch.roster.len()],
            view,
            primary: epoch.primary(view).0,
            voting,
            caught: self.caught.iter().copied().collect(),
            stalled: self.stalled.clone(),
            halted: self.halted,
            pending: self.pending.len(),
        }
    }

    fn seat(&self, seat: Seat) -> SeatState {
        let table = self.room.phones[self.you].node.table();
        let layout = table.layout();
        let bets = layout.bets_of(seat).map(|(kind, bet)| BetState {
            bet: kind.id().to_owned(),
            amount: bet.amount,
            working: layout.is_working(seat, kind).unwrap_or(false),
        });
        let status = match table.gone(seat) {
            None => "playing",
            Some(Gone::Convicted(_)) => "convicted",
            Some(_) => "left",
        };
        SeatState {
            seat: seat.0,
            stack: table.ledger().stack(seat).unwrap_or(0),
            bets: bets.collect(),
            status: status.to_owned(),
        }
    }
}

fn kind(bet: &str) -> Result<BetKind, String> {
    let id = words::bet(bet)?;
    BetKind::from_id(&id).ok_or_else(|| format!("no bet called {bet:?}"))
}
