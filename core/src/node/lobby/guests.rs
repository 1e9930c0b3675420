//! A running table and those who want to sit down at it: their knocks, their welcome, and what they say about the key
//! while they have no vote yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::message::{Knock, Refused, founding_bytes, header, open, seal};
use super::{LobbyEvent, Name, WallClock, founding_message, lobby_tag};
use crate::consensus::{Ignored, Peer};
use crate::crypto::{Digest, PublicKey, Seat, Signed};
use crate::mesh::{
    Admission, Class, Invite, LinkId, NotAdmitted, Role, ServiceId, TableSecret, Token, WallMinutes,
};
use crate::node::Node;
use crate::node::io::{Event, Output};
use crate::table::Carried;
use crate::time::Instant;
use crate::wire::{Decode, Encode, HEADER_BYTES, Header, Kind};

/// Most strangers that are listened to at a time.
const GUESTS_MAX: usize = 2;
/// A stranger that has shown no good invite by then makes room.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// Most knocks that are kept.
const KNOCKS_MAX: usize = 16;
/// Most different things that one newcomer can say.
const CARRIED_MAX: usize = 64;

/// Somebody at the other end of a link, with the table secret and without a seat.
#[derive(Debug)]
struct Guest {
    key: PublicKey,
    role: Role,
    since: Instant,
    admitted: bool,
}

/// Those who want to sit down.
#[derive(Debug)]
pub(in crate::node) struct Guests {
    links: BTreeMap<LinkId, Guest>,
    knocks: BTreeSet<[u8; 32]>,
    admission: Admission,
    clock: Option<WallClock>,
    /// What newcomers have said, as far as it is remembered.
    carried: BTreeSet<Digest>,
    /// Links whose other end has told that it has begun.
    begun: BTreeSet<LinkId>,
    /// What this phone, a newcomer, has said.
    said: Vec<Vec<u8>>,
}

impl Guests {
    pub(in crate::node) fn new(service: ServiceId, clock: Option<WallClock>) -> Self {
        Self {
            links: BTreeMap::new(),
            knocks: BTreeSet::new(),
            admission: Admission::of(service),
            clock,
            carried: BTreeSet::new(),
            begun: BTreeSet::new(),
            said: Vec::new(),
        }
    }

    pub(in crate::node) fn link_down(&mut self, link: LinkId) {
        self.links.remove(&link);
        self.begun.remove(&link);
    }

    /// Everything that is up, for when the radio goes off.
    pub(in crate::node) fn clear(&mut self) -> Vec<LinkId> {
        self.links.keys().copied().collect()
    }

    pub(in crate::node) fn has(&self, link: LinkId) -> bool {
        self.links.contains_key(&link)
    }

    pub(in crate::node) fn next_wake(&self) -> Option<Instant> {
        let waiting = self.links.values().filter(|guest| !guest.admitted);
        waiting.map(|guest| guest.since.after(KNOCK_TIMEOUT)).min()
    }

    /// Whose time is over.
    fn late(&self, now: Instant) -> Option<LinkId> {
        let late = |guest: &Guest| !guest.admitted && guest.since.after(KNOCK_TIMEOUT) <= now;
        let mut links = self.links.iter();
        links.find(|(_, guest)| late(guest)).map(|(link, _)| *link)
    }
}

impl Node {
    /// Somebody without a seat has proven its key. It may knock, if there is room and this phone can show it the table.
    pub(in crate::node) fn take_guest(
        &mut self,
        now: Instant,
        link: LinkId,
        key: PublicKey,
    ) -> bool {
        let Some(role) = self.neighbours.role(link) else {
            return false;
        };
        if self.founding.is_none() || self.guests.links.len() >= GUESTS_MAX {
            return false;
        }
        // Its patience is not that with strangers that prove nothing.
        self.neighbours.hand_over(link);
        let guest = Guest {
            key,
            role,
            since: now,
            admitted: false,
        };
        self.guests.links.insert(link, guest);
        true
    }

