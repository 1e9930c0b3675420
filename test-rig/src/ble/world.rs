//! The world around the phones of a bed: a radio or two for each, a journal for each, and what is measured.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bitcraps_core::mesh::LinkId;
use bitcraps_core::node::{Event, Handle, Input, Output};

use super::clock::Clock;
use super::ether::{EtherRadio, HANDLES, LINKS};
use super::figures::Figures;
use super::journal::Journals;
use super::radio::{Ask, Radio};
use crate::sim::Outside;

/// Everything outside the nodes.
#[derive(Debug)]
pub(super) struct World {
    clock: Rc<Clock>,
    adapters: BTreeMap<usize, Box<dyn Radio>>,
    memory: BTreeMap<usize, EtherRadio>,
    pub(super) journals: Journals,
    pub(super) figures: Figures,
    /// Why a record could not be made durable. Nothing may be sent after that.
    pub(super) failed: Option<String>,
}

impl World {
    pub(super) fn new(
        clock: Rc<Clock>,
        adapters: BTreeMap<usize, Box<dyn Radio>>,
        memory: BTreeMap<usize, EtherRadio>,
        journals: Journals,
    ) -> Self {
        Self {
            clock,
            adapters,
            memory,
            journals,
            figures: Figures::default(),
            failed: None,
        }
    }

    /// A controller goes off or on.
    pub(super) fn power(&mut self, phone: usize, on: bool) {
        self.ask_both(phone, &Ask::Power(on));
    }

    /// Takes note of what a radio reports, before its phone hears of it.
    pub(super) fn note(&mut self, phone: usize, input: &Input) {
        let now_us = self.clock.now_us();
        match input {
            Input::LinkUp { link, role, mtu } if !is_link_of_memory(*link) => {
                self.figures.link_up(phone, *link, *role, *mtu);
            }
            Input::LinkDown { link, .. } if !is_link_of_memory(*link) => {
                self.figures.link_down(phone, *link);
            }
            Input::Received { link, bytes } if !is_link_of_memory(*link) => {
                self.figures.received(now_us, bytes);
            }
            _ => {}
        }
    }

    /// Takes note of what a phone tells its player.
    pub(super) fn note_event(&mut self, phone: usize, event: &Event) {
        if let Event::NeighbourUp { link, seat } = event {
            self.figures.secured(phone, *link, usize::from(seat.0));
        }
    }

    /// Switches every radio off and lets go of it.
    pub(super) fn close(&mut self) {
        self.adapters.clear();
        self.memory.clear();
    }

    fn ask_both(&mut self, phone: usize, ask: &Ask) {
        if let Some(radio) = self.adapters.get_mut(&phone) {
            radio.ask(ask.clone());
        }
        if let Some(radio) = self.memory.get_mut(&phone) {
            radio.ask(ask.clone());
        }
    }

    fn ask_one(&mut self, phone: usize, in_memory: bool, ask: Ask) {
        if in_memory {
            if let Some(radio) = self.memory.get_mut(&phone) {
                radio.ask(ask);
            }
        } else if let Some(radio) = self.adapters.get_mut(&phone) {
            radio.ask(ask);
        }
    }

    fn carry_out(&mut self, phone: usize, output: &Output) {
        if self.failed.is_some() {
            return;
        }
        match output {
            Output::Advertise(on) => self.ask_both(phone, &Ask::Advertise(*on)),
            Output::Scan(on) => self.ask_both(phone, &Ask::Scan(*on)),
            Output::Connect { handle } => {
                self.ask_one(phone, is_of_memory(*handle), Ask::Connect(*handle));
            }
            Output::Transmit { link, chunk } => {
                let (link, in_memory) = (*link, is_link_of_memory(*link));
                if !in_memory {
                    let now_us = self.clock.now_us();
                    self.figures.sent(now_us, chunk);
                }
                let chunk = chunk.clone();
                self.ask_one(phone, in_memory, Ask::Transmit { link, chunk });
            }
            Output::Disconnect { link } => {
                self.ask_one(phone, is_link_of_memory(*link), Ask::Disconnect(*link));
            }
            Output::Persist(_) | Output::Event(_) | Output::Idle { .. } => {}
        }
    }
}

const fn is_of_memory(handle: Handle) -> bool {
    handle.0 < HANDLES
}

const fn is_link_of_memory(link: LinkId) -> bool {
    link.0 >= LINKS
}

/// The world as a room holds it; whoever drives the room holds it too.
#[derive(Clone, Debug)]
pub(super) struct Shared(pub(super) Rc<RefCell<World>>);

impl Outside for Shared {
    fn persist(&mut self, phone: usize, record: &[u8]) {
        let mut world = self.0.borrow_mut();
        if world.failed.is_some() {
            return;
        }
        if let Err(error) = world.journals.append(phone, record) {
            world.failed = Some(format!(
                "the journal of phone {phone} cannot be written: {error}"
            ));
        }
    }

    fn ask(&mut self, phone: usize, output: &Output) {
        self.0.borrow_mut().carry_out(phone, output);
    }
}
