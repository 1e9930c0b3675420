//! What a liar can read and write: the one file of the liars that knows how messages are laid out and signed.
//!
//! A liar has one real key, its own. Whatever it writes in another phone's name has a signature that does not fit.

use bitcraps_core::consensus::{
    Epoch, Head, Message, NO_NEW_VIEW, NewView, NewViewMessage, Phase, PrePrepare, Request,
    RequestId, SignedBytes, ViewChange, Vote, VoteMessage,
};
use bitcraps_core::crypto::{
    Context, Digest, Identity, Roster, Seat, Signature, Signed, Statement,
};
use bitcraps_core::dice::{Ceremony, Complaint, RollShare, SecretShare, ShareMessage};
use bitcraps_core::node::{Node, PROTOCOL_VERSION};
use bitcraps_core::table::{ClosedRoll, EpochKey, Genesis};
use bitcraps_core::wire::{Decode, HEADER_BYTES, widen_u8, widen_u16};

/// A message as it was read: its full view and sequence number, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) message: Message,
    pub(crate) view: u64,
    pub(crate) sequence: u64,
    /// The seat that signed it; unset for certificates and for what neighbours tell each other.
    pub(crate) author: Option<Seat>,
}

/// A key, and everything that its signatures cover.
#[derive(Debug)]
pub(crate) struct Pen {
    pub(crate) seat: Seat,
    pub(crate) roster: Roster,
    identity: Identity,
    table: u16,
    of_requests: Context,
    /// The epoch and the new-view that the phone is in.
    epoch: Epoch,
    new_view: Digest,
}

impl Pen {
    pub(crate) fn new(genesis: &Genesis, identity: Identity, seat: Seat) -> Self {
        let table = genesis.digest();
        let roster = genesis.roster.clone();
        Self {
            of_requests: Context::of_table(PROTOCOL_VERSION, &table),
            epoch: Epoch::new(PROTOCOL_VERSION, &table, 0, 1, roster.clone()),
            new_view: NO_NEW_VIEW,
            table: u16::from_le_bytes([table.0[0], table.0[1]]),
            seat,
            roster,
            identity,
        }
    }

    /// What the phone signs from now on belongs to the epoch and view that it is in.
    pub(crate) fn follow(&mut self, node: &Node) {
        let (epoch, new_view) = node.epoch();
        if self.epoch.number != epoch.number {
            self.epoch = epoch.clone();
            self.roster = epoch.roster.clone();
        }
        self.new_view = new_view;
    }

    /// Member v mod n.
    pub(crate) fn primary(&self, view: u64) -> Seat {
        self.epoch.primary(view)
    }

    /// How many must agree.
    pub(crate) const fn quorum(&self) -> usize {
        self.epoch.quorum.q
    }

    /// The new-view of a view, as far as this phone knows it.
    pub(crate) const fn new_view_of(&self, view: u64) -> Digest {
        if view == 0 {
            NO_NEW_VIEW
        } else {
            self.new_view
        }
    }

    /// Reads a message of consensus; `near` is the view and the slot that its low bits are widened by.
    pub(crate) fn read(&self, bytes: &[u8], near: (u64, u64)) -> Option<Spoken> {
        let (header, message) = Message::from_wire(bytes).ok()?;
        let view = widen_u8(header.view, near.0);
        let author = match &message {
            Message::Request(signed) => Some(Request::from_bytes(&signed.statement).ok()?.player),
            Message::PrePrepare(_) => Some(self.primary(view)),
            Message::Vote(vote) => Some(vote.signer),
            Message::ViewChange(signed) => {
                Some(ViewChange::from_bytes(&signed.statement).ok()?.signer)
            }
            Message::NewView(new_view) => Some(self.primary(new_view.view)),
            _ => None,
        };
        Some(Spoken {
            view,
            sequence: widen_u16(header.sequence, near.1),
            message,
            author,
        })
    }

    /// A request of this phone's player.
    pub(crate) fn request(&self, number: u64, payload: Vec<u8>) -> Vec<u8> {
        self.request_as(self.seat, number, payload)
    }

    /// A request in a player's name, signed with this phone's key.
    pub(crate) fn request_as(&self, player: Seat, number: u64, payload: Vec<u8>) -> Vec<u8> {
        let request = Request {
            player,
            number,
            skips: false,
            payload,
        };
        let signed = Signed::sign(request, &self.of_requests, &self.identity);
        self.wire(&Message::Request(bytes_of(&signed)), 0, number)
    }

    /// A vote of this phone.
    pub(crate) fn vote(&self, phase: Phase, head: Head) -> Vec<u8> {
        self.vote_as(self.seat, phase, head)
    }

