//! What only the host decides: whom it lets in, when the list is closed, and that there is a table.

use super::message::{Founding, Knock, List, Listed, Refused, seal};
use super::{KNOCKS_MAX, Lobby, LobbyError, LobbyEvent, WallClock};
use crate::consensus::Ignored;
use crate::crypto::{Digest, PublicKey, SEATS_MAX, SEATS_MIN, Seat, Signed};
use crate::mesh::{Admission, Class, Invite, LinkId, NotAdmitted, TableSecret, Token, WallMinutes};
use crate::time::Instant;
use crate::wire::Kind;

/// The host's door.
#[derive(Debug)]
pub(super) struct Door {
    secret: TableSecret,
    admission: Admission,
    clock: WallClock,
    invites: u64,
}

impl Door {
    pub(super) fn new(secret: TableSecret, clock: WallClock) -> Self {
        Self {
            secret,
            admission: Admission::new(&secret),
            clock,
            invites: 0,
        }
    }
}

impl Lobby {
    /// An invite for one guest, good for so many minutes: [`Invite::to_text`] is what the QR code shows.
    ///
    /// # Errors
    /// [`LobbyError::NotHost`].
    pub fn invite(&mut self, now: Instant, minutes: u32) -> Result<Invite, LobbyError> {
        let (identity, run) = (&self.identity, self.run);
        let door = self.door.as_mut().ok_or(LobbyError::NotHost)?;
        door.invites += 1;
        let parts: [&[u8]; 2] = [&run.to_le_bytes(), &door.invites.to_le_bytes()];
        let [a, b, c, d, e, f, g, h, ..] =
            identity.derive_secret("bitcraps/invite/token/v1", &parts).0;
        let until = door.clock.minutes(now).0.saturating_add(minutes);
        let (token, until) = (Token([a, b, c, d, e, f, g, h]), WallMinutes(until));
        Ok(Invite::new(door.secret, identity, token, until))
    }

    /// Nobody is added any more: everybody on the list is asked to sign it.
    ///
    /// # Errors
    /// [`LobbyError`]; the list stays open then.
    pub fn close(&mut self) -> Result<(), LobbyError> {
        let list = self.host_list()?;
        if list.listed.len() < SEATS_MIN {
            return Err(LobbyError::Alone);
        }
        list.rules.check(list.listed.len())?;
        if !list.closed {
            self.publish(|list| list.closed = true);
        }
        Ok(())
    }

    /// The list is open again; signatures under the closed one count no more.
    ///
    /// # Errors
    /// [`LobbyError`].
    pub fn reopen(&mut self, now: Instant) -> Result<(), LobbyError> {
        if self.host_list()?.closed {
            self.publish(|list| list.closed = false);
            self.admit_waiting(now);
        }
        Ok(())
    }

    /// Takes a guest off the list, and its invite with it. The list is open then.
    ///
    /// # Errors
    /// [`LobbyError`].
    pub fn remove(&mut self, now: Instant, guest: &PublicKey) -> Result<(), LobbyError> {
        if self.host_list()?.seat_of(guest).is_none() || *guest == self.host {
            return Err(LobbyError::NoGuest);
        }
        if let Some(door) = &mut self.door {
            door.admission.retire(guest);
        }
        self.publish(|list| {
            list.closed = false;
            list.listed.retain(|listed| listed.key != *guest);
        });
        self.admit_waiting(now);
        Ok(())
    }

    /// The host's list, while there is no table.
    fn host_list(&self) -> Result<&List, LobbyError> {
        if self.founding.is_some() {
            return Err(LobbyError::Founded);
        }
        let list = self.list.as_ref().filter(|_| self.door.is_some());
        list.map(Signed::value).ok_or(LobbyError::NotHost)
    }

    fn publish(&mut self, change: impl FnOnce(&mut List)) {
        let Some(list) = &self.list else {
            return;
        };
        let mut list = list.value().clone();
        change(&mut list);
        list.version = list.version.saturating_add(1);
        let signed = Signed::sign(list, &self.context, &self.identity);
        self.flood(seal(Kind::List, self.tag(), &signed));
        self.take_list(signed);
    }

    /// Those who knocked while the list was closed.
    fn admit_waiting(&mut self, now: Instant) {
        let waiting = std::mem::take(&mut self.knocks);
        for (knock, bytes) in waiting.into_values() {
            // Nobody waits for this answer; what came of it is on the list or among the refusals.
            let _ = self.admit(now, knock, bytes);
        }
    }

