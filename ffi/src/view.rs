//! Snapshots for the screen: the table, its seats and bets, and who can be reached.

use bitcraps_core::crypto::Seat;
use bitcraps_core::node::Node;
use bitcraps_core::table::{Gone, Table};
use bitcraps_core::{consensus, craps};

use crate::bets::BetKind;
use crate::dice::DiceView;

/// The table as of the last slot that was decided.
#[derive(Clone, Debug, uniffi::Record)]
pub struct TableView {
    /// The table's name, 32 bytes: every signature at this table covers it.
    pub table_id: Vec<u8>,
    /// The slot that was decided last.
    pub sequence: u64,
    /// The chain digest that fixes everything up to it: equal on two phones exactly if they decided the same.
    pub chain: Vec<u8>,
    /// The epoch of the members.
    pub epoch: u64,
    /// The view, and whose phone proposes in it.
    pub view: u64,
    /// The primary of the view.
    pub primary: u8,
    /// This phone's seat.
    pub own_seat: u8,
    /// Whether this phone knows everything that it ever signed here; commands are refused until it does.
    pub memory: Memory,
    /// The open roll's number, from 1.
    pub roll: u64,
    /// Whether its bets are closed; then its dice are awaited.
    pub is_closed: bool,
    /// Whether the shooter may close the bets now.
    pub can_roll: bool,
    /// Whether the dice have a key, and for whom they wait.
    pub dice: DiceView,
    /// The hand, from 1.
    pub hand: u64,
    /// The point; nothing on the come-out.
    pub point: Option<u8>,
    /// Who has the dice; nobody while there is no line bet.
    pub shooter: Option<u8>,
    /// What the bank holds.
    pub bank: u64,
    /// The seats, by number.
    pub seats: Vec<SeatView>,
    /// The bets, by seat.
    pub bets: Vec<BetView>,
}

/// One seat.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SeatView {
    /// Its number.
    pub seat: u8,
    /// Its player's key.
    pub public_key: Vec<u8>,
    /// What its player is called, if it came through a lobby.
    pub name: Option<String>,
    /// Chips in front of the player.
    pub stack: u64,
    /// Chips on the layout.
    pub escrow: u64,
    /// Whether it still plays.
    pub standing: Standing,
}

/// Whether a seat's player still has a say.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Standing {
    /// Plays and votes.
    Seated,
    /// Left by its own signature.
    Gone,
    /// The others wanted it to go; its stack is its player's.
    Unseated,
    /// Proven to have lied; the stack is frozen.
    Convicted {
        /// How it lied, such as `double-spend`.
        lie: String,
    },
}

/// Whether a phone knows everything that it ever signed at its table: only then it votes and makes commands.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Memory {
    /// It does.
    Whole,
    /// It has started again and asks the others.
    Asking {
        /// Who has answered, and agrees with its journal.
        answered: Vec<u8>,
    },
    /// It signed more than its journal knows: it looks on until the next epoch.
    Observing,
}

impl From<consensus::Standing> for Memory {
    fn from(standing: consensus::Standing) -> Self {
        match standing {
            consensus::Standing::Whole => Self::Whole,
            consensus::Standing::Asking(answered) => Self::Asking {
                answered: answered.iter().map(|seat| seat.0).collect(),
            },
            consensus::Standing::Observing => Self::Observing,
        }
    }
}

/// One bet on the layout.
#[derive(Clone, Debug, uniffi::Record)]
pub struct BetView {
    /// Whose.
    pub seat: u8,
    /// Which.
    pub kind: BetKind,
    /// The stake.
    pub amount: u64,
    /// Whether it takes part in the next roll.
    pub is_working: bool,
}

/// Who must agree, and who can be reached: "9 of 10 reachable, can lose 3".
#[derive(Clone, Debug, uniffi::Record)]
pub struct QuorumView {
    /// How many vote.
    pub members: u8,
    /// How many of them must agree.
    pub quorum: u8,
    /// How many may lie without harm.
    pub liars_max: u8,
    /// This phone and those it has a link to now; others may be reached through these.
    pub reachable: Vec<u8>,
    /// How many more may go silent before the table stands still; nothing if it does already.
    pub can_lose: Option<u8>,
    /// Nobody can be outvoted, and anybody can stall the table: so with two or three members.
    pub is_unanimous: bool,
    /// The links of this phone, and whose phone is at the other end once it has said so.
    pub links: Vec<LinkView>,
}

/// One link of this phone.
#[derive(Clone, Debug, uniffi::Record)]
pub struct LinkView {
    /// Its number, as the shell gave it.
    pub link: u64,
    /// The seat at its other end.
    pub seat: Option<u8>,
}

