//! The ceremony as the log orders it: dealings, acknowledgements, complaints, attempts given up, false shares shown.

use std::sync::Arc;

use super::key::acknowledgements;
use super::outcome::{DealingRefusal, Outcome, Rejection};
use super::state::Table;
use crate::consensus::Lie;
use crate::crypto::{Checker, Context, Digest, Roster, Seat, SeatSet, Signature, Signed};
use crate::dice::{CheckedDealing, Complaint, Dealing, RollInput, RollShare, Share, ShareError};
use crate::dice::{DealingError, Verdict};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Which attempt at which epoch's key an operation is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptId {
    /// The epoch that the key is for.
    pub epoch: u64,
    /// Which attempt, from 0.
    pub attempt: u16,
}

impl Encode for AttemptId {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        writer.u16(self.attempt);
    }
}

impl Decode for AttemptId {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: reader.u64()?,
            attempt: reader.u16()?,
        })
    }
}

/// A signed share of a roll whose proof fails: whoever signed it lied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FalseShare {
    /// The epoch of the roll.
    pub epoch: u64,
    /// The roll.
    pub roll: u64,
    /// C_s of its close, as the signer signed it.
    pub chain: Digest,
    /// The share.
    pub share: Share,
    /// Over all of it.
    pub signature: Signature,
}

impl Encode for FalseShare {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        writer.u64(self.roll);
        self.chain.encode(writer);
        self.share.encode(writer);
        self.signature.encode(writer);
    }
}

impl Decode for FalseShare {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: reader.u64()?,
            roll: reader.u64()?,
            chain: Digest::decode(reader)?,
            share: Share::decode(reader)?,
            signature: Signature::decode(reader)?,
        })
    }
}

impl Table {
    /// Somebody deals. The first q valid dealings make the key; one that is not valid, or a second one that differs,
    /// convicts its dealer: the log has it signed.
    pub(super) fn deal(
        &mut self,
        seat: Seat,
        id: AttemptId,
        dealing: Dealing,
    ) -> Result<Vec<Outcome>, Rejection> {
        if !self.is_founded() {
            return Err(DealingRefusal::Unsigned.into());
        }
        let attempt = self.attempt_of(id)?;
        if let Some(known) = attempt.dealing_of(seat) {
            if *known.dealing() == dealing {
                return Err(DealingRefusal::Again.into());
            }
            return self.condemn(seat, Lie::Dealings, seat);
        }
        if attempt.is_dealt() {
            return Err(DealingRefusal::Enough.into());
        }
        match attempt.ceremony.check(seat, dealing) {
            Ok(checked) => Ok(vec![self.take_dealing(checked)]),
            Err(DealingError::Stranger(_)) => Err(DealingRefusal::NoPart.into()),
            Err(_) => self.condemn(seat, Lie::Dealing, seat),
        }
    }

    fn take_dealing(&mut self, dealing: CheckedDealing) -> Outcome {
        let (seat, mut have, mut needed) = (dealing.dealer(), 0, 0);
        if let Some(attempt) = &mut self.keys.attempt {
            attempt.dealings.push(Arc::new(dealing));
            (have, needed) = (attempt.dealings.len(), attempt.ceremony.threshold());
        }
        Outcome::Dealt { seat, have, needed }
    }

    /// A member says that all its shares are right. With enough of these the key is made.
    pub(super) fn acknowledge(
        &mut self,
        sequence: u64,
        seat: Seat,
        id: AttemptId,
    ) -> Result<Vec<Outcome>, Rejection> {
        let attempt = self.attempt_of(id)?;
        let roster = attempt.ceremony.roster();
        let refusal = match (roster.key(seat), attempt.is_dealt()) {
            (None, _) => Some(DealingRefusal::NoPart),
            (_, false) => Some(DealingRefusal::TooEarly),
            _ if attempt.acknowledged.contains(seat) => Some(DealingRefusal::Again),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return Err(refusal.into());
        }
        let needed = acknowledgements(roster.len());
        let attempt = self.keys.attempt.as_mut().ok_or(DealingRefusal::Other)?;
        attempt.acknowledged.insert(seat);
        let acknowledged = attempt.acknowledged;
        // A newcomer that does not acknowledge is not seated, however many others do.
        let newcomer = self.candidate().map(|(seat, _)| seat);
        let lacks = newcomer.is_some_and(|seat| !acknowledged.contains(seat));
        if acknowledged.len() < needed || lacks {
            return Ok(Vec::new());
        }
        Ok(self.make_key(sequence))
    }

