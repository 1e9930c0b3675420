//! What stands between a phone and its radio, whichever it is: the phone asks, the radio reports.
//!
//! Asking never waits. What a radio reports goes through one queue to the one loop that drives all phones; chunks of a
//! link take a place in it that the link has only so many of, so whoever floods a link fills nothing but that link.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bitcraps_core::mesh::LinkId;
use bitcraps_core::node::{Handle, Input};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Chunks of one link that wait for the phone. A link that has more is closed: its session is broken anyhow.
pub(super) const WAITING_MAX: usize = 256;

/// What a phone asks of its radio.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ask {
    Advertise(bool),
    Scan(bool),
    Connect(Handle),
    Transmit {
        link: LinkId,
        chunk: Vec<u8>,
    },
    Disconnect(LinkId),
    /// Not the phone's wish but the bed's: the controller goes off or on.
    Power(bool),
}

/// What a radio tells the loop about.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) phone: usize,
    pub(super) input: Input,
    /// The place in the queue that a chunk takes; free again when this is dropped.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// A radio, as its phone sees it.
pub(super) trait Radio: Debug {
    /// Carries something out, sooner or later.
    fn ask(&mut self, ask: Ask);
}

/// Where a phone's radio reports to.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    phone: usize,
    queue: UnboundedSender<Report>,
    numbers: Arc<AtomicU64>,
}

impl Reporter {
    pub(super) const fn new(
        phone: usize,
        queue: UnboundedSender<Report>,
        numbers: Arc<AtomicU64>,
    ) -> Self {
        Self {
            phone,
            queue,
            numbers,
        }
    }

    /// A number that no link of any phone has had.
    pub(super) fn fresh_link(&self) -> LinkId {
        LinkId(self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Reports what is not a chunk. A loop that is over hears nothing.
    pub(super) fn report(&self, input: Input) {
        let _ = self.queue.send(Report {
            phone: self.phone,
            input,
            place: None,
        });
    }

    /// The way in of a link that has just come up.
    pub(super) fn inlet(&self, link: LinkId) -> Inlet {
        Inlet {
            link,
            reporter: self.clone(),
            places: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

/// The way in of one link.
#[derive(Clone, Debug)]
pub(super) struct Inlet {
    pub(super) link: LinkId,
    reporter: Reporter,
    places: Arc<Semaphore>,
}

impl Inlet {
    /// Reports a chunk; `false` if too many wait already. Then the chunk is lost, and the link must be closed.
    #[must_use]
    pub(super) fn receive(&self, bytes: Vec<u8>) -> bool {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return false;
        };
        let link = self.link;
        let _ = self.reporter.queue.send(Report {
            phone: self.reporter.phone,
            input: Input::Received { link, bytes },
            place: Some(place),
        });
        true
    }

    /// Reports that a chunk has left.
    pub(super) fn writable(&self) {
        self.reporter.report(Input::Writable { link: self.link });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn a_flooded_link_fills_its_own_places_and_no_others() {
        let (queue, mut reports) = unbounded_channel();
        let reporter = Reporter::new(3, queue, Arc::default());
        let (flooded, other) = (reporter.inlet(LinkId(1)), reporter.inlet(LinkId(2)));
        for _ in 0..WAITING_MAX {
            assert!(flooded.receive(vec![0]));
        }
        assert!(!flooded.receive(vec![0]), "its places are taken");
        assert!(other.receive(vec![1]), "and the other link has its own");
        let first = reports.try_recv().unwrap();
        assert_eq!(first.phone, 3);
        drop(first);
        assert!(flooded.receive(vec![0]), "one has been looked at");
    }
}
