//! Who gets what from this phone: its own messages go to every neighbour, those of others where this phone is on the
//! way, and the rest is held in case it is lacking.
//!
//! For each origin and each neighbour two phones are designated by everybody's knowledge of the graph. Everyone else
//! holds the message for about two decisions, and then sends it only if the neighbour has not told that it has it. So a
//! relay that drops, delays or corrupts costs time and nothing else; a neighbour that had to be helped out a few times gets
//! everything at once for a while. Once a slot is decided, what is left of its votes is its certificate.

mod help;
mod known;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use known::{Known, Name, Place, slot_of};

use super::Node;
use crate::consensus::{Batch, Ignored, Peer};
use crate::crypto::{Seat, SeatSet};
use crate::mesh::{Class, Graph, HAVE_OTHERS_MAX, HAVE_SLOTS_MAX, Have, LinkId, Short};
use crate::time::{Instant, earliest, millis};
use crate::wire::{Decode, Encode, Kind};

/// What is not on our way is held for about two decisions, and for so long at least and at most.
const HOLD_MIN: Duration = Duration::from_millis(400);
const HOLD_MAX: Duration = Duration::from_secs(2);
/// After a decision everybody is told so soon.
const TELL_DECIDED: Duration = Duration::from_millis(30);
/// Most messages held for one neighbour; more are sent at once.
const HELD_MAX: usize = 512;
/// Most messages other than votes that are remembered to be told of.
const ACCEPTED_MAX: usize = 128;
/// A neighbour that lacked so much more than it had in time is not well served by the designated phones.
const LACKING_MAX: u32 = 16;
/// A phone that voted for none of so many slots in time is not counted on to pass anything on.
const MUTE_SLOTS: u64 = 4;
/// For so long it gets everything at once.
const SUSPICION: Duration = Duration::from_secs(10);
/// Whoever is behind asks another neighbour this often.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A message that a neighbour will get unless it gets it elsewhere.
#[derive(Debug)]
struct Held {
    at: Instant,
    class: Class,
    name: Name,
    bytes: Arc<[u8]>,
}

/// One neighbour and what it is still to get.
#[derive(Debug)]
struct Ward {
    known: Known,
    held: Vec<Held>,
    /// Nothing held is due before this.
    next_due: Option<Instant>,
    /// What it got from here, as far as that counts for what it lacks.
    given: Known,
    /// When it gets the certificate of the last slot decided here, unless it has delivered that by then.
    certificate_at: Option<Instant>,
    /// The last slot whose prepares it was helped out with.
    helped: u64,
    /// The last roll whose shares it was helped out with.
    helped_roll: u64,
    /// What it was told last, and how many of the accepted messages.
    told: Have,
    told_others: u64,
    /// Something has changed since, and when it is told.
    tell_by: Option<Instant>,
    /// How often it lacked something when the time was up, less how often not.
    lacking: u32,
    flood_until: Instant,
}

/// A message other than a vote that was checked here.
#[derive(Clone, Copy, Debug)]
struct Accepted {
    short: Short,
    /// Neighbours that know that it is here: they brought it, or get it from here.
    know: SeatSet,
}

/// What this phone knows of the graph and of its neighbours.
#[derive(Default, Debug)]
pub(super) struct Relay {
    graph: Graph,
    wards: BTreeMap<LinkId, Ward>,
    accepted: VecDeque<Accepted>,
    /// How many were accepted ever.
    accepted_count: u64,
    /// Open slots with q prepares here, and since when.
    prepared: BTreeMap<u64, Instant>,
    /// The last slot delivered here when each phone's last vote in time came, as far as neighbours brought it.
    voted: BTreeMap<Seat, u64>,
    /// The last roll that was settled here, and when.
    thrown: Option<(u64, Instant)>,
    /// When a neighbour that is further is asked for what is lacking here, while one is.
    ask_at: Option<Instant>,
}

impl Relay {
    /// A link to a seat is served.
    pub(super) fn link_up(&mut self, link: LinkId, seat: Seat) {
        let ward = Ward {
            known: Known::new(seat),
            given: Known::new(seat),
            held: Vec::new(),
            next_due: None,
            certificate_at: None,
            helped: 0,
            helped_roll: 0,
            told: Have::default(),
            told_others: self.accepted_count,
            tell_by: None,
            lacking: 0,
            flood_until: Instant(0),
        };
        self.wards.insert(link, ward);
    }

