//! Chunks of a neighbour, well-made and not, against a second reading of the format.

use bitcraps_core::mesh::{Class, LinkId, Mesh};

use super::Choices;

const LINK: LinkId = LinkId(1);
/// Bytes that a link's MTU leaves for a chunk: opcode and handle take three.
const ATT_BYTES: usize = 3;
const CLASSES: [Class; 4] = [Class::Vote, Class::Control, Class::Proposal, Class::Bulk];

/// Each byte picks what comes next: a message from a correct sender, its next chunk, or any chunk at all.
pub(crate) fn chunks(input: &[u8]) {
    let mut choices = Choices(input);
    let mtu = 23 + u16::from(choices.byte());
    let (mut sender, mut receiver) = (Mesh::default(), Mesh::default());
    assert!(sender.link_up(LINK, mtu) && receiver.link_up(LINK, mtu));
    let mut expected = Reading::new(usize::from(mtu) - ATT_BYTES);
    while !choices.is_empty() {
        let chunk = match choices.byte() % 4 {
            0 => {
                let class = CLASSES[choices.below(4)];
                let fill = choices.byte();
                let length = 1 + choices.below(256) * 16;
                sender.send(LINK, class, vec![fill; length]);
                continue;
            }
            1 | 2 => match sender.poll_transmit() {
                Some((_, chunk)) => {
                    sender.writable(LINK);
                    chunk
                }
                None => continue,
            },
            _ => {
                let length = choices.below(256);
                choices.bytes(length).to_vec()
            }
        };
        let taken = receiver.receive(LINK, &chunk);
        let message = taken.ok().flatten();
        assert_eq!(message, expected.take(&chunk), "after {chunk:?}");
    }
}

/// The format as `core/docs/protocol.md` has it, section 6.
struct Reading {
    chunk_bytes: usize,
    partial: [Option<(u8, u8, Vec<u8>)>; 4],
}

impl Reading {
    const fn new(chunk_bytes: usize) -> Self {
        Self {
            chunk_bytes,
            partial: [const { None }; 4],
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Option<(Class, Vec<u8>)> {
        let [0, flags, message, index, payload @ ..] = chunk else {
            return None;
        };
        if flags & 0xf0 != 0 || chunk.len() > self.chunk_bytes {
            return None;
        }
        let class = usize::from(flags & 3);
        let before = self.partial[class].take();
        let mut bytes = if flags & 4 != 0 {
            (*index == 0).then(Vec::new)?
        } else {
            let continues = before.filter(|(of, next, _)| of == message && next == index);
            continues?.2
        };
        bytes.extend_from_slice(payload);
        let most = if class == 3 { 128 * 1024 } else { 16 * 1024 };
        if bytes.len() > most {
            return None;
        }
        if flags & 8 != 0 {
            return Some((CLASSES[class], bytes));
        }
        self.partial[class] = Some((*message, index.wrapping_add(1), bytes));
        None
    }
}
