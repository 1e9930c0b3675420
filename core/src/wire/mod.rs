//! Canonical encoding: fixed width, little-endian, one byte string per value.
//!
//! Everything that is signed or hashed is written with [`Writer`] and read back with [`Reader`]. There are
//! no varints and no optional padding, so a value has exactly one encoding and `decode ∘ encode` is the
//! identity. A decoder refuses what is too short, too long or out of range; it never panics and
//! never allocates more than the bytes it was given.

mod header;

/// The version that every signature covers. Phones of different versions do not share a table.
pub const PROTOCOL_VERSION: u16 = 1;

pub use header::{HEADER_BYTES, Header, Kind, widen_u8, widen_u16};

/// Why a peer's bytes are not a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("truncated")]
    Truncated,
    /// Bytes are left over after the value.
    #[error("trailing bytes")]
    Trailing,
    /// The first byte names no message kind.
    #[error("unknown message kind {0}")]
    UnknownKind(u8),
    /// A field holds a value that its type does not have.
    #[error("field {0} out of range")]
    OutOfRange(&'static str),
}

/// A value with exactly one encoding.
pub trait Encode {
    /// Appends the encoding of `self`.
    fn encode(&self, writer: &mut Writer);

    /// The encoding as a byte string of its own.
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.encode(&mut writer);
        writer.finish()
    }
}

/// A value that can be read back from its one encoding.
pub trait Decode: Sized {
    /// Reads one value and leaves the reader behind it.
    ///
    /// # Errors
    /// Whatever makes the bytes something else than this value's encoding.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads one value that must fill `bytes` to the end.
    ///
    /// # Errors
    /// As [`Decode::decode`], and [`DecodeError::Trailing`] for leftovers.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Room for most messages and statements: a vote takes 75 bytes.
const TYPICAL_BYTES: usize = 128;

/// Appends fixed-width fields.
#[derive(Default, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(TYPICAL_BYTES),
        }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes, little-endian.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A boolean as the byte 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// Bytes of a length that the reader knows.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A length as `u8`, saturating: callers keep their lists below 256 by a named bound.
    pub fn count_u8(&mut self, count: usize) {
        debug_assert!(
            count <= usize::from(u8::MAX),
            "a bound on this list is missing"
        );
        self.u8(u8::try_from(count).unwrap_or(u8::MAX));
    }

    /// A `u16` length and the bytes; callers keep them below 65,536 by a named bound.
    pub fn bytes_u16(&mut self, bytes: &[u8]) {
        debug_assert!(
            bytes.len() <= usize::from(u16::MAX),
            "a bound on these bytes is missing"
        );
        self.u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        self.raw(bytes);
    }

    /// The bytes written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes fixed-width fields off the front of a byte string.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Reads from the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `count` bytes, borrowed.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if fewer are left.
    pub fn raw(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A byte that must be 0 or 1.
    ///
    /// # Errors
    /// [`DecodeError::OutOfRange`] for any other byte.
    pub fn bool(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::OutOfRange(field)),
        }
    }

    /// A `u8` count of at most `max`.
    ///
    /// # Errors
    /// [`DecodeError::OutOfRange`] above `max`.
    pub fn count_u8(&mut self, max: usize, field: &'static str) -> Result<usize, DecodeError> {
        let count = usize::from(self.u8()?);
        if count > max {
            Err(DecodeError::OutOfRange(field))
        } else {
            Ok(count)
        }
    }

    /// A `u16` length of at most `max`, and that many bytes.
    ///
    /// # Errors
    /// [`DecodeError::OutOfRange`] above `max`, [`DecodeError::Truncated`] if fewer are left.
    pub fn bytes_u16(&mut self, max: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = usize::from(self.u16()?);
        if length > max {
            Err(DecodeError::OutOfRange(field))
        } else {
            self.raw(length)
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] if anything is left.
    pub const fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_little_endian_and_come_back() {
        let mut writer = Writer::new();
        writer.u8(1);
        writer.u16(0x0203);
        writer.u32(0x0405_0607);
        writer.u64(0x0809_0a0b_0c0d_0e0f);
        let bytes = writer.finish();
        assert_eq!(bytes, [1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8]);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(0x0203));
        assert_eq!(reader.u32(), Ok(0x0405_0607));
        assert_eq!(reader.u64(), Ok(0x0809_0a0b_0c0d_0e0f));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn short_long_and_out_of_range_bytes_are_refused() {
        assert_eq!(Reader::new(&[1]).u16(), Err(DecodeError::Truncated));
        assert_eq!(Reader::new(&[0]).finish(), Err(DecodeError::Trailing));
        assert_eq!(
            Reader::new(&[2]).bool("on"),
            Err(DecodeError::OutOfRange("on"))
        );
        assert_eq!(
            Reader::new(&[9]).count_u8(8, "ids"),
            Err(DecodeError::OutOfRange("ids"))
        );
        let claims_too_much = [0xff, 0xff, 0];
        assert_eq!(
            Reader::new(&claims_too_much).bytes_u16(100, "payload"),
            Err(DecodeError::OutOfRange("payload"))
        );
        assert_eq!(
            Reader::new(&claims_too_much).bytes_u16(65_535, "payload"),
            Err(DecodeError::Truncated)
        );
    }
}
