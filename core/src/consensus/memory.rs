//! Whether a replica knows everything that it has signed (design, "Write-ahead").
//!
//! A journal tells a replica that starts again what it signed before, unless the journal is lost, was rolled back to an
//! older copy, or serves a second phone as well. So it asks: it votes, and makes requests, only when q members, itself
//! counted, have said what they hold of it, the others have had a moment to, and none of them holds more than it knows
//! of. What they say is believed as far as its own signature goes. If they do hold more, or it meets a statement of its
//! own that it does not know, it observes: it follows and answers, signs nothing, and asks again when the next epoch
//! begins.

use std::collections::BTreeMap;
use std::time::Duration;

use super::catch_up::QUIET;
use super::ignored::Ignored;
use super::limits::SKIP_MAX;
use super::mark::{Mark, Query, signed_bytes};
use super::message::{Message, SignedBytes};
use super::record::Record;
use super::replica::{Action, Replica, Urgency};
use super::statement::{Head, Phase, ViewChange};
use crate::crypto::{Seat, SeatSet, Signed};
use crate::time::{Instant, earliest};
use crate::wire::{Decode, DecodeError};

/// How soon the question is asked again while answers are missing; each time twice as late, up to eight times.
const ASK_AGAIN: Duration = Duration::from_secs(1);
const DOUBLINGS_MAX: u32 = 3;
/// How long those who have not answered are given once a quorum has: a vote may have come to one of them alone.
const HEAR_OUT: Duration = Duration::from_millis(500);

/// Where a replica stands with its own past.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Standing {
    /// It knows everything that it signed, and votes.
    #[default]
    Whole,
    /// It has started again and asks; these have answered.
    Asking(SeatSet),
    /// It signed more than it knows of: it observes until the next epoch.
    Observing,
}

/// Of what a key signs one thing: the places that a second signature could contradict.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Vote(Phase, Head),
    ViewChange(u64),
    NewView(u64),
    Checkpoint(u64),
}

/// The highest place of each kind that this replica signed for in this epoch. It signs upwards only.
#[derive(Clone, Copy, Default, Debug)]
struct Places {
    prepare: Option<(u64, u64)>,
    commit: Option<(u64, u64)>,
    view_change: u64,
    new_view: u64,
    checkpoint: u64,
}

impl Places {
    fn note(&mut self, place: Place) {
        match place {
            Place::Vote(phase, head) => {
                let highest = self.votes(phase);
                *highest = (*highest).max(Some((head.view, head.sequence)));
            }
            Place::ViewChange(view) => self.view_change = self.view_change.max(view),
            Place::NewView(view) => self.new_view = self.new_view.max(view),
            Place::Checkpoint(at) => self.checkpoint = self.checkpoint.max(at),
        }
    }

    fn knows(&mut self, place: Place) -> bool {
        match place {
            Place::Vote(phase, head) => *self.votes(phase) >= Some((head.view, head.sequence)),
            Place::ViewChange(view) => view <= self.view_change,
            Place::NewView(view) => view <= self.new_view,
            Place::Checkpoint(at) => at <= self.checkpoint,
        }
    }

    const fn votes(&mut self, phase: Phase) -> &mut Option<(u64, u64)> {
        match phase {
            Phase::Prepare => &mut self.prepare,
            Phase::Commit => &mut self.commit,
        }
    }
}

/// The last question of somebody, and whose answers to it went through here.
#[derive(Clone, Copy, Debug)]
struct Question {
    nonce: [u8; 16],
    count: u32,
    at: Instant,
    answers: SeatSet,
}

/// What this replica signed, as far as it knows.
#[derive(Default, Debug)]
pub(super) struct Memory {
    pub(super) standing: Standing,
    /// It has started from a journal, so what it meets of its own is compared with what it knows of.
    watches: bool,
    places: Places,
    nonce: [u8; 16],
    count: u32,
    ask_at: Option<Instant>,
    /// A quorum has answered: the others are waited for until then.
    settle_at: Option<Instant>,
    question: Option<Vec<u8>>,
    /// The next request voids whatever of this player is not ordered: some of it may be unknown here.
    skips: bool,
    /// The epoch in which the journal says that this replica observes.
    observes_in: Option<u64>,
    /// By seat, so at most one for each member.
    questions: BTreeMap<Seat, Question>,
}

