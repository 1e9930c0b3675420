//! Lies about states, lies about liars, and lies about forks.

use bitcraps_core::consensus::{
    Checkpoint, CheckpointCertificate, CheckpointMessage, EpochEnd, ForkProof, Halt, Head, Message,
    Phase, Side, SideMessage, SignedBytes, StateAt, StateMessage, VoteProof, next_chain,
};
use bitcraps_core::crypto::{Digest, Roster, Seat, Signed};
use bitcraps_core::table::Table;
use bitcraps_core::wire::{Encode, Header, Kind, Writer};

use super::super::Choices;
use super::{Liar, SEATS, genesis, keep, pick};

impl Liar {
    pub(super) fn checkpoint(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let state = self.state_at(own, choices);
        let checkpoint = state.certificate.checkpoint;
        let signer = self.other(own, choices);
        let context = &self.epoch.context;
        let signed = Signed::sign(checkpoint, context, &self.identities[signer]);
        let vote = CheckpointMessage {
            signer: Seat(u8::try_from(signer).unwrap()),
            tag: checkpoint.digest().tag(),
            signature: *signed.signature(),
        };
        keep(&mut self.states, state);
        Message::Checkpoint(vote).to_wire(self.tag, 0, checkpoint.sequence)
    }

    /// The phone's own state, what it could become, or neither, with a certificate.
    fn state_at(&self, own: usize, choices: &mut Choices<'_>) -> StateAt {
        let how = choices.byte();
        let known = pick(&self.heads, choices).map(|known| known.head);
        let (sequence, chain) = match how % 4 {
            0 => self.tip,
            1 => (self.tip.0 + 16 - self.tip.0 % 16, self.tip.1),
            2 => known.map_or(self.tip, |head| (head.sequence, head.chain)),
            _ => (choices.byte().into(), Digest([choices.byte(); 32])),
        };
        let progress = self.progress(how >> 2, sequence, choices);
        let application = self.table_at(sequence, how & 0x80 != 0, choices);
        let state = state_digest(&progress, &application_digest(&application));
        let checkpoint = Checkpoint {
            sequence,
            chain,
            state,
        };
        StateAt {
            epoch: self.epoch.number,
            certificate: self.certify(checkpoint, own, choices),
            progress,
            application,
        }
    }

    /// The phone's table, or one that differs from it in a byte. It must be some table: a phone takes a certified state
    /// for one, because at most f lie.
    fn table_at(&self, sequence: u64, differs: bool, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut application = self.application.clone();
        if let (true, Some(length)) = (differs, std::num::NonZero::new(application.len())) {
            let at = (choices.below(256) * 256 + choices.below(256)) % length;
            application[at] ^= choices.byte().max(1);
            if Table::read(genesis(), sequence, Digest::default(), &application).is_err() {
                return self.application.clone();
            }
        }
        application
    }

    /// Consensus' part of a state: everybody's numbers, the epoch, and rosters to come.
    fn progress(&self, how: u8, sequence: u64, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut writer = Writer::new();
        for _ in 0..18 {
            let next = if how & 1 == 0 { 1 } else { choices.byte() };
            writer.u64(next.into());
        }
        writer.u64(self.epoch.number);
        writer.u64(self.epoch.first);
        self.epoch.roster.encode(&mut writer);
        let changes = usize::from(how >> 1 & 3) % 3;
        writer.count_u8(changes);
        for change in 0..changes {
            let first = if how & 8 == 0 {
                sequence + 1 + change as u64
            } else {
                choices.byte().into()
            };
            writer.u64(first);
            self.any_roster(choices).encode(&mut writer);
        }
        writer.finish()
    }

    /// The first one without some of its seats.
    fn any_roster(&self, choices: &mut Choices<'_>) -> Roster {
        let all = genesis().roster;
        let gone = self.seats(SEATS, choices);
        all.without(gone).unwrap_or(all)
    }

    fn certify(
        &self,
        checkpoint: Checkpoint,
        own: usize,
        choices: &mut Choices<'_>,
    ) -> CheckpointCertificate {
        let signers = self.signers(own, choices);
        let context = &self.epoch.context;
        let sign = |seat: Seat| {
            let key = self.key_of(seat.index(), own);
            *Signed::sign(checkpoint, context, key).signature()
        };
        CheckpointCertificate {
            checkpoint,
            signers,
            signatures: signers.iter().map(sign).collect(),
        }
    }

    pub(super) fn state(&mut self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let how = choices.byte();
        let ends = (0..usize::from(how >> 1 & 1)).map(|_| {
            let state = self.state_at(own, choices);
            EpochEnd {
                epoch: state.epoch,
                application: application_digest(&state.application),
                certificate: state.certificate,
                progress: state.progress,
            }
        });
        let ends: Vec<EpochEnd> = ends.collect();
        let again = pick(&self.states, choices)
            .filter(|_| how & 4 != 0)
            .cloned();
        let last = again.unwrap_or_else(|| self.state_at(own, choices));
        keep(&mut self.states, last.clone());
        let sequence = last.certificate.checkpoint.sequence;
        let last = (how & 1 == 0).then_some(last);
        Message::State(StateMessage { ends, last }).to_wire(self.tag, 0, sequence)
    }