    /// The attempt is over: its key is the epoch's. Unless it is the one that is running, the epoch begins W + 1 slots
    /// later, and whoever dealt first leads it: views begin at 0 again, and a primary that was left behind for its silence
    /// or its slowness would otherwise be in office again.
    fn make_key(&mut self, sequence: u64) -> Vec<Outcome> {
        let Some(key) = self.keys.finish(self.dice.roll()) else {
            return Vec::new();
        };
        let ceremony = key.ceremony();
        let mut outcomes = vec![Outcome::KeyMade {
            epoch: ceremony.epoch(),
            attempt: ceremony.attempt(),
            dealers: key.dealings().map(CheckedDealing::dealer).collect(),
        }];
        if ceremony.epoch() > self.members.latest().number {
            outcomes.extend(self.seat_candidate());
            let mut dealers = key.dealings().map(CheckedDealing::dealer);
            let roster = ceremony.roster().clone();
            let leads = dealers.next().map(|first| roster.clone().led_by(first));
            outcomes.push(self.change_members(sequence, leads.unwrap_or(roster)));
        }
        outcomes
    }

    /// A member shows that its share in a dealing is false. One of the two lied, and everybody sees who.
    pub(super) fn complain(
        &mut self,
        seat: Seat,
        id: AttemptId,
        complaint: &Complaint,
    ) -> Result<Vec<Outcome>, Rejection> {
        let (ceremony, dealing) = self.complained_of(id, complaint.dealer)?;
        if ceremony.roster().key(seat).is_none() || seat == complaint.dealer {
            return Err(DealingRefusal::NoPart.into());
        }
        match ceremony.judge(seat, complaint, &dealing) {
            Verdict::Dealer => self.condemn(complaint.dealer, Lie::Share, seat),
            Verdict::Complainer => self.condemn(seat, Lie::Complaint, seat),
        }
    }

    /// Complaints count for as long as the dealing is known, also when others were enough to acknowledge.
    fn complained_of(
        &self,
        id: AttemptId,
        dealer: Seat,
    ) -> Result<(crate::dice::Ceremony, Arc<CheckedDealing>), Rejection> {
        let found = match self.key(id.epoch) {
            Some(key) if key.ceremony().attempt() == id.attempt => {
                let dealing = key.dealings().find(|dealing| dealing.dealer() == dealer);
                dealing.map(|dealing| (key.ceremony().clone(), Arc::new(dealing.clone())))
            }
            _ => {
                let attempt = self.attempt_of(id)?;
                let dealing = attempt.dealing_of(dealer).cloned();
                dealing.map(|dealing| (attempt.ceremony.clone(), dealing))
            }
        };
        found.ok_or_else(|| DealingRefusal::NoDealing.into())
    }

    /// One more member has waited long enough for the attempt; with q of them another begins.
    pub(super) fn give_up(&mut self, seat: Seat, id: AttemptId) -> Result<Vec<Outcome>, Rejection> {
        let given_up = self.attempt_of(id)?.given_up;
        if given_up.contains(seat) {
            return Err(DealingRefusal::Again.into());
        }
        let quorum = self.quorum.q;
        let table = self.genesis.digest();
        let attempt = self.keys.attempt.as_mut().ok_or(DealingRefusal::Other)?;
        attempt.given_up.insert(seat);
        if attempt.given_up.len() < quorum {
            return Ok(Vec::new());
        }
        let roster = attempt.ceremony.roster().clone();
        let acknowledged = attempt.acknowledged;
        let next = id.attempt.saturating_add(1);
        self.keys.begin(table, id.epoch, next, roster);
        let mut outcomes = vec![Outcome::GivenUp {
            epoch: id.epoch,
            attempt: id.attempt,
        }];
        // What is wanted without it is begun by whoever called this.
        if self
            .candidate()
            .is_some_and(|(seat, _)| !acknowledged.contains(seat))
        {
            outcomes.extend(self.turn_down());
        }
        Ok(outcomes)
    }

