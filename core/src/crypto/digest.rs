//! SHA-256 with a domain tag in front and a length before every part.

use sha2::{Digest as _, Sha256, Sha512};

use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// `SHA-256(len(tag) u8 ‖ tag ‖ (len(part) u32 ‖ part)*)`. The tag keeps digests of different things
    /// apart, the lengths keep the boundaries between parts.
    #[must_use]
    pub fn of(tag: &str, parts: &[&[u8]]) -> Self {
        let mut writer = DigestWriter::new(tag);
        for part in parts {
            writer.part(part);
        }
        writer.finish()
    }

    /// The first four bytes, as votes carry them.
    #[must_use]
    pub const fn tag(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }

    /// The first sixteen bytes, as proposals carry them.
    #[must_use]
    pub fn short(&self) -> [u8; 16] {
        let mut short = [0; 16];
        short.copy_from_slice(&self.0[..16]);
        short
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in &self.0[..4] {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl Encode for Digest {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0);
    }
}

impl Decode for Digest {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array().map(Self)
    }
}

/// [`Digest::of`] for parts that come one after another.
#[derive(Clone, Debug)]
pub struct DigestWriter(Sha256);

impl DigestWriter {
    /// Starts a digest under this domain tag.
    #[must_use]
    pub fn new(tag: &str) -> Self {
        let mut hash = Sha256::new();
        debug_assert!(tag.len() <= usize::from(u8::MAX), "domain tags are short");
        hash.update([u8::try_from(tag.len()).unwrap_or(u8::MAX)]);
        hash.update(tag);
        Self(hash)
    }

    /// 64 bytes in the same way, by SHA-512: what scalars are reduced from.
    #[must_use]
    pub fn wide(tag: &str, parts: &[&[u8]]) -> [u8; 64] {
        let mut hash = Sha512::new();
        hash.update([u8::try_from(tag.len()).unwrap_or(u8::MAX)]);
        hash.update(tag);
        for part in parts {
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    /// Adds one part, with its length.
    pub fn part(&mut self, part: &[u8]) {
        self.0
            .update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.update(part);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_boundaries_separate_digests() {
        assert_ne!(Digest::of("a", &[b"bc"]), Digest::of("ab", &[b"c"]));
        assert_ne!(Digest::of("a", &[b"b", b"c"]), Digest::of("a", &[b"bc"]));
        assert_ne!(Digest::of("a", &[b""]), Digest::of("a", &[]));
    }

    #[test]
    fn the_preimage_is_as_documented() {
        let by_hand = Sha256::digest([&[1, b'a'][..], &[2, 0, 0, 0], b"bc"].concat());
        assert_eq!(Digest::of("a", &[b"bc"]).0, <[u8; 32]>::from(by_hand));
    }
}
