//! A radio without hardware for phones that have no adapter: everybody hears everybody at once, and nothing is lost.
//!
//! A phone on an adapter hears those without one here as well, but two that both have adapters meet on the air alone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bitcraps_core::mesh::{LinkId, MTU_MAX, Role};
use bitcraps_core::node::{Handle, Input, LinkDownReason, RadioState};

use super::radio::{Ask, Inlet, Radio, Reporter};

/// Handles below this are phones in here.
pub(super) const HANDLES: u64 = 1 << 16;

/// Links from this number on are links in here.
pub(super) const LINKS: u64 = 1 << 32;

/// Everybody in here, and the links between them.
#[derive(Debug, Default)]
pub(super) struct Ether {
    phones: BTreeMap<usize, Member>,
    /// By the number that an end has given it: whose end, and the other end's number.
    links: BTreeMap<LinkId, End>,
}

#[derive(Debug)]
struct Member {
    reporter: Reporter,
    has_adapter: bool,
    advertises: bool,
    scans: bool,
    on: bool,
}

#[derive(Debug)]
struct End {
    phone: usize,
    other: LinkId,
    inlet: Inlet,
}

/// One phone's way into the ether.
#[derive(Debug)]
pub(super) struct EtherRadio {
    phone: usize,
    ether: Rc<RefCell<Ether>>,
}

impl EtherRadio {
    /// A phone joins; its radio is off until it is switched on.
    pub(super) fn join(
        ether: &Rc<RefCell<Ether>>,
        phone: usize,
        reporter: Reporter,
        has_adapter: bool,
    ) -> Self {
        let member = Member {
            reporter,
            has_adapter,
            advertises: false,
            scans: false,
            on: has_adapter,
        };
        ether.borrow_mut().phones.insert(phone, member);
        Self {
            phone,
            ether: Rc::clone(ether),
        }
    }
}

impl Radio for EtherRadio {
    fn ask(&mut self, ask: Ask) {
        let mut ether = self.ether.borrow_mut();
        match ask {
            Ask::Advertise(on) => ether.listen(self.phone, |member| member.advertises = on),
            Ask::Scan(on) => ether.listen(self.phone, |member| member.scans = on),
            Ask::Connect(handle) => ether.connect(self.phone, handle),
            Ask::Transmit { link, chunk } => ether.transmit(link, chunk),
            Ask::Disconnect(link) => ether.close(link),
            Ask::Power(on) => ether.power(self.phone, on),
        }
    }
}

impl Ether {
    fn listen(&mut self, phone: usize, change: impl FnOnce(&mut Member)) {
        let Some(member) = self.phones.get_mut(&phone) else {
            return;
        };
        change(member);
        let others: Vec<usize> = self.phones.keys().copied().collect();
        for other in others.into_iter().filter(|other| *other != phone) {
            self.sight(phone, other);
            self.sight(other, phone);
        }
    }

    /// Tells a phone of another one, if it listens and the other one shows itself.
    fn sight(&self, phone: usize, other: usize) {
        let (Some(seeing), Some(seen)) = (self.phones.get(&phone), self.phones.get(&other)) else {
            return;
        };
        let here = !(seeing.has_adapter && seen.has_adapter);
        if here && seeing.on && seeing.scans && seen.on && seen.advertises {
            seeing.reporter.report(Input::Discovered {
                handle: Handle(other as u64),
                rssi: -40,
                hint: None,
            });
        }
    }

    fn connect(&mut self, phone: usize, handle: Handle) {
        let peer = usize::try_from(handle.0).unwrap_or(usize::MAX);
        let Some(central) = self.phones.get(&phone) else {
            return;
        };
        let link = central.reporter.fresh_link();
        let peripheral = self.phones.get(&peer).filter(|seen| seen.on);
        let Some(peripheral) = peripheral.filter(|_| central.on) else {
            let reason = LinkDownReason::ConnectFailed;
            central.reporter.report(Input::LinkDown { link, reason });
            return;
        };
        let other = peripheral.reporter.fresh_link();
        let ends = [
            (link, phone, other, Role::Central, central.reporter.clone()),
            (
                other,
                peer,
                link,
                Role::Peripheral,
                peripheral.reporter.clone(),
            ),
        ];
        for (link, phone, other, role, reporter) in ends {
            let inlet = reporter.inlet(link);
            self.links.insert(
                link,
                End {
                    phone,
                    other,
                    inlet,
                },
            );
            reporter.report(Input::LinkUp {
                link,
                role,
                mtu: MTU_MAX,
            });
        }
    }

    fn transmit(&mut self, link: LinkId, chunk: Vec<u8>) {
        let Some(end) = self.links.get(&link) else {
            return;
        };
        let other = end.other;
        if let Some(member) = self.phones.get(&end.phone) {
            member.reporter.report(Input::Writable { link });
        }
        let arrived = self
            .links
            .get(&other)
            .is_some_and(|end| end.inlet.receive(chunk));
        if !arrived {
            self.close(other);
        }
    }

    /// Takes a link down at both ends.
    fn close(&mut self, link: LinkId) {
        let Some(end) = self.links.remove(&link) else {
            return;
        };
        let mut ends = vec![(end.phone, link, LinkDownReason::Local)];
        if let Some(other) = self.links.remove(&end.other) {
            ends.push((other.phone, end.other, LinkDownReason::Remote));
        }
        let pair: BTreeSet<usize> = ends.iter().map(|(phone, ..)| *phone).collect();
        for (phone, link, reason) in ends {
            if let Some(member) = self.phones.get(&phone) {
                member.reporter.report(Input::LinkDown { link, reason });
            }
        }
        // They are still in range, and see each other again.
        for phone in &pair {
            let others = pair.iter().filter(|other| *other != phone);
            others.for_each(|other| self.sight(*phone, *other));
        }
    }

    fn power(&mut self, phone: usize, on: bool) {
        let links: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, end)| end.phone == phone && !on)
            .map(|(link, _)| *link)
            .collect();
        let Some(member) = self.phones.get_mut(&phone) else {
            return;
        };
        member.on = on;
        member.advertises &= on;
        member.scans &= on;
        links.into_iter().for_each(|link| self.close(link));
        // A phone with an adapter hears of its state from there.
        if let Some(member) = self.phones.get(&phone).filter(|member| !member.has_adapter) {
            let state = if on { RadioState::On } else { RadioState::Off };
            member.reporter.report(Input::RadioState(state));
        }
    }
}
