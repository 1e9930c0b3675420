//! Phones that lie. Each has a real node and its real key; a lie edits what the node says and what it hears.
//!
//! One file for each way to lie. `pen` is the only file that knows how messages are laid out and signed, `liar`
//! stands between the node and the radio, `stage` is what a lie can see and do. A lie sees what its own phone sees,
//! and reaches the others over the same simulated links as everybody.

mod amnesiac;
mod bad_dealer;
mod bad_state_transfer;
mod black_hole_relay;
mod censor;
mod colluder;
mod corrupting_relay;
mod delayer;
mod double_spender;
mod equivocator;
mod false_accuser;
mod foresight;
mod forger;
mod fragment_bomber;
mod invite_thief;
mod liar;
mod liar_dice;
mod memory;
mod peeker;
mod pen;
mod replayer;
mod rewrite;
mod silent;
mod slot_skipper;
mod spammer;
mod stage;
mod twin;
mod withhold_share;

use std::collections::BTreeSet;
use std::fmt::Debug;

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Node;
use bitcraps_core::table::Genesis;
use colluder::Plot;
pub use foresight::Foreseen;
use foresight::Pool;
pub use liar::Liar;
use liar::Period;
use stage::{Letter, Stage};

use crate::random::Stream;
use crate::scenario::{Behaviour, Byzantine, Scenario};

/// The lies that are built; "random" draws one of them.
pub const BUILT: [Behaviour; 23] = [
    Behaviour::Equivocator,
    Behaviour::Silent,
    Behaviour::Forger,
    Behaviour::DoubleSpender,
    Behaviour::Delayer,
    Behaviour::Spammer,
    Behaviour::Colluder,
    Behaviour::Censor,
    Behaviour::WithholdShare,
    Behaviour::LiarDice,
    Behaviour::Peeker,
    Behaviour::SlotSkipper,
    Behaviour::BadDealer,
    Behaviour::FalseAccuser,
    Behaviour::Replayer,
    Behaviour::Amnesiac,
    Behaviour::Twin,
    Behaviour::BlackHoleRelay,
    Behaviour::CorruptingRelay,
    Behaviour::BadStateTransfer,
    Behaviour::InviteThief,
    Behaviour::FragmentBomber,
    Behaviour::Random,
];

/// Those that act before the game begins too, unless they are to begin later.
const FORMATION: [Behaviour; 3] = [
    Behaviour::BadDealer,
    Behaviour::FalseAccuser,
    Behaviour::InviteThief,
];

/// The seven of the matrix and of the slow-down.
pub const MATRIX: [Behaviour; 7] = [
    Behaviour::Equivocator,
    Behaviour::Silent,
    Behaviour::Forger,
    Behaviour::DoubleSpender,
    Behaviour::Delayer,
    Behaviour::Spammer,
    Behaviour::Colluder,
];

/// A way to lie. What is not changed goes its honest way.
pub(crate) trait Lying: Debug {
    /// The node wants to say something over one link. What the phone says instead goes through the stage.
    fn say(&mut self, stage: &mut Stage, _node: &Node, letter: Letter) {
        stage.pass(letter);
    }

    /// Something arrived; `false` keeps it from the node.
    fn hear(&mut self, _stage: &mut Stage, _node: &Node, _letter: &Letter) -> bool {
        true
    }

    /// The lie begins, or the time it asked for has come.
    fn wake(&mut self, _stage: &mut Stage, _node: &Node) {}

    /// A link has come up: whether it shakes hands there as somebody without a seat.
    fn is_stranger(&mut self, _stage: &Stage) -> bool {
        false
    }

    /// Whether a second node with the same key serves half of the links.
    fn is_two(&self) -> bool {
        false
    }
}

/// What stands between each phone's node and the radio; nothing for honest phones.
#[must_use]
pub fn liars(scenario: &Scenario, genesis: &Genesis, seed: u64) -> Vec<Option<Liar>> {
    let plots = plots(&scenario.byzantine);
    let of_phone = |phone: u8| {
        let own = scenario
            .byzantine
            .iter()
            .filter(|entry| entry.player == phone);
        let periods: Vec<Period> = own
            .map(|entry| {
                let behaviour = drawn(entry, seed);
                Period {
                    from_ms: entry.from_ms,
                    until_ms: entry.until_ms,
                    in_formation: FORMATION.contains(&behaviour) && entry.from_ms == 0,
                    lie: lie(behaviour, entry, &plots, seed),
                }
            })
            .collect();
        (!periods.is_empty()).then(|| Liar::new(genesis, seed, phone, periods))
    };
    (0..scenario.players).map(of_phone).collect()
}