/// One counter of the diagnostics page.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Counter {
    /// What is counted.
    pub name: String,
    /// How often it happened since the node was opened.
    pub count: u64,
}

impl TableView {
    pub(crate) fn of(
        node: &Node,
        awaited: Vec<u8>,
        name: impl Fn(u8, &[u8]) -> Option<String>,
    ) -> Self {
        let table = node.table();
        let (sequence, chain) = node.delivered();
        let (epoch, _) = node.epoch();
        let (view, _) = node.view();
        Self {
            table_id: table.genesis().digest().0.to_vec(),
            sequence,
            chain: chain.0.to_vec(),
            epoch: epoch.number,
            view,
            primary: primary(epoch, view),
            own_seat: node.seat().0,
            memory: node.standing().into(),
            roll: table.dice().roll(),
            is_closed: table.dice().is_closed(),
            can_roll: table.is_ready(),
            dice: DiceView::of(table, awaited),
            hand: table.hand(),
            point: point(table.layout().phase()),
            shooter: table.shooter().map(|seat| seat.0),
            bank: table.ledger().bank(),
            seats: seats(table, name),
            bets: bets(table),
        }
    }
}

impl Standing {
    pub(crate) fn of(gone: Option<Gone>) -> Self {
        match gone {
            None => Self::Seated,
            Some(Gone::Left) => Self::Gone,
            Some(Gone::Unseated) => Self::Unseated,
            Some(Gone::Convicted(lie)) => Self::Convicted {
                lie: lie.name().to_owned(),
            },
        }
    }
}

impl QuorumView {
    pub(crate) fn of(node: &Node, reachable: Vec<u8>, links: Vec<LinkView>) -> Self {
        let (epoch, _) = node.epoch();
        let quorum = epoch.quorum;
        let members = epoch.roster.len();
        let reached = reachable.len();
        Self {
            members: small(members),
            quorum: small(quorum.q),
            liars_max: small(quorum.f),
            reachable,
            can_lose: reached.checked_sub(quorum.q).map(small),
            is_unanimous: quorum.q == members,
            links,
        }
    }
}

/// The counters of the diagnostics page, by name.
pub(crate) fn counters(node: &Node) -> Vec<Counter> {
    let stats = node.stats();
    let mut counters = vec![
        ("slots delivered".to_owned(), stats.delivered),
        ("views entered".to_owned(), stats.views_entered),
        ("records persisted".to_owned(), stats.persisted.0),
        ("bytes persisted".to_owned(), stats.persisted.1),
    ];
    let ignored = stats.ignored.iter();
    counters.extend(ignored.map(|(reason, count)| (format!("ignored: {reason:?}"), *count)));
    let refused = stats.refused.iter();
    counters.extend(refused.map(|(reason, count)| (format!("link refused: {reason:?}"), *count)));
    let chunks = stats.bad_chunks.iter();
    counters.extend(chunks.map(|(error, count)| (format!("bad chunk: {error:?}"), *count)));
    let counters = counters.into_iter();
    counters
        .map(|(name, count)| Counter { name, count })
        .collect()
}

fn primary(epoch: &consensus::Epoch, view: u64) -> u8 {
    epoch.primary(view).0
}

fn seats(table: &Table, name: impl Fn(u8, &[u8]) -> Option<String>) -> Vec<SeatView> {
    let ledger = table.ledger();
    let seats = table.all_seats().map(|seat| (seat, key(table, seat)));
    seats
        .map(|(seat, public_key)| SeatView {
            seat: seat.0,
            name: name(seat.0, &public_key),
            public_key,
            stack: ledger.stack(seat).unwrap_or_default(),
            escrow: ledger.escrow(seat).unwrap_or_default(),
            standing: Standing::of(table.gone(seat)),
        })
        .collect()
}

fn key(table: &Table, seat: Seat) -> Vec<u8> {
    let key = table.key_of(seat);
    key.map_or_else(Vec::new, |key| key.to_bytes().to_vec())
}

fn bets(table: &Table) -> Vec<BetView> {
    let layout = table.layout();
    let bets = layout.bets();
    bets.map(|(seat, kind, bet)| BetView {
        seat: seat.0,
        kind: kind.into(),
        amount: bet.amount,
        is_working: layout.is_working(seat, kind).unwrap_or(true),
    })
    .collect()
}

/// The point of a phase.
pub(crate) fn point(phase: craps::Phase) -> Option<u8> {
    match phase {
        craps::Phase::ComeOut => None,
        craps::Phase::Point(number) => Some(number.total()),
    }
}

/// Members are at most 18.
pub(crate) fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}
