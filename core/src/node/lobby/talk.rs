//! What a phone in a lobby does with what it hears. Everything is checked, then kept, then passed on.

use super::message::{Answer, Founding, Knock, List, Refused, founding_bytes, open};
use super::{KNOCKS_MAX, Lobby, LobbyEvent, founding_message};
use crate::consensus::Ignored;
use crate::crypto::{SEATS_MAX, Seat, Signed};
use crate::mesh::{Claim, LinkId, NotAdmitted};
use crate::time::Instant;
use crate::wire::{Decode, DecodeError, HEADER_BYTES, Header, Kind};

/// How many guests may come with one invite and be passed on: the host tells the second one that it has a copy.
const GUESTS_PER_INVITE_MAX: usize = 2;

impl Lobby {
    pub(super) fn on_message(
        &mut self,
        now: Instant,
        link: LinkId,
        message: &[u8],
    ) -> Result<Kind, Ignored> {
        let header = Header::from_bytes(message.get(..HEADER_BYTES).unwrap_or_default())?;
        let is_lobbys = matches!(
            header.kind,
            Kind::Knock
                | Kind::List
                | Kind::Refused
                | Kind::Answer
                | Kind::Founding
                | Kind::Welcome
        );
        if !is_lobbys {
            // Somebody who has begun already; it says so again once this phone has.
            return Err(Ignored::Unclaimed);
        }
        if header.table != self.tag() || (header.view, header.sequence) != (0, 0) {
            return Err(Ignored::OtherTable);
        }
        match header.kind {
            Kind::Knock => self.on_knock(now, link, message),
            Kind::List => self.on_list(message),
            Kind::Refused => self.on_refused(link, message),
            Kind::Welcome => self.on_welcome(message),
            Kind::Answer => self.on_answer(now, message),
            _ => self.on_founding(founding_bytes(message)),
        }
    }

    fn on_knock(&mut self, now: Instant, link: LinkId, message: &[u8]) -> Result<Kind, Ignored> {
        let guest = |knock: &Knock| Some(knock.claim.guest);
        let knock = open::<Knock>(message, &self.context, guest)?
            .value()
            .clone();
        let Knock { claim, .. } = &knock;
        let (host, key) = (self.host, claim.guest);
        let is_host = |inviter: &_| *inviter == host;
        if let Err(reason) = claim.check(&self.service(), is_host) {
            self.turn_back(link, key, reason);
            return Err(match reason {
                NotAdmitted::OtherTable => Ignored::OtherTable,
                NotAdmitted::Inviter => Ignored::NotSeated,
                _ => Ignored::BadSignature,
            });
        }
        if let Some(founding) = &self.founding {
            let bytes = founding_message(&self.service(), founding.bytes());
            self.mesh.send(link, crate::mesh::Class::Control, bytes);
            return Ok(Kind::Knock);
        }
        if self.door.is_some() {
            return self.admit(now, knock, message.to_vec());
        }
        let claim = *claim;
        self.pass_on(claim, knock, message)
    }

    /// Keeps another guest's knock until the host has answered it, and passes it on.
    fn pass_on(&mut self, claim: Claim, knock: Knock, message: &[u8]) -> Result<Kind, Ignored> {
        let key = claim.guest.to_bytes();
        let listed = self.listed().iter().any(|listed| listed.key == claim.guest);
        if listed || self.refused.contains_key(&key) || self.knocks.contains_key(&key) {
            return Err(Ignored::Duplicate);
        }
        let token = claim.terms.token;
        let same = |(knock, _): &&(Knock, Vec<u8>)| knock.claim.terms.token == token;
        let copies = self.knocks.values().filter(same).count();
        if copies >= GUESTS_PER_INVITE_MAX || self.knocks.len() >= KNOCKS_MAX {
            return Err(Ignored::Full);
        }
        self.knocks.insert(key, (knock, message.to_vec()));
        self.flood(message.to_vec());
        Ok(Kind::Knock)
    }

    fn on_list(&mut self, message: &[u8]) -> Result<Kind, Ignored> {
        let host = self.host;
        let list = open::<List>(message, &self.context, |_| Some(host))?;
        if list.value().listed[0].key != host {
            return Err(Ignored::Conflict);
        }
        let version = self.list.as_ref().map_or(0, |known| known.value().version);
        if list.value().version <= version {
            return Err(Ignored::Stale);
        }
        self.flood(message.to_vec());
        self.take_list(list);
        Ok(Kind::List)
    }

