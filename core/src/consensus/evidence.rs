//! Proof that somebody lied: two signed statements of one key that no honest phone makes both of.
//!
//! Everything here can be checked by a stranger who knows the epoch: nothing but signed bytes counts. A bad signature,
//! silence, delay or a repetition is no evidence. Only canonical encodings are read, so one lie has one proof for each
//! pair of statements.

use super::epoch::{Epoch, NO_NEW_VIEW};
use super::limits::{PROVABLE_REQUEST_MAX, STATEMENT_MAX};
use super::message::SignedBytes;
use super::statement::{Checkpoint, Head, NewView, Phase, Request, ViewChange, Vote};
use crate::crypto::{Context, Digest, Seat, Signature, Statement};
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// A vote with everything that its signature covers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct VoteProof {
    /// What was voted for.
    pub head: Head,
    /// Digest of the new-view that the view began with; zero in view 0.
    pub new_view: Digest,
    /// The vote.
    pub signature: Signature,
}

impl VoteProof {
    pub(super) fn is_signed(&self, phase: Phase, epoch: &Epoch, signer: Seat) -> bool {
        let statement = Vote {
            phase,
            head: self.head,
        };
        let context = epoch.view_context(&self.new_view);
        (self.head.view == 0) == (self.new_view == NO_NEW_VIEW)
            && epoch
                .open::<Vote>(signer, &statement.to_bytes(), self.signature, &context)
                .is_some()
    }
}

impl Encode for VoteProof {
    fn encode(&self, writer: &mut Writer) {
        self.head.encode(writer);
        self.new_view.encode(writer);
        self.signature.encode(writer);
    }
}

impl Decode for VoteProof {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            head: Head::decode(reader)?,
            new_view: Digest::decode(reader)?,
            signature: Signature::decode(reader)?,
        })
    }
}

/// Statements of which a key signs at most one for each place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Lie {
    /// Two requests with one number: the double spend.
    Requests = 1,
    /// Two proposals or prepare votes for one view and sequence number.
    Prepares = 2,
    /// Two commit votes for one view and sequence number.
    Commits = 3,
    /// Two view-changes for one view.
    ViewChanges = 4,
    /// Two new-views for one view.
    NewViews = 5,
    /// Two checkpoint votes for one slot.
    Checkpoints = 6,
    /// A view-change that hides what its signer voted to commit.
    Amnesia = 7,
    /// A share of a roll whose proof fails. This one and those below are proven by the table's log, not by
    /// [`Evidence`]: they take the keys of the dice.
    RollShare = 8,
    /// A dealing whose proof of knowledge fails, or that is none.
    Dealing = 9,
    /// Two dealings for one attempt.
    Dealings = 10,
    /// A false share in a dealing.
    Share = 11,
    /// A complaint about a share that is right.
    Complaint = 12,
}

impl Lie {
    /// The name in events, traces and on the settlement sheet.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "double-spend",
            Self::Prepares => "two-proposals-or-prepares",
            Self::Commits => "two-commits",
            Self::ViewChanges => "two-view-changes",
            Self::NewViews => "two-new-views",
            Self::Checkpoints => "two-checkpoints",
            Self::Amnesia => "amnesia",
            Self::RollShare => "false-roll-share",
            Self::Dealing => "false-dealing",
            Self::Dealings => "two-dealings",
            Self::Share => "false-share-dealt",
            Self::Complaint => "false-complaint",
        }
    }

    /// The lie of this number.
    #[must_use]
    pub const fn from_u8(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Requests,
            2 => Self::Prepares,
            3 => Self::Commits,
            4 => Self::ViewChanges,
            5 => Self::NewViews,
            6 => Self::Checkpoints,
            7 => Self::Amnesia,
            8 => Self::RollShare,
            9 => Self::Dealing,
            10 => Self::Dealings,
            11 => Self::Share,
            12 => Self::Complaint,
            _ => return None,
        })
    }
}

/// The two statements.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Pair {
    Votes(VoteProof, VoteProof),
    Statements(SignedBytes, SignedBytes),
    Amnesia(VoteProof, SignedBytes),
}

/// One culprit, and what proves it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evidence {
    /// The epoch whose roster has the culprit's key.
    pub epoch: u64,
    /// Who lied.
    pub culprit: Seat,
    /// How.
    pub lie: Lie,
    pair: Pair,
}

impl Evidence {
    /// Two votes of one phase for one view and sequence number.
    pub(super) fn of_votes(
        epoch: u64,
        culprit: Seat,
        phase: Phase,
        one: VoteProof,
        other: VoteProof,
    ) -> Self {
        let lie = match phase {
            Phase::Prepare => Lie::Prepares,
            Phase::Commit => Lie::Commits,
        };
        Self {
            epoch,
            culprit,
            lie,
            pair: Pair::Votes(one.min(other), one.max(other)),
        }
    }

    /// Two requests, view-changes, new-views or checkpoints for one place.
    pub(super) fn of_statements(
        epoch: u64,
        culprit: Seat,
        lie: Lie,
        one: SignedBytes,
        other: SignedBytes,
    ) -> Self {
        let (low, high) = if one.statement < other.statement {
            (one, other)
        } else {
            (other, one)
        };
        Self {
            epoch,
            culprit,
            lie,
            pair: Pair::Statements(low, high),
        }
    }

    /// A commit vote and the later view-change that hides it.
    pub(super) const fn of_amnesia(
        epoch: u64,
        culprit: Seat,
        commit: VoteProof,
        view_change: SignedBytes,
    ) -> Self {
        Self {
            epoch,
            culprit,
            lie: Lie::Amnesia,
            pair: Pair::Amnesia(commit, view_change),
        }
    }