    /// An invite to this running table from this player. `secret` is the table's, `token` fresh and random.
    #[must_use]
    pub fn invite(&self, secret: TableSecret, token: Token, expires: WallMinutes) -> Invite {
        Invite::new(secret, &self.identity, token, expires)
    }

    /// A stranger says something.
    pub(in crate::node) fn on_guest_message(&mut self, now: Instant, link: LinkId, message: &[u8]) {
        let is_knock = message.first() == Some(&(Kind::Knock as u8));
        let done = if is_knock {
            self.on_knock(now, link, message)
        } else {
            Err(Ignored::NotSeated)
        };
        self.count(done);
    }

    /// Somebody knocks, here or at a neighbour's. Whoever has a seat already is told of the table.
    pub(in crate::node) fn on_knock(
        &mut self,
        now: Instant,
        link: LinkId,
        message: &[u8],
    ) -> Result<Kind, Ignored> {
        let service = self.service();
        let head = Header::from_bytes(message.get(..HEADER_BYTES).unwrap_or_default())?;
        if head.table != lobby_tag(&service) {
            return Err(Ignored::OtherTable);
        }
        let guest = |knock: &Knock| Some(knock.claim.guest);
        let knock = open::<Knock>(message, &service.context(), guest)?;
        let Knock { claim, name } = knock.value();
        if let Some(seat) = self.table.seat_of(&claim.guest) {
            if self.neighbours.seat(link) != Some(seat) {
                return Err(Ignored::Duplicate);
            }
            self.greet(link, seat);
            return Ok(Kind::Knock);
        }
        let members = self.table.next_members();
        let is_member = |key: &PublicKey| members.seat_of(key).is_some();
        let minutes = self.guests.clock.map_or(WallMinutes(0), |c| c.minutes(now));
        if let Err(reason) = self.guests.admission.admit(claim, minutes, is_member) {
            self.turn_away(link, claim.guest, reason);
            return Err(Ignored::NotSeated);
        }
        let (guest, inviter) = (claim.guest, claim.inviter);
        if let Some(known) = self.guests.links.get_mut(&link) {
            known.admitted |= known.key == guest;
        }
        let inviter = self.table.seat_of(&inviter).unwrap_or(Seat(0));
        self.note_knock(now, (guest, name.clone(), inviter), message)
    }

    fn note_knock(
        &mut self,
        now: Instant,
        (guest, name, inviter): (PublicKey, Name, Seat),
        message: &[u8],
    ) -> Result<Kind, Ignored> {
        let knocks = &mut self.guests.knocks;
        if knocks.contains(&guest.to_bytes()) {
            return Err(Ignored::Duplicate);
        }
        if knocks.len() >= KNOCKS_MAX {
            knocks.pop_first();
        }
        knocks.insert(guest.to_bytes());
        let event = LobbyEvent::Knocked {
            guest,
            name,
            inviter,
        };
        self.outputs.push_back(Output::Event(Event::Lobby(event)));
        self.flood(now, Class::Control, message.to_vec(), false, None);
        Ok(Kind::Knock)
    }

    fn turn_away(&mut self, link: LinkId, guest: PublicKey, reason: NotAdmitted) {
        if !self.guests.has(link) {
            return;
        }
        let service = self.service();
        let refused = Signed::sign(
            Refused { guest, reason },
            &service.context(),
            &self.identity,
        );
        let bytes = seal(Kind::Refused, lobby_tag(&service), &refused);
        self.mesh.send(link, Class::Control, bytes);
    }

    /// Shows the table to somebody who has a seat at it, or will have one.
    fn greet(&mut self, link: LinkId, seat: Seat) {
        let Some(founding) = &self.founding else {
            return;
        };
        let service = self.service();
        let bytes = if self.table.genesis().roster.key(seat).is_some() {
            founding_message(&service, founding)
        } else {
            let mut writer = header(Kind::Welcome, lobby_tag(&service));
            writer.u8(seat.0);
            writer.raw(founding);
            writer.finish()
        };
        self.mesh.send(link, Class::Control, bytes);
    }

