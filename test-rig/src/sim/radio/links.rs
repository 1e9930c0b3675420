//! The links that are up, by their numbers.

use super::SimLink;

/// A place for every link there ever was: numbers are given one after another and never again, and each connection event of
/// a room looks up a few.
#[derive(Default, Debug)]
pub(in crate::sim) struct Links(Vec<Option<Box<SimLink>>>);

impl Links {
    pub(in crate::sim) fn get(&self, id: u64) -> Option<&SimLink> {
        self.0.get(place(id))?.as_deref()
    }

    pub(in crate::sim) fn get_mut(&mut self, id: u64) -> Option<&mut SimLink> {
        self.0.get_mut(place(id))?.as_deref_mut()
    }

    pub(super) fn insert(&mut self, id: u64, link: SimLink) -> &mut SimLink {
        if self.0.len() <= place(id) {
            self.0.resize_with(place(id) + 1, || None);
        }
        self.0[place(id)].insert(Box::new(link))
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<SimLink> {
        let link = self.0.get_mut(place(id))?.take()?;
        Some(*link)
    }

    /// In the order of their numbers.
    pub(in crate::sim) fn iter(&self) -> impl Iterator<Item = (u64, &SimLink)> {
        let numbered = (0..).zip(&self.0);
        numbered.filter_map(|(id, link)| Some((id, link.as_deref()?)))
    }
}

fn place(id: u64) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}
