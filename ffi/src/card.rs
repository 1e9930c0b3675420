//! The table card: rules, seats and the table's secret as bytes, for everybody who sits down. It goes from hand to hand:
//! whoever has it can find the table on the air and knock.

use bitcraps_core::crypto::{PublicKey, Roster};
use bitcraps_core::mesh::{TABLE_SECRET_BYTES, TableSecret};
use bitcraps_core::table::{self, Genesis};
use bitcraps_core::wire::{Decode, DecodeError, Encode, PROTOCOL_VERSION, Reader, Writer};

use crate::driver::entropy;
use crate::error::{NodeError, Result};
use crate::rules::TableRules;

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
    let mut writer = Writer::new();
    writer.u16(PROTOCOL_VERSION);
    TableSecret(secret).encode(&mut writer);
    Genesis { rules, roster }.encode(&mut writer);
    Ok(writer.finish())
}

/// What a card says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Card {
    pub(crate) secret: TableSecret,
    pub(crate) genesis: Genesis,
}

/// Reads a card of this version.
pub(crate) fn read(card: &[u8]) -> Result<Card> {
    let mut reader = Reader::new(card);
    let read = |reader: &mut Reader<'_>| -> std::result::Result<(u16, Card), DecodeError> {
        let version = reader.u16()?;
        let secret = TableSecret::decode(reader)?;
        let genesis = Genesis::decode(reader)?;
        reader.clone().finish()?;
        Ok((version, Card { secret, genesis }))
    };
    let damaged = |error: DecodeError| NodeError::Card(format!("damaged, {error}; get it again"));
    let (version, card) = read(&mut reader).map_err(damaged)?;
    if version == PROTOCOL_VERSION {
        Ok(card)
    } else {
        Err(NodeError::Card(format!(
            "it speaks version {version} and this phone {PROTOCOL_VERSION}; update the older app"
        )))
    }
}

fn public_key(bytes: &[u8]) -> Result<PublicKey> {
    let array: std::result::Result<[u8; 32], _> = bytes.try_into();
    let key = array.map_err(|_| NodeError::Card("a public key has 32 bytes".to_owned()))?;
    PublicKey::from_bytes(&key).map_err(|error| NodeError::Card(error.to_string()))
}
