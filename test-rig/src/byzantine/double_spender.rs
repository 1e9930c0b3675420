//! Signs two different requests with one number and gives each half of the table another one.

use std::collections::BTreeMap;

use bitcraps_core::consensus::{Message, Request};
use bitcraps_core::craps::BetKind;
use bitcraps_core::node::Node;
use bitcraps_core::table::Operation;
use bitcraps_core::wire::{Decode, Encode};

use super::{Letter, Lying, Stage};

/// How many numbers are remembered.
const KEPT_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct DoubleSpender {
    seconds: BTreeMap<u64, Vec<u8>>,
}

impl Lying for DoubleSpender {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        let own = stage
            .read(node, &letter)
            .filter(|spoken| spoken.author == Some(stage.pen.seat));
        if let Some(spoken) = own
            && let Message::Request(signed) = &spoken.message
            && stage.is_in_half(letter.link)
            && let Ok(request) = Request::from_bytes(&signed.statement)
        {
            let second = self
                .seconds
                .entry(request.number)
                .or_insert_with(|| stage.pen.request(request.number, spent_elsewhere(&request)));
            letter.bytes.clone_from(second);
            if self.seconds.len() > KEPT_MAX {
                self.seconds.pop_first();
            }
        }
        stage.pass(letter);
    }
}

/// The same chips on another bet, or another bet in place of something else.
fn spent_elsewhere(request: &Request) -> Vec<u8> {
    let amount = match Operation::from_bytes(&request.payload) {
        Ok(Operation::PlaceBet { kind, amount }) if kind != BetKind::Field => amount,
        Ok(Operation::PlaceBet { amount, .. }) => amount.saturating_add(1),
        _ => 10,
    };
    let kind = BetKind::Field;
    Operation::PlaceBet { kind, amount }.to_bytes()
}
