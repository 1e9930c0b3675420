//! What happens on this phone's links: up, hailed, secured, heard, down.

use std::time::Duration;

use super::lobby::founding_message;
use super::neighbours::{Patience, Quiet, Verdict};
use super::{Event, LinkDownReason, Node, Output, RadioState};
use crate::consensus::{Ignored, Peer};
use crate::crypto::{PublicKey, Seat};
use crate::mesh::{ChunkError, Class, Incoming, LinkId, Links, Refusal, Role, ServiceId};
use crate::time::{Instant, earliest};
use crate::wire::{Decode, Encode, Header, Kind};

/// A neighbour's question where we are is not answered while more than this is queued for it.
pub(super) const ANSWER_BACKLOG_MAX: usize = 2 * 1024;

/// A link is asked whether anybody is there once it has been quiet for so long: while something has been waiting to be
/// decided, and otherwise. What waits begins with a link that was quiet until then, and questions over all of them at that
/// moment would only be in its way.
pub(super) const QUIET_BUSY: Duration = Duration::from_secs(1);
pub(super) const QUIET_IDLE: Duration = Duration::from_secs(5);
/// In the place of the view of a ping's header: the question, and the answer.
const PING: u8 = 0;
const PONG: u8 = 1;

/// What came of looking after the links the last time: nothing is to be done about them before `until`, unless they are
/// touched or the patience with them changes.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Tended {
    patience: Patience,
    until: Option<Instant>,
    /// When time brings something else than a quiet link.
    wake: Option<Instant>,
}

impl Node {
    /// The UUID of the service to advertise and to scan for: [`Output::Advertise`] and [`Output::Scan`] mean this one.
    #[must_use]
    pub const fn service(&self) -> ServiceId {
        self.mesh.service()
    }

    pub(super) fn on_radio_state(&mut self, now: Instant, state: RadioState) {
        let on = state == RadioState::On;
        self.outputs.push_back(Output::Advertise(on));
        self.outputs.push_back(Output::Scan(on));
        let guests = if on { Vec::new() } else { self.guests.clear() };
        for link in self.neighbours.set_on(on).into_iter().chain(guests) {
            self.drop_link(now, link);
        }
    }

    pub(super) fn on_link_up(&mut self, now: Instant, link: LinkId, role: Role, mtu: u16) {
        if self.mesh.link_up(link, role, mtu) {
            self.neighbours.on_link_up(now, link, role);
        } else {
            self.outputs.push_back(Output::Disconnect { link });
        }
    }

    /// A link that was secured before there was a table.
    pub(super) fn adopt_link(
        &mut self,
        now: Instant,
        link: LinkId,
        role: Role,
        key: Option<PublicKey>,
    ) {
        self.neighbours.adopt(now, link, role);
        match key {
            Some(key) => self.on_secured(now, link, &key),
            None => self.outputs.push_back(Output::Disconnect { link }),
        }
    }

    pub(super) fn on_link_down(&mut self, now: Instant, link: LinkId, reason: LinkDownReason) {
        if reason == LinkDownReason::ConnectFailed {
            self.neighbours.on_dial_failed(now);
        }
        self.drop_link(now, link);
    }

    fn drop_link(&mut self, now: Instant, link: LinkId) {
        self.mesh.link_down(link);
        self.replica.link_down(Peer(link.0));
        self.past.link_down(link);
        self.coin.link_down(link);
        self.relay.link_down(link);
        self.guests.link_down(link);
        if let Some(seat) = self.neighbours.on_link_down(now, link) {
            self.outputs
                .push_back(Output::Event(Event::NeighbourDown { link, seat }));
            if !self.neighbours.seats().contains(seat) {
                self.relay.forget_links(seat);
            }
            self.announce_links();
        }
    }

    /// Closes a link that will carry nothing. Whatever else comes over it until it is down, it is closed once.
    fn refuse(&mut self, link: LinkId, refusal: Refusal) {
        if self.neighbours.give_up(link) {
            *self.stats.refused.entry(refusal).or_default() += 1;
            self.outputs.push_back(Output::Disconnect { link });
        }
    }

    /// A chunk came; gives whether anything may follow from it.
    pub(super) fn on_received(&mut self, now: Instant, link: LinkId, chunk: &[u8]) -> bool {
        match self.mesh.receive(link, chunk) {
            Ok(Incoming::Partial) => {
                // On a slow link a message takes longer than a link may be quiet.
                self.neighbours.unnoted().on_heard(now, link);
                return false;
            }
            Ok(Incoming::Hail) => self.neighbours.on_hail(link),
            Ok(Incoming::Secured(key)) => self.on_secured(now, link, &key),
            Ok(Incoming::Messages(_, messages)) => {
                for message in messages {
                    self.on_message(now, link, &message);
                }
            }
            Ok(Incoming::Refused(refusal)) => self.refuse(link, refusal),
            Err(error) => {
                *self.stats.bad_chunks.entry(error).or_default() += 1;
                // What is for somebody else, or came too late, is nobody's fault.
                if !matches!(
                    error,
                    ChunkError::UnknownLink | ChunkError::OtherLink | ChunkError::Refused
                ) {
                    self.on_offence(now, link);
                }
            }
        }
        true
    }

