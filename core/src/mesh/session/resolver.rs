//! The primitives that `snow` works with: ours, and a stream of our own instead of the system's randomness.
//!
//! `snow`'s own set would link a second curve crate and draw from the operating system, which a node never does.

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, Key, KeyInit, Nonce, Tag};
use sha2::{Digest as _, Sha256};
use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::crypto::Digest;

const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Block and digest length of SHA-256.
const BLOCK_BYTES: usize = 64;
const HASH_BYTES: usize = 32;

/// What one handshake draws its ephemeral key from.
pub(super) struct Primitives {
    pub(super) seed: Digest,
}

impl CryptoResolver for Primitives {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        let (seed, block) = (self.seed, 0);
        Some(Box::new(Stream { seed, block }))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519).then(|| Box::<X25519>::default() as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        matches!(choice, HashChoice::SHA256).then(|| Box::<Sha>::default() as Box<dyn Hash>)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        let ours = matches!(choice, CipherChoice::ChaChaPoly);
        ours.then(|| Box::<ChaChaPoly>::default() as Box<dyn Cipher>)
    }
}

/// SHA-256 in counter mode over a seed that is never used twice.
struct Stream {
    seed: Digest,
    block: u64,
}

impl Random for Stream {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        for part in dest.chunks_mut(HASH_BYTES) {
            let block = self.block.to_le_bytes();
            let bytes = Digest::of("bitcraps/link/random/v1", &[&self.seed.0, &block]);
            part.copy_from_slice(&bytes.0[..part.len()]);
            self.block += 1;
        }
        Ok(())
    }
}

#[derive(Default)]
struct X25519 {
    private: [u8; KEY_BYTES],
    public: [u8; KEY_BYTES],
}

impl X25519 {
    fn secret(&self) -> StaticSecret {
        StaticSecret::from(self.private)
    }
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        KEY_BYTES
    }

    fn priv_len(&self) -> usize {
        KEY_BYTES
    }

    fn set(&mut self, private: &[u8]) {
        self.private.copy_from_slice(private);
        self.public = PublicKey::from(&self.secret()).to_bytes();
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), Error> {
        let mut private = [0; KEY_BYTES];
        random.try_fill_bytes(&mut private)?;
        self.set(&private);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &self.private
    }

    /// A point of small order would make a secret that everybody knows: refused.
    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public = public.first_chunk::<KEY_BYTES>().ok_or(Error::Dh)?;
        let shared = self.secret().diffie_hellman(&PublicKey::from(*public));
        let out = out.first_chunk_mut::<KEY_BYTES>().ok_or(Error::Dh)?;
        if !shared.was_contributory() {
            return Err(Error::Dh);
        }
        *out = shared.to_bytes();
        Ok(())
    }
}

struct ChaChaPoly(ChaCha20Poly1305);

impl Default for ChaChaPoly {
    fn default() -> Self {
        Self(ChaCha20Poly1305::new(&Key::default()))
    }
}

impl Cipher for ChaChaPoly {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; KEY_BYTES]) {
        self.0 = ChaCha20Poly1305::new(&Key::from(*key));
    }

    fn encrypt(&self, nonce: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let (body, tail) = out.split_at_mut(plaintext.len());
        body.copy_from_slice(plaintext);
        let nonce = nonce_of(nonce);
        let sealed = self
            .0
            .encrypt_inout_detached(&nonce, authtext, InOutBuf::from(&mut *body));
        let Ok(tag) = sealed else {
            // Only beyond the cipher's 256 GiB. Nothing leaves in clear even then.
            body.fill(0);
            return 0;
        };
        tail[..TAG_BYTES].copy_from_slice(&tag);
        plaintext.len() + TAG_BYTES
    }

    fn decrypt(
        &self,
        nonce: u64,
        authtext: &[u8],
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (body, tag) = ciphertext
            .split_last_chunk::<TAG_BYTES>()
            .ok_or(Error::Decrypt)?;
        let out = out.get_mut(..body.len()).ok_or(Error::Decrypt)?;
        out.copy_from_slice(body);
        let (nonce, tag) = (nonce_of(nonce), Tag::from(*tag));
        self.0
            .decrypt_inout_detached(&nonce, authtext, InOutBuf::from(&mut *out), &tag)
            .map_err(|_| Error::Decrypt)?;
        Ok(body.len())
    }
}

/// Four zero bytes, then the counter, little-endian (Noise §12.3).
fn nonce_of(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::from(nonce)
}

#[derive(Default)]
struct Sha(Sha256);

impl Hash for Sha {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        BLOCK_BYTES
    }

    fn hash_len(&self) -> usize {
        HASH_BYTES
    }

    fn reset(&mut self) {
        self.0 = Sha256::new();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        let digest = std::mem::take(&mut self.0).finalize();
        out[..HASH_BYTES].copy_from_slice(&digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dh() -> X25519 {
        let mut dh = X25519::default();
        let (seed, block) = (Digest([3; 32]), 0);
        dh.generate(&mut Stream { seed, block }).unwrap();
        dh
    }

    #[test]
    fn points_of_small_order_are_refused() {
        let mut out = [0; 32];
        let mut one = [0; 32];
        one[0] = 1;
        // u = p − 1 has order four, and the sixth is 0 in its second encoding.
        let mut minus_one = [0xff; 32];
        (minus_one[0], minus_one[31]) = (0xec, 0x7f);
        let mut zero_again = [0xff; 32];
        (zero_again[0], zero_again[31]) = (0xed, 0x7f);
        for point in [[0; 32], one, minus_one, zero_again] {
            assert_eq!(dh().dh(&point, &mut out), Err(Error::Dh), "{point:?}");
            assert_eq!(out, [0; 32]);
        }
        assert_eq!(dh().dh(&dh().public, &mut out), Ok(()));
    }

    #[test]
    fn one_seed_gives_one_stream_and_the_stream_does_not_repeat() {
        let draw = |seed: u8| {
            let (seed, block) = (Digest([seed; 32]), 0);
            let mut bytes = [0; 80];
            let mut stream = Stream { seed, block };
            stream.try_fill_bytes(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1)[..32], draw(1)[32..64]);
    }

    #[test]
    fn what_is_bent_does_not_open() {
        let cipher = ChaChaPoly::default();
        let mut sealed = [0; 21];
        assert_eq!(cipher.encrypt(7, b"a", b"seven", &mut sealed), 21);
        let mut out = [0; 5];
        assert_eq!(cipher.decrypt(7, b"a", &sealed, &mut out), Ok(5));
        assert_eq!(&out, b"seven");
        assert_eq!(
            cipher.decrypt(8, b"a", &sealed, &mut out),
            Err(Error::Decrypt)
        );
        assert_eq!(
            cipher.decrypt(7, b"b", &sealed, &mut out),
            Err(Error::Decrypt)
        );
        sealed[20] ^= 1;
        assert_eq!(
            cipher.decrypt(7, b"a", &sealed, &mut out),
            Err(Error::Decrypt)
        );
        assert_eq!(
            cipher.decrypt(7, b"a", &sealed[..15], &mut out),
            Err(Error::Decrypt)
        );
    }
}
