//! Where the dice come from: a threshold coin on Ristretto, keyed by dealings in the table's own log.
//!
//! Nobody knows the key. Each member of an epoch has a share of it, and any t = q of them make a roll: V = H2C(m)^s is
//! fixed by the key and by m, so whoever comes last can choose nothing (Cachin–Kursawe–Shoup 2000; the DDH-DVRF of
//! eprint 2020/096). `Ceremony` makes the key, [`Share`] and [`CoinKey`] the rolls, [`dice_of`] the two dice. When a
//! share may leave a phone is decided above, in `node`: only when its slot and all below are committed and applied.
//!
//! Every byte and formula is in `core/docs/dice.md`. Imports `wire`, `crypto`.

mod ceremony;
mod coin;
mod dealing;
mod group;
mod mapping;
mod message;

pub use ceremony::{Ceremony, Complaint, SecretShare, Verdict};
pub use coin::{CheckedShare, CoinKey, RollInput, SHARE_BYTES, Share, ShareError};
pub use dealing::{CheckedDealing, Dealing, DealingError};
pub use mapping::dice_of;
pub use message::{RollShare, ShareMessage};
