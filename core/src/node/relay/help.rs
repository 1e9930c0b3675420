//! Helping out a neighbour that the designated ways have not served: prepares of a slot that is prepared here, the
//! certificate of one that is decided here, shares of a roll that is settled here.

use super::{Node, Ward};
use crate::crypto::SeatSet;
use crate::mesh::{Class, LinkId};
use crate::time::{Instant, earliest};

impl Node {
    /// A roll is settled here: whoever lacks shares of it can have them.
    pub(in crate::node) fn note_thrown(&mut self, now: Instant, roll: u64) {
        self.relay.thrown = Some((roll, now));
        self.relay.change(now.after(super::TELL_DECIDED));
    }

    /// When a neighbour is to be helped out next, unless it gets there without.
    pub(super) fn help_at(&self, ward: &Ward) -> Option<Instant> {
        let prepares = self.help_due(ward).map(|(at, _)| at);
        let shares = self.shares_due(ward).map(|(at, _)| at);
        earliest(earliest(prepares, shares), ward.certificate_at)
    }

    /// Sends a neighbour what it still lacks although it has had its time.
    pub(super) fn help_out(&mut self, now: Instant, link: LinkId) {
        self.send_certificate(now, link);
        let is_due = |due: &(Instant, u64)| due.0 <= now;
        let ward = self.relay.wards.get(&link);
        let prepares = ward.and_then(|ward| self.help_due(ward)).filter(is_due);
        if let Some((_, sequence)) = prepares {
            self.help(now, link, sequence);
        }
        let ward = self.relay.wards.get(&link);
        let shares = ward.and_then(|ward| self.shares_due(ward)).filter(is_due);
        if let Some((_, roll)) = shares {
            self.help_with_shares(now, link, roll);
        }
    }

    /// When a neighbour gets the shares that it lacks of the last roll settled here, unless it has settled it by then.
    fn shares_due(&self, ward: &Ward) -> Option<(Instant, u64)> {
        let (roll, since) = self.relay.thrown?;
        if ward.known.roll > roll || ward.helped_roll >= roll {
            return None;
        }
        if ward.known.roll > 0 && ward.known.roll.saturating_add(1) < roll {
            // It asks for those of the roll that it waits for.
            return None;
        }
        let patience = self
            .relay
            .patience(self.seat(), ward.known.seat, roll, self.hold_time());
        Some((since.after(patience), roll))
    }

    /// Sends a neighbour as many shares as it may lack.
    fn help_with_shares(&mut self, now: Instant, link: LinkId, roll: u64) {
        let shares = self.coin.shares_of(roll);
        let Some(ward) = self.relay.wards.get_mut(&link) else {
            return;
        };
        ward.helped_roll = roll;
        let has = ward.has_or_was_given(|known| known.shares(roll));
        let lacking = shares.len().saturating_sub(has.len());
        let lacks = shares.into_iter().filter(|(seat, _)| !has.contains(*seat));
        let sent: Vec<Vec<u8>> = lacks.map(|(_, bytes)| bytes).take(lacking).collect();
        if !sent.is_empty() {
            ward.was_lacking(now);
        }
        for bytes in sent {
            self.mesh
                .flood(std::iter::once(link), Class::Vote, false, bytes);
        }
    }

    /// When a neighbour gets the prepares that it lacks of a slot, unless it has q by then.
    fn help_due(&self, ward: &Ward) -> Option<(Instant, u64)> {
        let (view, q) = (self.replica.view(), self.replica.epoch().quorum.q);
        let lacks = |sequence: u64| {
            sequence > ward.helped.max(ward.known.delivered)
                && ward.known.prepares(view, sequence).len() < q
        };
        let mut prepared = self.relay.prepared.iter();
        let (sequence, since) = prepared.find(|(sequence, _)| lacks(**sequence))?;
        let (to, hold) = (ward.known.seat, self.hold_time());
        let patience = self.relay.patience(self.seat(), to, *sequence, hold);
        Some((since.after(patience), *sequence))
    }

    /// Sends a neighbour as many prepares as it may lack for q of them.
    fn help(&mut self, now: Instant, link: LinkId, sequence: u64) {
        let (place, q) = (self.place(), self.replica.epoch().quorum.q);
        let primary = self.replica.epoch().primary(place.view);
        let Some(ward) = self.relay.wards.get_mut(&link) else {
            return;
        };
        ward.helped = sequence;
        let mut has = ward.has_or_was_given(|known| known.prepares(place.view, sequence));
        // Its proposal is the primary's prepare; without it the others are of no use.
        has.insert(primary);
        let lacking = q.saturating_sub(has.len());
        let votes = self.replica.prepares_wire(sequence, has);
        let sent: Vec<Vec<u8>> = votes.into_iter().take(lacking).collect();
        if !sent.is_empty() {
            ward.was_lacking(now);
        }
        for bytes in sent {
            self.mesh
                .flood(std::iter::once(link), Class::Vote, false, bytes);
        }
    }

    fn send_certificate(&mut self, now: Instant, link: LinkId) {
        let Some(ward) = self.relay.wards.get_mut(&link) else {
            return;
        };
        if ward.certificate_at.is_none_or(|at| at > now) {
            return;
        }
        ward.certificate_at = None;
        if ward.known.cannot_reach(self.replica.delivered().0) {
            // It asks for the slots themselves.
            return;
        }
        let wanted = ward.known.delivered.saturating_add(1);
        let through = self.replica.delivered().0;
        // Of several slots the last one's certificate will do where the bodies are there.
        let from = wanted.max(through.saturating_sub(1)).max(1);
        let Some((sequence, bytes)) = self.replica.decided_wire(from) else {
            return;
        };
        if ward.known.delivered >= sequence {
            return;
        }
        ward.was_lacking(now);
        self.mesh.send(link, Class::Vote, bytes);
    }
}

impl Ward {
    /// Of whom it has something, by what it and those who know it have shown, or was given it from here.
    fn has_or_was_given(&self, of: impl Fn(&super::Known) -> SeatSet) -> SeatSet {
        let (has, given) = (of(&self.known), of(&self.given));
        has.union(given)
    }
}
