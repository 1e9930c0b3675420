//! How two phones become neighbours: three messages of Noise XXpsk3 and a welcome.
//!
//! ```text
//! central → peripheral   hail          version, e
//! peripheral → central   answer        e, ee, s, es
//! central → peripheral   introduction  s, se, psk: key and proof of the central
//! peripheral → central   welcome       the first record: key and proof of the peripheral, and the link's tag
//! ```
//!
//! Both identities travel behind the psk only: whoever has no invite learns a Noise key that is made anew at each
//! start, and nothing else. A proof is an ed25519 signature over both the Noise key and the transcript, so it cannot
//! be carried into another session; the Noise key vouches for the identity because the key agreement covers the message
//! that the identity stands in.

use snow::{Builder, HandshakeState};

use super::record::Session;
use super::resolver::Primitives;
use super::secret::LinkKeys;
use crate::crypto::{Digest, PublicKey, Signature, Signed, Statement};
use crate::mesh::{Class, Role};
use crate::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

const PATTERN: &str = "Noise_XXpsk3_25519_ChaChaPoly_SHA256";
/// Longest message of a handshake; the longest that is made has 160 bytes.
pub(in crate::mesh) const HANDSHAKE_MESSAGE_BYTES_MAX: usize = 256;
const PSK_PLACE: u8 = 3;
/// The counter of the welcome, which is the peripheral's first record.
const WELCOME: u64 = 0;

/// Why a phone is not let in. It proves nothing against anybody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The other app speaks another version of the protocol.
    #[error("protocol version {0} instead of ours")]
    Version(u16),
    /// Not made with this table's secret, damaged, or with a key of small order.
    #[error("not of this table")]
    Noise,
    /// The identity and the session do not vouch for each other.
    #[error("the other end's identity is not proven")]
    Proof,
    /// The other end is this phone itself, or has its key.
    #[error("the other end has our own key")]
    OwnKey,
    /// Too short, too long, or a field out of range.
    #[error("malformed")]
    Malformed,
}

impl From<snow::Error> for HandshakeError {
    fn from(_: snow::Error) -> Self {
        Self::Noise
    }
}

impl From<DecodeError> for HandshakeError {
    fn from(_: DecodeError) -> Self {
        Self::Malformed
    }
}

/// What an identity signs: that this Noise key is its own in this session. Nothing of it travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkProof {
    /// Whether the signer is the central.
    pub is_central: bool,
    /// The signer's Noise public key.
    pub noise_key: [u8; 32],
    /// The handshake hash before the message that the proof stands in.
    pub transcript: Digest,
}

impl Encode for LinkProof {
    fn encode(&self, writer: &mut Writer) {
        writer.bool(self.is_central);
        writer.raw(&self.noise_key);
        self.transcript.encode(writer);
    }
}

impl Decode for LinkProof {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            is_central: reader.bool("is central")?,
            noise_key: reader.array()?,
            transcript: Digest::decode(reader)?,
        })
    }
}

impl Statement for LinkProof {
    const TAG: &'static str = "bitcraps/link-proof/v1";
}

/// A key and the signature that ties it to the session: 96 bytes.
struct Introduction {
    key: PublicKey,
    signature: Signature,
}

impl Introduction {
    fn new(keys: &LinkKeys, role: Role, transcript: Digest) -> Self {
        let noise_key = noise_public(keys);
        let proof = LinkProof {
            is_central: role == Role::Central,
            noise_key,
            transcript,
        };
        let signed = Signed::sign(proof, &keys.context, &keys.identity);
        Self {
            key: keys.public_key(),
            signature: *signed.signature(),
        }
    }

    /// Whose key it is, if it is tied to this session and not our own.
    fn check(
        &self,
        keys: &LinkKeys,
        role: Role,
        noise_key: Option<[u8; 32]>,
        transcript: Digest,
    ) -> Result<PublicKey, HandshakeError> {
        let proof = LinkProof {
            is_central: role == Role::Central,
            noise_key: noise_key.ok_or(HandshakeError::Noise)?,
            transcript,
        };
        let bytes = proof.to_bytes();
        Signed::<LinkProof>::open(&bytes, self.signature, &keys.context, &self.key)
            .map_err(|_| HandshakeError::Proof)?;
        if self.key == keys.public_key() {
            return Err(HandshakeError::OwnKey);
        }
        Ok(self.key)
    }
}

impl Encode for Introduction {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.key.to_bytes());
        self.signature.encode(writer);
    }
}

impl Decode for Introduction {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let key = PublicKey::from_bytes(&reader.array()?);
        Ok(Self {
            key: key.map_err(|_| DecodeError::OutOfRange("key"))?,
            signature: Signature::decode(reader)?,
        })
    }
}

/// A central that waits for an answer.
#[derive(Debug)]
pub(in crate::mesh) struct Hailed(Box<HandshakeState>);

/// A peripheral that waits for an introduction.
#[derive(Debug)]
pub(in crate::mesh) struct Answered(Box<HandshakeState>);

/// A central that waits to be welcomed.
#[derive(Debug)]
pub(in crate::mesh) struct Introduced {
    session: Session,
    transcript: Digest,
    noise_key: Option<[u8; 32]>,
}

/// A session, and who is at its other end.
#[derive(Debug)]
pub(in crate::mesh) struct Secured {
    pub(in crate::mesh) session: Session,
    pub(in crate::mesh) peer: PublicKey,
    /// The byte in front of every chunk from now on.
    pub(in crate::mesh) tag: u8,
}

