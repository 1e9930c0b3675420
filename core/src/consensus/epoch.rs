//! Epochs: each sequence number belongs to exactly one, and so to exactly one roster.

use super::quorum::Quorum;
use crate::crypto::{
    Checker, Context, Digest, Identity, Roster, Seat, Signature, Signed, Statement,
};

/// The digest that votes of view 0 carry in place of a new-view's.
pub const NO_NEW_VIEW: Digest = Digest([0; 32]);

/// Who votes, from which slot on, and what their signatures cover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Epoch {
    /// 0, 1, 2 …
    pub number: u64,
    /// Its first slot; slot numbers go on from the epoch before.
    pub first: u64,
    /// Its members.
    pub roster: Roster,
    /// The sizes that follow from it.
    pub quorum: Quorum,
    /// What view-changes, new-views and checkpoint votes cover.
    pub context: Context,
    /// By which its members' signatures are checked.
    pub checker: Checker,
}

impl Epoch {
    /// An epoch of a table.
    #[must_use]
    pub fn new(version: u16, table: &Digest, number: u64, first: u64, roster: Roster) -> Self {
        Self {
            number,
            first,
            quorum: Quorum::of(roster.len()),
            context: Context::of_epoch(version, table, number, &roster.digest()),
            roster,
            checker: Checker::default(),
        }
    }

    /// The same epoch, whose members' signatures this checker checks.
    #[must_use]
    pub fn with_checker(self, checker: &Checker) -> Self {
        let checker = checker.clone();
        Self { checker, ..self }
    }

    /// Signs as a member: what its checker knows of from then on.
    #[must_use]
    pub fn sign<T: Statement>(
        &self,
        value: T,
        context: &Context,
        identity: &Identity,
    ) -> Signed<T> {
        self.checker.sign(value, context, identity)
    }

    /// Opens what a member signed: `None` if it is none, or did not.
    #[must_use]
    pub fn open<T: Statement>(
        &self,
        signer: Seat,
        bytes: &[u8],
        signature: Signature,
        context: &Context,
    ) -> Option<Signed<T>> {
        let by = (&self.roster, signer);
        self.checker.open(bytes, signature, context, by).ok()
    }

    /// The primary of a view. Views begin at 0 in each epoch, with the member that its roster names.
    #[must_use]
    pub fn primary(&self, view: u64) -> Seat {
        self.roster.primary(view)
    }

    /// What votes cover: the epoch and the new-view that their view began with. Two conflicting decisions in two
    /// views can therefore be traced to those who signed the new-view's reports, by a third party.
    #[must_use]
    pub fn view_context(&self, new_view: &Digest) -> Context {
        Context::of_view(&self.context, new_view)
    }
}