    /// Something was of no use: if it makes no sense at all, that is up to the neighbour that brought it, since whoever
    /// passes something on has looked at it first.
    pub(super) fn weigh(&mut self, now: Instant, link: LinkId, reason: Ignored) {
        if let Ignored::Malformed(_) | Ignored::BadSignature = reason {
            self.on_offence(now, link);
        }
    }

    fn on_offence(&mut self, now: Instant, link: LinkId) {
        if self.neighbours.on_offence(now, link) {
            self.refuse(link, Refusal::Offended);
        }
    }

    fn on_message(&mut self, now: Instant, link: LinkId, message: &[u8]) {
        if self.neighbours.seat(link).is_none() {
            if self.guests.has(link) {
                self.on_guest_message(now, link, message);
            }
            // Otherwise it has a key of ours or none; its link is being closed.
            return;
        }
        self.neighbours.unnoted().on_heard(now, link);
        self.tap.heard(link, message);
        if let Some(kind) = message.first().copied().and_then(Kind::from_u8) {
            *self.stats.heard.entry(kind).or_default() += 1;
        }
        if message.first() == Some(&(Kind::Ping as u8)) {
            self.on_ping(link, message);
        } else if message.first() == Some(&(Kind::Links as u8)) {
            self.on_links(link, message);
        } else if message.first() == Some(&(Kind::LinkState as u8)) {
            self.on_link_state(now, link, message);
        } else if let Some(kind @ (Kind::Share | Kind::ShareWant)) =
            message.first().and_then(|byte| Kind::from_u8(*byte))
        {
            self.note_heard(link, message);
            self.on_dice_message(now, link, kind, message);
        } else if message.first() == Some(&(Kind::Have as u8)) {
            let result = self.on_have(link, message).map(|()| Kind::Have);
            self.count(result);
        } else if let Some(done) = self.on_lobby_message(now, link, message) {
            self.count(done);
        } else if message.first() == Some(&(Kind::Status as u8))
            && self.mesh.backlog(link) > ANSWER_BACKLOG_MAX
        {
            // The last answer is still on its way; another would only delay it.
            self.count(Err(Ignored::TooOften));
        } else {
            self.note_heard(link, message);
            let done = self
                .on_history(now, link, message)
                .unwrap_or_else(|| self.replica.handle_message(now, Peer(link.0), message));
            if let Err(reason) = done {
                self.note_ignored(now, link, reason);
            }
            if let Err(reason) = done {
                self.weigh(now, link, reason);
            }
            self.count(done);
        }
    }

    /// A neighbour passes on who knocks, or still thinks that it is in the lobby: then it is told what came of it.
    fn on_lobby_message(
        &mut self,
        now: Instant,
        link: LinkId,
        message: &[u8],
    ) -> Option<Result<Kind, Ignored>> {
        let kind = message.first().and_then(|byte| Kind::from_u8(*byte))?;
        match kind {
            Kind::Knock => Some(self.on_knock(now, link, message)),
            Kind::Carried => Some(self.on_carried(now, message)),
            Kind::List => {
                let founding = self.founding.as_ref()?;
                let answer = founding_message(&self.service(), founding);
                self.mesh.send(link, Class::Control, answer);
                Some(Ok(kind))
            }
            Kind::Founding => Some(self.on_begun(link)),
            Kind::Refused | Kind::Answer | Kind::Welcome => Some(Err(Ignored::Stale)),
            _ => None,
        }
    }

    /// Whose seat a key is: a member's of this epoch, or that of somebody who left and may still listen.
    fn seat_of(&self, key: &PublicKey) -> Option<Seat> {
        let now = &self.replica.epoch().roster;
        now.seat_of(key).or_else(|| self.table.seat_of(key))
    }

    /// The other end of a link has proven its key.
    fn on_secured(&mut self, now: Instant, link: LinkId, key: &PublicKey) {
        let Some(seat) = self.seat_of(key) else {
            if !self.take_guest(now, link, *key) {
                self.refuse(link, Refusal::NotSeated);
            }
            return;
        };
        match self.neighbours.on_secured(now, link, seat) {
            Verdict::Banned => {
                self.refuse(link, Refusal::Offended);
                return;
            }
            Verdict::Serve => {
                for redundant in self.neighbours.redundant_to(link, seat) {
                    self.outputs
                        .push_back(Output::Disconnect { link: redundant });
                }
            }
            Verdict::Redundant => {
                if self.neighbours.role(link) == Some(Role::Central) {
                    self.outputs.push_back(Output::Disconnect { link });
                }
            }
        }
        self.outputs
            .push_back(Output::Event(Event::NeighbourUp { link, seat }));
        self.relay.link_up(link, seat);
        self.replica.link_up(Peer(link.0));
        self.repeat_as_newcomer(link);
        self.introduce_others(link);
        self.announce_links();
    }

