//! Who has a link to whom: each phone signs a list of its own, and an edge counts when both ends sign it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::crypto::{
    Checker, Context, Identity, Roster, Seat, SeatSet, Signature, Signed, Statement,
};
use crate::time::Instant;
use crate::wire::{Decode, DecodeError, Encode, Header, Kind, Reader, Writer};

/// Length of a [`LinkState`] as it travels.
pub const LINK_STATE_BYTES: usize = 78;
/// So many records of one seat are looked at in a row, and one more for each [`REFILL`] after that: each costs a
/// signature check, and is passed on.
const BURST_MAX: u32 = 8;
const REFILL: Duration = Duration::from_secs(1);

/// One phone's list of its secured links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkState {
    /// Whose list.
    pub signer: Seat,
    /// The highest counts.
    pub number: u32,
    /// The seats at the other ends.
    pub links: SeatSet,
}

impl Encode for LinkState {
    fn encode(&self, writer: &mut Writer) {
        writer.u8(self.signer.0);
        writer.u32(self.number);
        self.links.encode(writer);
    }
}

impl Decode for LinkState {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            signer: Seat(reader.u8()?),
            number: reader.u32()?,
            links: SeatSet::decode(reader)?,
        })
    }
}

impl Statement for LinkState {
    const TAG: &'static str = "bitcraps/link-state/v1";
}

impl LinkState {
    /// Header, list and signature.
    #[must_use]
    pub fn to_wire(&self, table: u16, signature: Signature) -> Vec<u8> {
        let mut writer = Writer::new();
        Header {
            kind: Kind::LinkState,
            table,
            view: 0,
            sequence: 0,
        }
        .encode(&mut writer);
        self.encode(&mut writer);
        signature.encode(&mut writer);
        writer.finish()
    }

    /// The table's tag, the list and the signature of a message.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that [`LinkState::to_wire`] does not give: the header is not signed, and variants of
    /// a record would be passed on as news.
    pub fn from_wire(message: &[u8]) -> Result<(u16, Self, Signature), DecodeError> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let state = Self::decode(&mut reader)?;
        let signature = Signature::decode(&mut reader)?;
        reader.finish()?;
        if header.kind != Kind::LinkState || header.view != 0 || header.sequence != 0 {
            return Err(DecodeError::OutOfRange("header"));
        }
        Ok((header.table, state, signature))
    }
}

/// Why a record had no effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum LinkStateIgnored {
    /// The bytes are none.
    #[error("{0}")]
    Malformed(#[from] DecodeError),
    /// Of another table.
    #[error("another table")]
    OtherTable,
    /// Nobody sits there.
    #[error("not seated")]
    NotSeated,
    /// It is known, or a newer one is.
    #[error("duplicate")]
    Duplicate,
    /// Its signer changes its mind too often.
    #[error("too often")]
    TooOften,
    /// The signature does not fit.
    #[error("bad signature")]
    Signature,
}

#[derive(Clone, Debug)]
struct Kept {
    state: LinkState,
    wire: Arc<[u8]>,
    /// How many more are looked at now, and since when.
    allowance: u32,
    since: Instant,
}

/// The newest record of each seat.
#[derive(Clone, Debug)]
pub struct LinkStates {
    table: u16,
    context: Context,
    checker: Checker,
    kept: BTreeMap<Seat, Kept>,
    has_changed: bool,
}

impl LinkStates {
    /// Nothing known. `table` is the tag in headers, `context` the table's.
    #[must_use]
    pub const fn new(table: u16, context: Context, checker: Checker) -> Self {
        Self {
            table,
            context,
            checker,
            kept: BTreeMap::new(),
            has_changed: false,
        }
    }