impl Memory {
    /// Of a replica that starts again.
    pub(super) fn asking(nonce: [u8; 16]) -> Self {
        Self {
            standing: Standing::Asking(SeatSet::default()),
            nonce,
            ..Self::default()
        }
    }

    pub(super) const fn is_whole(&self) -> bool {
        matches!(self.standing, Standing::Whole)
    }

    pub(super) const fn is_asking(&self) -> bool {
        matches!(self.standing, Standing::Asking(_))
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        earliest(self.ask_at, self.settle_at)
    }

    /// Something is signed here.
    pub(super) fn note(&mut self, place: Place) {
        self.places.note(place);
    }

    /// Whether this replica's key signed, for a place that this replica knows nothing of.
    fn misses(&mut self, place: Place) -> bool {
        self.watches && !self.places.knows(place)
    }

    /// Whether something was signed for this place or a higher one.
    pub(super) fn knows(&mut self, place: Place) -> bool {
        self.places.knows(place)
    }

    /// The number of the next request, and whether it skips.
    pub(super) fn number_request(&mut self, own: u64, next: u64) -> (u64, bool) {
        if std::mem::take(&mut self.skips) {
            // Over all that the player can have signed before.
            (next.saturating_add(SKIP_MAX), true)
        } else {
            (own, false)
        }
    }

    /// The journal has a request of this player: what it skips is void.
    pub(super) const fn replay_request(&mut self, skips: bool) {
        self.skips &= !skips;
    }

    /// The journal says that this replica observes in an epoch.
    pub(super) const fn replay_observing(&mut self, epoch: u64) {
        self.observes_in = Some(epoch);
        self.skips = true;
    }

    /// The journal has been read.
    pub(super) fn resume(&mut self, epoch: u64) {
        self.watches = true;
        self.ask_at = Some(Instant(0));
        if self.observes_in == Some(epoch) {
            self.standing = Standing::Observing;
            self.ask_at = None;
        }
    }

    /// A new epoch: nothing is signed in it yet, as far as is known here.
    pub(super) fn begin_epoch(&mut self, now: Instant) {
        let checkpoint = self.places.checkpoint;
        self.places = Places {
            checkpoint,
            ..Places::default()
        };
        self.settle_at = None;
        if !self.is_whole() {
            self.standing = Standing::Asking(SeatSet::default());
            self.ask_at = Some(now);
        }
    }
}