    /// What a quorum of liars signs about a slot of a chain that it made up.
    fn any_side(&self, own: usize, choices: &mut Choices<'_>) -> (u64, Side) {
        if choices.below(4) == 0
            && let Some(state) = pick(&self.states, choices)
        {
            let certificate = state.certificate.clone();
            let sequence = certificate.checkpoint.sequence;
            return (sequence, Side::Checkpoint(certificate));
        }
        let known = self.head(choices);
        let below = choices.below(known.path.len().max(1));
        let (mut sequence, mut chain) = known.base;
        for batch in known.path.iter().take(below + 1) {
            sequence += 1;
            chain = next_chain(&chain, sequence, batch);
        }
        let above = known.path.iter().skip(below + 1);
        let batches = above.map(|batch| {
            let digests: Vec<&[u8]> = batch.iter().map(|r| &r.digest.0[..]).collect();
            Digest::of("bitcraps/batch/v1", &digests)
        });
        let body = self.certificate(own, Phase::Commit, known.head, choices);
        let side = Side::Commit {
            chain,
            batches: batches.collect(),
            certificate: body.into_certificate(Phase::Commit, known.head),
        };
        (sequence, side)
    }

    pub(super) fn side(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let (sequence, side) = self.any_side(own, choices);
        let epoch = self.epoch.number;
        let message = Message::Side(SideMessage {
            epoch,
            sequence,
            side,
        });
        message.to_wire(self.tag, 0, sequence)
    }

    pub(super) fn halt(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let (sequence, left) = self.any_side(own, choices);
        let (_, right) = self.any_side(own, choices);
        let epoch = self.epoch.number;
        let proof = ForkProof::new(epoch, sequence, left.clone(), right.clone());
        let proof = proof.unwrap_or(ForkProof {
            epoch,
            sequence,
            left,
            right,
        });
        let views = (0..choices.below(4)).filter_map(|_| pick(&self.records, choices));
        let views = views.map(|(record, _)| record.clone()).collect();
        Message::Halt(Halt { proof, views }).to_wire(self.tag, 0, sequence)
    }

    /// Two statements of one seat, which may or may not contradict each other.
    pub(super) fn evidence(&self, own: usize, choices: &mut Choices<'_>) -> Vec<u8> {
        let lie = choices.byte() % 8;
        let mut culprit = self.other(own, choices);
        let mut body = Writer::new();
        match lie {
            2 | 3 => {
                let phase = [Phase::Commit, Phase::Prepare][usize::from(lie == 2)];
                let one = self.any_head(choices);
                let chain = self.any_head(choices).chain;
                let heads = [one, Head { chain, ..one }];
                let mut votes = heads.map(|head| self.vote_proof(culprit, own, phase, head));
                votes.sort();
                votes.iter().for_each(|vote| vote.encode(&mut body));
            }
            7 => {
                let commit = self.any_head(choices);
                let commit = self.vote_proof(culprit, own, Phase::Commit, commit);
                commit.encode(&mut body);
                let report = pick(&self.reports, choices).map(SignedBytes::from);
                report.iter().for_each(|bytes| write(bytes, &mut body));
            }
            _ => {
                let mut pair = [0; 2].map(|_| self.statement(lie, &mut culprit, choices));
                pair.sort_by(|one, two| one.statement.cmp(&two.statement));
                pair.iter().for_each(|bytes| write(bytes, &mut body));
            }
        }
        let mut writer = Writer::new();
        let header = Header {
            kind: Kind::Evidence,
            table: self.tag,
            view: 0,
            sequence: 0,
        };
        header.encode(&mut writer);
        writer.u64(self.epoch.number);
        writer.u8(u8::try_from(culprit).unwrap());
        writer.u8(lie);
        writer.raw(&body.finish());
        writer.finish()
    }

    /// Something that was said before. Where it names its signer, that is the culprit.
    fn statement(&self, lie: u8, culprit: &mut usize, choices: &mut Choices<'_>) -> SignedBytes {
        let found = match lie {
            1 => pick(&self.requests, choices).map(|request| {
                *culprit = request.player().index();
                SignedBytes::from(request.as_ref())
            }),
            4 => pick(&self.reports, choices).map(|report| {
                *culprit = report.value().signer.index();
                SignedBytes::from(report)
            }),
            5 => pick(&self.records, choices).map(|(record, signed)| {
                *culprit = self.epoch.primary(record.view).index();
                signed.clone()
            }),
            _ => pick(&self.states, choices).map(|state| {
                let checkpoint = state.certificate.checkpoint;
                let key = &self.identities[*culprit];
                let signed = Signed::sign(checkpoint, &self.epoch.context, key);
                SignedBytes {
                    statement: signed.bytes().to_vec(),
                    signature: *signed.signature(),
                }
            }),
        };
        found.unwrap_or_else(|| SignedBytes {
            statement: choices.bytes(40).to_vec(),
            signature: bitcraps_core::crypto::Signature([choices.byte(); 64]),
        })
    }

    fn vote_proof(&self, seat: usize, own: usize, phase: Phase, head: Head) -> VoteProof {
        VoteProof {
            head,
            new_view: self.new_view_of(head.view),
            signature: self.sign(seat, own, phase, head),
        }
    }
}

fn write(bytes: &SignedBytes, writer: &mut Writer) {
    writer.bytes_u16(&bytes.statement);
    bytes.signature.encode(writer);
}

fn application_digest(application: &[u8]) -> Digest {
    Digest::of("bitcraps/application/v1", &[application])
}

fn state_digest(progress: &[u8], application: &Digest) -> Digest {
    Digest::of("bitcraps/state/v1", &[progress, &application.0])
}
