//! What players decide together, by a tap each: that somebody goes who does not go by itself, and that the evening is
//! over. A liar cannot bring it about, as q of the members have to want it.

use std::collections::BTreeMap;

use super::members::Gone;
use super::outcome::{Outcome, Rejection};
use super::state::Table;
use crate::craps::BetKind;
use crate::crypto::{PublicKey, SEATS_MAX, Seat, SeatSet};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Something that q members must want.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Wish {
    /// This seat's player goes, with its stack.
    Unseat(Seat),
    /// The table is dissolved.
    Dissolve,
    /// Whoever has this key, in its 32 bytes, gets a seat.
    Seat([u8; 32]),
}

/// How the wish to dissolve is written where a seat may stand.
const DISSOLVE: u8 = u8::MAX;
/// And the wish that somebody gets a seat, whose key follows.
const SEAT: u8 = 254;
/// One wish for each seat, one for each member's newcomer, and the end of the evening.
const WISHES_MAX: usize = 2 * SEATS_MAX + 1;

/// Who wants what, as far as it has not happened, and whether the table is dissolved.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Wishes {
    taps: BTreeMap<Wish, SeatSet>,
    /// The slot in which it was.
    dissolved: Option<u64>,
}

impl Encode for Wish {
    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Unseat(seat) => writer.u8(seat.0),
            Self::Dissolve => writer.u8(DISSOLVE),
            Self::Seat(key) => {
                writer.u8(SEAT);
                writer.raw(key);
            }
        }
    }
}

impl Decode for Wish {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            DISSOLVE => Ok(Self::Dissolve),
            SEAT => {
                let key: [u8; 32] = reader.array()?;
                PublicKey::from_bytes(&key).map_err(|_| DecodeError::OutOfRange("key"))?;
                Ok(Self::Seat(key))
            }
            seat if usize::from(seat) < SEATS_MAX => Ok(Self::Unseat(Seat(seat))),
            _ => Err(DecodeError::OutOfRange("wish")),
        }
    }
}

impl Encode for Wishes {
    fn encode(&self, writer: &mut Writer) {
        writer.count_u8(self.taps.len());
        for (wish, seats) in &self.taps {
            wish.encode(writer);
            seats.encode(writer);
        }
        // Slots count from 1.
        writer.u64(self.dissolved.unwrap_or(0));
    }
}

impl Decode for Wishes {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut taps: BTreeMap<Wish, SeatSet> = BTreeMap::new();
        for _ in 0..reader.count_u8(WISHES_MAX, "wishes")? {
            let (wish, seats) = (Wish::decode(reader)?, SeatSet::decode(reader)?);
            let follows = taps.last_key_value().is_none_or(|(last, _)| *last < wish);
            if !follows || seats.is_empty() {
                return Err(DecodeError::OutOfRange("wishes"));
            }
            taps.insert(wish, seats);
        }
        let dissolved = reader.u64()?;
        Ok(Self {
            taps,
            dissolved: (dissolved > 0).then_some(dissolved),
        })
    }
}

impl Table {
    /// The slot in which the table was dissolved. Nothing happens at it any more.
    #[must_use]
    pub const fn dissolved(&self) -> Option<u64> {
        self.wishes.dissolved
    }

    /// Who wants something that has not come about yet, those aside who are gone.
    #[must_use]
    pub fn wanting(&self, wish: Wish) -> SeatSet {
        let taps = self.wishes.taps.get(&wish).copied().unwrap_or_default();
        let has_say = |seat: &Seat| self.gone(*seat).is_none();
        taps.iter().filter(has_say).collect()
    }

    /// One more member wants it; with q of them it comes about.
    pub(super) fn wish(
        &mut self,
        sequence: u64,
        seat: Seat,
        wish: Wish,
    ) -> Result<Vec<Outcome>, Rejection> {
        match wish {
            Wish::Unseat(whom) => self.check_unseat(seat, whom)?,
            Wish::Seat(key) => self.check_newcomer(&newcomer(&key)?)?,
            Wish::Dissolve => {}
        }
        let mut wanting = self.wanting(wish);
        if wanting.contains(seat) {
            return Err(Rejection::Tapped);
        }
        wanting.insert(seat);
        if matches!(wish, Wish::Seat(_)) {
            self.take_back_newcomers(seat);
        }
        self.wishes.taps.insert(wish, wanting);
        let (have, needed) = (wanting.len(), self.quorum.q);
        let mut outcomes = vec![Outcome::Tapped {
            seat,
            wish,
            have,
            needed,
        }];
        if have >= needed {
            self.wishes.taps.remove(&wish);
            outcomes.extend(match wish {
                Wish::Unseat(whom) => self.unseat(whom)?,
                Wish::Dissolve => self.dissolve(sequence)?,
                Wish::Seat(key) => vec![self.invite(newcomer(&key)?)],
            });
        }
        Ok(outcomes)
    }

    /// A player wants one newcomer at a time, so that nobody fills the table with wishes.
    fn take_back_newcomers(&mut self, seat: Seat) {
        self.wishes.taps.retain(|wish, seats| {
            if matches!(wish, Wish::Seat(_)) {
                *seats = seats.iter().filter(|of| *of != seat).collect();
            }
            !seats.is_empty()
        });
    }

    /// Nobody votes itself off, and of two players none can go.
    fn check_unseat(&self, seat: Seat, whom: Seat) -> Result<(), Rejection> {
        let alone = SeatSet::from_iter([whom]);
        if self.next_members().key(whom).is_none() || seat == whom {
            return Err(Rejection::NotThere { seat: whom });
        }
        match self.next_members().without(alone) {
            Ok(_) => Ok(()),
            Err(_) => Err(Rejection::LastTwo),
        }
    }

    /// The player has not asked to go, so nothing of it is lost: bets that can come down do, and those that must stay
    /// are decided by the dice as if it sat there.
    fn unseat(&mut self, seat: Seat) -> Result<Vec<Outcome>, Rejection> {
        let kinds: Vec<BetKind> = self.layout.bets_of(seat).map(|(kind, _)| kind).collect();
        let mut outcomes = Vec::new();
        for kind in kinds {
            // Odds come down with the bet that they are on.
            if self.layout.bet(seat, kind).is_some() {
                outcomes.extend(self.remove_bet(seat, kind).unwrap_or_default());
            }
        }
        self.take_out(seat, Gone::Unseated);
        outcomes.push(Outcome::Unseated { seat });
        Ok(outcomes)
    }

    /// Every bet goes back to its player undecided, and the books are closed. A roll that is closed is never refunded:
    /// what is ordered behind it waits for its dice, this too.
    fn dissolve(&mut self, sequence: u64) -> Result<Vec<Outcome>, Rejection> {
        let bets: Vec<(Seat, BetKind)> = self.layout.bets().map(|(s, kind, _)| (s, kind)).collect();
        let mut outcomes = Vec::new();
        for (seat, kind) in bets {
            let amount = self.layout.held(seat, kind);
            self.ledger.give_back(seat, amount)?;
            outcomes.push(Outcome::BetReturned { seat, kind, amount });
        }
        for seat in self.all_seats() {
            self.layout.forfeit(seat);
        }
        self.idle.clear();
        self.keys.attempt = None;
        self.wishes = Wishes {
            taps: BTreeMap::new(),
            dissolved: Some(sequence),
        };
        outcomes.push(Outcome::Dissolved);
        Ok(outcomes)
    }
}

fn newcomer(key: &[u8; 32]) -> Result<PublicKey, Rejection> {
    PublicKey::from_bytes(key).map_err(|_| Rejection::Malformed)
}
