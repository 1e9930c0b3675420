//! One link: a handshake, then four queues out, one message of each class in, and what the other end is known to have.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::bundle::{Packing, unpack};
use super::chunk::{
    self, CHUNK_HEADER_BYTES, ChunkError, Cutting, HANDSHAKE_TAG, Reassembly, payload_max,
};
use super::session::handshake::{
    Answered, HANDSHAKE_MESSAGE_BYTES_MAX, Hailed, HandshakeError, Introduced, Secured,
};
use super::session::record::{Session, sealed_length};
use super::session::secret::LinkKeys;
use super::{Class, Fingerprint, Incoming, Refusal, Role};

/// How many bytes of chunks the OS may hold for a link: what one connection event carries, two full packets of the
/// link layer. What waits here instead can still be overtaken, bundled or called off.
pub(super) const EVENT_BYTES: usize = 488;
/// And how many chunks: small ones spend an event's time on their gaps.
pub(super) const OS_CHUNKS_MAX: usize = 6;
/// Messages are packed together up to this length even where that takes several small chunks; beyond it only as far as one
/// chunk carries them, or those in the first would wait for the second, an interval later if that one is lost.
const PACK_BYTES_MIN: usize = 160;
/// Most bytes queued for one link; more means that it cannot keep up, and what it lacks is asked for later.
pub(super) const QUEUE_BYTES_MAX: usize = 256 * 1024;
/// Every so many chunks it is the turn of a class that waits behind others, or a busy link would never send what is in it.
const CHUNKS_PER_TURN: u8 = 8;
/// Most bytes that are taken from somebody who has proven nothing.
pub(super) const STRANGER_BYTES_MAX: usize = 512;
/// So many records in a row that do not open: somebody else writes into this link, or more was lost than can be made up.
pub(super) const RECORD_FAILURES_MAX: u8 = 8;

#[derive(Debug)]
struct Queued {
    seen: Fingerprint,
    bytes: Arc<[u8]>,
}

/// A sealed record on its way out: one message, or several that were packed.
#[derive(Debug)]
struct Begun {
    /// Whether the first of them was made here.
    own: bool,
    cutting: Cutting,
}

/// What is queued of one class. The message that has begun is finished before another of its class begins: the
/// other end puts together one of each class at a time.
#[derive(Default, Debug)]
struct ClassQueue {
    begun: Option<Begun>,
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

    fn waiting(&mut self, own: bool) -> &mut VecDeque<Queued> {
        if own {
            &mut self.own
        } else {
            &mut self.relayed
        }
    }
}

/// A chunk, and the messages that begin with it.
type Begins = (Vec<u8>, Vec<Arc<[u8]>>);

/// How far a link has come.
#[derive(Debug)]
enum Phase {
    /// A peripheral; with the hail, once that has come and has not been answered.
    Quiet(Option<Vec<u8>>),
    Hailed(Hailed),
    Answered(Answered),
    Introduced(Box<Introduced>),
    Secured(Box<Session>),
    /// Nothing passes any more.
    Refused,
}

#[derive(Debug)]
pub(super) struct Link {
    payload_max: usize,
    phase: Phase,
    /// In front of every chunk in both directions; 0 until the central has drawn one.
    tag: u8,
    /// Messages of the handshake on their way out.
    greetings: VecDeque<Cutting>,
    greetings_made: u8,
    stranger_bytes: usize,
    failures: u8,
    queues: [ClassQueue; 4],
    queued_bytes: usize,
    /// Chunks so far, for the turns.
    chunks: u8,
    /// What is in the queues.
    waiting: BTreeSet<Fingerprint>,
    /// The length of each chunk in the OS, in order, and of all together.
    in_os: VecDeque<usize>,
    in_os_bytes: usize,
    reassembly: Reassembly,
}

impl Link {
    /// A link of this role. A central hails at once.
    pub(super) fn new(role: Role, mtu: u16, keys: &mut LinkKeys) -> Result<Self, HandshakeError> {
        let mut link = Self {
            payload_max: payload_max(mtu),
            phase: Phase::Quiet(None),
            tag: 0,
            greetings: VecDeque::new(),
            greetings_made: 0,
            stranger_bytes: 0,
            failures: 0,
            queues: Default::default(),
            queued_bytes: 0,
            chunks: 0,
            waiting: BTreeSet::new(),
            in_os: VecDeque::new(),
            in_os_bytes: 0,
            reassembly: Reassembly::default(),
        };
        if role == Role::Central {
            let (hailed, hail) = Hailed::begin(keys)?;
            link.phase = Phase::Hailed(hailed);
            link.tag = HANDSHAKE_TAG | keys.draw().0[0];
            link.greet(hail);
        }
        Ok(link)
    }