    /// Somebody shows a share that was signed and is false.
    pub(super) fn show_false_share(
        &mut self,
        by: Seat,
        shown: &FalseShare,
    ) -> Result<Vec<Outcome>, Rejection> {
        let culprit = shown.share.signer;
        let epoch = self.members.numbered(shown.epoch);
        let epoch = epoch.ok_or(Rejection::OldEvidence)?;
        let key = self.key(shown.epoch).ok_or(Rejection::OldEvidence)?;
        let signer = epoch.roster.key(culprit).ok_or(Rejection::NoProof)?;
        let statement = RollShare {
            roll: shown.roll,
            chain: shown.chain,
            share: shown.share,
        };
        let (bytes, context) = (statement.to_bytes(), &epoch.context);
        let table = self.genesis.digest();
        let input = RollInput::new(&table, shown.epoch, shown.roll, &shown.chain);
        let signed = Signed::<RollShare>::open(&bytes, shown.signature, context, signer).is_ok();
        let is_false = matches!(
            key.coin().check(&Checker::default(), &input, &shown.share),
            Err(ShareError::Proof(_) | ShareError::Encoding(_))
        );
        if !signed || !is_false {
            return Err(Rejection::NoProof);
        }
        self.condemn(culprit, Lie::RollShare, by)
    }

    /// Begins the ceremony that is needed now, if it is not under way: for the members that follow from everything
    /// ordered so far, or for the same ones once their key is worn.
    pub(super) fn aim(&mut self) {
        if self.dissolved().is_some() {
            return;
        }
        let (latest, wanted) = (self.members.latest(), self.next_members());
        let has_key = self.keys.known.contains_key(&latest.number);
        let changes = wanted != latest.roster;
        let worn = self.keys.is_worn(latest.number, self.dice.roll());
        let epoch = latest.number + u64::from(has_key || changes);
        if !changes && has_key && !worn {
            self.keys.attempt = None;
            return;
        }
        let attempt = match &self.keys.attempt {
            Some(attempt) if attempt.ceremony.epoch() == epoch => {
                if *attempt.ceremony.roster() == wanted {
                    return;
                }
                attempt.ceremony.attempt().saturating_add(1)
            }
            // One that came to nothing has a number of its own, so that what was dealt for it is not taken for this one.
            _ => self.keys.untried(epoch),
        };
        self.keys
            .begin(self.genesis.digest(), epoch, attempt, wanted);
    }

    /// The members that there should be: who has left or lied is not among them, as long as two are left.
    #[must_use]
    pub fn next_members(&self) -> Roster {
        let mut roster = self.members.latest().roster.clone();
        for seat in self.members.latest().roster.seats() {
            if self.gone(seat).is_some() {
                roster = roster.without(SeatSet::from_iter([seat])).unwrap_or(roster);
            }
        }
        match self.candidate() {
            Some((seat, key)) => roster.with(seat, key).unwrap_or(roster),
            None => roster,
        }
    }

    fn attempt_of(&self, id: AttemptId) -> Result<&super::key::Attempt, DealingRefusal> {
        let attempt = self.keys.attempt.as_ref();
        let is_it = |attempt: &&super::key::Attempt| {
            let ceremony = attempt.ceremony();
            (ceremony.epoch(), ceremony.attempt()) == (id.epoch, id.attempt)
        };
        attempt.filter(is_it).ok_or(DealingRefusal::Other)
    }

    /// What statements of an epoch cover, if it is remembered.
    #[must_use]
    pub fn context_of(&self, epoch: u64) -> Option<Context> {
        Some(self.members.numbered(epoch)?.context)
    }
}
