//! What only the phones of one table know, and what follows from it.

use std::sync::Arc;

use crate::crypto::{Context, Digest, Identity, PublicKey};
use crate::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

/// Length of a [`TableSecret`].
pub const TABLE_SECRET_BYTES: usize = 16;

/// Drawn by the host, carried by every invite, never on the air. Whoever has it finds the table and may knock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TableSecret(pub [u8; TABLE_SECRET_BYTES]);

impl TableSecret {
    /// The UUID of the GATT service that this table's phones advertise and scan for.
    #[must_use]
    pub fn service(&self) -> ServiceId {
        let mut id = Digest::of("bitcraps/link/service/v1", &[&self.0]).short();
        // RFC 9562, version 8 and its variant: a UUID of the application's own making.
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        ServiceId(id)
    }

    fn psk(&self) -> [u8; 32] {
        Digest::of("bitcraps/link/psk/v1", &[&self.0]).0
    }
}

impl std::fmt::Debug for TableSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TableSecret")
    }
}

impl Encode for TableSecret {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0);
    }
}

impl Decode for TableSecret {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array().map(Self)
    }
}

/// A 128-bit UUID, in the order in which it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ServiceId(pub [u8; 16]);

impl std::fmt::Display for ServiceId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl ServiceId {
    /// What signatures cover that belong to a table's links, invites and lobby and not to one of its epochs.
    #[must_use]
    pub fn context(&self) -> Context {
        let parts: [&[u8]; 2] = [&PROTOCOL_VERSION.to_le_bytes(), &self.0];
        Context(Digest::of("bitcraps/context/link/v1", &parts))
    }
}

/// What this phone secures its links with.
#[derive(Clone)]
pub struct LinkKeys {
    pub(super) identity: Arc<Identity>,
    pub(in crate::mesh) service: ServiceId,
    pub(super) psk: [u8; 32],
    /// The Noise key pair's private half. It lives as long as the node, so it tells nothing about the person.
    pub(super) noise: [u8; 32],
    pub(super) prologue: [u8; 32],
    /// What the proofs of identity cover.
    pub(super) context: Context,
    seed: Digest,
    draws: u64,
}

impl LinkKeys {
    /// `entropy` must be fresh at each start: everything random about this phone's links follows from it.
    #[must_use]
    pub fn new(identity: Arc<Identity>, secret: &TableSecret, entropy: &Digest) -> Self {
        let version = PROTOCOL_VERSION.to_le_bytes();
        let service = secret.service();
        // Mixed with the private key: a bad source of entropy must not make two phones alike.
        let seed = identity.derive_secret("bitcraps/link/seed/v1", &[&entropy.0]);
        Self {
            service,
            psk: secret.psk(),
            noise: Digest::of("bitcraps/link/noise/v1", &[&seed.0]).0,
            prologue: Digest::of("bitcraps/link/prologue/v1", &[&version, &service.0]).0,
            context: service.context(),
            identity,
            seed,
            draws: 0,
        }
    }

    /// Whose phone this is.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.identity.public_key()
    }

    /// A seed that was never given out before.
    pub(in crate::mesh) fn draw(&mut self) -> Digest {
        self.draws += 1;
        let parts: [&[u8]; 2] = [&self.seed.0, &self.draws.to_le_bytes()];
        Digest::of("bitcraps/link/draw/v1", &parts)
    }
}

impl std::fmt::Debug for LinkKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("LinkKeys")
            .field(&self.identity)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_a_uuid_of_version_8_and_says_nothing_of_the_secret() {
        let service = TableSecret([5; 16]).service();
        let text = service.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "8");
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        assert_ne!(TableSecret([6; 16]).service(), service);
        let counting = TableSecret(std::array::from_fn(|at| at.to_le_bytes()[0]));
        let documented = "99804d12-2e7e-8e52-b767-d26d0126e88e";
        assert_eq!(counting.service().to_string(), documented);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let secret = TableSecret([0xab; 16]);
        let identity = Arc::new(Identity::from_seed(&[1; 32]));
        let keys = LinkKeys::new(identity, &secret, &Digest([0xcd; 32]));
        let shown = format!("{secret:?} {keys:?}");
        assert!(
            !shown.contains("171, 171") && !shown.contains("205, 205"),
            "{shown}"
        );
    }
}