    pub(super) fn link_down(&mut self, link: LinkId) {
        self.wards.remove(&link);
    }

    /// The votes of the last view are void, and so is whatever help there was with them.
    pub(super) fn enter_view(&mut self) {
        self.prepared.clear();
        self.wards.values_mut().for_each(|ward| ward.helped = 0);
    }

    /// Whom this phone or a neighbour has links to.
    pub(super) fn set_links(&mut self, seat: Seat, links: SeatSet) {
        self.graph.set(seat, links);
    }

    /// A vote came, whatever becomes of it. Whoever makes up another's votes only makes this phone wait for it.
    fn note_vote(&mut self, name: Name, delivered: u64) {
        let Name::Vote {
            sequence, signer, ..
        } = name
        else {
            return;
        };
        // What comes later was too late to be of use to anybody.
        if sequence >= delivered
            && let Some(voted) = self.voted.get_mut(&signer)
        {
            *voted = delivered;
            self.graph.unmute(signer);
        }
    }

    /// A slot was delivered: who has voted for none of the last few?
    fn note_mute(&mut self, own: Seat, members: SeatSet, delivered: u64) {
        self.voted.retain(|seat, _| members.contains(*seat));
        let mut mute = SeatSet::default();
        for seat in members.iter().filter(|seat| *seat != own) {
            let voted = *self.voted.entry(seat).or_insert(delivered);
            if delivered.saturating_sub(voted) >= MUTE_SLOTS {
                mute.insert(seat);
            }
        }
        self.graph.set_mute(mute);
    }

    /// Nothing more is known of a phone's links.
    pub(super) fn forget_links(&mut self, seat: Seat) {
        self.graph.forget(seat);
    }

    /// This phone and everybody that a way leads to, as far as links are known here.
    pub(super) fn within_reach(&self, own: Seat) -> SeatSet {
        self.graph.within_reach(own)
    }

    /// A message was checked here, and neighbours other than those that `know` may be about to send it.
    fn accept(&mut self, now: Instant, hold: Duration, name: Name, know: SeatSet) {
        if let Name::Request { short, .. } | Name::Other(short) = name {
            if self.accepted.len() >= ACCEPTED_MAX {
                self.accepted.pop_front();
            }
            self.accepted.push_back(Accepted { short, know });
            self.accepted_count += 1;
        }
        self.change(now.after(hold / 2));
    }

    /// The messages that a neighbour is to be told of since it was told of so many.
    fn untold(&self, to: Seat, told: u64) -> Vec<Short> {
        let new = usize::try_from(self.accepted_count - told).unwrap_or(usize::MAX);
        let skip = self.accepted.len().saturating_sub(new);
        let new = self.accepted.iter().skip(skip);
        let untold = new.filter(|accepted| !accepted.know.contains(to));
        untold.map(|accepted| accepted.short).collect()
    }

    /// What this phone has is not what it told; it tells at this time at the latest.
    fn change(&mut self, tell_by: Instant) {
        for ward in self.wards.values_mut() {
            ward.tell_by = Some(ward.tell_by.map_or(tell_by, |by| by.min(tell_by)));
        }
    }

    /// How long a neighbour is left alone with what it lacks of a slot: whoever is to help it out first waits for half a
    /// decision, the others for two.
    fn patience(&self, own: Seat, to: Seat, sequence: u64, hold: Duration) -> Duration {
        if self.graph.helpers(to, sequence).contains(own) {
            hold / 4
        } else {
            hold
        }
    }
}

impl Ward {
    /// Whether a message of an origin is ours to pass on to this neighbour: this phone is on a designated way, no way is
    /// known, or the ways have failed of late.
    fn is_ours(&self, graph: &Graph, now: Instant, own: Seat, origin: Seat) -> bool {
        let to = self.known.seat;
        if self.flood_until > now || !graph.knows(to) || !graph.knows(own) {
            return true;
        }
        let parents = graph.parents(origin, to);
        parents.is_none_or(|parents| parents.contains(own))
    }

