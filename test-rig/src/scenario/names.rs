//! The closed vocabularies of a scenario file: enums whose values have one spelling each.

use std::fmt;

/// Declares an enum together with the word that a scenario file uses for each value.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {
            $($(#[$doc])* $variant,)+
        }

        impl $type {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that a scenario file uses for this value.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// Which radio the simulated phones have.
    Profile {
        /// No loss, no delay worth mentioning.
        Ideal = "ideal",
        /// A table of iPhones.
        Iphone = "iphone",
        /// A table of Android phones.
        Android = "android",
        /// Phones of both kinds in an ordinary room.
        MixedRoom = "mixed-room",
        /// Phones of both kinds in a room full of other radios.
        BusyRoom = "busy-room",
        /// Computers with a Bluetooth controller.
        Desktop = "desktop",
        /// Exactly the mean latency on every link, no connection events.
        Fixed = "fixed",
    }
}

named! {
    /// What a lying phone does.
    Behaviour {
        /// Signs two different statements for one slot.
        Equivocator = "equivocator",
        /// Says nothing at all.
        Silent = "silent",
        /// Makes up messages of others.
        Forger = "forger",
        /// Spends the same chips twice.
        DoubleSpender = "double-spender",
        /// Sends everything as late as it dares.
        Delayer = "delayer",
        /// Floods the table.
        Spammer = "spammer",
        /// Lies in step with others.
        Colluder = "colluder",
        /// As the primary, leaves out the requests of some.
        Censor = "censor",
        /// Keeps its share of the dice back.
        WithholdShare = "withhold-share",
        /// Gives false shares of the dice.
        LiarDice = "liar-dice",
        /// Pools what it learns of a roll whose bets can still change, and delays such rolls as the primary.
        Peeker = "peeker",
        /// As the primary, proposes the close of a roll above a slot that it keeps back.
        SlotSkipper = "slot-skipper",
        /// Deals inconsistent key shares during formation.
        BadDealer = "bad-dealer",
        /// Blames the innocent.
        FalseAccuser = "false-accuser",
        /// Sends old messages again.
        Replayer = "replayer",
        /// Forgets what it signed.
        Amnesiac = "amnesiac",
        /// Runs twice with one key.
        Twin = "twin",
        /// Relays nothing.
        BlackHoleRelay = "black-hole-relay",
        /// Relays altered frames.
        CorruptingRelay = "corrupting-relay",
        /// Answers a state transfer with wrong state.
        BadStateTransfer = "bad-state-transfer",
        /// Uses somebody else's invitation during formation.
        InviteThief = "invite-thief",
        /// Sends fragments that never become a message.
        FragmentBomber = "fragment-bomber",
        /// One of the others, drawn from the seed.
        Random = "random",
    }
}

named! {
    /// What can happen to phones and links.
    FaultKind {
        /// A phone dies and perhaps comes back.
        Crash = "crash",
        /// Groups of phones lose sight of each other.
        Partition = "partition",
        /// Links lose more than the radio's profile says.
        Loss = "loss",
        /// A phone's clock drifts or jumps.
        Clock = "clock",
        /// A phone's disk misbehaves while the phone runs on.
        Disk = "disk",
        /// The operating system freezes the app.
        Suspend = "suspend",
    }
}

named! {
    /// How a disk misbehaves.
    DiskMode {
        /// The last record is only partly on the disk.
        TornWrite = "torn-write",
        /// What was synced last is gone.
        LostSync = "lost-sync",
        /// One bit is wrong.
        BitFlip = "bit-flip",
        /// Syncs take very long.
        SlowSync = "slow-sync",
        /// Writes fail: the app stops.
        Full = "full",
        /// The file is gone.
        Lost = "lost",
        /// The file is an old copy.
        Rollback = "rollback",
    }
}

named! {
    /// How a run may be expected to end; a broken property is never expected.
    Outcome {
        /// Every honest phone that was left running did all the work.
        Reached = "reached",
        /// No property broke, but the work was not finished.
        Stalled = "stalled",
        /// A fork was seen and the culprits named.
        Halted = "halted",
    }
}
