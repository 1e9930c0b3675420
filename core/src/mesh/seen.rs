//! Who has brought which message: it is not sent back there.

use std::collections::VecDeque;

use super::{Fingerprint, LINKS_MAX, LinkId};

/// How many messages of each link are remembered.
pub(super) const SEEN_MAX: usize = 1024;
/// Messages are spread over so many lists by the first bytes of their fingerprints, which are hashes: a handful in each.
/// Neighbours whose messages all fall into one list make a phone look through [`SEEN_MAX`] of each of them, and nothing
/// worse.
const LISTS: usize = 512;

/// A message, and the places of the links that brought it, as bits.
#[derive(Debug)]
struct Message {
    name: Fingerprint,
    brought: u32,
}

/// What came over one link, oldest first.
#[derive(Debug)]
struct Place {
    link: Option<LinkId>,
    names: VecDeque<Fingerprint>,
}

/// The last [`SEEN_MAX`] messages of each link. One look-up finds all links that brought a message: it is asked for all of
/// them each time one is passed on.
#[derive(Debug)]
pub(super) struct Seen {
    /// Empty until there is a message.
    lists: Vec<Vec<Message>>,
    places: Vec<Place>,
}

impl Seen {
    pub(super) const fn new() -> Self {
        Self {
            lists: Vec::new(),
            places: Vec::new(),
        }
    }

    /// A link brought a message. The oldest one of that link is forgotten for it, if there are too many.
    pub(super) fn note(&mut self, link: LinkId, name: Fingerprint) {
        if self.lists.is_empty() {
            self.lists.resize_with(LISTS, Vec::new);
        }
        let Some(place) = self.place_of(link) else {
            return;
        };
        let list = &mut self.lists[list_of(&name)];
        match list.iter_mut().find(|message| message.name == name) {
            Some(message) if message.brought >> place & 1 == 1 => return,
            Some(message) => message.brought |= 1 << place,
            None => list.push(Message {
                name,
                brought: 1 << place,
            }),
        }
        let names = &mut self.places[place].names;
        names.push_back(name);
        let oldest = if names.len() > SEEN_MAX {
            names.pop_front()
        } else {
            None
        };
        if let Some(oldest) = oldest {
            self.drop_from(place, &oldest);
        }
    }

    /// The links that brought a message, as far as that is remembered.
    pub(super) fn bringers(&self, name: &Fingerprint) -> Vec<LinkId> {
        let list = self.lists.get(list_of(name)).into_iter().flatten();
        let mut message = list.filter(|message| message.name == *name);
        let brought = message.next().map_or(0, |message| message.brought);
        let places = self.places.iter().enumerate();
        let bringers = places.filter(|(place, _)| brought >> place & 1 == 1);
        bringers.filter_map(|(_, place)| place.link).collect()
    }

    /// A link is gone.
    pub(super) fn forget(&mut self, link: LinkId) {
        let is_its = |place: &Place| place.link == Some(link);
        let Some(place) = self.places.iter().position(is_its) else {
            return;
        };
        self.places[place].link = None;
        for name in std::mem::take(&mut self.places[place].names) {
            self.drop_from(place, &name);
        }
    }

    /// The place of a link, which may be one that another has left. There are enough for all links that there can be.
    fn place_of(&mut self, link: LinkId) -> Option<usize> {
        let find = |wanted| self.places.iter().position(|place| place.link == wanted);
        if let Some(place) = find(Some(link)) {
            return Some(place);
        }
        let free = find(None);
        if free.is_none() && self.places.len() < LINKS_MAX {
            let (link, names) = (None, VecDeque::new());
            self.places.push(Place { link, names });
        }
        let place = free.or_else(|| self.places.iter().position(|place| place.link.is_none()))?;
        self.places[place].link = Some(link);
        Some(place)
    }

    fn drop_from(&mut self, place: usize, name: &Fingerprint) {
        let list = &mut self.lists[list_of(name)];
        let Some(at) = list.iter().position(|message| message.name == *name) else {
            return;
        };
        list[at].brought &= !(1 << place);
        if list[at].brought == 0 {
            list.swap_remove(at);
        }
    }
}

fn list_of(name: &Fingerprint) -> usize {
    usize::from(u16::from_le_bytes([name[0], name[1]])) % LISTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId(7);

    fn name(number: usize) -> Fingerprint {
        let [low, high, ..] = number.to_le_bytes();
        [low, high, 0, 0, 0, 0, 0, 1]
    }

    #[test]
    fn the_oldest_of_a_link_is_forgotten_and_one_that_comes_again_is_no_newer() {
        let mut seen = Seen::new();
        let has = |seen: &Seen, number| seen.bringers(&name(number)) == [LINK];
        for number in 0..SEEN_MAX {
            seen.note(LINK, name(number));
        }
        seen.note(LINK, name(0));
        assert!((0..SEEN_MAX).all(|number| has(&seen, number)));
        for number in SEEN_MAX..2 * SEEN_MAX {
            seen.note(LINK, name(number));
            assert!(has(&seen, number));
            assert!(!has(&seen, number - SEEN_MAX));
            assert!(has(&seen, number - SEEN_MAX + 1));
        }
        assert_eq!(seen.lists.iter().map(Vec::len).sum::<usize>(), SEEN_MAX);
    }

    #[test]
    fn each_link_is_known_by_what_it_brought_itself_and_one_that_is_gone_by_nothing() {
        let mut seen = Seen::new();
        assert_eq!(seen.bringers(&name(0)), []);
        for link in 0..LINKS_MAX as u64 {
            seen.note(LinkId(link), name(0));
            seen.note(LinkId(link), name(1 + usize::from(link % 2 == 0)));
        }
        assert_eq!(seen.bringers(&name(0)).len(), LINKS_MAX);
        let odd = (0..LINKS_MAX as u64).filter(|link| link % 2 == 1);
        assert_eq!(seen.bringers(&name(1)), odd.map(LinkId).collect::<Vec<_>>());
        seen.note(LinkId(99), name(0));
        assert_eq!(
            seen.bringers(&name(0)).len(),
            LINKS_MAX,
            "there is no such link"
        );
        seen.forget(LinkId(3));
        seen.note(LinkId(99), name(2));
        assert!(!seen.bringers(&name(1)).contains(&LinkId(3)));
        assert!(
            !seen.bringers(&name(0)).contains(&LinkId(99)),
            "in the place of another"
        );
        (0..100).for_each(|link| seen.forget(LinkId(link)));
        assert!(seen.lists.iter().all(Vec::is_empty));
    }
}