    /// Whether somebody's links are others than when this was asked last.
    pub const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.has_changed, false)
    }

    /// Signs this phone's own list, newer than any that is known; gives the message.
    pub fn sign(
        &mut self,
        now: Instant,
        own: Seat,
        links: SeatSet,
        identity: &Identity,
    ) -> Vec<u8> {
        let newest = self.kept.get(&own).map_or(0, |kept| kept.state.number);
        let state = LinkState {
            signer: own,
            number: newest.saturating_add(1),
            links,
        };
        let signed = Signed::sign(state, &self.context, identity);
        let wire = state.to_wire(self.table, *signed.signature());
        self.keep(now, state, &wire, BURST_MAX);
        wire
    }

    /// Takes a record in; gives it, if it is news. `roster_of` is the roster that has a seat.
    ///
    /// # Errors
    /// [`LinkStateIgnored`]; nothing has changed then.
    pub fn accept<'a>(
        &mut self,
        now: Instant,
        message: &[u8],
        roster_of: impl Fn(Seat) -> Option<&'a Roster>,
    ) -> Result<LinkState, LinkStateIgnored> {
        let (table, state, signature) = LinkState::from_wire(message)?;
        if table != self.table {
            return Err(LinkStateIgnored::OtherTable);
        }
        let roster = roster_of(state.signer).ok_or(LinkStateIgnored::NotSeated)?;
        let kept = self.kept.get(&state.signer);
        if kept.is_some_and(|kept| kept.state.number >= state.number) {
            return Err(LinkStateIgnored::Duplicate);
        }
        let allowance = kept.map_or(BURST_MAX, |kept| kept.allowance_at(now));
        if allowance == 0 {
            return Err(LinkStateIgnored::TooOften);
        }
        self.checker
            .open::<LinkState>(
                &state.to_bytes(),
                signature,
                &self.context,
                (roster, state.signer),
            )
            .map_err(|_| LinkStateIgnored::Signature)?;
        self.keep(now, state, message, allowance - 1);
        Ok(state)
    }

    fn keep(&mut self, now: Instant, state: LinkState, wire: &[u8], allowance: u32) {
        self.has_changed |= self.links_of(state.signer) != Some(state.links);
        let kept = Kept {
            state,
            wire: wire.into(),
            allowance,
            since: now,
        };
        self.kept.insert(state.signer, kept);
    }

    /// Whom a seat says that it has links to.
    #[must_use]
    pub fn links_of(&self, seat: Seat) -> Option<SeatSet> {
        self.kept.get(&seat).map(|kept| kept.state.links)
    }

    /// Whether both ends say that there is a link.
    #[must_use]
    pub fn are_linked(&self, a: Seat, b: Seat) -> bool {
        let says = |from, to| self.links_of(from).is_some_and(|links| links.contains(to));
        says(a, b) && says(b, a)
    }

    /// All records, for a neighbour that is new.
    pub fn messages(&self) -> impl Iterator<Item = &Arc<[u8]>> {
        self.kept.values().map(|kept| &kept.wire)
    }

    /// Which of these seats a phone reaches, itself counted, over links that both ends sign.
    #[must_use]
    pub fn reachable(&self, from: Seat, members: SeatSet) -> SeatSet {
        let mut reached: SeatSet = [from].into_iter().collect();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for to in members.iter() {
                if !reached.contains(to) && self.are_linked(at, to) {
                    reached.insert(to);
                    queue.push_back(to);
                }
            }
        }
        reached
            .iter()
            .filter(|seat| members.contains(*seat))
            .collect()
    }

    /// How many phones must drop everything before some two of the others do not hear each other any more: the graph's
    /// vertex connectivity.
    #[must_use]
    pub fn connectivity(&self, members: SeatSet) -> usize {
        let seats: Vec<Seat> = members.iter().collect();
        let linked = |a: usize, b: usize| self.are_linked(seats[a], seats[b]);
        connectivity(seats.len(), linked)
    }
}

impl Kept {
    fn allowance_at(&self, now: Instant) -> u32 {
        let refills = now.since(self.since).as_millis() / REFILL.as_millis();
        let refills = u32::try_from(refills).unwrap_or(u32::MAX);
        self.allowance.saturating_add(refills).min(BURST_MAX)
    }
}

/// Vertex connectivity of a graph of `n` vertices, by Menger: the least number of disjoint ways between two vertices
/// that are not linked, or n − 1 if all are.
fn connectivity(n: usize, linked: impl Fn(usize, usize) -> bool) -> usize {
    let neighbours: Vec<u32> = (0..n)
        .map(|a| {
            (0..n)
                .filter(|b| *b != a && linked(a, *b))
                .fold(0, |set, b| set | 1 << b)
        })
        .collect();
    // Whoever takes all neighbours of a phone has cut it off.
    let fewest = neighbours.iter().map(|of| of.count_ones() as usize).min();
    let mut least = fewest.unwrap_or(0);
    for a in 0..n {
        // Of more phones than are to be taken one stays, and is cut off from somebody (Even, 1975).
        if a > least {
            break;
        }
        for b in a + 1..n {
            if neighbours[a] >> b & 1 == 0 {
                least = disjoint_ways(&neighbours, a, b, least);
            }
        }
    }
    least
}