    /// Lets a guest in whose claim was checked, or tells it why not.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        knock: Knock,
        bytes: Vec<u8>,
    ) -> Result<Kind, Ignored> {
        let host = self.host;
        let guest = knock.claim.guest;
        let list = self.host_list().map_err(|_| Ignored::Late)?;
        if list.seat_of(&guest).is_some() {
            return Err(Ignored::Duplicate);
        }
        let (closed, full) = (list.closed, list.listed.len() >= SEATS_MAX);
        if closed {
            if self.knocks.len() >= KNOCKS_MAX {
                return Err(Ignored::Full);
            }
            self.knocks.insert(guest.to_bytes(), (knock, bytes));
            return Err(Ignored::Held);
        }
        let door = self.door.as_mut().ok_or(Ignored::Unclaimed)?;
        let minutes = door.clock.minutes(now);
        let admitted = if full {
            Err(NotAdmitted::Full)
        } else {
            door.admission
                .admit(&knock.claim, minutes, |key| *key == host)
        };
        if let Err(reason) = admitted {
            return self.turn_away(guest, reason);
        }
        let Knock { claim, name } = knock;
        let key = claim.guest;
        self.publish(|list| list.listed.push(Listed { key, name }));
        Ok(Kind::Knock)
    }

    /// Tells a guest with a true invite, wherever it is, why it is not let in.
    fn turn_away(&mut self, guest: PublicKey, reason: NotAdmitted) -> Result<Kind, Ignored> {
        let refused = Refused { guest, reason };
        let refused = Signed::sign(refused, &self.context, &self.identity);
        let bytes = seal(Kind::Refused, self.tag(), &refused);
        let key = guest.to_bytes();
        if self.refused.get(&key) == Some(&bytes) {
            return Err(Ignored::Duplicate);
        }
        self.note_refused(key, bytes.clone());
        self.tell(LobbyEvent::TurnedAway { guest, reason });
        self.flood(bytes);
        Ok(Kind::Knock)
    }

    /// Somebody with one invite can come under any number of keys, so room is made.
    pub(super) fn note_refused(&mut self, guest: [u8; 32], message: Vec<u8>) {
        self.refused.insert(guest, message);
        if self.refused.len() > KNOCKS_MAX {
            self.refused.pop_first();
        }
    }

    /// Tells whoever came with something that is no invite to here. It is at the other end of this link or nowhere.
    pub(super) fn turn_back(&mut self, link: LinkId, guest: PublicKey, reason: NotAdmitted) {
        if self.door.is_none() {
            return;
        }
        let refused = Refused { guest, reason };
        let refused = Signed::sign(refused, &self.context, &self.identity);
        let bytes = seal(Kind::Refused, self.tag(), &refused);
        self.tell(LobbyEvent::TurnedAway { guest, reason });
        self.mesh.send(link, Class::Control, bytes);
    }

    /// A guest will not sign, or leaves: it is off the list, and its invite is used up.
    pub(super) fn on_declined(&mut self, now: Instant, key: &PublicKey) {
        if self.door.is_some() {
            // It is on the list: its answer was about it.
            let _ = self.remove(now, key);
        }
    }

    /// Once all guests have signed, the host does, and there is a table.
    pub(super) fn try_to_found(&mut self) {
        if self.door.is_none() || self.founding.is_some() {
            return;
        }
        let Some(list) = self.list.clone() else {
            return;
        };
        let guests = (1..list.value().listed.len()).filter_map(|at| u8::try_from(at).ok());
        let signs = |seat: u8| {
            self.answers
                .get(&Seat(seat))
                .is_some_and(|a| a.value().signs)
        };
        if !list.value().closed || !guests.into_iter().all(signs) {
            return;
        }
        if !self.answers.contains_key(&Seat(0)) {
            self.say(Seat(0), true);
            return;
        }
        let bytes = Founding::write(&list, self.answers.values());
        let founded = self.take_founding(&bytes);
        debug_assert!(founded.is_ok(), "every answer was checked when it came");
    }

    pub(super) fn digest_of_list(&self) -> Option<Digest> {
        Some(self.list.as_ref()?.digest(&self.context))
    }
}