/// The behaviour of an entry, drawn from the seed where it is "random".
fn drawn(entry: &Byzantine, seed: u64) -> Behaviour {
    if entry.behaviour != Behaviour::Random {
        return entry.behaviour;
    }
    let concrete = BUILT.len() - 1;
    let index = u64::from(entry.player) << 32 | (entry.from_ms & 0xffff_ffff);
    BUILT[Stream::new(seed, "behaviour", index).index(concrete)]
}

fn lie(behaviour: Behaviour, entry: &Byzantine, plots: &[Plotters], seed: u64) -> Box<dyn Lying> {
    match behaviour {
        Behaviour::Equivocator => Box::<equivocator::Equivocator>::default(),
        Behaviour::Forger => Box::<forger::Forger>::default(),
        Behaviour::DoubleSpender => Box::<double_spender::DoubleSpender>::default(),
        Behaviour::Delayer => Box::<delayer::Delayer>::default(),
        Behaviour::Spammer => Box::<spammer::Spammer>::default(),
        Behaviour::Colluder => {
            let plot = plotters_of(plots, entry).map(|plotters| plotters.plot.clone());
            Box::new(colluder::Colluder::new(plot.unwrap_or_default()))
        }
        Behaviour::Peeker => {
            let pool = plotters_of(plots, entry).map(|plotters| plotters.pool.clone());
            Box::new(peeker::Peeker::new(pool.unwrap_or_default()))
        }
        Behaviour::Censor => Box::new(censor::Censor::new(seed)),
        Behaviour::WithholdShare => Box::new(withhold_share::WithholdShare),
        Behaviour::LiarDice => Box::new(liar_dice::LiarDice),
        Behaviour::SlotSkipper => Box::<slot_skipper::SlotSkipper>::default(),
        Behaviour::BadDealer => Box::<bad_dealer::BadDealer>::default(),
        Behaviour::FalseAccuser => Box::<false_accuser::FalseAccuser>::default(),
        Behaviour::Replayer => Box::<replayer::Replayer>::default(),
        Behaviour::Amnesiac => Box::<amnesiac::Amnesiac>::default(),
        Behaviour::Twin => Box::new(twin::Twin),
        Behaviour::BlackHoleRelay => Box::new(black_hole_relay::BlackHoleRelay),
        Behaviour::CorruptingRelay => Box::new(corrupting_relay::CorruptingRelay),
        Behaviour::BadStateTransfer => Box::<bad_state_transfer::BadStateTransfer>::default(),
        Behaviour::InviteThief => Box::<invite_thief::InviteThief>::default(),
        Behaviour::FragmentBomber => Box::<fragment_bomber::FragmentBomber>::default(),
        // What "random" stands for was drawn before.
        Behaviour::Silent | Behaviour::Random => Box::new(silent::Silent),
    }
}

/// Liars of one kind who name each other, and what they share.
struct Plotters {
    behaviour: Behaviour,
    players: BTreeSet<u8>,
    plot: Plot,
    pool: Pool,
}

fn plotters_of<'a>(plots: &'a [Plotters], entry: &Byzantine) -> Option<&'a Plotters> {
    let takes_part = |plotters: &&Plotters| {
        plotters.behaviour == entry.behaviour && plotters.players.contains(&entry.player)
    };
    plots.iter().find(takes_part)
}

fn plots(entries: &[Byzantine]) -> Vec<Plotters> {
    let mut plots: Vec<Plotters> = Vec::new();
    let plot = |kind| matches!(kind, Behaviour::Colluder | Behaviour::Peeker);
    for entry in entries.iter().filter(|entry| plot(entry.behaviour)) {
        let players: BTreeSet<u8> = entry.with.iter().copied().chain([entry.player]).collect();
        let joined = |plotters: &&mut Plotters| {
            plotters.behaviour == entry.behaviour && !plotters.players.is_disjoint(&players)
        };
        match plots.iter_mut().find(joined) {
            Some(plotters) => plotters.players.extend(players),
            None => plots.push(Plotters {
                behaviour: entry.behaviour,
                players,
                plot: Plot::default(),
                pool: Pool::default(),
            }),
        }
    }
    for plotters in &plots {
        let peeks = |player: &u8| {
            let mut same = entries.iter();
            same.any(|entry| entry.behaviour == plotters.behaviour && entry.player == *player)
        };
        let named = plotters.players.iter().copied();
        plotters.plot.borrow_mut().members = named.clone().map(Seat).collect();
        plotters.pool.borrow_mut().members = named.filter(peeks).map(Seat).collect();
    }
    plots
}
