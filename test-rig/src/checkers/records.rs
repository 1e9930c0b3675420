//! Journal records as the protocol's description lays them out (protocol.md, 2.3, 5.12 and 5.14): read here a second time,
//! as far as a checker looks into them.

const HEADER: usize = 6;
const SIGNATURE: usize = 64;

pub(super) const PRE_PREPARE: u8 = 2;
pub(super) const PREPARE: u8 = 3;
pub(super) const COMMIT: u8 = 4;
pub(super) const VIEW_CHANGE: u8 = 5;

/// View, sequence number and chain digest, in the order of heads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Head {
    pub(super) view: u64,
    pub(super) sequence: u64,
    pub(super) chain: [u8; 32],
}

/// A signed message without its header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    /// Everything between the header and the signature.
    pub(super) statement: &'a [u8],
    pub(super) signature: [u8; SIGNATURE],
}

/// What a view-change says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ViewChange<'a> {
    pub(super) signer: u8,
    pub(super) view: u64,
    pub(super) prepared: Option<Head>,
    pub(super) statement: &'a [u8],
}

/// A view that began, and what it stands on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entered<'a> {
    pub(super) view: u64,
    pub(super) head: Option<Head>,
    pub(super) seats: Vec<u8>,
    pub(super) view_changes: Vec<ViewChange<'a>>,
}

/// A record that some rule is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Record<'a> {
    /// A message that the phone signed, and of a proposal or vote the whole head.
    Own(Option<Head>, Message<'a>),
    /// A batch above C_{s−1}, at s: the statements of its requests.
    Batch([u8; 32], u64, Vec<&'a [u8]>),
    /// A prepared (phase 1) or commit certificate: for what, and by how many seats.
    Certificate(u8, Head, usize),
    Entered(Entered<'a>),
    /// A checkpoint that so many seats of an epoch signed.
    Checkpoint(u64, usize),
    /// Somebody was proven to lie.
    Evidence(u8),
    /// Any other.
    Other,
}

impl<'a> Record<'a> {
    /// Nothing if the bytes are not what the description says.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let record = match bytes.u8()? {
            1 => {
                let head = bytes.optional_head()?;
                Self::Own(head, Message::read(bytes.rest())?)
            }
            2 => Self::Batch(bytes.array()?, bytes.u64()?, bytes.batch()?),
            3 => Self::Certificate(bytes.u8()?, bytes.head()?, bytes.seats()?.len()),
            4 => Self::Entered(Entered::read(&mut bytes)?),
            // A stable checkpoint, or how an epoch ended.
            5 | 6 => {
                let epoch = bytes.u64()?;
                // Its slot, C_s and the state's digest.
                bytes.take(8 + 32 + 32)?;
                Self::Checkpoint(epoch, bytes.seats()?.len())
            }
            7 => {
                let _epoch = bytes.u64()?;
                Self::Evidence(bytes.u8()?)
            }
            _ => return Some(Self::Other),
        };
        Some(record)
    }
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (signed, signature) = bytes.split_last_chunk()?;
        Some(Self {
            kind: *signed.first()?,
            statement: signed.get(HEADER..)?,
            signature: *signature,
        })
    }
}

impl<'a> ViewChange<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        Self::said(Message::read(message)?.statement)
    }

    pub(super) fn said(statement: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes(statement);
        let (signer, view, _delivered) = (bytes.u8()?, bytes.u64()?, bytes.u64()?);
        Some(Self {
            signer,
            view,
            prepared: bytes.optional_head()?,
            statement,
        })
    }
}

impl<'a> Entered<'a> {
    fn read(bytes: &mut Bytes<'a>) -> Option<Self> {
        let mut new_view = Bytes(bytes.with_length()?);
        new_view.take(HEADER)?;
        let (view, head) = (new_view.u64()?, new_view.optional_head()?);
        let seats = new_view.seats()?;
        let count = bytes.u8()?;
        let view_changes = (0..count).map(|_| ViewChange::read(bytes.with_length()?));
        Some(Self {
            view,
            head,
            seats,
            view_changes: view_changes.collect::<Option<_>>()?,
        })
    }

    /// The statement that the primary signed, with the digests of the view-changes in full.
    pub(super) fn statement(&self, digest: impl Fn(&[u8]) -> [u8; 32]) -> Vec<u8> {
        let mut statement = self.view.to_le_bytes().to_vec();
        statement.push(u8::from(self.head.is_some()));
        if let Some(head) = self.head {
            statement.extend(head.bytes());
        }
        statement.push(u8::try_from(self.view_changes.len()).unwrap_or(u8::MAX));
        for report in &self.view_changes {
            statement.push(report.signer);
            statement.extend(digest(report.statement));
        }
        statement
    }
}

impl Head {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let [view, sequence] = [self.view.to_le_bytes(), self.sequence.to_le_bytes()];
        [&view[..], &sequence, &self.chain].concat()
    }
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn with_length(&mut self) -> Option<&'a [u8]> {
        let length = self.array().map(u16::from_le_bytes)?;
        self.take(usize::from(length))
    }

    fn optional_head(&mut self) -> Option<Option<Head>> {
        match self.u8()? {
            0 => Some(None),
            _ => self.head().map(Some),
        }
    }

    fn head(&mut self) -> Option<Head> {
        Some(Head {
            view: self.u64()?,
            sequence: self.u64()?,
            chain: self.array()?,
        })
    }

    fn seats(&mut self) -> Option<Vec<u8>> {
        let [low, middle, high] = self.array()?;
        let bits = u32::from_le_bytes([low, middle, high, 0]);
        Some((0..24).filter(|seat| bits >> seat & 1 == 1).collect())
    }

    fn batch(&mut self) -> Option<Vec<&'a [u8]>> {
        let count = self.u8()?;
        let one = |_| {
            let statement = self.with_length()?;
            self.take(SIGNATURE)?;
            Some(statement)
        };
        (0..count).map(one).collect()
    }
}
