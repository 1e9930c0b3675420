//! What a neighbour can say that holds the keys of every other seat: well-signed, and not always true.

mod proofs;

use std::collections::BTreeMap;
use std::sync::Arc;

use bitcraps_core::consensus::{
    Batch, CertificateBody, Epoch, Head, Message, NO_NEW_VIEW, NewView, NewViewMessage, Phase,
    PrePrepare, PreparedMessage, Request, RequestId, SignedBytes, SignedRequest, Slots, StateAt,
    Status, ViewChange, ViewRecord, Vote, VoteMessage, genesis_chain, next_chain,
};
use bitcraps_core::crypto::{Context, Digest, Identity, Roster, Seat, SeatSet, Signature, Signed};
use bitcraps_core::mesh::LinkState;
use bitcraps_core::node::{Node, PROTOCOL_VERSION};
use bitcraps_core::table::{Genesis, TableRules};
use bitcraps_core::wire::Encode;

use super::Choices;

pub(super) const SEATS: usize = 4;
/// Views and slots stay this low, so that the low bits that travel are all there is.
const VIEWS: usize = 12;
const SLOTS: usize = 12;
/// Most values of a kind that are kept to be used again.
const KEPT_MAX: usize = 32;

pub(super) fn identity(seat: usize) -> Identity {
    Identity::from_seed(&[u8::try_from(seat).unwrap() + 1; 32])
}

pub(super) fn genesis() -> Genesis {
    let keys = (0..SEATS).map(|seat| identity(seat).public_key()).collect();
    Genesis {
        rules: TableRules::default(),
        roster: Roster::new(keys).unwrap(),
    }
}

/// A head, and the batches that lead to it from the genesis or from what the phone had delivered.
#[derive(Clone)]
struct Known {
    head: Head,
    base: (u64, Digest),
    path: Vec<Batch>,
}

impl Known {
    const fn empty(base: (u64, Digest)) -> Self {
        let (sequence, chain) = base;
        let head = Head {
            view: 0,
            sequence,
            chain,
        };
        let path = Vec::new();
        Self { head, base, path }
    }
}

/// The liar's memory: what it said can be said again, or built upon.
pub(super) struct Liar {
    identities: Vec<Identity>,
    table: Digest,
    tag: u16,
    /// The phone's epoch, what it delivered last, and its table then.
    epoch: Epoch,
    tip: (u64, Digest),
    application: Vec<u8>,
    table_context: Context,
    requests: Vec<Arc<SignedRequest>>,
    heads: Vec<Known>,
    reports: Vec<Signed<ViewChange>>,
    /// What votes cover in the views that began, here or at the phone.
    begun: BTreeMap<u64, Digest>,
    records: Vec<(ViewRecord, SignedBytes)>,
    states: Vec<StateAt>,
    last: Vec<u8>,
}