impl Hailed {
    /// Begins a handshake; gives the hail.
    pub(in crate::mesh) fn begin(keys: &mut LinkKeys) -> Result<(Self, Vec<u8>), HandshakeError> {
        let seed = keys.draw();
        let mut state = builder(keys, seed)?.build_initiator()?;
        let mut hail = PROTOCOL_VERSION.to_le_bytes().to_vec();
        hail.extend(write(&mut state, &[])?);
        Ok((Self(Box::new(state)), hail))
    }

    /// Takes the answer; gives the introduction.
    pub(in crate::mesh) fn on_answer(
        mut self,
        keys: &LinkKeys,
        answer: &[u8],
    ) -> Result<(Introduced, Vec<u8>), HandshakeError> {
        read_empty(&mut self.0, answer)?;
        let own = Introduction::new(keys, Role::Central, transcript(&self.0)?);
        let introduction = write(&mut self.0, &own.to_bytes())?;
        let introduced = Introduced {
            transcript: transcript(&self.0)?,
            noise_key: remote_key(&self.0),
            session: Session::new(*self.0)?,
        };
        Ok((introduced, introduction))
    }
}

impl Answered {
    /// Takes a hail; gives the answer. This is what a stranger can make a phone do: three multiplications.
    pub(in crate::mesh) fn begin(
        keys: &mut LinkKeys,
        hail: &[u8],
    ) -> Result<(Self, Vec<u8>), HandshakeError> {
        let (version, noise) = hail
            .split_first_chunk::<2>()
            .ok_or(HandshakeError::Malformed)?;
        let version = u16::from_le_bytes(*version);
        if version != PROTOCOL_VERSION {
            return Err(HandshakeError::Version(version));
        }
        let seed = keys.draw();
        let mut state = builder(keys, seed)?.build_responder()?;
        read_empty(&mut state, noise)?;
        let answer = write(&mut state, &[])?;
        Ok((Self(Box::new(state)), answer))
    }

    /// Takes the introduction; gives the session and the welcome, which assigns `tag` to the link.
    pub(in crate::mesh) fn on_introduction(
        mut self,
        keys: &LinkKeys,
        introduction: &[u8],
        tag: u8,
    ) -> Result<(Secured, Vec<u8>), HandshakeError> {
        let before = transcript(&self.0)?;
        let theirs = Introduction::from_bytes(&read(&mut self.0, introduction)?)?;
        let peer = theirs.check(keys, Role::Central, remote_key(&self.0), before)?;
        let own = Introduction::new(keys, Role::Peripheral, transcript(&self.0)?);
        let mut welcome = own.to_bytes();
        welcome.push(tag);
        let mut session = Session::new(*self.0)?;
        let (_, welcome) = session.seal(Class::Vote, &welcome);
        Ok((Secured { session, peer, tag }, welcome))
    }
}

impl Introduced {
    /// Takes the welcome.
    pub(in crate::mesh) fn on_welcome(
        mut self,
        keys: &LinkKeys,
        welcome: &[u8],
    ) -> Result<Secured, HandshakeError> {
        let welcome = self
            .session
            .open(Class::Vote, WELCOME, welcome)
            .map_err(|_| HandshakeError::Noise)?;
        let (tag, introduction) = welcome.split_last().ok_or(HandshakeError::Malformed)?;
        let theirs = Introduction::from_bytes(introduction)?;
        let peer = theirs.check(keys, Role::Peripheral, self.noise_key, self.transcript)?;
        let (session, tag) = (self.session, *tag);
        Ok(Secured { session, peer, tag })
    }
}

#[cfg(test)]
impl Introduced {
    pub(super) fn open_unchecked(mut self, welcome: &[u8]) -> Vec<u8> {
        let opened = self.session.open(Class::Vote, WELCOME, welcome);
        opened.unwrap_or_default()
    }
}

fn builder(keys: &LinkKeys, seed: Digest) -> Result<Builder<'_>, HandshakeError> {
    let pattern = PATTERN.parse().map_err(|_| HandshakeError::Noise)?;
    let builder = Builder::with_resolver(pattern, Box::new(Primitives { seed }));
    let builder = builder.prologue(&keys.prologue)?;
    let builder = builder.local_private_key(&keys.noise)?;
    Ok(builder.psk(PSK_PLACE, &keys.psk)?)
}

fn write(state: &mut HandshakeState, payload: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut message = vec![0; HANDSHAKE_MESSAGE_BYTES_MAX];
    let length = state.write_message(payload, &mut message)?;
    message.truncate(length);
    Ok(message)
}

fn read(state: &mut HandshakeState, message: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut payload = vec![0; HANDSHAKE_MESSAGE_BYTES_MAX];
    if message.len() > payload.len() {
        return Err(HandshakeError::Malformed);
    }
    let length = state.read_message(message, &mut payload)?;
    payload.truncate(length);
    Ok(payload)
}

fn read_empty(state: &mut HandshakeState, message: &[u8]) -> Result<(), HandshakeError> {
    match read(state, message)?.is_empty() {
        true => Ok(()),
        false => Err(HandshakeError::Malformed),
    }
}

fn noise_public(keys: &LinkKeys) -> [u8; 32] {
    let private = x25519_dalek::StaticSecret::from(keys.noise);
    x25519_dalek::PublicKey::from(&private).to_bytes()
}

fn transcript(state: &HandshakeState) -> Result<Digest, HandshakeError> {
    let hash = state.get_handshake_hash().first_chunk::<32>();
    hash.copied().map(Digest).ok_or(HandshakeError::Noise)
}

fn remote_key(state: &HandshakeState) -> Option<[u8; 32]> {
    state.get_remote_static()?.first_chunk::<32>().copied()
}
