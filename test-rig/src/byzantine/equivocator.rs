//! Signs two different statements for one place, and shows each half of the table another one.
//!
//! As primary two proposals, as backup two votes, two view-changes whenever it moves, and two new-views where it leads.

use std::collections::BTreeMap;

use bitcraps_core::consensus::{Head, Message, NewViewMessage, RequestId, ViewChange};
use bitcraps_core::node::Node;
use bitcraps_core::wire::Decode;

use super::pen::Spoken;
use super::{Letter, Lying, Stage};

/// A proposal: what it leads to, and as it travels.
pub(super) type Version = (Head, Vec<u8>);

/// How many places are remembered.
const KEPT_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Equivocator {
    /// The second proposal of each view and slot, if there can be one.
    proposals: BTreeMap<(u64, u64), Option<Version>>,
}

impl Lying for Equivocator {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        let own = stage
            .read(node, &letter)
            .filter(|spoken| spoken.author == Some(stage.pen.seat));
        let Some(spoken) = own else {
            stage.pass(letter);
            return;
        };
        if stage.is_in_half(letter.link)
            && let Some(bytes) = self.second(stage, &spoken)
        {
            letter.bytes = bytes;
        }
        stage.pass(letter);
    }
}

impl Equivocator {
    /// What the one half gets in place of what the other half gets.
    fn second(&mut self, stage: &Stage, spoken: &Spoken) -> Option<Vec<u8>> {
        let at = (spoken.view, spoken.sequence);
        match &spoken.message {
            Message::PrePrepare(proposal) => {
                let second = self
                    .proposals
                    .entry(at)
                    .or_insert_with(|| second_proposal(stage, at, &proposal.ids));
                let bytes = second.as_ref().map(|(_, bytes)| bytes.clone());
                if self.proposals.len() > KEPT_MAX {
                    self.proposals.pop_first();
                }
                bytes
            }
            Message::Vote(vote) => {
                let head = match self.proposals.get(&at) {
                    Some(Some((head, _))) => *head,
                    _ => second_head(stage, at)?,
                };
                Some(stage.pen.vote(vote.phase, head))
            }
            Message::ViewChange(signed) => {
                let truth = ViewChange::from_bytes(&signed.statement).ok()?;
                Some(stage.pen.view_change(ViewChange {
                    delivered: truth.delivered / 2,
                    prepared: None,
                    ..truth
                }))
            }
            Message::NewView(truth) => lowered(stage, truth),
            _ => None,
        }
    }
}

/// Another proposal for the same place: without the last request, or with one where there was none.
pub(super) fn second_proposal(
    stage: &Stage,
    (view, sequence): (u64, u64),
    ids: &[RequestId],
) -> Option<Version> {
    let parent = stage.memory.head(view, sequence)?.parent?;
    let mut others = ids.to_vec();
    if others.pop().is_none() {
        others = stage.memory.recent_ids(1);
    }
    let chain = stage.memory.chain_of(&parent, sequence, &others)?;
    let head = Head {
        view,
        sequence,
        chain,
    };
    (others != ids).then(|| (head, stage.pen.proposal(head, others)))
}

/// The same new-view at no head, where one follows from the view-changes that it names. Nothing if the phone has not seen them all.
fn lowered(stage: &Stage, truth: &NewViewMessage) -> Option<Vec<u8>> {
    let named = stage.memory.reports(truth)?.into_iter();
    let named: Vec<_> = named.map(|(_, seat, digest)| (seat, digest)).collect();
    truth
        .head
        .is_some()
        .then(|| stage.pen.new_view(truth.view, None, &named))
}

/// Another head for a place that somebody else proposed: the empty batch.
fn second_head(stage: &Stage, (view, sequence): (u64, u64)) -> Option<Head> {
    let known = stage.memory.head(view, sequence)?;
    let chain = stage.memory.chain_of(&known.parent?, sequence, &[])?;
    let head = Head {
        view,
        sequence,
        chain,
    };
    (chain != known.chain).then_some(head)
}