/// How many ways there are from `a` to `b` that share no vertex between; no more than `most` are looked for. Every vertex is
/// an entry and an exit with one edge between them; each way that is found turns its edges around (Ford–Fulkerson).
fn disjoint_ways(neighbours: &[u32], a: usize, b: usize, most: usize) -> usize {
    let n = neighbours.len();
    let mut edges: Vec<u64> = (0..n).map(|entry| 1 << (n + entry)).collect();
    edges.extend(neighbours.iter().map(|to| u64::from(*to)));
    let (start, end) = (n + a, b);
    let mut found = 0;
    while found < most {
        let Some(from) = search(&edges, start, end) else {
            break;
        };
        let mut at = end;
        while at != start {
            let before = from[at];
            edges[before] &= !(1 << at);
            edges[at] |= 1 << before;
            at = before;
        }
        found += 1;
    }
    found
}

/// Where each vertex was reached from, if `end` was. Vertices are bits here: a phone works this out for every list of
/// links that is new to it.
fn search(edges: &[u64], start: usize, end: usize) -> Option<Vec<usize>> {
    let mut from = vec![start; edges.len()];
    let (mut seen, mut open) = (1_u64 << start, 1_u64 << start);
    while let Some(at) = take_lowest(&mut open) {
        let mut new = edges[at] & !seen;
        seen |= new;
        open |= new;
        while let Some(to) = take_lowest(&mut new) {
            from[to] = at;
        }
        if seen >> end & 1 == 1 {
            return Some(from);
        }
    }
    None
}

