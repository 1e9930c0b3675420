//! What a journal need not keep. A stable checkpoint makes most of what lies below it worthless: nobody asks for votes
//! on slots that a quorum has the state of. What is delivered, and by which certificates, stays, so that the table's
//! whole history can be told from the journal.

use std::collections::BTreeSet;

use super::checkpoint::Progress;
use super::limits::CHECKPOINT_EVERY;
use super::message::Message;
use super::record::Record;
use super::statement::{Head, Phase, Request};
use crate::wire::Decode;

/// The records without those that a replica can do without: from either it goes on at the same place, knows as much of
/// what it signed, and delivers the same slots. Records that cannot be read are all kept, for
/// [`Replica::replay`](super::Replica::replay) to name.
#[must_use]
pub fn compacted(records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let read = records.iter().map(|bytes| Record::from_bytes(bytes));
    let Ok(read) = read.collect::<Result<Vec<Record>, _>>() else {
        return records.to_vec();
    };
    let Some(keep) = Keep::of(&read) else {
        return records.to_vec();
    };
    let kept = read.iter().zip(records).enumerate();
    let kept = kept.filter(|(index, (record, _))| keep.needs(*index, record));
    kept.map(|(_, (_, bytes))| bytes.clone()).collect()
}

/// What decides whether a record is needed.
struct Keep {
    /// The last stable checkpoint: its slot, where its record stands, and everybody's numbers after it.
    stable: u64,
    at: usize,
    numbers: super::numbers::Numbers,
    /// Stable checkpoints that were taken over from others: what is delivered after them stands on them.
    installed: BTreeSet<usize>,
    /// The last own vote of each phase and checkpoint vote, and the highest prepared certificate: the marks.
    marks: BTreeSet<usize>,
    /// Heads that views began with.
    heads: BTreeSet<Head>,
}

impl Keep {
    fn of(records: &[Record]) -> Option<Self> {
        let (mut stable, mut delivered) = (None, 0);
        let mut last = [None; 4];
        let (mut installed, mut heads) = (BTreeSet::new(), BTreeSet::new());
        for (index, record) in records.iter().enumerate() {
            match record {
                Record::Certificate(certificate) if certificate.phase == Phase::Commit => {
                    delivered = delivered.max(certificate.head.sequence);
                }
                Record::Certificate(_) => last[3] = Some(index),
                Record::Stable {
                    certificate,
                    progress,
                    ..
                } => {
                    let sequence = certificate.checkpoint.sequence;
                    if sequence > delivered {
                        installed.insert(index);
                        delivered = sequence;
                    }
                    stable = Some((sequence, index, progress));
                }
                Record::Entered { new_view, .. } => {
                    if let Ok((_, Message::NewView(message))) = Message::from_wire(new_view) {
                        heads.extend(message.head);
                    }
                }
                Record::Own { message, .. } => match Message::from_wire(message) {
                    Ok((_, Message::PrePrepare(_))) => last[0] = Some(index),
                    Ok((_, Message::Vote(vote))) => {
                        last[usize::from(vote.phase == Phase::Commit)] = Some(index);
                    }
                    Ok((_, Message::Checkpoint(_))) => last[2] = Some(index),
                    _ => {}
                },
                _ => {}
            }
        }
        let (stable, at, progress) = stable?;
        Some(Self {
            stable,
            at,
            numbers: Progress::from_bytes(progress).ok()?.numbers,
            installed,
            marks: last.into_iter().flatten().collect(),
            heads,
        })
    }

    fn needs(&self, index: usize, record: &Record) -> bool {
        // Votes on slots just below may still be the highest of their phase, because slots under way overtake
        // each other.
        let recent = |head: &Head| head.sequence + CHECKPOINT_EVERY > self.stable;
        index >= self.at
            || self.marks.contains(&index)
            || self.installed.contains(&index)
            || match record {
                Record::Own { head, message } => match (head, Message::from_wire(message)) {
                    (Some(head), _) => recent(head),
                    (None, Ok((_, Message::Request(signed)))) => {
                        let request = Request::from_bytes(&signed.statement);
                        request.is_ok_and(|of| of.number >= self.numbers.next(of.player))
                    }
                    (None, Ok((_, Message::Checkpoint(_)))) => false,
                    _ => true,
                },
                Record::Certificate(certificate) => {
                    let head = certificate.head;
                    let commit = certificate.phase == Phase::Commit;
                    commit || recent(&head) || self.heads.contains(&head)
                }
                Record::Stable { .. } => false,
                _ => true,
            }
    }
}