    /// The other end of a link was in the lobby until now: what was said to it went nowhere, so the link begins anew. Once:
    /// it costs a few messages.
    pub(in crate::node) fn on_begun(&mut self, link: LinkId) -> Result<Kind, Ignored> {
        let seat = self.neighbours.seat(link).ok_or(Ignored::NotSeated)?;
        if !self.guests.begun.insert(link) {
            return Err(Ignored::Duplicate);
        }
        self.replica.link_down(Peer(link.0));
        self.relay.link_down(link);
        self.relay.link_up(link, seat);
        self.replica.link_up(Peer(link.0));
        self.repeat_as_newcomer(link);
        self.introduce_others(link);
        self.announce_links();
        Ok(Kind::Founding)
    }

    /// What time and the table alone bring: guests who have waited too long, and a newcomer that q players want.
    pub(in crate::node) fn tend_guests(&mut self, now: Instant) {
        while let Some(link) = self.guests.late(now) {
            self.guests.link_down(link);
            self.mesh.link_down(link);
            self.outputs.push_back(Output::Disconnect { link });
        }
        let Some((seat, key)) = self.table.candidate() else {
            self.guests.carried.clear();
            self.guests.said.clear();
            return;
        };
        let links = self.guests.links.iter();
        let its = links.filter(|(_, guest)| guest.key == key);
        let its: Vec<(LinkId, Role)> = its.map(|(link, guest)| (*link, guest.role)).collect();
        for (link, role) in its {
            self.guests.link_down(link);
            self.greet(link, seat);
            self.adopt_link(now, link, role, Some(key));
        }
    }

    /// Whether this phone is the newcomer that q players want.
    pub(in crate::node) fn is_candidate(&self) -> bool {
        let own = || (self.replica.seat(), self.identity.public_key());
        self.table.candidate().is_some_and(|wanted| wanted == own())
    }

    /// What this phone, a newcomer, has to say about the key: members hand it in.
    pub(in crate::node) fn speak_as_newcomer(&mut self, now: Instant) {
        if !self.is_candidate() {
            return;
        }
        let seat = self.replica.seat();
        for operation in self
            .duties
            .due_of_newcomer(now, &self.table, &self.identity)
        {
            let carried = Carried::sign(&self.table, seat, &operation, &self.identity);
            let mut writer = header(Kind::Carried, self.table_tag());
            carried.encode(&mut writer);
            let bytes = writer.finish();
            self.guests.said.push(bytes.clone());
            self.flood(now, Class::Control, bytes, true, None);
        }
    }

    /// What this phone has said as a newcomer, for a neighbour that may lack it.
    pub(in crate::node) fn repeat_as_newcomer(&mut self, link: LinkId) {
        for bytes in self.guests.said.clone() {
            self.mesh.send(link, Class::Control, bytes);
        }
    }

    /// A newcomer, or a neighbour of it, asks for something to be handed in.
    pub(in crate::node) fn on_carried(
        &mut self,
        now: Instant,
        message: &[u8],
    ) -> Result<Kind, Ignored> {
        let head = Header::from_bytes(message.get(..HEADER_BYTES).unwrap_or_default())?;
        if head.table != self.table_tag() {
            return Err(Ignored::OtherTable);
        }
        let carried = Carried::from_bytes(founding_bytes(message))?;
        let id = Digest::of("bitcraps/carried/id/v1", &[message]);
        if self.guests.carried.contains(&id) {
            return Err(Ignored::Duplicate);
        }
        if self.guests.carried.len() >= CARRIED_MAX {
            return Err(Ignored::Full);
        }
        if !self.table.wants(&carried) {
            return Err(Ignored::Unclaimed);
        }
        self.guests.carried.insert(id);
        self.duties.on_carried(now, carried);
        self.flood(now, Class::Control, message.to_vec(), false, None);
        Ok(Kind::Carried)
    }
}
