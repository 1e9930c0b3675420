//! The dice for the screen: whether they have a key, how far the next one is, and for whom a closed roll waits.

use bitcraps_core::table::Table;

/// Where the dice are. Any quorum's shares throw a roll, and nobody ever has the whole key.
#[derive(Clone, Debug, uniffi::Record)]
pub struct DiceView {
    /// Whether they can be thrown in the current epoch. Until then nothing is played.
    pub has_key: bool,
    /// The key that is being made; nothing while none is.
    pub making: Option<KeyView>,
    /// Whose shares the closed roll waits for, once it has waited for a while. Empty as soon as it is thrown.
    pub awaited: Vec<u8>,
}

/// A key that is being made.
#[derive(Clone, Debug, uniffi::Record)]
pub struct KeyView {
    /// The epoch that it is for.
    pub epoch: u64,
    /// Which attempt, from 0.
    pub attempt: u16,
    /// Who has dealt a part.
    pub dealt: Vec<u8>,
    /// How many parts make it.
    pub needed: u8,
    /// Who has said that its shares are right.
    pub acknowledged: Vec<u8>,
}

impl DiceView {
    pub(crate) fn of(table: &Table, awaited: Vec<u8>) -> Self {
        let making = table.attempt().map(|attempt| {
            let ceremony = attempt.ceremony();
            KeyView {
                epoch: ceremony.epoch(),
                attempt: ceremony.attempt(),
                dealt: attempt
                    .dealings()
                    .map(|dealing| dealing.dealer().0)
                    .collect(),
                needed: crate::view::small(ceremony.threshold()),
                acknowledged: attempt.acknowledged().iter().map(|seat| seat.0).collect(),
            }
        });
        Self {
            has_key: table.has_key(),
            making,
            awaited,
        }
    }
}