/// Takes the lowest bit out of a set of vertices.
fn take_lowest(set: &mut u64) -> Option<usize> {
    let rest = *set & set.checked_sub(1)?;
    let lowest = std::mem::replace(set, rest).trailing_zeros();
    Some(lowest as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Digest;

    fn identity(seat: u8) -> Identity {
        Identity::from_seed(&[seat + 1; 32])
    }

    fn states() -> LinkStates {
        LinkStates::new(7, Context(Digest([4; 32])), Checker::default())
    }

    fn links(seats: &[u8]) -> SeatSet {
        seats.iter().copied().map(Seat).collect()
    }

    /// What seat `seat` says, as its own phone signs it.
    fn said(seat: u8, number: u32, of: &[u8]) -> Vec<u8> {
        let mut own = states();
        (1..number).for_each(|_| {
            own.sign(Instant(0), Seat(seat), links(of), &identity(seat));
        });
        own.sign(Instant(0), Seat(seat), links(of), &identity(seat))
    }

    fn accept(states: &mut LinkStates, at: u64, message: &[u8]) -> Result<Seat, LinkStateIgnored> {
        let keys = (0..4).map(|seat| identity(seat).public_key()).collect();
        let roster = Roster::new(keys).unwrap();
        let seated = |seat| roster.key(seat).map(|_| &roster);
        let state = states.accept(Instant(at), message, seated)?;
        Ok(state.signer)
    }

    #[test]
    fn an_edge_counts_once_both_ends_sign_it() {
        let mut states = states();
        let message = said(0, 1, &[1, 2]);
        assert_eq!(message.len(), LINK_STATE_BYTES);
        assert_eq!(accept(&mut states, 0, &message), Ok(Seat(0)));
        assert!(!states.are_linked(Seat(0), Seat(1)));
        assert_eq!(accept(&mut states, 0, &said(1, 1, &[0])), Ok(Seat(1)));
        assert!(states.are_linked(Seat(0), Seat(1)) && states.are_linked(Seat(1), Seat(0)));
        assert!(!states.are_linked(Seat(0), Seat(2)), "2 has not said so");
        let all = links(&[0, 1, 2, 3]);
        assert_eq!(states.reachable(Seat(0), all), links(&[0, 1]));
        assert_eq!(states.messages().count(), 2);
    }

    #[test]
    fn old_forged_and_bent_records_change_nothing() {
        let mut states = states();
        let newer = said(0, 2, &[1]);
        assert_eq!(accept(&mut states, 0, &newer), Ok(Seat(0)));
        let refused = accept(&mut states, 0, &newer);
        assert_eq!(refused, Err(LinkStateIgnored::Duplicate));
        let refused = accept(&mut states, 0, &said(0, 1, &[1, 2]));
        assert_eq!(refused, Err(LinkStateIgnored::Duplicate));
        let real = said(0, 3, &[1, 2]);
        for at in 0..real.len() {
            let mut bent = real.clone();
            bent[at] ^= 1;
            assert!(accept(&mut states, 0, &bent).is_err(), "byte {at}");
        }
        assert!(accept(&mut states, 0, &real[..40]).is_err());
        let unseated = said(9, 1, &[1]);
        assert_eq!(
            accept(&mut states, 0, &unseated),
            Err(LinkStateIgnored::NotSeated)
        );
        assert_eq!(states.links_of(Seat(0)), Some(links(&[1])));
    }

    #[test]
    fn a_phone_that_starts_again_signs_above_what_it_hears_of_itself() {
        let mut own = states();
        assert_eq!(accept(&mut own, 0, &said(2, 5, &[0])), Ok(Seat(2)));
        let mut others = own.clone();
        let again = own.sign(Instant(9), Seat(2), links(&[1]), &identity(2));
        assert_eq!(accept(&mut others, 9, &again), Ok(Seat(2)));
    }

    #[test]
    fn whoever_changes_its_mind_all_the_time_is_listened_to_now_and_then() {
        let mut states = states();
        let taken = (1..=100).filter(|number| {
            accept(&mut states, 0, &said(0, *number, &[1])) != Err(LinkStateIgnored::TooOften)
        });
        assert_eq!(taken.count(), 8);
        assert_eq!(accept(&mut states, 2_500, &said(0, 200, &[1])), Ok(Seat(0)));
        assert_eq!(accept(&mut states, 2_500, &said(0, 201, &[1])), Ok(Seat(0)));
        let refused = accept(&mut states, 2_500, &said(0, 202, &[1]));
        assert_eq!(refused, Err(LinkStateIgnored::TooOften));
    }

    fn circulant(n: usize, offsets: &[usize]) -> usize {
        connectivity(n, |a, b| {
            let distance = (a + n - b) % n;
            offsets
                .iter()
                .any(|offset| distance == *offset || distance == n - offset)
        })
    }

    #[test]
    fn connectivity_is_what_the_radio_page_says() {
        let table: [(usize, &[usize], usize); 12] = [
            (7, &[1, 2], 4),
            (8, &[1, 4], 3),
            (9, &[1, 2], 4),
            (10, &[1, 4], 4),
            (11, &[1, 3], 4),
            (12, &[2, 3], 4),
            (13, &[1, 2, 3], 6),
            (14, &[1, 2, 7], 5),
            (15, &[1, 2, 4], 6),
            (16, &[1, 2, 6], 6),
            (17, &[1, 2, 6], 6),
            (18, &[1, 2, 7], 6),
        ];
        for (n, offsets, kappa) in table {
            assert_eq!(circulant(n, offsets), kappa, "{n}");
        }
        assert_eq!(connectivity(5, |_, _| true), 4);
        assert_eq!(connectivity(5, |_, _| false), 0);
        assert_eq!(connectivity(4, |a, b| a.abs_diff(b) == 1), 1, "a line");
        assert_eq!(connectivity(4, |a, b| a == 0 || b == 0), 1, "a star");
        assert_eq!(connectivity(1, |_, _| false), 0);
    }

    /// Whether the vertices outside `gone` reach each other.
    fn is_connected_without(n: usize, edges: &[(usize, usize)], gone: u32) -> bool {
        let alive: Vec<usize> = (0..n).filter(|v| gone >> v & 1 == 0).collect();
        let mut reached: Vec<usize> = alive.first().copied().into_iter().collect();
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            for to in alive.iter().copied() {
                let linked = edges.contains(&(at, to)) || edges.contains(&(to, at));
                if linked && !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        reached.len() == alive.len()
    }

    #[test]
    fn connectivity_agrees_with_taking_away_every_set_of_vertices() {
        let mut draw = 12_345_u32;
        for round in 0..200 {
            let n = 4 + round % 4;
            let mut edges = Vec::new();
            for a in 0..n {
                for b in a + 1..n {
                    draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if draw >> 16 & 3 != 0 {
                        edges.push((a, b));
                    }
                }
            }
            let cut = (0..1_u32 << n)
                .filter(|gone| (gone.count_ones() as usize) < n - 1)
                .filter(|gone| !is_connected_without(n, &edges, *gone))
                .map(|gone| gone.count_ones() as usize)
                .min();
            let linked = |a, b| edges.contains(&(a, b)) || edges.contains(&(b, a));
            assert_eq!(connectivity(n, linked), cut.unwrap_or(n - 1), "{edges:?}");
        }
    }
}