    /// Drops what the neighbour has by now, of what `may` have become known; each piece speaks for those who bring it
    /// messages.
    fn release(&mut self, may: impl Fn(Name) -> bool) {
        let before = self.held.len();
        let known = &self.known;
        self.held
            .retain(|held| !(may(held.name) && known.has(held.name)));
        if self.held.len() < before {
            self.lacking = self.lacking.saturating_sub(1);
        }
    }

    /// It had to be helped out.
    fn was_lacking(&mut self, now: Instant) {
        self.lacking += 1;
        if self.lacking >= LACKING_MAX {
            self.lacking = 0;
            self.flood_until = now.after(SUSPICION);
        }
    }
}

impl Node {
    const fn place(&self) -> Place {
        Place {
            view: self.replica.view(),
            delivered: self.replica.delivered().0,
            roll: self.table.dice().roll(),
        }
    }

    /// Two decisions, as far as is known here.
    fn hold_time(&self) -> Duration {
        (self.replica.decision_time() * 2).clamp(HOLD_MIN, HOLD_MAX)
    }

    /// Sends an own message to every neighbour, and one of another origin where it is lacking and ours to send.
    pub(super) fn flood(
        &mut self,
        now: Instant,
        class: Class,
        bytes: Vec<u8>,
        own: bool,
        origin: Option<Seat>,
    ) {
        let (place, me) = (self.place(), self.seat());
        let name = Name::of(&bytes, place);
        let slot = slot_of(&bytes, place);
        if own {
            let mut links = Vec::new();
            for (link, ward) in &mut self.relay.wards {
                if !ward.known.is_behind(slot) {
                    ward.given.sent(name, place);
                    links.push(*link);
                }
            }
            self.count_origin(&bytes);
            self.mesh.flood(links.into_iter(), class, true, bytes);
            return;
        }
        let hold = self.hold_time();
        let bytes: Arc<[u8]> = bytes.into();
        let (mut at_once, mut know) = (Vec::new(), SeatSet::default());
        // Of votes and shares, what a neighbour brought is known by their names.
        let brought = if name.is_remembered_briefly() {
            self.mesh.brought(&bytes)
        } else {
            Vec::new()
        };
        let Relay { graph, wards, .. } = &mut *self.relay;
        for (link, ward) in wards {
            let brought = brought.contains(link);
            if brought {
                know.insert(ward.known.seat);
            }
            let known = &ward.known;
            if origin == Some(known.seat) || brought || known.has(name) || known.is_behind(slot) {
                continue;
            }
            let ours = origin.is_none_or(|origin| ward.is_ours(graph, now, me, origin));
            if ours || ward.held.len() >= HELD_MAX {
                ward.given.sent(name, place);
                know.insert(ward.known.seat);
                at_once.push(*link);
                continue;
            }
            let at = now.after(hold);
            ward.next_due = earliest(ward.next_due, Some(at));
            ward.held.push(Held {
                at,
                class,
                name,
                bytes: Arc::clone(&bytes),
            });
        }
        self.relay.accept(now, hold, name, know);
        self.mesh.flood(at_once.into_iter(), class, false, bytes);
    }

    /// A neighbour sent this; whatever it is, it has it.
    pub(super) fn note_heard(&mut self, link: LinkId, message: &[u8]) {
        let place = self.place();
        if let Some(ward) = self.relay.wards.get_mut(&link)
            && is_passed_on(message)
        {
            let name = Name::of(message, place);
            ward.known.sent(name, place);
            ward.release(|held| name.may_tell_of(held));
            self.relay.note_vote(name, place.delivered);
        }
    }

    /// A message that came a second time, or too late to be wanted, needs no other answer than that it is here.
    pub(super) fn note_ignored(&mut self, now: Instant, link: LinkId, reason: Ignored) {
        let by = now.after(self.hold_time() / 2);
        if matches!(reason, Ignored::Late | Ignored::Duplicate | Ignored::Stale)
            && let Some(ward) = self.relay.wards.get_mut(&link)
        {
            ward.tell_by.get_or_insert(by);
        }
    }

