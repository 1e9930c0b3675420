//! Phones that die and start again from what their journal has.

use std::collections::BTreeSet;

use bitcraps_core::consensus::{Action, Replica, genesis_chain};
use bitcraps_core::time::Instant;
use bitcraps_core::wire::{Decode, Encode};

use super::model::Model;
use super::{Cluster, TABLE, config, roster};

impl Cluster {
    /// From now on a phone does so many things more, and then it dies. Of what it asks for after that nothing happens,
    /// nor does it come to be durable.
    pub(crate) fn dies_after(&mut self, phone: usize, actions: u64) {
        self.phones[phone].fuse = Some(actions);
    }

    /// Whether a phone is dead.
    pub(crate) fn is_dead(&self, phone: usize) -> bool {
        self.dead.contains(&phone)
    }

    /// A phone dies: its links are gone, and everything that is not in its journal.
    pub(crate) fn kill(&mut self, phone: usize) {
        self.dead.insert(phone);
        self.phones[phone].fuse = None;
        let links = self.links.range((phone, 0)..=(phone, usize::MAX));
        let others: Vec<usize> = links.map(|((_, other), _)| *other).collect();
        for other in others {
            self.cut(phone, other);
        }
    }

    /// A dead phone starts again with its whole journal, and links to everybody who lives.
    pub(crate) fn restart(&mut self, phone: usize) {
        let journal = self.phones[phone].journal.clone();
        let delivered = self.phones[phone].tip;
        self.restart_with(phone, journal);
        let tip = self.phones[phone].tip;
        assert!(
            tip.0 >= delivered.0,
            "phone {phone} forgot what it delivered: {} of {}",
            tip.0,
            delivered.0
        );
        self.join(phone);
    }

    /// Links a phone to everybody who lives.
    pub(crate) fn join(&mut self, phone: usize) {
        for other in 0..self.phones.len() {
            if !self.is_dead(other) {
                self.connect(phone, other);
            }
        }
    }

    /// A dead phone starts again with these records, and without links.
    pub(crate) fn restart_with(&mut self, phone: usize, journal: Vec<Vec<u8>>) {
        self.starts += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.starts.to_le_bytes());
        let at = usize::from(self.phones[phone].replica.seat().0);
        let mut replica = Replica::reopen(config(self.n, at), nonce);
        let mut model = Model::new(roster(self.n));
        let mut tip = (0, genesis_chain(&TABLE));
        let mut delivered = Vec::new();
        for record in &journal {
            replica.replay(record).expect("an own journal");
            while let Some(action) = replica.poll_action() {
                match action {
                    Action::Deliver {
                        sequence,
                        chain,
                        batch,
                        ..
                    } => {
                        // It may be the first to know: it died between the certificate's record and the delivery.
                        let agreed = *self.decided.entry(sequence).or_insert(chain);
                        assert!(
                            self.above_the_bound || agreed == chain,
                            "replayed something else than was delivered at {sequence}"
                        );
                        let roster = model.apply(&batch);
                        let state = model.to_bytes();
                        self.states.entry(sequence).or_insert_with(|| state.clone());
                        let state = replica.is_checkpoint(sequence).then_some(state);
                        tip = (sequence, chain);
                        delivered.push((sequence, chain, batch));
                        replica.applied(Instant(0), sequence, roster, state);
                    }
                    Action::Install {
                        sequence,
                        chain,
                        application,
                    } => {
                        model = Model::from_bytes(&application).expect("a model");
                        tip = (sequence, chain);
                    }
                    Action::Convicted { seat, evidence, .. } => {
                        let at = usize::from(seat.0);
                        self.phones[phone].convicted.insert(at, evidence);
                    }
                    _ => {}
                }
            }
        }
        replica.resume();
        let here = &mut self.phones[phone];
        assert_eq!(replica.delivered(), tip);
        here.numbers.clear();
        for request in delivered.iter().flat_map(|(_, _, batch)| batch) {
            here.numbers.insert(request.player().0, request.number());
        }
        here.auditor.reach(&tip.1);
        delivered
            .iter()
            .for_each(|(_, chain, _)| here.auditor.reach(chain));
        here.replica = replica;
        here.model = model;
        here.tip = tip;
        here.delivered = delivered;
        here.known.clear();
        here.journal = journal;
        self.dead.remove(&phone);
    }

    /// The phones that live.
    pub(crate) fn living(&self) -> BTreeSet<usize> {
        let all = 0..self.phones.len();
        all.filter(|phone| !self.is_dead(*phone)).collect()
    }
}