    /// Whether this proves that the culprit lied, from signed bytes and the epoch's record alone.
    #[must_use]
    pub fn verify(&self, epoch: &Epoch, table: &Context) -> bool {
        self.epoch == epoch.number
            && match &self.pair {
                Pair::Votes(low, high) => {
                    let phase = match self.lie {
                        Lie::Prepares => Phase::Prepare,
                        Lie::Commits => Phase::Commit,
                        _ => return false,
                    };
                    are_two_votes(low, high)
                        && low.is_signed(phase, epoch, self.culprit)
                        && high.is_signed(phase, epoch, self.culprit)
                }
                Pair::Statements(low, high) => {
                    low.statement < high.statement
                        && self.verify_statements(low, high, epoch, table)
                }
                Pair::Amnesia(commit, view_change) => {
                    self.lie == Lie::Amnesia
                        && commit.is_signed(Phase::Commit, epoch, self.culprit)
                        && self
                            .opened::<ViewChange>(view_change, epoch, &epoch.context)
                            .is_some_and(|statement| {
                                statement.signer == self.culprit && hides(&statement, &commit.head)
                            })
                }
            }
    }

    fn verify_statements(
        &self,
        low: &SignedBytes,
        high: &SignedBytes,
        epoch: &Epoch,
        table: &Context,
    ) -> bool {
        let (pair, culprit) = ((low, high), self.culprit);
        let context = &epoch.context;
        match self.lie {
            Lie::Requests => self.same(pair, epoch, table, |request: &Request| {
                (request.player == culprit).then_some(request.number)
            }),
            Lie::ViewChanges => self.same(pair, epoch, context, |statement: &ViewChange| {
                (statement.signer == culprit).then_some(statement.view)
            }),
            Lie::NewViews => self.same(pair, epoch, context, |statement: &NewView| {
                (epoch.primary(statement.view) == culprit).then_some(statement.view)
            }),
            Lie::Checkpoints => self.same(pair, epoch, context, |statement: &Checkpoint| {
                Some(statement.sequence)
            }),
            _ => false,
        }
    }

    /// Whether both statements are the culprit's and about the same place.
    fn same<T: Statement + Clone>(
        &self,
        (low, high): (&SignedBytes, &SignedBytes),
        epoch: &Epoch,
        context: &Context,
        place: impl Fn(&T) -> Option<u64>,
    ) -> bool {
        let place = |bytes| place(&self.opened::<T>(bytes, epoch, context)?);
        let (low, high) = (place(low), place(high));
        low.is_some() && low == high
    }

    fn opened<T: Statement + Clone>(
        &self,
        bytes: &SignedBytes,
        epoch: &Epoch,
        context: &Context,
    ) -> Option<T> {
        let (statement, signature) = (&bytes.statement, bytes.signature);
        let signed = epoch.open::<T>(self.culprit, statement, signature, context)?;
        Some(signed.value().clone())
    }
}

/// Same view and sequence number, and not the same thing. Votes in one view under two new-views are two as well.
fn are_two_votes(low: &VoteProof, high: &VoteProof) -> bool {
    let place = |vote: &VoteProof| (vote.head.view, vote.head.sequence);
    let what = |vote: &VoteProof| (vote.head.chain, vote.new_view);
    low < high && place(low) == place(high) && what(low) != what(high)
}

/// Whether a view-change leaves out what its signer had voted to commit: it must report something prepared in a later
/// view, or in that view and no lower. What it says to have delivered does not count, because nothing backs it and no
/// new-view heeds it: whoever commits holds the prepared certificate, and keeps it for the epoch.
pub(super) fn hides(view_change: &ViewChange, commit: &Head) -> bool {
    let place = |head: &Head| (head.view, head.sequence);
    view_change.view > commit.view
        && view_change
            .prepared
            .is_none_or(|head| place(&head) < place(commit))
}

impl Encode for Evidence {
    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.epoch);
        writer.u8(self.culprit.0);
        writer.u8(self.lie as u8);
        let statement = |bytes: &SignedBytes, writer: &mut Writer| {
            writer.bytes_u16(&bytes.statement);
            bytes.signature.encode(writer);
        };
        match &self.pair {
            Pair::Votes(low, high) => {
                low.encode(writer);
                high.encode(writer);
            }
            Pair::Statements(low, high) => {
                statement(low, writer);
                statement(high, writer);
            }
            Pair::Amnesia(commit, view_change) => {
                commit.encode(writer);
                statement(view_change, writer);
            }
        }
    }
}

impl Decode for Evidence {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (epoch, culprit) = (reader.u64()?, Seat(reader.u8()?));
        let lie = Lie::from_u8(reader.u8()?).ok_or(DecodeError::OutOfRange("lie"))?;
        let most = if lie == Lie::Requests {
            PROVABLE_REQUEST_MAX
        } else {
            STATEMENT_MAX
        };
        let statement = |reader: &mut Reader<'_>| {
            Ok::<_, DecodeError>(SignedBytes {
                statement: reader.bytes_u16(most, "statement")?.to_vec(),
                signature: Signature::decode(reader)?,
            })
        };
        let pair = match lie {
            Lie::Prepares | Lie::Commits => {
                Pair::Votes(VoteProof::decode(reader)?, VoteProof::decode(reader)?)
            }
            Lie::Amnesia => Pair::Amnesia(VoteProof::decode(reader)?, statement(reader)?),
            Lie::Requests | Lie::ViewChanges | Lie::NewViews | Lie::Checkpoints => {
                Pair::Statements(statement(reader)?, statement(reader)?)
            }
            _ => return Err(DecodeError::OutOfRange("lie")),
        };
        Ok(Self {
            epoch,
            culprit,
            lie,
            pair,
        })
    }
}
