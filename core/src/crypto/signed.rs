//! `Signed<T>`: a value together with the bytes that were signed.

use super::{Digest, Identity, PublicKey, Signature};
use crate::wire::{Decode, DecodeError, Encode, Writer};

/// Something a key can sign. The tag keeps a signature over one type from fitting another.
pub trait Statement: Encode + Decode {
    /// The domain tag, unique to the type.
    const TAG: &'static str;
}

/// The 32 bytes that every signature covers and that never travel: both ends know them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Context(pub Digest);

impl Context {
    /// For statements that belong to the table and outlive epochs: requests.
    #[must_use]
    pub fn of_table(version: u16, table: &Digest) -> Self {
        Self(Digest::of(
            "bitcraps/context/table/v1",
            &[&version.to_le_bytes(), &table.0],
        ))
    }

    /// For statements of one epoch: everything that consensus signs.
    #[must_use]
    pub fn of_epoch(version: u16, table: &Digest, epoch: u64, roster: &Digest) -> Self {
        Self(Digest::of(
            "bitcraps/context/epoch/v1",
            &[
                &version.to_le_bytes(),
                &table.0,
                &epoch.to_le_bytes(),
                &roster.0,
            ],
        ))
    }

    /// For votes: the epoch's context and the digest of the new-view that the view began with.
    #[must_use]
    pub fn of_view(epoch: &Self, new_view: &Digest) -> Self {
        Self(Digest::of(
            "bitcraps/context/view/v1",
            &[&epoch.0.0, &new_view.0],
        ))
    }
}

/// Why signed bytes were not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// The signature is not this key's over these bytes. It convicts nobody: anyone can send garbage.
    #[error("bad signature")]
    Signature,
    /// The key did sign, but what it signed is no statement of this type.
    #[error("signed bytes do not decode: {0}")]
    Decode(#[from] DecodeError),
}

/// A value, the exact bytes that were signed for it, and the signature.
///
/// A peer's value is reached only by [`Signed::open`], which checks the signature over the bytes first and
/// then decodes those same bytes. Nothing is ever encoded again to be checked or hashed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signed<T> {
    value: T,
    bytes: Vec<u8>,
    signature: Signature,
}

impl<T: Statement> Signed<T> {
    /// Signs a value.
    pub fn sign(value: T, context: &Context, identity: &Identity) -> Self {
        let bytes = value.to_bytes();
        let signature = identity.sign(&preimage(T::TAG, context, &bytes));
        Self {
            value,
            bytes,
            signature,
        }
    }

    /// Checks `signature` over `bytes`, then decodes them.
    ///
    /// # Errors
    /// [`OpenError`]; the signature is looked at first.
    pub fn open(
        bytes: &[u8],
        signature: Signature,
        context: &Context,
        key: &PublicKey,
    ) -> Result<Self, OpenError> {
        let fits = |message: &[u8]| key.verify(message, &signature);
        Self::open_if(bytes, signature, context, fits)
    }

    /// As [`Signed::open`], with the verdict on the signed message from elsewhere.
    pub(super) fn open_if(
        bytes: &[u8],
        signature: Signature,
        context: &Context,
        fits: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Self, OpenError> {
        if !fits(&preimage(T::TAG, context, bytes)) {
            return Err(OpenError::Signature);
        }
        Ok(Self {
            value: T::from_bytes(bytes)?,
            bytes: bytes.to_vec(),
            signature,
        })
    }

    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The statement's bytes, as signed (behind tag and context).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// What the signature is over.
    pub(super) fn message(&self, context: &Context) -> Vec<u8> {
        preimage(T::TAG, context, &self.bytes)
    }

    /// Digest of the statement, without the signature: one statement has one digest.
    pub fn digest(&self, context: &Context) -> Digest {
        Digest::of(T::TAG, &[&context.0.0, &self.bytes])
    }
}

/// `len(tag) u8 ‖ tag ‖ context ‖ statement`.
fn preimage(tag: &str, context: &Context, bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.count_u8(tag.len());
    writer.raw(tag.as_bytes());
    context.0.encode(&mut writer);
    writer.raw(bytes);
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Reader;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Ante(u64);
    impl Encode for Ante {
        fn encode(&self, writer: &mut Writer) {
            writer.u64(self.0);
        }
    }
    impl Decode for Ante {
        fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
            reader.u64().map(Self)
        }
    }
    impl Statement for Ante {
        const TAG: &'static str = "test/ante";
    }
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Raise(u64);
    impl Encode for Raise {
        fn encode(&self, writer: &mut Writer) {
            writer.u64(self.0);
        }
    }
    impl Decode for Raise {
        fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
            reader.u64().map(Self)
        }
    }
    impl Statement for Raise {
        const TAG: &'static str = "test/raise";
    }

    fn context(epoch: u64) -> Context {
        Context::of_epoch(1, &Digest([1; 32]), epoch, &Digest([2; 32]))
    }

    #[test]
    fn what_was_signed_opens_for_the_other_side() {
        let identity = Identity::from_seed(&[3; 32]);
        let signed = Signed::sign(Ante(25), &context(0), &identity);
        let opened = Signed::<Ante>::open(
            signed.bytes(),
            *signed.signature(),
            &context(0),
            &identity.public_key(),
        );
        assert_eq!(opened.as_ref().map(Signed::value), Ok(&Ante(25)));
        assert_eq!(opened.unwrap().bytes(), 25_u64.to_le_bytes());
    }

    #[test]
    fn another_type_epoch_key_or_byte_is_refused() {
        let identity = Identity::from_seed(&[3; 32]);
        let key = identity.public_key();
        let signed = Signed::sign(Ante(25), &context(0), &identity);
        let signature = *signed.signature();
        let refused = Err(OpenError::Signature);
        assert_eq!(
            Signed::<Raise>::open(signed.bytes(), signature, &context(0), &key),
            refused
        );
        let refused = Err(OpenError::Signature);
        assert_eq!(
            Signed::<Ante>::open(signed.bytes(), signature, &context(1), &key),
            refused
        );
        let other = Identity::from_seed(&[4; 32]).public_key();
        assert_eq!(
            Signed::<Ante>::open(signed.bytes(), signature, &context(0), &other),
            refused
        );
        let bent = 26_u64.to_le_bytes();
        assert_eq!(
            Signed::<Ante>::open(&bent, signature, &context(0), &key),
            refused
        );
    }

    #[test]
    fn signed_garbage_is_an_error_and_not_a_value() {
        let identity = Identity::from_seed(&[3; 32]);
        let bytes = [0; 9];
        let signature = identity.sign(&preimage(Ante::TAG, &context(0), &bytes));
        assert_eq!(
            Signed::<Ante>::open(&bytes, signature, &context(0), &identity.public_key()),
            Err(OpenError::Decode(DecodeError::Trailing))
        );
    }
}