impl Liar {
    pub(super) fn new() -> Self {
        let genesis = genesis();
        let table = genesis.digest();
        Self {
            identities: (0..SEATS).map(identity).collect(),
            tag: u16::from_le_bytes([table.0[0], table.0[1]]),
            epoch: Epoch::new(PROTOCOL_VERSION, &table, 0, 1, genesis.roster),
            tip: (0, genesis_chain(&table)),
            application: Vec::new(),
            table_context: Context::of_table(PROTOCOL_VERSION, &table),
            table,
            requests: Vec::new(),
            heads: Vec::new(),
            reports: Vec::new(),
            begun: BTreeMap::new(),
            records: Vec::new(),
            states: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Looks where the phone is, so that what it says next can fit.
    pub(super) fn follow(&mut self, node: &Node) {
        let (epoch, new_view) = node.epoch();
        if epoch.number != self.epoch.number {
            self.epoch = epoch.clone();
            self.begun.clear();
        }
        self.begun.insert(node.view().0, new_view);
        if self.application.is_empty() || self.tip != node.delivered() {
            self.tip = node.delivered();
            self.application = node.table().to_bytes();
        }
    }

    fn link_state(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let signer = (own + 1 + choices.below(SEATS - 1)) % SEATS;
        let state = LinkState {
            signer: Seat(u8::try_from(signer).unwrap()),
            number: choices.byte().into(),
            links: self.seats(SEATS, choices),
        };
        let signed = Signed::sign(state, &self.table_context, &self.identities[signer]);
        state.to_wire(self.tag, *signed.signature())
    }

    /// One message, as the choices say. `own` is the seat whose key it does not have.
    pub(super) fn message(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let message = match choices.below(19) {
            0 => self.request(own, choices),
            1 => self.pre_prepare(own, choices),
            2 => self.vote(own, choices),
            3 => self.view_change(own, choices),
            4 => self.prepared(own, choices),
            5 => self.new_view(own, choices),
            6 => self.slots(own, choices),
            7 => {
                let status = self.status(choices);
                Message::Status(status).to_wire(self.tag, status.view, status.delivered)
            }
            8 => {
                let ids = self.ids(choices);
                Message::Want(ids).to_wire(self.tag, 0, 0)
            }
            // A kind that there is not.
            9 => vec![60, choices.byte()],
            10 => self.link_state(own, choices),
            11 => self.bent(choices),
            12 => self.last.clone(),
            14 => self.checkpoint(own, choices),
            15 => self.evidence(own, choices),
            16 => self.state(own, choices),
            17 => self.side(own, choices),
            18 => self.halt(own, choices),
            _ => choices.bytes(200).to_vec(),
        };
        self.last.clone_from(&message);
        message
    }

    fn status(&self, choices: &mut Choices<'_>) -> Status {
        let (view, delivered) = (choices.byte().into(), choices.byte().into());
        let known = pick(&self.heads, choices).map_or(self.tip.1, |known| known.head.chain);
        let other = choices.byte();
        Status {
            view,
            delivered,
            stable: u64::from(other & 15) * 16,
            epoch: u64::from(other >> 4 & 3),
            tag: known.tag(),
        }
    }

    fn request(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let player = self.other(own, choices);
        let number = choices.byte();
        let request = Request {
            player: Seat(u8::try_from(player).unwrap()),
            number: u64::from(number % 70),
            skips: number >= 210,
            payload: {
                let length = choices.below(48);
                choices.bytes(length).to_vec()
            },
        };
        let signed = Signed::sign(request, &self.table_context, &self.identities[player]);
        let digest = signed.digest(&self.table_context);
        let request = Arc::new(SignedRequest { signed, digest });
        let wire = Message::Request(SignedBytes::from(request.as_ref()));
        let wire = wire.to_wire(self.tag, 0, request.number());
        keep(&mut self.requests, request);
        wire
    }

    /// A proposal on top of a head that is known here, of what the phone delivered, or of the genesis.
    fn pre_prepare(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let view = choices.below(VIEWS) as u64;
        let below = self.head(choices);
        let batch = (0..choices.below(4)).filter_map(|_| pick(&self.requests, choices).cloned());
        let batch: Vec<_> = batch.collect();
        let sequence = below.head.sequence + 1;
        let head = Head {
            view,
            sequence,
            chain: next_chain(&below.head.chain, sequence, &batch),
        };
        let proposal = PrePrepare {
            ids: batch.iter().map(|request| request.id()).collect(),
            signature: self.sign(self.epoch.primary(view).index(), own, Phase::Prepare, head),
        };
        let mut known = Known { head, ..below };
        known.path.push(batch);
        if known.path.len() <= SLOTS {
            keep(&mut self.heads, known);
        }
        Message::PrePrepare(proposal).to_wire(self.tag, view, sequence)
    }

    fn vote(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let head = self.any_head(choices);
        let signer = self.other(own, choices);
        let phase = phase(choices);
        let vote = VoteMessage {
            phase,
            signer: Seat(u8::try_from(signer).unwrap()),
            tag: head.chain.tag(),
            signature: self.sign(signer, own, phase, head),
        };
        Message::Vote(vote).to_wire(self.tag, head.view, head.sequence)
    }

    fn view_change(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let signer = self.other(own, choices);
        let claims = choices.below(2) == 1;
        let statement = ViewChange {
            signer: Seat(u8::try_from(signer).unwrap()),
            view: choices.below(VIEWS) as u64,
            delivered: choices.below(SLOTS) as u64,
            prepared: claims.then(|| self.any_head(choices)),
        };
        let signed = Signed::sign(statement, &self.epoch.context, &self.identities[signer]);
        let wire = Message::ViewChange(SignedBytes::from(&signed));
        let wire = wire.to_wire(self.tag, statement.view, statement.delivered);
        keep(&mut self.reports, signed);
        wire
    }

    fn prepared(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let head = self.any_head(choices);
        let body = self.certificate(own, Phase::Prepare, head, choices);
        let tag = head.chain.tag();
        let message = Message::Prepared(PreparedMessage { tag, body });
        message.to_wire(self.tag, head.view, head.sequence)
    }

    fn new_view(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let view = choices.below(VIEWS) as u64;
        let of_view = self.reports.iter();
        let of_view = of_view.filter(|report| report.value().view == view);
        let named: BTreeMap<Seat, &Signed<ViewChange>> = of_view
            .map(|report| (report.value().signer, report))
            .collect();
        let highest = named.values().filter_map(|report| report.value().prepared);
        let highest = highest.max();
        let head = if choices.below(4) == 0 {
            Some(self.any_head(choices))
        } else {
            highest
        };
        let context = self.epoch.context;
        let digests = named.iter();
        let statement = NewView {
            view,
            head,
            view_changes: digests
                .map(|(seat, report)| (*seat, report.digest(&context)))
                .collect(),
        };
        let message = NewViewMessage {
            view,
            head,
            seats: named.keys().copied().collect(),
            tags: statement
                .view_changes
                .iter()
                .map(|(_, digest)| digest.short())
                .collect(),
            signature: Signature([0; 64]),
        };
        let reports = named.values();
        let record = ViewRecord {
            view,
            head,
            view_changes: reports
                .map(|report| (*report.value(), *report.signature()))
                .collect(),
            prepared: head.map(|head| {
                let body = self.certificate(own, Phase::Prepare, head, &mut Choices(&[1]));
                body.into_certificate(Phase::Prepare, head)
            }),
        };
        let primary = self.key_of(self.epoch.primary(view).index(), own);
        let signed = Signed::sign(statement, &context, primary);
        let (statement, signature) = (signed.bytes().to_vec(), *signed.signature());
        if view > 0 {
            self.begun.insert(view, signed.digest(&context));
        }
        let signed = SignedBytes {
            statement,
            signature,
        };
        keep(&mut self.records, (record, signed));
        let message = NewViewMessage {
            signature,
            ..message
        };
        let sequence = head.map_or(0, |head| head.sequence);
        Message::NewView(message).to_wire(self.tag, view, sequence)
    }

    fn slots(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut known = self.head(choices);
        if known.path.is_empty() {
            known.head = self.any_head(choices);
            known.path.push(Vec::new());
        }
        let skipped = choices.below(known.path.len());
        let first = known.base.0 + skipped as u64 + 1;
        let batches = known.path[skipped..].iter();
        let batches = batches.map(|batch| {
            batch
                .iter()
                .map(|r| SignedBytes::from(r.as_ref()))
                .collect()
        });
        let head = known.head;
        let slots = Slots {
            first,
            batches: batches.collect(),
            certificate: (choices.below(4) != 0).then(|| {
                (
                    head.view,
                    self.certificate(own, Phase::Commit, head, choices),
                )
            }),
        };
        Message::Slots(slots).to_wire(self.tag, head.view, first)
    }

    /// The last message with one byte changed.
    fn bent(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut bytes = self.last.clone();
        if let Some(length) = std::num::NonZero::new(bytes.len()) {
            let at = (choices.below(256) * 256 + choices.below(256)) % length;
            bytes[at] ^= choices.byte().max(1);
        }
        bytes
    }

    fn certificate(
        &self,
        own: usize,
        phase: Phase,
        head: Head,
        choices: &mut Choices<'_>,
    ) -> CertificateBody {
        let signers = self.signers(own, choices);
        let signatures = signers
            .iter()
            .map(|seat| self.sign(seat.index(), own, phase, head));
        CertificateBody {
            signers,
            signatures: signatures.collect(),
            new_view: self.new_view_of(head.view),
        }
    }

    /// As many of the phone's others as a quorum takes, or any.
    fn signers(&self, own: usize, choices: &mut Choices<'_>) -> SeatSet {
        if choices.below(4) == 0 {
            return self.seats(SEATS, choices);
        }
        let others = self.epoch.roster.seats();
        let others = others.filter(|seat| seat.index() != own);
        others.take(self.epoch.quorum.q).collect()
    }

    /// What votes cover in a view: what it began with as far as that is known here, or something that nobody signed.
    fn new_view_of(&self, view: u64) -> Digest {
        if view == 0 {
            return NO_NEW_VIEW;
        }
        let begun = self.begun.get(&view).copied();
        begun.unwrap_or_else(|| Digest([view.to_le_bytes()[0].max(1); 32]))
    }

    /// A vote of the seat, or of its neighbour where it is the one key that the liar lacks.
    fn sign(&self, seat: usize, own: usize, phase: Phase, head: Head) -> Signature {
        let context = self.epoch.view_context(&self.new_view_of(head.view));
        *Signed::sign(Vote { phase, head }, &context, self.key_of(seat, own)).signature()
    }

    fn key_of(&self, seat: usize, own: usize) -> &Identity {
        let seat = if seat == own { seat + 1 } else { seat };
        &self.identities[seat % SEATS]
    }

    fn other(&self, own: usize, choices: &mut Choices<'_>) -> usize {
        (own + 1 + choices.below(SEATS - 1)) % SEATS
    }

    fn seats(&self, bound: usize, choices: &mut Choices<'_>) -> SeatSet {
        let bits = choices.byte();
        let seats = (0..bound).filter(|seat| bits >> seat & 1 == 1);
        seats
            .map(|seat| Seat(u8::try_from(seat).unwrap()))
            .collect()
    }

    fn ids(&self, choices: &mut Choices<'_>) -> Vec<RequestId> {
        let count = choices.below(5);
        let known = (0..count).map(|_| match pick(&self.requests, choices) {
            Some(request) => request.id(),
            None => RequestId([choices.byte(); 16]),
        });
        known.collect()
    }

    fn head(&self, choices: &mut Choices<'_>) -> Known {
        let from = choices.below(8);
        let known = pick(&self.heads, choices).cloned();
        match (from, known) {
            (4, _) => Known::empty(self.tip),
            (0, _) | (_, None) => Known::empty((0, genesis_chain(&self.table))),
            (_, Some(known)) => known,
        }
    }

    /// A head that was proposed, sometimes in another view, or one that nobody knows.
    fn any_head(&self, choices: &mut Choices<'_>) -> Head {
        let how = choices.byte() % 8;
        let known = pick(&self.heads, choices)
            .map(|known| known.head)
            .filter(|_| how != 0);
        let view = choices.below(VIEWS) as u64;
        match known {
            Some(head) if how == 1 => Head { view, ..head },
            Some(head) => head,
            None => Head {
                view,
                sequence: choices.below(SLOTS) as u64,
                chain: Digest([choices.byte(); 32]),
            },
        }
    }
}

fn phase(choices: &mut Choices<'_>) -> Phase {
    if choices.below(2) == 0 {
        Phase::Prepare
    } else {
        Phase::Commit
    }
}

fn pick<'a, T>(kept: &'a [T], choices: &mut Choices<'_>) -> Option<&'a T> {
    let at = usize::from(choices.byte());
    // Small numbers are what came last: that is what most messages are about.
    kept.len()
        .checked_sub(1 + at % kept.len().max(1))
        .map(|index| &kept[index])
}

fn keep<T>(kept: &mut Vec<T>, value: T) {
    if kept.len() >= KEPT_MAX {
        kept.remove(0);
    }
    kept.push(value);
}