    /// A neighbour told what it has: that is called off.
    pub(super) fn on_have(&mut self, link: LinkId, message: &[u8]) -> Result<(), Ignored> {
        let have = Have::from_bytes(message)?;
        if have.table != self.table_tag() {
            return Err(Ignored::OtherTable);
        }
        let place = self.place();
        let Some(ward) = self.relay.wards.get_mut(&link) else {
            return Err(Ignored::Stale);
        };
        ward.known.told(&have, place);
        ward.release(|_| true);
        if ward.known.delivered >= place.delivered {
            ward.certificate_at = None;
        }
        let known = &ward.known;
        self.mesh.call_off(link, |bytes| {
            is_passed_on(bytes) && known.has(Name::of(bytes, place))
        });
        Ok(())
    }

    /// A slot is delivered: its votes are over, its certificate is left for whoever does not get there by itself.
    pub(super) fn note_delivered(&mut self, now: Instant, sequence: u64, batch: &Batch) {
        let (hold, me) = (self.hold_time(), self.seat());
        let place = Place {
            delivered: sequence,
            ..self.place()
        };
        let members = self.replica.epoch().roster.seats().collect();
        self.relay.note_mute(me, members, sequence);
        self.relay.change(now.after(TELL_DECIDED));
        self.relay.prepared.retain(|open, _| *open > sequence);
        let links: Vec<LinkId> = self.relay.wards.keys().copied().collect();
        for link in links {
            let relay = &mut self.relay;
            let Some(to) = relay.wards.get(&link).map(|ward| ward.known.seat) else {
                continue;
            };
            let at = now.after(relay.patience(me, to, sequence, hold));
            let Some(ward) = relay.wards.get_mut(&link) else {
                continue;
            };
            ward.held.retain(|held| match held.name {
                Name::Vote { sequence: of, .. } => of > sequence,
                Name::Request { player, number, .. } => !batch
                    .iter()
                    .any(|request| request.player().0 == player && request.number() == number),
                Name::Share { .. } | Name::Other(_) => true,
            });
            if ward.known.delivered < sequence {
                ward.certificate_at.get_or_insert(at);
            }
        }
        // Prepares are of no use to anybody who gets the commits that decided it.
        self.mesh.drop_stale(|bytes| {
            let name = Name::of(bytes, place);
            matches!(name, Name::Vote { sequence: of, commit: false, .. } if of <= sequence)
        });
    }

    /// Takes note of slots whose prepares are complete here.
    fn note_prepared(&mut self, now: Instant) {
        for sequence in self.replica.prepared_slots() {
            self.relay.prepared.entry(sequence).or_insert(now);
        }
    }

    /// Sends what was held for long enough and is still lacking, and tells what is here when it is time.
    pub(super) fn tend_relay(&mut self, now: Instant) {
        if !self.relay.wards.is_empty() {
            self.note_prepared(now);
        }
        self.ask_who_is_further(now);
        self.relay_at = self.relay_due();
        if self.relay_at.is_some_and(|at| at <= now) {
            self.tend_wards(now);
            self.relay_at = self.relay_due();
        }
        self.relay.settle();
    }

    fn tend_wards(&mut self, now: Instant) {
        let links: Vec<LinkId> = self.relay.wards.keys().copied().collect();
        for link in links {
            self.send_held(now, link);
            self.help_out(now, link);
            let due = |ward: &Ward| ward.tell_by.is_some_and(|at| at <= now);
            if self.relay.wards.get(&link).is_some_and(due) {
                self.tell_have(link);
            }
        }
    }

    /// Those who said that they have delivered more than this phone.
    fn further(&self) -> impl Iterator<Item = LinkId> {
        let own = self.replica.delivered().0;
        let wards = self.relay.wards.iter();
        wards
            .filter(move |(_, ward)| ward.known.delivered > own)
            .map(|(link, _)| *link)
    }

    /// Whoever is behind hears little of what the others do, and must ask for it: one after the other, until it is not.
    fn ask_who_is_further(&mut self, now: Instant) {
        let further: Vec<LinkId> = self.further().collect();
        if further.is_empty() {
            self.relay.ask_at = None;
            return;
        }
        // Most of the time others are further for a moment only.
        let at = *self
            .relay
            .ask_at
            .get_or_insert_with(|| now.after(ASK_EVERY));
        if at > now {
            return;
        }
        self.relay.ask_at = Some(now.after(ASK_EVERY));
        let turn = usize::try_from(now.0 / millis(ASK_EVERY)).unwrap_or_default();
        if let Some(link) = further.get(turn % further.len()) {
            self.replica.ask(now, Peer(link.0));
        }
    }

