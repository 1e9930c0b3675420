//! The table card: rules, seats and the table's secret as bytes, for everybody who sits down. It goes from hand to hand:
//! whoever has it can find the table on the air and knock.

use bitcraps_core::crypto::{PublicKey, Roster, Seat};
use bitcraps_core::mesh::{TABLE_SECRET_BYTES, TableSecret};
use bitcraps_core::node::Founding;
use bitcraps_core::table::{self, Genesis};
use bitcraps_core::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

use crate::driver::entropy;
use crate::error::{NodeError, Result};
use crate::rules::TableRules;

/// Stands for none; seats are fewer.
const NO_SEAT: u8 = u8::MAX;

/// Writes the card of a new table: the rules, the players' public keys by seat, and a fresh secret.
///
/// # Errors
/// [`NodeError::Rules`] or [`NodeError::Card`] say what cannot be.
#[uniffi::export]
pub fn table_card(rules: TableRules, public_keys: Vec<Vec<u8>>) -> Result<Vec<u8>> {
    let rules = table::TableRules::try_from(rules)?;
    let checked = rules.check(public_keys.len());
    checked.map_err(|error| NodeError::Rules(error.to_string()))?;
    let keys: Result<Vec<PublicKey>> = public_keys.iter().map(|key| public_key(key)).collect();
    let roster = Roster::new(keys?).map_err(|error| NodeError::Card(error.to_string()))?;
    let mut secret = [0; TABLE_SECRET_BYTES];
    secret.copy_from_slice(&entropy()?[..TABLE_SECRET_BYTES]);
    let card = Card {
        secret: TableSecret(secret),
        genesis: Genesis { rules, roster },
        founding: None,
        joins: None,
    };
    Ok(card.to_bytes())
}

/// What a card says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Card {
    pub(crate) secret: TableSecret,
    pub(crate) genesis: Genesis,
    /// What everybody signed in the lobby, if the table came about in one.
    pub(crate) founding: Option<Founding>,
    /// The seat that this phone was welcomed to later, if it has none in the genesis. Only on its own disk.
    pub(crate) joins: Option<Seat>,
}

impl Card {
    /// As it goes from hand to hand and onto the disk.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u16(PROTOCOL_VERSION);
        self.secret.encode(&mut writer);
        self.genesis.encode(&mut writer);
        let founding = self.founding.as_ref();
        writer.bytes_u16(founding.map_or(&[], Founding::bytes));
        writer.u8(self.joins.map_or(NO_SEAT, |seat| seat.0));
        writer.finish()
    }

    fn decode(reader: &mut Reader<'_>) -> std::result::Result<Self, DecodeError> {
        let secret = TableSecret::decode(reader)?;
        let genesis = Genesis::decode(reader)?;
        let founding = match reader.bytes_u16(u16::MAX.into(), "founding")? {
            [] => None,
            bytes => Some(Founding::read(&secret.service(), bytes)?),
        };
        let joins = Some(reader.u8()?).filter(|seat| *seat != NO_SEAT);
        reader.clone().finish()?;
        let of_other = |founding: &Founding| *founding.genesis() != genesis;
        if founding.as_ref().is_some_and(of_other) {
            return Err(DecodeError::OutOfRange("founding"));
        }
        Ok(Self {
            secret,
            genesis,
            founding,
            joins: joins.map(Seat),
        })
    }
}

/// Reads a card of this version.
pub(crate) fn read(card: &[u8]) -> Result<Card> {
    let mut reader = Reader::new(card);
    let damaged = |error: DecodeError| NodeError::Card(format!("damaged, {error}; get it again"));
    // The version first: what another one writes behind it need not make sense here.
    let version = reader.u16().map_err(damaged)?;
    if version != PROTOCOL_VERSION {
        return Err(NodeError::Card(format!(
            "it speaks version {version} and this phone {PROTOCOL_VERSION}; update the older app"
        )));
    }
    Card::decode(&mut reader).map_err(damaged)
}

pub(crate) fn public_key(bytes: &[u8]) -> Result<PublicKey> {
    let array: std::result::Result<[u8; 32], _> = bytes.try_into();
    let key = array.map_err(|_| NodeError::Card("a public key has 32 bytes".to_owned()))?;
    PublicKey::from_bytes(&key).map_err(|error| NodeError::Card(error.to_string()))
}
