//! Keys made without a table, and dealings that lie.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use bitcraps_core::consensus::Quorum;
use bitcraps_core::crypto::{Checker, Digest, Identity, Roster, Seat};
use bitcraps_core::dice::{
    Ceremony, CheckedDealing, CheckedShare, CoinKey, Dealing, RollInput, SecretShare, Share,
};

pub(crate) const TABLE: Digest = Digest([9; 32]);

pub(crate) fn identity(seat: u8) -> Identity {
    Identity::from_seed(&[seat + 1; 32])
}

pub(crate) fn threshold(n: usize) -> usize {
    Quorum::of(n).q
}

/// The first attempt at the key of epoch 0, for seats 0 to n − 1.
pub(crate) fn ceremony(n: usize) -> Ceremony {
    ceremony_at(n, 0)
}

fn ceremony_at(n: usize, attempt: u16) -> Ceremony {
    let keys = (0..u8::try_from(n).unwrap()).map(|seat| identity(seat).public_key());
    let roster = Roster::new(keys.collect()).unwrap();
    Ceremony::new(TABLE, 0, attempt, roster, threshold(n))
}

/// A key, and everybody's secrets.
pub(crate) struct Coin {
    pub(crate) ceremony: Ceremony,
    pub(crate) key: CoinKey,
    pub(crate) secrets: Vec<SecretShare>,
}

impl Coin {
    pub(crate) fn of(n: usize) -> Self {
        Self::with_salt(n, 0)
    }

    pub(crate) fn with_salt(n: usize, attempt: u16) -> Self {
        let ceremony = ceremony_at(n, attempt);
        let dealings = Self::dealings(&ceremony);
        let secret = |seat: Seat| {
            let opened = dealings
                .iter()
                .map(|dealing| ceremony.open(&identity(seat.0), seat, dealing).unwrap());
            SecretShare::sum(opened.collect::<Vec<_>>().iter())
        };
        Self {
            key: ceremony.key(dealings.iter()),
            secrets: ceremony.roster().seats().map(secret).collect(),
            ceremony,
        }
    }

    /// The first t members' dealings.
    pub(crate) fn dealings(ceremony: &Ceremony) -> Vec<CheckedDealing> {
        let dealers = ceremony.roster().seats().take(ceremony.threshold());
        let deal = |dealer: Seat| {
            let dealing = ceremony.deal(&identity(dealer.0), dealer);
            ceremony.check(dealer, dealing).unwrap()
        };
        dealers.map(deal).collect()
    }

    /// Everybody's share of a roll, checked.
    pub(crate) fn checked(&self, input: &RollInput) -> Vec<CheckedShare> {
        let seats = self.ceremony.roster().seats().zip(&self.secrets);
        seats
            .map(|(seat, secret)| {
                self.key
                    .check(
                        &Checker::default(),
                        input,
                        &Share::make(seat, secret, input),
                    )
                    .unwrap()
            })
            .collect()
    }
}

/// The one share of a key that takes one: it is the roll's value.
pub(crate) fn lone_secret() -> SecretShare {
    let roster = ceremony(2).roster().clone();
    let ceremony = Ceremony::new(TABLE, 0, 0, roster, 1);
    let dealing = Coin::dealings(&ceremony).remove(0);
    ceremony.open(&identity(0), Seat(0), &dealing).unwrap()
}

/// A dealing whose proof holds and whose share for one member is false.
pub(crate) fn deal_falsely(ceremony: &Ceremony, dealer: u8, victim: Seat) -> Dealing {
    let mut dealing = ceremony.deal(&identity(dealer), Seat(dealer));
    let mut members = ceremony.roster().seats();
    let at = members.position(|seat| seat == victim).unwrap();
    dealing.shares[at][0] ^= 1;
    dealing
}
