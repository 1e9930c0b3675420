//! Runs twice with one key: a second node, with other entropy and nobody at its screen, serves half of the links.
//!
//! The second one starts from the genesis, so that one that starts late is a phone set up again from an old copy.

use super::Lying;

#[derive(Debug)]
pub(super) struct Twin;

impl Lying for Twin {
    fn is_two(&self) -> bool {
        true
    }
}
