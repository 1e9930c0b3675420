//! Validity: whatever is delivered was signed by the player whose seat it names, for this table.
//!
//! The signed bytes are put together here from the protocol's description, and checked with the signature library
//! directly.

use std::collections::BTreeSet;

use bitcraps_core::consensus::{Batch, SignedRequest};
use ed25519_dalek::{Signature, VerifyingKey};

use super::{Property, signed_bytes, tagged_hash};

const VERSION: u16 = 1;
const REQUEST_TAG: &str = "bitcraps/request/v1";

#[derive(Debug)]
pub(super) struct Validity {
    pub(super) property: Property,
    keys: Vec<Option<VerifyingKey>>,
    context: [u8; 32],
    /// Slots that were checked already, with these very signatures: another phone's copy may have others.
    done: BTreeSet<(u64, [u8; 32])>,
}

impl Validity {
    pub(super) fn new(keys: Vec<[u8; 32]>, table: [u8; 32]) -> Self {
        let parts: [&[u8]; 2] = [&VERSION.to_le_bytes(), &table];
        Self {
            property: Property::default(),
            keys: keys
                .iter()
                .map(|key| VerifyingKey::from_bytes(key).ok())
                .collect(),
            context: tagged_hash("bitcraps/context/table/v1", &parts),
            done: BTreeSet::new(),
        }
    }

    pub(super) fn delivered(&mut self, sequence: u64, batch: &Batch) {
        let signatures = batch
            .iter()
            .map(|request| &request.signed.signature().0[..]);
        let copy = tagged_hash("rig/copy", &signatures.collect::<Vec<_>>());
        if !self.done.insert((sequence, copy)) {
            return;
        }
        for request in batch {
            let signed = self.covered(request);
            let signature = Signature::from_bytes(&request.signed.signature().0);
            let key = self
                .keys
                .get(request.player().index())
                .and_then(Option::as_ref);
            let genuine = key.is_some_and(|key| key.verify_strict(&signed, &signature).is_ok());
            self.property.check(genuine, || {
                let (player, number) = (request.player(), request.number());
                format!("slot {sequence}: request {number} was not signed by player {player}")
            });
        }
    }

    /// Its statement is `player u8 ‖ number u64 ‖ skips u8 ‖ length u16 ‖ payload`.
    fn covered(&self, request: &SignedRequest) -> Vec<u8> {
        let payload = request.payload();
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let statement = [
            &[request.player().0][..],
            &request.number().to_le_bytes(),
            &[u8::from(request.skips())],
            &length.to_le_bytes(),
            payload,
        ];
        signed_bytes(REQUEST_TAG, &self.context, &statement.concat())
    }
}