impl Replica {
    /// Where this replica stands with its own past.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.memory.standing
    }

    /// Whether [`Replica::submit`] takes something.
    #[must_use]
    pub const fn may_submit(&self) -> bool {
        self.memory.is_whole() && !self.is_halted()
    }

    /// Asks everybody, if it is time to.
    pub(super) fn ask_if_due(&mut self, now: Instant) {
        if self.memory.settle_at.is_some_and(|at| at <= now) {
            return self.begin_voting(now);
        }
        if !self.memory.is_asking() || self.memory.ask_at.is_none_or(|at| at > now) {
            return;
        }
        self.memory.ask_at = None;
        self.ask_neighbours();
        self.on_pool_change(now);
        if !self.is_member {
            // Nobody votes for it, and it votes for nobody, until an epoch seats it.
            return;
        }
        let doublings = self.memory.count.min(DOUBLINGS_MAX);
        let again = ASK_AGAIN.saturating_mul(1 << doublings);
        self.memory.ask_at = Some(now.after(again));
        self.memory.count = self.memory.count.saturating_add(1);
        let query = Query {
            seat: self.seat,
            nonce: self.memory.nonce,
            count: self.memory.count,
        };
        let signed = Signed::sign(query, &self.table_context, &self.identity);
        let bytes = Message::Query(signed_bytes(&signed)).to_wire(self.table_tag, 0, 0);
        self.memory.question = Some(bytes.clone());
        self.flood_own(Urgency::Control, bytes);
    }

    /// The question as it travels, while answers are missing.
    pub(super) fn open_question(&self) -> Option<Vec<u8>> {
        let question = self.memory.question.clone();
        question.filter(|_| self.memory.is_asking())
    }

    /// Somebody has started again: say what is held of it here, and pass the question on.
    pub(super) fn on_query(
        &mut self,
        now: Instant,
        bytes: &SignedBytes,
        raw: &[u8],
    ) -> Result<(), Ignored> {
        let query = Query::from_bytes(&bytes.statement)?;
        if query.seat == self.seat {
            return Err(Ignored::Duplicate);
        }
        let key = self.epoch.roster.key(query.seat);
        let key = key.ok_or(Ignored::NotSeated)?;
        if let Some(known) = self.memory.questions.get(&query.seat) {
            if (known.nonce, known.count) == (query.nonce, query.count) {
                return Err(Ignored::Duplicate);
            }
            if now.since(known.at) < QUIET {
                return Err(Ignored::TooOften);
            }
        }
        Signed::<Query>::open(&bytes.statement, bytes.signature, &self.table_context, key)
            .map_err(|_| Ignored::BadSignature)?;
        if Message::Query(bytes.clone()).to_wire(self.table_tag, 0, 0) != raw {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("header")));
        }
        self.note_heard(now, query.seat);
        let question = Question {
            nonce: query.nonce,
            count: query.count,
            at: now,
            answers: SeatSet::default(),
        };
        self.memory.questions.insert(query.seat, question);
        self.relay_from(Urgency::Control, Some(query.seat), raw);
        if self.is_member {
            let signed = Signed::sign(self.mark_of(&query), &self.epoch.context, &self.identity);
            let bytes = Message::Mark(signed_bytes(&signed)).to_wire(self.table_tag, 0, 0);
            self.flood_own(Urgency::Control, bytes);
        }
        Ok(())
    }

    fn mark_of(&self, query: &Query) -> Mark {
        let ordered = self.chain.next_number(query.seat).saturating_sub(1);
        let pending = self.pool.highest(query.seat.0).unwrap_or(0);
        Mark {
            signer: self.seat,
            of: query.seat,
            epoch: self.epoch.number,
            nonce: query.nonce,
            count: query.count,
            number: pending.max(ordered),
            vote: self.witness.highest_of(query.seat),
            view_change: self.view_changes.highest_of(query.seat),
        }
    }

    /// An answer: to this replica, or to somebody to whom it must be passed on.
    pub(super) fn on_mark(
        &mut self,
        now: Instant,
        bytes: &SignedBytes,
        raw: &[u8],
    ) -> Result<(), Ignored> {
        let mark = Mark::from_bytes(&bytes.statement)?;
        if mark.epoch != self.epoch.number {
            return Err(Ignored::Stale);
        }
        let key = self.epoch.roster.key(mark.signer);
        let key = key.ok_or(Ignored::NotSeated)?;
        self.ignore_mark(&mark)?;
        Signed::<Mark>::open(&bytes.statement, bytes.signature, &self.epoch.context, key)
            .map_err(|_| Ignored::BadSignature)?;
        if Message::Mark(bytes.clone()).to_wire(self.table_tag, 0, 0) != raw {
            return Err(Ignored::Malformed(DecodeError::OutOfRange("header")));
        }
        self.note_heard(now, mark.signer);
        if mark.of == self.seat {
            return self.take_mark(now, &mark);
        }
        if let Some(question) = self.memory.questions.get_mut(&mark.of) {
            question.answers.insert(mark.signer);
        }
        self.relay_from(Urgency::Control, Some(mark.signer), raw);
        Ok(())
    }

    fn ignore_mark(&self, mark: &Mark) -> Result<(), Ignored> {
        if mark.signer == self.seat || mark.signer == mark.of {
            return Err(Ignored::Duplicate);
        }
        let answers = if mark.of == self.seat {
            let Standing::Asking(answers) = self.memory.standing else {
                return Err(Ignored::Late);
            };
            if mark.nonce != self.memory.nonce {
                return Err(Ignored::Stale);
            }
            answers
        } else {
            let question = self.memory.questions.get(&mark.of);
            let question = question.ok_or(Ignored::Unclaimed)?;
            if (question.nonce, question.count) != (mark.nonce, mark.count) {
                return Err(Ignored::Unclaimed);
            }
            question.answers
        };
        if answers.contains(mark.signer) {
            Err(Ignored::Duplicate)
        } else {
            Ok(())
        }
    }

    /// A checked answer. What it claims must carry this replica's own signature, or it is no answer at all.
    fn take_mark(&mut self, now: Instant, mark: &Mark) -> Result<(), Ignored> {
        let own = self.identity.public_key();
        let mut missed = Vec::new();
        if let Some((phase, vote)) = &mark.vote {
            if !vote.is_signed(*phase, &self.epoch, self.seat) {
                return Err(Ignored::BadSignature);
            }
            missed.push(Place::Vote(*phase, vote.head));
        }
        if let Some(bytes) = &mark.view_change {
            let context = &self.epoch.context;
            let signed =
                Signed::<ViewChange>::open(&bytes.statement, bytes.signature, context, &own)
                    .map_err(|_| Ignored::BadSignature)?;
            missed.push(Place::ViewChange(signed.value().view));
        }
        // An unsigned hint: at worst it makes the next request skip for nothing.
        self.memory.skips |= mark.number >= self.own_number;
        if missed.into_iter().any(|place| self.memory.misses(place)) {
            self.observe();
            return Ok(());
        }
        if let Standing::Asking(answers) = &mut self.memory.standing {
            answers.insert(mark.signer);
            let all = answers.len() + 1 == self.epoch.quorum.n;
            if answers.len() + 1 >= self.epoch.quorum.q {
                let until = now.after(HEAR_OUT);
                self.memory.settle_at.get_or_insert(until);
            }
            if all {
                self.begin_voting(now);
            }
        }
        Ok(())
    }

    /// A checked statement of this replica's own key came back: did this replica make it?
    pub(super) fn meet_own(&mut self, place: Place) {
        if self.memory.misses(place) {
            self.observe();
        }
    }

    /// A checked request of this replica's own key came back, or was ordered: did this replica make it?
    pub(super) fn meet_own_number(&mut self, number: u64) {
        if self.memory.watches && number >= self.own_number {
            self.observe();
            self.memory.skips = true;
        }
    }

    /// The journal is not all that this key has signed: sign nothing more in this epoch.
    fn observe(&mut self) {
        if self.memory.standing == Standing::Observing {
            return;
        }
        self.persist(&Record::Observing {
            epoch: self.epoch.number,
        });
        self.memory.standing = Standing::Observing;
        self.memory.skips = true;
        self.memory.ask_at = None;
        self.memory.settle_at = None;
        self.timing.idle();
        self.actions.push_back(Action::StandingChanged);
    }

    /// Everything that this replica signed is known: go on from there.
    fn begin_voting(&mut self, now: Instant) {
        self.memory.standing = Standing::Whole;
        self.memory.ask_at = None;
        self.memory.settle_at = None;
        self.memory.question = None;
        self.actions.push_back(Action::StandingChanged);
        self.sign_missing_checkpoints(now);
        if self.target.is_some() {
            self.timing.left_view(now);
        } else if !self.trusts(self.epoch.primary(self.view)) {
            self.leave_view(now, self.view.saturating_add(1));
        }
        let open: Vec<u64> = self.slots.keys().copied().collect();
        for sequence in open {
            self.vote_late(now, sequence);
        }
        self.on_chosen_bodies(now);
        self.try_accept_all(now);
        self.review_early(now);
        self.on_reports(now);
        self.ask_neighbours();
        self.on_pool_change(now);
    }

    /// Votes on what came while this replica could not vote.
    fn vote_late(&mut self, now: Instant, sequence: u64) {
        let Some(slot) = self.slots.get(&sequence) else {
            return;
        };
        let Some(head) = slot.head().filter(|_| !slot.is_chosen()) else {
            return;
        };
        if !self.may_be_voted(&head) {
            self.leave_view(now, self.view.saturating_add(1));
            return;
        }
        self.vote(now, sequence, Phase::Prepare);
        let slot = self.slots.get(&sequence);
        if slot.is_some_and(|slot| slot.tally(Phase::Prepare).is_complete()) {
            self.vote(now, sequence, Phase::Commit);
        }
    }

    /// Whether the batch at a proposed head is one that everybody may vote for; not known without its bodies, and then
    /// `vote` refuses.
    fn may_be_voted(&self, head: &Head) -> bool {
        let path = self.chain.path_to(&head.chain);
        let last = path.as_deref().and_then(<[_]>::last);
        last.is_none_or(|(_, block)| self.chain.continues(&block.parent, &block.batch))
    }
}
