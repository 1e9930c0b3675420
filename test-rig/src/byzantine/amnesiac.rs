//! Forgets in its view-changes what it has prepared and delivered, and keeps the certificates to itself. On the way to a view
//! that it leads itself it tells the truth, or nobody would follow it there, and then forgets the highest claim of the others:
//! with the whole view-change, or the claim alone.

use bitcraps_core::consensus::{Message, NewViewMessage, ViewChange};
use bitcraps_core::node::Node;
use bitcraps_core::wire::Decode;

use super::{Letter, Lying, Stage};

#[derive(Debug, Default)]
pub(super) struct Amnesiac {
    /// The last view that it led, and whether it left a view-change out there.
    led: Option<(u64, bool)>,
}

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
                if stage.pen.primary(truth.view) != stage.pen.seat {
                    letter.bytes = stage.pen.view_change(ViewChange {
                        delivered: 0,
                        prepared: None,
                        ..truth
                    });
                }
                stage.pass(letter);
            }
            Message::NewView(truth) if spoken.author == Some(stage.pen.seat) => {
                let led = self.led.filter(|(view, _)| *view == truth.view);
                let (_, whole) = *self
                    .led
                    .insert(led.unwrap_or_else(|| (truth.view, stage.random.below(2) == 0)));
                if let Some(bytes) = forgetful(stage, truth, whole) {
                    letter.bytes = bytes;
                }
                stage.pass(letter);
            }
            Message::Prepared(_) => {}
            _ => stage.pass(letter),
        }
    }
}

/// The same new-view without the highest claim, as if it had never come, and without the view-change that makes it if
/// `whole`. Nothing if the phone has not seen them all.
fn forgetful(stage: &Stage, truth: &NewViewMessage, whole: bool) -> Option<Vec<u8>> {
    let mut named = stage.memory.reports(truth)?;
    let highest = (0..named.len()).max_by_key(|at| named[*at].0)?;
    if whole {
        named.remove(highest);
    } else {
        named[highest].0 = None;
    }
    let claims = named.iter().filter_map(|(claim, ..)| *claim);
    let head = claims.max();
    let named: Vec<_> = named
        .iter()
        .map(|(_, seat, digest)| (*seat, *digest))
        .collect();
    Some(stage.pen.new_view(truth.view, head, &named))
}