    /// Tells every neighbour at once whom this phone has links to, since it decides by that what to pass on; everybody
    /// else hears of it later, signed.
    pub(super) fn announce_links(&mut self) {
        let (table, seats) = (self.table_tag(), self.neighbours.seats());
        self.relay.set_links(self.replica.seat(), seats);
        self.reach.links_changed();
        let bytes = Links { table, seats }.to_bytes();
        let links: Vec<LinkId> = self.neighbours.secured().collect();
        for link in links {
            self.mesh.send(link, Class::Control, bytes.clone());
        }
    }

    fn on_links(&mut self, link: LinkId, message: &[u8]) {
        let result = match Links::from_bytes(message) {
            Ok(links) if links.table != self.table_tag() => Err(Ignored::OtherTable),
            Ok(links) => {
                if let Some(seat) = self.neighbours.seat(link) {
                    self.relay.set_links(seat, links.seats);
                    self.neighbours.on_links(seat, links.seats);
                }
                Ok(Kind::Links)
            }
            Err(error) => Err(error.into()),
        };
        self.count(result);
    }

    fn ping(&mut self, link: LinkId, what: u8) {
        let ping = Header {
            kind: Kind::Ping,
            table: self.table_tag(),
            view: what,
            sequence: 0,
        };
        self.mesh.send(link, Class::Control, ping.to_bytes());
    }

    /// That it came is what counts; a question is answered.
    fn on_ping(&mut self, link: LinkId, message: &[u8]) {
        let result = match Header::from_bytes(message) {
            Ok(header) if header.table != self.table_tag() => Err(Ignored::OtherTable),
            Ok(header) => {
                if header.view == PING {
                    self.ping(link, PONG);
                }
                Ok(Kind::Ping)
            }
            Err(error) => Err(error.into()),
        };
        self.count(result);
    }

    pub(super) fn links_wake(&self, now: Instant) -> Option<Instant> {
        let wake = if self.neighbours.is_touched() {
            self.neighbours.next_wake(now)
        } else {
            self.tended.wake
        };
        earliest(wake, self.neighbours.quiet_wake(self.patience))
    }

    /// How long links may be quiet from now on.
    fn mind_patience(&mut self, now: Instant) {
        let busy = self.patience.busy_since.unwrap_or(now);
        self.patience.busy_since = self.replica.is_waiting().then_some(busy);
    }

    pub(super) const fn table_tag(&self) -> u16 {
        u16::from_le_bytes([self.table_id.0[0], self.table_id.0[1]])
    }

    /// What time alone brings: strangers whose turn it is, strangers whose time is over, links that are quiet or not
    /// needed, phones to dial.
    pub(super) fn tend_links(&mut self, now: Instant) {
        self.mind_patience(now);
        let is_due = self.tended.until.is_some_and(|at| at <= now);
        if !is_due && !self.neighbours.is_touched() && self.tended.patience == self.patience {
            return;
        }
        self.tend_touched_links(now);
        let (wake, patience) = (self.neighbours.next_wake(now), self.patience);
        let until = earliest(wake, self.neighbours.quiet_wake(patience));
        self.tended = Tended {
            patience,
            until,
            wake,
        };
        self.neighbours.settle();
    }

    fn tend_touched_links(&mut self, now: Instant) {
        while let Some(link) = self.neighbours.poll_late(now) {
            self.refuse(link, Refusal::TooLate);
        }
        while let Some(link) = self.neighbours.poll_hail(now) {
            if let Err(refusal) = self.mesh.answer(link) {
                self.refuse(link, refusal);
            }
        }
        while let Some(quiet) = self.neighbours.poll_quiet(now, self.patience) {
            match quiet {
                Quiet::Ask(link) => self.ping(link, PING),
                Quiet::Dead(link) => self.outputs.push_back(Output::Disconnect { link }),
            }
        }
        while let Some(link) = self.neighbours.poll_surplus(now) {
            self.outputs.push_back(Output::Disconnect { link });
        }
        if self.neighbours.poll_rescan(now) {
            for output in [
                Output::Scan(false),
                Output::Scan(true),
                Output::Advertise(true),
            ] {
                self.outputs.push_back(output);
            }
        }
        while let Some(handle) = self.neighbours.poll_dial(now) {
            self.outputs.push_back(Output::Connect { handle });
        }
    }
}
