//! What a roll costs: bytes of a share, and the CPU time of one phone for its share, the others', and the dice.

use bitcraps_core::crypto::{Checker, Context, Digest, Seat};
use bitcraps_core::dice::{RollInput, RollShare, Share, ShareMessage, dice_of};
use bitcraps_core::wire::Encode;
use serde_json::{Value, json};

use super::by_size;
use super::clock::CpuClock;
use super::dkg::Members;

/// How many rolls the median is taken over.
const ROLLS: u64 = 41;

pub(super) fn run() -> Result<Value, String> {
    by_size(|n| {
        let members = Members::new(n)?;
        let (key, secrets) = members.key()?;
        let table = Digest([7; 32]);
        let mut micros = Vec::new();
        let mut bytes = (0, 0);
        for roll in 1..=ROLLS {
            let input = RollInput::new(&table, 0, roll, &Digest([9; 32]));
            let shares = secrets
                .iter()
                .zip(0..)
                .map(|(secret, seat)| (Seat(seat), secret));
            let shares: Vec<Share> = shares
                .take(key.threshold())
                .map(|(seat, secret)| Share::make(seat, secret, &input))
                .collect();
            let clock = CpuClock::start();
            let own = Share::make(Seat(0), &secrets[0], &input);
            let checked = shares
                .iter()
                .map(|share| key.check(&Checker::default(), &input, share));
            let checked = checked.collect::<Result<Vec<_>, _>>();
            let checked = checked.map_err(|error| error.to_string())?;
            let value = key.combine(&input, &checked).ok_or("too few shares")?;
            let dice = dice_of(&input, &value);
            micros.push(u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX));
            if own != shares[0] || !(1..=6).contains(&dice.0) {
                return Err(format!("roll {roll} went wrong at {n} phones"));
            }
            bytes = (own.to_bytes().len(), signed_bytes(&members, own, roll));
        }
        micros.sort_unstable();
        Ok(json!({
            "share_bytes": bytes.0,
            "signed_share_bytes": bytes.1,
            "roll_cpu_us": micros[micros.len() / 2],
        }))
    })
}

/// How long a share's message is.
fn signed_bytes(members: &Members, share: Share, roll: u64) -> usize {
    let chain = Digest([9; 32]);
    let statement = RollShare { roll, chain, share };
    let context = Context(Digest([8; 32]));
    let message = ShareMessage::sign(statement, &context, &members.identities[0]);
    message.to_wire(0, roll).len()
}