    /// There is a newer list. What was answered to the one before counts no more.
    pub(super) fn take_list(&mut self, signed: Signed<List>) {
        let was_listed = self.is_listed();
        let list = signed.value().clone();
        self.answers.clear();
        self.knocks
            .retain(|_, (knock, _)| list.seat_of(&knock.claim.guest).is_none());
        self.list = Some(signed);
        self.tell(LobbyEvent::Listed {
            version: list.version,
            rules: Box::new(list.rules.clone()),
            listed: list.listed.clone(),
        });
        let own = self.identity.public_key();
        let Some(seat) = list.seat_of(&own) else {
            if was_listed {
                self.tell(LobbyEvent::Removed);
            }
            return;
        };
        if self.leaves {
            self.say(seat, false);
        } else if let Some(genesis) = list.genesis().filter(|_| own != self.host) {
            let genesis = Box::new(genesis);
            self.tell(LobbyEvent::Proposed { genesis });
        }
    }

    fn on_refused(&mut self, link: LinkId, message: &[u8]) -> Result<Kind, Ignored> {
        let (host, own) = (self.host, self.identity.public_key());
        // At a running table it is the neighbour that does not let this phone in.
        let from = self.links.key(link).unwrap_or(host);
        let by = |refused: &Refused| Some(if refused.guest == own { from } else { host });
        let refused = open::<Refused>(message, &self.context, by);
        let by_host = |_: &Refused| Some(host);
        let refused = refused.or_else(|_| open::<Refused>(message, &self.context, by_host));
        let refused = *refused?.value();
        let key = refused.guest.to_bytes();
        if self.refused.get(&key).is_some_and(|known| known == message) {
            return Err(Ignored::Duplicate);
        }
        self.note_refused(key, message.to_vec());
        self.knocks.remove(&key);
        if refused.guest == self.identity.public_key() {
            self.tell(LobbyEvent::NotAdmitted(refused.reason));
        } else {
            self.flood(message.to_vec());
        }
        Ok(Kind::Refused)
    }

    fn on_answer(&mut self, now: Instant, message: &[u8]) -> Result<Kind, Ignored> {
        let list = self.list.as_ref().ok_or(Ignored::Unclaimed)?;
        let key = |answer: &Answer| list.value().key(answer.seat).copied();
        let answer = open::<Answer>(message, &self.context, key)?;
        let Answer {
            list, seat, signs, ..
        } = *answer.value();
        if Some(list) != self.digest_of_list() {
            return Err(Ignored::Stale);
        }
        if self.answers.contains_key(&seat) {
            return Err(Ignored::Duplicate);
        }
        self.flood(message.to_vec());
        let listed = self.listed()[seat.index()].key;
        self.take_answer(answer);
        if !signs {
            self.on_declined(now, &listed);
        }
        Ok(Kind::Answer)
    }

    /// Somebody on the list, or this phone, has answered.
    pub(super) fn take_answer(&mut self, answer: Signed<Answer>) {
        let Answer { seat, signs, .. } = *answer.value();
        if let Some(listed) = self.listed().get(seat.index()).cloned() {
            self.tell(LobbyEvent::Answered { listed, signs });
        }
        self.answers.insert(seat, answer);
        self.try_to_found();
    }

    /// A running table wants this phone. Who sits there by now is for the log to say; that everybody signed its genesis is
    /// checked.
    fn on_welcome(&mut self, message: &[u8]) -> Result<Kind, Ignored> {
        let (seat, founding) = founding_bytes(message)
            .split_first()
            .ok_or(DecodeError::Truncated)?;
        let founding = Founding::read(&self.service(), founding)?;
        let seat = Seat(*seat);
        if self.welcome.is_some() || self.door.is_some() || seat.index() >= SEATS_MAX {
            return Err(Ignored::Duplicate);
        }
        if founding.genesis().roster.key(seat).is_some() {
            return Err(Ignored::Conflict);
        }
        self.welcome = Some(seat);
        self.founding = Some(founding.clone());
        let founding = Box::new(founding);
        self.tell(LobbyEvent::Welcomed { seat, founding });
        Ok(Kind::Welcome)
    }

    fn on_founding(&mut self, bytes: &[u8]) -> Result<Kind, Ignored> {
        if self.founding.is_some() {
            return Err(Ignored::Duplicate);
        }
        self.take_founding(bytes)?;
        Ok(Kind::Founding)
    }

    /// There is a table. It is the first one that this phone hears of: with a second one the host would have lied.
    pub(super) fn take_founding(&mut self, bytes: &[u8]) -> Result<(), Ignored> {
        let founding = Founding::read(&self.service(), bytes)?;
        let roster = &founding.genesis().roster;
        if roster.key(Seat(0)) != Some(&self.host) {
            return Err(Ignored::NotSeated);
        }
        let seated = roster.seat_of(&self.identity.public_key()).is_some();
        self.flood(founding_message(&self.service(), bytes));
        if seated {
            self.tell(LobbyEvent::Founded(Box::new(founding.clone())));
        } else {
            self.tell(LobbyEvent::BeganWithout);
            // It came too late for the list; those at the table may want it still.
            if let Some(knock) = self.own_knock.clone().filter(|_| !self.leaves) {
                self.flood(knock);
            }
        }
        self.founding = Some(founding);
        Ok(())
    }
}
