//! Forgets in its view-changes what it has prepared and delivered, and keeps the certificates to itself.

use bitcraps_core::consensus::{Message, ViewChange};
use bitcraps_core::node::Node;
use bitcraps_core::wire::Decode;

use super::{Letter, Lying, Stage};

#[derive(Debug)]
pub(super) struct Amnesiac;

impl Lying for Amnesiac {
    fn say(&mut self, stage: &mut Stage, node: &Node, mut letter: Letter) {
        let Some(spoken) = stage.read(node, &letter) else {
            stage.pass(letter);
            return;
        };
        match &spoken.message {
            Message::ViewChange(signed) if spoken.author == Some(stage.pen.seat) => {
                let Ok(truth) = ViewChange::from_bytes(&signed.statement) else {
                    return;
                };
                letter.bytes = stage.pen.view_change(ViewChange {
                    delivered: 0,
                    prepared: None,
                    ..truth
                });
                stage.pass(letter);
            }
            Message::Prepared(_) => {}
            _ => stage.pass(letter),
        }
    }
}
