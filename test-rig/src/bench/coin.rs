//! What a roll costs: bytes of a share, and the CPU time of one phone for its share, the others', and the dice.

use bitcraps_core::crypto::{Checker, Context, Digest, Seat};
use bitcraps_core::dice::{
    CoinKey, RollInput, RollShare, SecretShare, Share, ShareMessage, dice_of,
};
use bitcraps_core::wire::Encode;
use serde_json::{Value, json};

use super::clock::{least_by_size, micros_each};
use super::dkg::Members;

/// How many rolls the mean is taken over, each time.
const ROLLS: u64 = 25;
const TABLE: Digest = Digest([7; 32]);
const CHAIN: Digest = Digest([9; 32]);

/// A key and what is thrown with it.
struct Throws {
    members: Members,
    key: CoinKey,
    secrets: Vec<SecretShare>,
    rolls: Vec<(RollInput, Vec<Share>)>,
}

pub(super) fn run() -> Result<Value, String> {
    least_by_size(prepare, Throws::throw_all, |throws, took| {
        let own = throws.rolls[0].1[0];
        json!({
            "share_bytes": own.to_bytes().len(),
            "signed_share_bytes": signed_bytes(&throws.members, own, 1),
            "roll_cpu_us": micros_each(took, ROLLS),
        })
    })
}

fn prepare(n: u8) -> Result<Throws, String> {
    let members = Members::new(n)?;
    let (key, secrets) = members.key()?;
    let roll = |roll| {
        let input = RollInput::new(&TABLE, 0, roll, &CHAIN);
        let shares = shares(&secrets, key.threshold(), &input);
        (input, shares)
    };
    Ok(Throws {
        rolls: (1..=ROLLS).map(roll).collect(),
        members,
        key,
        secrets,
    })
}

impl Throws {
    fn throw_all(&mut self) -> Result<(), String> {
        let mut rolls = self.rolls.iter();
        rolls.try_for_each(|(input, shares)| throw(&self.key, &self.secrets[0], input, shares))
    }
}

fn shares(secrets: &[SecretShare], threshold: usize, input: &RollInput) -> Vec<Share> {
    let seats = secrets.iter().zip(0..).take(threshold);
    seats
        .map(|(secret, seat)| Share::make(Seat(seat), secret, input))
        .collect()
}

/// What one phone does for a roll: its own share, the check of the others', and the dice.
fn throw(
    key: &CoinKey,
    secret: &SecretShare,
    input: &RollInput,
    shares: &[Share],
) -> Result<(), String> {
    let own = key.own(&Checker::default(), Seat(0), secret, input);
    let own = own.ok_or("the secret is another key's")?;
    let others = shares
        .iter()
        .skip(1)
        .map(|share| key.check(&Checker::default(), input, share));
    let checked = std::iter::once(Ok(own)).chain(others);
    let checked = checked.collect::<Result<Vec<_>, _>>();
    let checked = checked.map_err(|error| error.to_string())?;
    let value = key.combine(input, &checked).ok_or("too few shares")?;
    let dice = dice_of(input, &value);
    if *own.share() != shares[0] || !(1..=6).contains(&dice.0) {
        return Err("a roll went wrong".into());
    }
    Ok(())
}

/// How long a share's message is.
fn signed_bytes(members: &Members, share: Share, roll: u64) -> usize {
    let chain = CHAIN;
    let statement = RollShare { roll, chain, share };
    let context = Context(Digest([8; 32]));
    let message = ShareMessage::sign(statement, &context, &members.identities[0]);
    message.to_wire(0, roll).len()
}
