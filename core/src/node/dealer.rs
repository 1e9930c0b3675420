//! What a phone does by itself for the next key: it deals in its turn, opens its shares, and acknowledges or complains.

use std::time::Duration;

use crate::crypto::{Identity, Seat};
use crate::dice::Complaint;
use crate::table::{Attempt, AttemptId, Operation, Table};
use crate::time::Instant;

/// The first q members deal at once. Each one after them gives the others so much more time: who sees q dealings need not
/// deal.
const TURN: Duration = Duration::from_secs(3);
/// An attempt that has no key after this long is given up; each one after it gets twice as long, up to 32 times.
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);
/// How long phones look for each other before the opening ceremony begins without all of them.
const GATHER: Duration = Duration::from_secs(10);

/// The attempt that this phone takes part in.
#[derive(Debug)]
struct Part {
    id: AttemptId,
    since: Instant,
    dealt: bool,
    answered: bool,
    given_up: bool,
    /// How many dealings have been opened.
    opened: usize,
    complaint: Option<Complaint>,
}

/// How this phone takes part in ceremonies.
#[derive(Default, Debug)]
pub(super) struct Dealer {
    part: Option<Part>,
    /// Since when this phone has had a neighbour.
    gathering: Option<Instant>,
}

impl Dealer {
    /// Whether the opening ceremony can begin: all members are within reach, or have had their time.
    /// `within_reach` counts them by a walk over the graph, and is asked only while it matters.
    pub(super) fn may_begin(
        &mut self,
        now: Instant,
        table: &Table,
        within_reach: impl FnOnce() -> usize,
    ) -> bool {
        if table.sequence() > 0 {
            return true;
        }
        let within_reach = within_reach();
        if within_reach >= table.members().len() {
            return true;
        }
        if within_reach < 2 {
            self.gathering = None;
            return false;
        }
        let since = *self.gathering.get_or_insert(now);
        since.after(GATHER) <= now
    }

    /// The operations that are due for the attempt which is under way.
    pub(super) fn due(
        &mut self,
        now: Instant,
        table: &Table,
        identity: &Identity,
        seat: Seat,
    ) -> Vec<Operation> {
        let Some(attempt) = table.attempt() else {
            self.part = None;
            return Vec::new();
        };
        let ceremony = attempt.ceremony();
        let id = AttemptId {
            epoch: ceremony.epoch(),
            attempt: ceremony.attempt(),
        };
        if self.part.as_ref().is_none_or(|part| part.id != id) {
            self.part = Some(Part::new(id, now));
        }
        let is_member = ceremony.roster().key(seat) == Some(&identity.public_key());
        let Some(part) = self
            .part
            .as_mut()
            .filter(|_| is_member && table.gone(seat).is_none())
        else {
            return Vec::new();
        };
        part.open_new(attempt, identity, seat);
        let mut due: Vec<Operation> = part
            .dealing(now, attempt, identity, seat)
            .into_iter()
            .collect();
        due.extend(part.answer(attempt, seat));
        if !part.given_up && part.gives_up_at() <= now {
            part.given_up = true;
            due.push(Operation::GiveUp(id));
        }
        due
    }

    /// When something may be due without anything happening.
    pub(super) fn next_wake(&self, now: Instant, table: &Table, seat: Seat) -> Option<Instant> {
        let gathered = self
            .gathering
            .filter(|_| table.sequence() == 0)
            .map(|since| since.after(GATHER))
            .filter(|at| *at > now);
        let part = self.part.as_ref();
        let dealing = part.and_then(|part| {
            let attempt = table.attempt().filter(|attempt| !attempt.is_dealt())?;
            let at = part.since.after(turn(attempt, seat)?);
            (!part.dealt && at > now).then_some(at)
        });
        let gives_up = part.filter(|part| !part.given_up);
        let gives_up = gives_up.map(Part::gives_up_at).filter(|at| *at > now);
        [gathered, dealing, gives_up].into_iter().flatten().min()
    }
}

impl Part {
    const fn new(id: AttemptId, since: Instant) -> Self {
        Self {
            id,
            since,
            dealt: false,
            answered: false,
            given_up: false,
            opened: 0,
            complaint: None,
        }
    }

    /// Opens the dealings that have come since.
    fn open_new(&mut self, attempt: &Attempt, identity: &Identity, seat: Seat) {
        for dealing in attempt.dealings().skip(self.opened) {
            self.opened += 1;
            let opened = attempt.ceremony().open(identity, seat, dealing);
            self.complaint = self.complaint.or_else(|| opened.err());
        }
    }

    fn dealing(
        &mut self,
        now: Instant,
        attempt: &Attempt,
        identity: &Identity,
        seat: Seat,
    ) -> Option<Operation> {
        let done = attempt.dealings().any(|dealing| dealing.dealer() == seat);
        if self.dealt || done || attempt.is_dealt() || self.since.after(turn(attempt, seat)?) > now
        {
            return None;
        }
        self.dealt = true;
        let dealing = Box::new(attempt.ceremony().deal(identity, seat));
        Some(Operation::Deal(self.id, dealing))
    }

    /// A false share is answered at once; right ones once there are enough.
    fn answer(&mut self, attempt: &Attempt, seat: Seat) -> Option<Operation> {
        let done = attempt.acknowledged().contains(seat);
        if self.answered || done || !(attempt.is_dealt() || self.complaint.is_some()) {
            return None;
        }
        self.answered = true;
        Some(match self.complaint {
            Some(complaint) => Operation::Complain(self.id, complaint),
            None => Operation::Acknowledge(self.id),
        })
    }

    fn gives_up_at(&self) -> Instant {
        let times = 1_u32 << self.id.attempt.min(5);
        self.since.after(GIVE_UP_AFTER.saturating_mul(times))
    }
}

/// How long a member leaves it to others to deal. Each attempt begins with another member, so that nobody is always the
/// one who need not.
fn turn(attempt: &Attempt, seat: Seat) -> Option<Duration> {
    let ceremony = attempt.ceremony();
    let members = ceremony.roster();
    let at = members.seats().position(|member| member == seat)?;
    let first = (ceremony.epoch() + u64::from(ceremony.attempt())) % members.len() as u64;
    let first = usize::try_from(first).unwrap_or(0);
    let rank = (at + members.len() - first) % members.len();
    let behind = (rank + 1).saturating_sub(ceremony.threshold());
    Some(TURN.saturating_mul(u32::try_from(behind).unwrap_or(u32::MAX)))
}