    /// When this phone must look at what time alone brings to its neighbours.
    pub(super) fn relay_wake(&self) -> Option<Instant> {
        if self.relay.is_touched() {
            self.relay_due()
        } else {
            self.relay_at
        }
    }

    fn relay_due(&self) -> Option<Instant> {
        let wards = self.relay.wards.values();
        wards.fold(self.relay.ask_at, |wake, ward| {
            let wake = earliest(wake, earliest(ward.next_due, ward.tell_by));
            earliest(wake, self.help_at(ward))
        })
    }

    fn send_held(&mut self, now: Instant, link: LinkId) {
        let Some(ward) = self.relay.wards.get_mut(&link) else {
            return;
        };
        if ward.next_due.is_none_or(|at| at > now) {
            return;
        }
        let (due, kept) = std::mem::take(&mut ward.held)
            .into_iter()
            .partition::<Vec<Held>, _>(|held| held.at <= now);
        ward.held = kept;
        ward.next_due = ward.held.iter().map(|held| held.at).min();
        if due.is_empty() {
            return;
        }
        ward.was_lacking(now);
        for held in due {
            self.mesh
                .flood(std::iter::once(link), held.class, false, held.bytes);
        }
    }

    fn tell_have(&mut self, link: LinkId) {
        let [view, ..] = self.replica.view().to_le_bytes();
        let [low, high, ..] = self.replica.delivered().0.saturating_add(1).to_le_bytes();
        let (roll, shares) = self.coin_held();
        let mut slots = self.replica.votes_held();
        slots.truncate(HAVE_SLOTS_MAX);
        let (table, count) = (self.table_tag(), self.relay.accepted_count);
        let Some(ward) = self.relay.wards.get(&link) else {
            return;
        };
        let untold = self.relay.untold(ward.known.seat, ward.told_others);
        let Some(ward) = self.relay.wards.get_mut(&link) else {
            return;
        };
        let mut have = Have {
            table,
            view,
            next: u16::from_le_bytes([low, high]),
            slots,
            roll,
            shares,
            others: Vec::new(),
        };
        ward.tell_by = None;
        ward.told_others = count;
        if untold.is_empty() && have == ward.told {
            return;
        }
        ward.told = have.clone();
        // One list carries so many; of the others there are further ones.
        let lists = untold.chunks(HAVE_OTHERS_MAX).map(<[Short]>::to_vec);
        for others in lists.chain(untold.is_empty().then(Vec::new)) {
            have.others = others;
            self.mesh.send(link, Class::Control, have.to_bytes());
        }
    }

    fn count_origin(&mut self, bytes: &[u8]) {
        if let Some(kind) = bytes.first().and_then(|byte| Kind::from_u8(*byte)) {
            let (count, total) = self.stats.origin.entry(kind).or_default();
            *count += 1;
            *total += bytes.len() as u64;
        }
    }
}

/// Whether this is something that phones pass on for each other, and not said by one neighbour to another.
fn is_passed_on(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|kind| *kind <= Kind::Share as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_told_once_of_what_it_neither_brought_nor_gets_from_here() {
        let mut relay = Relay::default();
        let know = |seat: u8| std::iter::once(Seat(seat)).collect();
        for number in 0..40_u8 {
            let name = Name::Other([number; 4]);
            relay.accept(Instant(0), HOLD_MIN, name, know(number % 2));
        }
        let of_odd: Vec<Short> = (0..40).step_by(2).map(|number| [number; 4]).collect();
        assert_eq!(relay.untold(Seat(1), 0), of_odd);
        assert_eq!(
            relay.untold(Seat(2), 0).len(),
            40,
            "more than one list carries"
        );
        assert_eq!(relay.untold(Seat(2), 39), [[39; 4]]);
        assert!(relay.untold(Seat(2), 40).is_empty());
    }
}
