//! BitCraps for Kotlin, Swift and Python: one object over the core that is polled and never calls back.
//!
//! [`GameNode`] owns what the core may not have: a folder, a clock, the system's randomness. The shell owns the radio. It
//! calls what happened and then [`GameNode::poll_output`] until there is nothing left to do. No thread is started here,
//! no callback is made, nothing is asynchronous: `Flow`, `AsyncStream` and async iterators are written by hand in each
//! language, over this.
//!
//! `ffi/README.md` has the whole surface in one table.

mod bets;
mod card;
mod dice;
mod driver;
mod error;
mod event;
mod history;
mod lobby;
mod lobby_event;
mod lobby_node;
mod node;
mod outcome;
mod output;
mod requests;
mod rules;
mod storage;
mod view;

pub use bets::{BetFacts, BetKind, bet_catalogue, bet_kind};
pub use card::table_card;
pub use dice::{DiceView, KeyView};
pub use error::NodeError;
pub use event::{Event, Fate, LineView};
pub use history::{HistorySummary, SheetLine, verify_history};
pub use lobby::{Guest, LobbyView};
pub use lobby_event::LobbyEvent;
pub use node::{GameNode, NodeConfig};
pub use output::{LinkLoss, LinkRole, Output};
pub use rules::{FieldPays, OddsLimit, TableRules, check_rules, preset_rules, rule_presets};
pub use view::{BetView, Counter, LinkView, Memory, QuorumView, SeatView, Standing, TableView};

uniffi::setup_scaffolding!();

/// The version of what travels between phones. It has nothing to do with the version of this library.
#[uniffi::export]
#[must_use]
pub const fn protocol_version() -> u16 {
    bitcraps_core::node::PROTOCOL_VERSION
}

/// The version of this library.
#[uniffi::export]
#[must_use]
pub fn sdk_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