    // ------------------------------------------------------------------ the handshake

    fn greet(&mut self, bytes: Vec<u8>) {
        let number = self.greetings_made;
        self.greetings_made += 1;
        let cutting = Cutting::new(self.tag, Class::Vote, number, bytes);
        self.greetings.push_back(cutting);
    }

    /// Answers a hail that has come.
    pub(super) fn answer(&mut self, keys: &mut LinkKeys) -> Result<(), HandshakeError> {
        let Phase::Quiet(Some(hail)) = &self.phase else {
            return Ok(());
        };
        let begun = Answered::begin(keys, hail);
        // A hail that is none is not looked at again.
        self.phase = Phase::Refused;
        let (answered, answer) = begun?;
        self.phase = Phase::Answered(answered);
        self.greet(answer);
        Ok(())
    }

    fn on_greeting(
        &mut self,
        keys: &LinkKeys,
        bytes: Vec<u8>,
        free_tag: u8,
    ) -> Result<Incoming, HandshakeError> {
        match std::mem::replace(&mut self.phase, Phase::Refused) {
            Phase::Quiet(None) => {
                self.phase = Phase::Quiet(Some(bytes));
                Ok(Incoming::Hail)
            }
            Phase::Hailed(hailed) => {
                let (introduced, introduction) = hailed.on_answer(keys, &bytes)?;
                self.phase = Phase::Introduced(Box::new(introduced));
                self.greet(introduction);
                Ok(Incoming::Partial)
            }
            Phase::Answered(answered) => {
                let (secured, welcome) = answered.on_introduction(keys, &bytes, free_tag)?;
                self.greet(welcome);
                Ok(self.secure(secured))
            }
            Phase::Introduced(introduced) => Ok(self.secure(introduced.on_welcome(keys, &bytes)?)),
            Phase::Quiet(Some(_)) | Phase::Secured(_) | Phase::Refused => {
                Err(HandshakeError::Malformed)
            }
        }
    }

    fn secure(&mut self, secured: Secured) -> Incoming {
        self.tag = secured.tag;
        self.phase = Phase::Secured(Box::new(secured.session));
        Incoming::Secured(secured.peer)
    }

    /// The tag of its session, once it has one.
    pub(super) const fn session_tag(&self) -> Option<u8> {
        match self.phase {
            Phase::Secured(_) => Some(self.tag),
            _ => None,
        }
    }

