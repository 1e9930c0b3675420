//! One link: four queues out, one message of each class in, and what the other end is known to have.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::chunk::{self, ChunkError, Position, Reassembly, payload_max};
use super::{Class, Fingerprint};

/// How many chunks the OS may hold for a link: about one connection event's worth.
pub(super) const OS_CHUNKS_MAX: usize = 4;
/// Most bytes queued for one link; more means that it cannot keep up, and what it lacks is asked for later.
pub(super) const QUEUE_BYTES_MAX: usize = 256 * 1024;
/// How many received messages are remembered, so that they are not sent back.
const SEEN_MAX: usize = 1024;

#[derive(Debug)]
struct Queued {
    seen: Fingerprint,
    bytes: Arc<[u8]>,
    own: bool,
    /// Payload bytes that have left, and the index of the next chunk.
    sent: usize,
    index: u8,
    message: u8,
}

/// What is queued of one class. The message that has begun is finished before another of its class begins: the
/// other end puts together one of each class at a time.
#[derive(Default, Debug)]
struct ClassQueue {
    begun: Option<Queued>,
    /// Made here.
    own: VecDeque<Queued>,
    /// Passed on for others: most neighbours get these from their origin sooner than from us.
    relayed: VecDeque<Queued>,
}

impl ClassQueue {
    fn is_empty(&self) -> bool {
        self.begun.is_none() && self.own.is_empty() && self.relayed.is_empty()
    }

    /// Whether an own message waits, be it behind a relayed one that has begun.
    fn is_own_due(&self) -> bool {
        !self.own.is_empty() || self.begun.as_ref().is_some_and(|begun| begun.own)
    }

    fn next(&mut self) -> Option<&mut Queued> {
        if self.begun.is_none() {
            self.begun = self.own.pop_front().or_else(|| self.relayed.pop_front());
        }
        self.begun.as_mut()
    }
}

#[derive(Debug)]
pub(super) struct Link {
    payload_max: usize,
    queues: [ClassQueue; 4],
    queued_bytes: usize,
    /// What is in the queues.
    waiting: BTreeSet<Fingerprint>,
    next_message: u8,
    in_os: usize,
    reassembly: Reassembly,
    seen: BTreeSet<Fingerprint>,
    seen_order: VecDeque<Fingerprint>,
}

impl Link {
    pub(super) fn new(mtu: u16) -> Self {
        Self {
            payload_max: payload_max(mtu),
            queues: Default::default(),
            queued_bytes: 0,
            waiting: BTreeSet::new(),
            next_message: 0,
            in_os: 0,
            reassembly: Reassembly::default(),
            seen: BTreeSet::new(),
            seen_order: VecDeque::new(),
        }
    }

    /// Queues a message that does not wait there already: on a slow link, answers to a question that is asked again
    /// would otherwise fill the queue. `false` if the link has too much queued already or the other end would refuse it.
    pub(super) fn queue(
        &mut self,
        class: Class,
        own: bool,
        seen: Fingerprint,
        bytes: Arc<[u8]>,
    ) -> bool {
        if self.waiting.contains(&seen) {
            return true;
        }
        let too_long = bytes.len() > class.message_bytes_max();
        if too_long || self.queued_bytes + bytes.len() > QUEUE_BYTES_MAX {
            return false;
        }
        self.queued_bytes += bytes.len();
        self.waiting.insert(seen);
        let queued = Queued {
            seen,
            bytes,
            own,
            sent: 0,
            index: 0,
            message: 0,
        };
        let queue = &mut self.queues[usize::from(class as u8)];
        if own {
            queue.own.push_back(queued);
        } else {
            queue.relayed.push_back(queued);
        }
        true
    }

    /// The next chunk, if the OS has room: own messages by strict priority of their class, then relayed ones, then
    /// catch-up.
    pub(super) fn poll_chunk(&mut self) -> Option<Vec<u8>> {
        if self.in_os >= OS_CHUNKS_MAX {
            return None;
        }
        let urgent = |class: &Class| *class != Class::Bulk && self.queue_of(*class).is_own_due();
        let any = |class: &Class| !self.queue_of(*class).is_empty();
        let class = Class::ALL.into_iter().find(urgent);
        let class = class.or_else(|| Class::ALL.into_iter().find(any))?;
        let next_message = self.next_message;
        let payload_max = self.payload_max;
        let queue = &mut self.queues[usize::from(class as u8)];
        let queued = queue.next()?;
        let first = queued.index == 0 && queued.sent == 0;
        if first {
            queued.message = next_message;
            self.next_message = next_message.wrapping_add(1);
        }
        let rest = &queued.bytes[queued.sent..];
        let payload = &rest[..rest.len().min(payload_max)];
        let last = payload.len() == rest.len();
        let position = Position {
            class,
            message: queued.message,
            index: queued.index,
            first,
            last,
        };
        let chunk = chunk::encode(position, payload);
        queued.sent += payload.len();
        queued.index = queued.index.wrapping_add(1);
        if last {
            self.queued_bytes -= queued.bytes.len();
            self.waiting.remove(&queued.seen);
            queue.begun = None;
        }
        self.in_os += 1;
        Some(chunk)
    }

    const fn queue_of(&self, class: Class) -> &ClassQueue {
        &self.queues[class as usize]
    }

    pub(super) fn writable(&mut self) {
        self.in_os = self.in_os.saturating_sub(1);
    }

    pub(super) fn receive(&mut self, chunk: &[u8]) -> Result<Option<(Class, Vec<u8>)>, ChunkError> {
        self.reassembly.receive(chunk, self.payload_max)
    }

    /// The other end has this message: remember it, and call off sending it if that has not begun.
    pub(super) fn note_seen(&mut self, seen: Fingerprint) {
        if self.seen.insert(seen) {
            self.seen_order.push_back(seen);
            if self.seen_order.len() > SEEN_MAX
                && let Some(oldest) = self.seen_order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
        for queue in &mut self.queues {
            for waiting in [&mut queue.own, &mut queue.relayed] {
                waiting.retain(|queued| {
                    if queued.seen == seen {
                        self.queued_bytes -= queued.bytes.len();
                        self.waiting.remove(&seen);
                    }
                    queued.seen != seen
                });
            }
        }
    }

    /// Takes out of the queues what has not begun and is of no use any more.
    pub(super) fn drop_stale(&mut self, stale: &impl Fn(&[u8]) -> bool) {
        for queue in &mut self.queues {
            for waiting in [&mut queue.own, &mut queue.relayed] {
                waiting.retain(|queued| {
                    let drop = stale(&queued.bytes);
                    if drop {
                        self.queued_bytes -= queued.bytes.len();
                        self.waiting.remove(&queued.seen);
                    }
                    !drop
                });
            }
        }
    }

    pub(super) fn has_seen(&self, seen: &Fingerprint) -> bool {
        self.seen.contains(seen)
    }

    pub(super) const fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }
}