    /// A vote in a seat's name, signed with this phone's key.
    pub(crate) fn vote_as(&self, signer: Seat, phase: Phase, head: Head) -> Vec<u8> {
        let vote = VoteMessage {
            phase,
            signer,
            tag: head.chain.tag(),
            signature: self.vote_signature(phase, head),
        };
        self.wire(&Message::Vote(vote), head.view, head.sequence)
    }

    /// A proposal of these requests, which make this head.
    pub(crate) fn proposal(&self, head: Head, ids: Vec<RequestId>) -> Vec<u8> {
        let signature = self.vote_signature(Phase::Prepare, head);
        let proposal = PrePrepare { ids, signature };
        self.wire(&Message::PrePrepare(proposal), head.view, head.sequence)
    }

    /// A view-change with any claim.
    pub(crate) fn view_change(&self, statement: ViewChange) -> Vec<u8> {
        let (view, delivered) = (statement.view, statement.delivered);
        let signed = Signed::sign(statement, &self.epoch.context, &self.identity);
        self.wire(&Message::ViewChange(bytes_of(&signed)), view, delivered)
    }

    /// A new-view of this phone's that stands on these view-changes, however many they are.
    pub(crate) fn new_view(
        &self,
        view: u64,
        head: Option<Head>,
        view_changes: &[(Seat, Digest)],
    ) -> Vec<u8> {
        let statement = NewView {
            view,
            head,
            view_changes: view_changes.to_vec(),
        };
        let signed = Signed::sign(statement, &self.epoch.context, &self.identity);
        let message = NewViewMessage {
            view,
            head,
            seats: view_changes.iter().map(|(seat, _)| *seat).collect(),
            tags: view_changes
                .iter()
                .map(|(_, digest)| digest.short())
                .collect(),
            signature: *signed.signature(),
        };
        let sequence = head.map_or(0, |head| head.sequence);
        self.wire(&Message::NewView(message), view, sequence)
    }

    /// The digest of a view-change's statement.
    pub(crate) fn view_change_digest(&self, statement: &[u8]) -> Digest {
        Digest::of(ViewChange::TAG, &[&self.epoch.context.0.0, statement])
    }

    /// This phone's share of a closed roll, made false and signed.
    pub(crate) fn false_share(&self, closed: &ClosedRoll, share: &[u8]) -> Option<Vec<u8>> {
        let mut message = ShareMessage::from_bytes(share.get(HEADER_BYTES..)?).ok()?;
        message.share.response[0] ^= 1;
        let statement = RollShare {
            roll: closed.roll,
            chain: closed.chain,
            share: message.share,
        };
        let signed = ShareMessage::sign(statement, &self.epoch.context, &self.identity);
        Some(signed.to_wire(self.table, closed.roll))
    }

    /// This phone's share of an epoch's key; nothing if somebody dealt it a false part.
    pub(crate) fn secret_of(&self, key: &EpochKey) -> Option<SecretShare> {
        let opened = key
            .dealings()
            .map(|dealing| key.ceremony().open(&self.identity, self.seat, dealing));
        let opened = opened.collect::<Result<Vec<_>, _>>().ok()?;
        Some(SecretShare::sum(opened.iter()))
    }

    /// A complaint about a dealer, whatever it dealt.
    pub(crate) fn complain(&self, ceremony: &Ceremony, dealer: Seat) -> Complaint {
        ceremony.complain(&self.identity, dealer)
    }

    /// A message as it stands, behind the table's header.
    pub(crate) fn wire(&self, message: &Message, view: u64, sequence: u64) -> Vec<u8> {
        message.to_wire(self.table, view, sequence)
    }

    fn vote_signature(&self, phase: Phase, head: Head) -> Signature {
        let context = self.epoch.view_context(&self.new_view_of(head.view));
        *Signed::sign(Vote { phase, head }, &context, &self.identity).signature()
    }

    /// The digest of a request's statement.
    pub(crate) fn request_digest(&self, statement: &[u8]) -> Digest {
        Digest::of(Request::TAG, &[&self.of_requests.0.0, statement])
    }
}

/// C_s from C_{s−1} and the digests of the requests.
pub(crate) fn chain_of(parent: &Digest, sequence: u64, requests: &[Digest]) -> Digest {
    let parts: Vec<&[u8]> = requests.iter().map(|digest| &digest.0[..]).collect();
    let batch = Digest::of("bitcraps/batch/v1", &parts);
    let sequence = sequence.to_le_bytes();
    Digest::of("bitcraps/chain/v1", &[&parent.0, &sequence, &batch.0])
}

fn bytes_of<T: Statement>(signed: &Signed<T>) -> SignedBytes {
    SignedBytes {
        statement: signed.bytes().to_vec(),
        signature: *signed.signature(),
    }
}