    // ------------------------------------------------------------------ out

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
            if own {
                self.advance(class, seen);
            }
            return true;
        }
        let too_long = bytes.len() > class.message_bytes_max();
        if too_long || self.queued_bytes + bytes.len() > QUEUE_BYTES_MAX {
            return false;
        }
        self.queued_bytes += bytes.len();
        self.waiting.insert(seen);
        let queue = &mut self.queues[usize::from(class as u8)];
        queue.waiting(own).push_back(Queued { seen, bytes });
        true
    }

    /// A message that waits behind others' is asked for: it goes with the own ones, or a busy link would never send it.
    fn advance(&mut self, class: Class, seen: Fingerprint) {
        let ClassQueue { own, relayed, .. } = &mut self.queues[usize::from(class as u8)];
        let at = relayed.iter().position(|queued| queued.seen == seen);
        own.extend(at.and_then(|at| relayed.remove(at)));
    }

    /// Whether nothing waits to leave: asked of every link after every input.
    fn is_quiet(&self) -> bool {
        let begun = |queue: &ClassQueue| queue.begun.is_some();
        self.waiting.is_empty() && self.greetings.is_empty() && !self.queues.iter().any(begun)
    }

    fn has_room(&self) -> bool {
        let chunk = self.payload_max.min(EVENT_BYTES / 2) + CHUNK_HEADER_BYTES;
        let fits = self.in_os_bytes + chunk <= EVENT_BYTES + CHUNK_HEADER_BYTES;
        self.in_os.is_empty() || self.in_os.len() < OS_CHUNKS_MAX && fits
    }

    /// The next chunk, if the OS has room: the handshake, then own messages by strict priority of their class, then relayed
    /// ones, then catch-up. With it come the messages that begin here.
    pub(super) fn poll_chunk(&mut self) -> Option<Begins> {
        if self.is_quiet() || !self.has_room() {
            return None;
        }
        let (chunk, begins) = match self.poll_greeting() {
            Some(chunk) => (chunk, Vec::new()),
            None => self.poll_record()?,
        };
        self.in_os.push_back(chunk.len());
        self.in_os_bytes += chunk.len();
        Some((chunk, begins))
    }

    fn poll_greeting(&mut self) -> Option<Vec<u8>> {
        let (chunk, is_last) = self.greetings.front_mut()?.next(self.payload_max);
        if is_last {
            self.greetings.pop_front();
        }
        Some(chunk)
    }

    fn poll_record(&mut self) -> Option<Begins> {
        let Phase::Secured(session) = &self.phase else {
            return None;
        };
        let class = self.class_to_serve(session.is_turning())?;
        let mut begins = Vec::new();
        if self.queues[class as usize].begun.is_none() {
            let ClassQueue { own, relayed, .. } = &self.queues[class as usize];
            let own = !own.is_empty() && (!self.is_turn() || relayed.is_empty());
            let packing = self.pack(class, own);
            begins = packing.messages();
            let Phase::Secured(session) = &mut self.phase else {
                return None;
            };
            let (message, sealed) = session.seal(class, &packing.finish());
            let cutting = Cutting::new(self.tag, class, message, sealed);
            self.queues[class as usize].begun = Some(Begun { own, cutting });
        }
        let queue = &mut self.queues[class as usize];
        let begun = queue.begun.as_mut()?;
        let (chunk, is_last) = begun.cutting.next(self.payload_max);
        if is_last {
            queue.begun = None;
        }
        Some((chunk, begins))
    }

    /// As [`next_class`] says, but every few chunks each class that waits in turn, whatever is more urgent.
    fn class_to_serve(&mut self, turning: bool) -> Option<Class> {
        let urgent = next_class(&self.queues, turning)?;
        self.chunks = (self.chunks + 1) % (4 * CHUNKS_PER_TURN);
        if turning || !self.is_turn() {
            return Some(urgent);
        }
        let turn = usize::from(self.chunks / CHUNKS_PER_TURN);
        let mut classes = Class::ALL.into_iter().rev().cycle().skip(turn).take(4);
        let waits = |class: &Class| !self.queues[*class as usize].is_empty();
        classes.find(waits).or(Some(urgent))
    }

    /// Whether what waits longest is served now.
    const fn is_turn(&self) -> bool {
        self.chunks.is_multiple_of(CHUNKS_PER_TURN)
    }

    /// Takes out of the queues what leaves together: the next message of `class`, and whatever else waits and fits into
    /// the same chunk, own messages first.
    fn pack(&mut self, class: Class, own: bool) -> Packing {
        let whole = self.payload_max.saturating_sub(sealed_length(0));
        let bytes_max = whole.clamp(PACK_BYTES_MIN, EVENT_BYTES);
        let mut packing = Packing::default();
        self.pack_from(class, own, &mut packing, bytes_max, 1);
        if class == Class::Bulk {
            return packing;
        }
        for own in [true, false] {
            for class in [Class::Vote, Class::Control, Class::Proposal] {
                // What has begun in another class is older and must not be overtaken.
                if self.queues[class as usize].begun.is_none() {
                    self.pack_from(class, own, &mut packing, bytes_max, usize::MAX);
                }
            }
        }
        packing
    }

    fn pack_from(
        &mut self,
        class: Class,
        own: bool,
        packing: &mut Packing,
        bytes_max: usize,
        count_max: usize,
    ) {
        let waiting = self.queues[class as usize].waiting(own);
        for _ in 0..count_max {
            let Some(queued) = waiting.front() else {
                return;
            };
            if !packing.add(&queued.bytes, bytes_max) {
                return;
            }
            self.queued_bytes -= queued.bytes.len();
            self.waiting.remove(&queued.seen);
            waiting.pop_front();
        }
    }

    pub(super) fn writable(&mut self) {
        self.in_os_bytes -= self.in_os.pop_front().unwrap_or(0);
    }

    // ------------------------------------------------------------------ in

    /// Takes one chunk. `free_tag` is for the session, should this one make it.
    pub(super) fn receive(
        &mut self,
        keys: &LinkKeys,
        chunk: &[u8],
        free_tag: u8,
    ) -> Result<Incoming, ChunkError> {
        let Phase::Secured(session) = &mut self.phase else {
            return self.receive_greeting(keys, chunk, free_tag);
        };
        let (position, payload) = chunk::decode(chunk)?;
        if position.tag != self.tag {
            return Err(ChunkError::OtherLink);
        }
        if payload.len() > self.payload_max {
            return Err(ChunkError::Malformed);
        }
        let (class, counter) = (position.class, session.counter(position.message));
        let bytes_max = sealed_length(class.message_bytes_max());
        let whole = self
            .reassembly
            .receive(position, payload, counter, bytes_max)?;
        let Some((counter, sealed)) = whole else {
            return Ok(Incoming::Partial);
        };
        match session.open(class, counter, &sealed) {
            Ok(record) => {
                self.failures = 0;
                let messages = unpack(record).map_err(|_| ChunkError::Pack)?;
                Ok(Incoming::Messages(class, messages))
            }
            Err(_) if self.failures + 1 >= RECORD_FAILURES_MAX => {
                self.phase = Phase::Refused;
                Ok(Incoming::Refused(Refusal::Records))
            }
            Err(error) => {
                self.failures += 1;
                Err(ChunkError::Record(error))
            }
        }
    }

    fn receive_greeting(
        &mut self,
        keys: &LinkKeys,
        chunk: &[u8],
        free_tag: u8,
    ) -> Result<Incoming, ChunkError> {
        if matches!(self.phase, Phase::Refused) {
            return Err(ChunkError::Refused);
        }
        self.stranger_bytes += chunk.len();
        if self.stranger_bytes > STRANGER_BYTES_MAX {
            self.phase = Phase::Refused;
            return Ok(Incoming::Refused(Refusal::TooMuch));
        }
        let (position, payload) = chunk::decode(chunk)?;
        // The central has drawn the tag; a peripheral takes it from the first chunk of this connection.
        if self.tag == 0 && position.tag & HANDSHAKE_TAG != 0 {
            self.tag = position.tag;
        }
        if position.tag != self.tag {
            return Err(ChunkError::OtherLink);
        }
        if payload.len() > self.payload_max || position.class != Class::Vote {
            return Err(ChunkError::Malformed);
        }
        let bytes_max = HANDSHAKE_MESSAGE_BYTES_MAX;
        let whole = self.reassembly.receive(position, payload, 0, bytes_max)?;
        let Some((_, bytes)) = whole else {
            return Ok(Incoming::Partial);
        };
        Ok(self
            .on_greeting(keys, bytes, free_tag)
            .unwrap_or_else(|error| Incoming::Refused(Refusal::Handshake(error))))
    }

    /// The other end has this message: sending it is called off if that has not begun.
    pub(super) fn call_off(&mut self, seen: Fingerprint) {
        if self.waiting.contains(&seen) {
            self.drop_waiting(|queued| queued.seen == seen);
        }
    }

    /// Takes out of the queues what has not begun and is of no use any more.
    pub(super) fn drop_stale(&mut self, stale: &impl Fn(&[u8]) -> bool) {
        self.drop_waiting(|queued| stale(&queued.bytes));
    }

    fn drop_waiting(&mut self, drop: impl Fn(&Queued) -> bool) {
        for queue in &mut self.queues {
            for waiting in [&mut queue.own, &mut queue.relayed] {
                waiting.retain(|queued| {
                    let drop = drop(queued);
                    if drop {
                        self.queued_bytes -= queued.bytes.len();
                        self.waiting.remove(&queued.seen);
                    }
                    !drop
                });
            }
        }
    }

    pub(super) const fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }
}

/// The class whose turn it is. While keys turn, what has begun ends before anything else begins.
fn next_class(queues: &[ClassQueue; 4], turning: bool) -> Option<Class> {
    let queue = |class: &Class| &queues[*class as usize];
    let mut all = Class::ALL.into_iter();
    if turning && let Some(begun) = Class::ALL.into_iter().find(|c| queue(c).begun.is_some()) {
        return Some(begun);
    }
    let urgent = |class: &Class| *class != Class::Bulk && queue(class).is_own_due();
    all.find(urgent).or_else(|| {
        Class::ALL
            .into_iter()
            .find(|class| !queue(class).is_empty())
    })
}
