//! A scenario that has been read and checked.

use std::fmt;

use super::names::{Behaviour, DiskMode, FaultKind, Outcome, Profile};

/// One run of the rig: who sits at the table, over which radio, and what goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Short name; safe as a part of a folder's name.
    pub name: String,
    /// The comment that opens the file, without its `#`; may be empty.
    pub summary: String,
    /// The TOML text as it was read.
    pub source: String,
    /// How many phones sit at the table, 2 to 18.
    pub players: u8,
    /// Where all randomness comes from; drawn anew when absent.
    pub seed: Option<u64>,
    /// When the run is over.
    pub stop: Stop,
    /// What the phones talk over.
    pub radio: Radio,
    /// Which phones lie.
    pub byzantine: Vec<Byzantine>,
    /// What happens to phones and links.
    pub faults: Vec<Fault>,
    /// What the players do.
    pub workload: Workload,
    /// How the run should end, if the file says so.
    pub expect: Option<Expect>,
}

/// When a run is over, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Settled rolls.
    pub rounds: u32,
    /// Virtual time in milliseconds.
    pub at_ms: u64,
}

/// The radio of all phones: a profile and what overrides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Radio {
    /// Where every value comes from that is not given below.
    pub profile: Profile,
    /// Time between two connection events, in microseconds.
    pub connection_interval_us: Option<u32>,
    /// ATT MTU in bytes.
    pub mtu: Option<u16>,
    /// Delay of a PDU.
    pub latency: Option<Latency>,
    /// PDU errors, in parts per million.
    pub loss_ppm: Option<u32>,
    /// Cap in bytes per second and phone.
    pub bandwidth: Option<u32>,
    /// Who hears whom.
    pub topology: Topology,
    /// Links that differ from the rest; every link at most once.
    pub links: Vec<LinkOverride>,
}

impl Radio {
    /// The radio of a scenario that says nothing of it.
    pub const fn plain() -> Self {
        Self {
            profile: Profile::Ideal,
            connection_interval_us: None,
            mtu: None,
            latency: None,
            loss_ppm: None,
            bandwidth: None,
            topology: Topology::Auto,
            links: Vec::new(),
        }
    }
}

/// How long a PDU takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// The least, in microseconds.
    pub min_us: u32,
    /// On average, in microseconds; never below the least.
    pub mean_us: u32,
}

/// Who hears whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// The mesh decides.
    Auto,
    /// Everyone hears everyone.
    Full,
    /// Each player hears the one before and the one after.
    Line,
    /// A line whose ends meet.
    Ring,
    /// Exactly these links, the lower player first; they connect the whole table.
    Links(Vec<(u8, u8)>),
}

/// A link that differs from the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOverride {
    /// The two ends, the lower player first.
    pub between: (u8, u8),
    /// PDU errors, in parts per million.
    pub loss_ppm: Option<u32>,
    /// Delay of a PDU.
    pub latency: Option<Latency>,
    /// ATT MTU in bytes.
    pub mtu: Option<u16>,
}

/// A phone that lies for a while. One player never lies in two ways at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Byzantine {
    /// Who lies.
    pub player: u8,
    /// How.
    pub behaviour: Behaviour,
    /// Since when, in milliseconds of virtual time.
    pub from_ms: u64,
    /// Until when; absent means to the end.
    pub until_ms: Option<u64>,
    /// The others in a colluder's plot.
    pub with: Vec<u8>,
}

/// Something that happens to phones or links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Since when, in milliseconds of virtual time.
    pub from_ms: u64,
    /// Until when; absent means to the end.
    pub until_ms: Option<u64>,
    /// What happens.
    pub action: FaultAction,
}

/// What happens in a [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultAction {
    /// The phone dies at `from` and comes back at `until`.
    Crash {
        /// Whose phone.
        player: u8,
        /// What its disk loses; absent means nothing that was synced.
        disk: Option<DiskMode>,
    },
    /// The groups do not hear each other.
    Partition {
        /// At least two; every player is in exactly one.
        groups: Vec<Vec<u8>>,
    },
    /// Nothing of the first group reaches the others; it hears them as ever.
    OneWay {
        /// At least two; every player is in exactly one.
        groups: Vec<Vec<u8>>,
    },
    /// PDU errors beyond the radio's own.
    Loss {
        /// In parts per million.
        loss_ppm: u32,
        /// One link, the lower player first; absent means all of them.
        between: Option<(u8, u8)>,
    },
    /// The phone's clock goes wrong.
    Clock {
        /// Whose phone.
        player: u8,
        /// How much too fast it runs, in parts per million; negative is too slow.
        drift_ppm: i32,
        /// How far it jumps at `from`, in milliseconds; negative is back.
        jump_ms: i64,
    },
    /// The disk misbehaves.
    Disk {
        /// Whose phone.
        player: u8,
        /// How.
        mode: DiskMode,
    },
    /// The app is frozen: it neither runs nor hears, but loses nothing.
    Suspend {
        /// Whose phone.
        player: u8,
    },
}

/// What the players do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Fewest bets that a player places in a round.
    pub bets_min: u8,
    /// Most bets that a player places in a round.
    pub bets_max: u8,
    /// The kinds of bets; never empty unless the rig knows none.
    pub kinds: Vec<String>,
    /// How long a player thinks before each bet, in milliseconds.
    pub think_ms: u64,
}

/// How a run should end; what is absent is not expected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    /// The outcome.
    pub outcome: Option<Outcome>,
    /// Exactly who has been evicted.
    pub evicted: Option<Vec<u8>>,
    /// The table is in this view or a later one.
    pub view_min: Option<u64>,
    /// The 95th percentile of the time to decide, in milliseconds, is at most this.
    pub decide_p95_max_ms: Option<u64>,
}

impl Scenario {
    /// How many phones may lie without harm, `f = ⌊(n − 1) / 3⌋`.
    pub const fn faulty_max(&self) -> u8 {
        (self.players - 1) / 3
    }

    /// How many phones must agree: `⌈(n + f + 1) / 2⌉`, and all of two or three.
    pub const fn quorum(&self) -> u8 {
        if self.players <= 3 {
            return self.players;
        }
        (self.players + self.faulty_max() + 1).div_ceil(2)
    }
}

impl Fault {
    /// Which kind of fault this is.
    pub const fn kind(&self) -> FaultKind {
        match self.action {
            FaultAction::Crash { .. } => FaultKind::Crash,
            FaultAction::Partition { .. } | FaultAction::OneWay { .. } => FaultKind::Partition,
            FaultAction::Loss { .. } => FaultKind::Loss,
            FaultAction::Clock { .. } => FaultKind::Clock,
            FaultAction::Disk { .. } => FaultKind::Disk,
            FaultAction::Suspend { .. } => FaultKind::Suspend,
        }
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Full => "full",
            Self::Line => "line",
            Self::Ring => "ring",
            Self::Links(_) => "links",
        })
    }
}
