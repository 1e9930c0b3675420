//! Says nothing at all.

use bitcraps_core::node::Node;

use super::{Letter, Lying, Stage};

#[derive(Debug)]
pub(super) struct Silent;

impl Lying for Silent {
    fn say(&mut self, _stage: &mut Stage, _node: &Node, _letter: Letter) {}
}
