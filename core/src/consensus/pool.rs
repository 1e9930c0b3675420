//! Requests that are not delivered yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chain::Batch;
use super::ignored::Ignored;
use super::limits::{
    BATCH_BYTES_MAX, BATCH_MAX, REQUEST_VERSIONS_MAX, REQUEST_VERSIONS_WANTED_MAX,
    REQUESTS_AHEAD_MAX, SKIP_MAX,
};
use super::numbers::Numbers;
use super::statement::{Request, RequestId, SignedRequest};
use crate::crypto::{Roster, SEATS_MAX, Seat};

/// Bodies by id and by (player, number).
#[derive(Default, Debug)]
pub(super) struct Pool {
    by_id: BTreeMap<RequestId, Arc<SignedRequest>>,
    by_number: BTreeMap<(u8, u64), Vec<RequestId>>,
    /// In which order the bodies came.
    arrivals: BTreeMap<RequestId, u64>,
    arrived: u64,
}

impl Pool {
    pub(super) fn contains(&self, id: &RequestId) -> bool {
        self.by_id.contains_key(id)
    }

    pub(super) fn body(&self, id: &RequestId) -> Option<&Arc<SignedRequest>> {
        self.by_id.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether a request may be taken in, before its signature is looked at. `wanted`: a proposal names it.
    pub(super) fn ignore_request(
        &self,
        request: &Request,
        next: u64,
        id: &RequestId,
        wanted: bool,
    ) -> Result<(), Ignored> {
        let (player, number) = (request.player.0, request.number);
        if self.contains(id) {
            return Err(Ignored::Duplicate);
        }
        if number < next {
            return Err(Ignored::Stale);
        }
        let ahead = if request.skips {
            SKIP_MAX + 1
        } else {
            REQUESTS_AHEAD_MAX
        };
        if number >= next.saturating_add(ahead) {
            return Err(Ignored::OutOfWindow);
        }
        let versions = self.by_number.get(&(player, number)).map_or(0, Vec::len);
        let most = if wanted {
            REQUEST_VERSIONS_WANTED_MAX
        } else {
            REQUEST_VERSIONS_MAX
        };
        if versions >= most {
            Err(Ignored::Conflict)
        } else {
            Ok(())
        }
    }

    /// Takes a checked request in.
    pub(super) fn insert(&mut self, request: Arc<SignedRequest>) {
        let id = request.id();
        let versions = self
            .by_number
            .entry((request.player().0, request.number()))
            .or_default();
        versions.push(id);
        self.arrived += 1;
        self.arrivals.insert(id, self.arrived);
        self.by_id.insert(id, request);
    }

    /// Whether some request could be ordered next.
    pub(super) fn has_next(&self, numbers: &Numbers) -> bool {
        self.next_of_all(numbers).next().is_some()
    }

    /// Of the requests that could be ordered next, the one that has waited longest: its player and number.
    pub(super) fn oldest_next(&self, numbers: &Numbers) -> Option<(u8, u64)> {
        let waiting = self.next_of_all(numbers).filter_map(|request| {
            let name = (request.player().0, request.number());
            Some((self.arrivals.get(&request.id())?, name))
        });
        waiting.min().map(|(_, request)| request)
    }

    /// Of each player the request that could be ordered next.
    pub(super) fn next_of_all(
        &self,
        numbers: &Numbers,
    ) -> impl Iterator<Item = &Arc<SignedRequest>> {
        let players = (0_u8..).zip(0..SEATS_MAX).map(|(player, _)| player);
        let players = players.filter(|_| !self.by_number.is_empty());
        players.filter_map(move |player| self.next_of(player, numbers))
    }

    /// The request of a player that could be ordered next: the one with its next number, or one that skips to a
    /// number of its own while that one is not known.
    fn next_of(&self, player: u8, numbers: &Numbers) -> Option<&Arc<SignedRequest>> {
        let next = numbers.next(Seat(player));
        let last = next.saturating_add(SKIP_MAX);
        let mut ahead = self.by_number.range((player, next)..=(player, last));
        match ahead.next()? {
            ((_, number), ids) if *number == next => self.only_of(ids),
            first => std::iter::once(first)
                .chain(ahead)
                .filter_map(|(_, ids)| self.only_of(ids))
                .find(|request| numbers.takes(request)),
        }
    }

    /// The highest number of a player's requests that are not ordered.
    pub(super) fn highest(&self, player: u8) -> Option<u64> {
        let of_player = self.by_number.range((player, 0)..=(player, u64::MAX));
        of_player.map(|((_, number), _)| *number).next_back()
    }

    /// The first request with this number that came here.
    pub(super) fn first_version(&self, player: u8, number: u64) -> Option<&Arc<SignedRequest>> {
        let id = self.by_number.get(&(player, number))?.first()?;
        self.by_id.get(id)
    }

    /// The request with this number, if its player signed only one that is known here. Whoever signs two is
    /// lying and is not waited for: its versions could otherwise fill everybody's pool with different bodies.
    pub(super) fn only_version(&self, player: u8, number: u64) -> Option<&Arc<SignedRequest>> {
        self.only_of(self.by_number.get(&(player, number))?)
    }

    fn only_of(&self, versions: &[RequestId]) -> Option<&Arc<SignedRequest>> {
        match versions {
            [id] => self.by_id.get(id),
            _ => None,
        }
    }

    /// The next batch after `numbers`: players in turn, one request each, until it is full. Whoever has waited
    /// longest comes first, so a batch that is full early cannot keep the same seats out again and again.
    pub(super) fn next_batch(&self, mut numbers: Numbers) -> Batch {
        let (mut batch, mut bytes) = (Batch::new(), 0);
        let Some((first, _)) = self.oldest_next(&numbers) else {
            return batch;
        };
        let players = (0_u8..).zip(0..SEATS_MAX).map(|(player, _)| player);
        let in_turn: Vec<u8> = {
            let (before, from): (Vec<u8>, Vec<u8>) = players.partition(|player| *player < first);
            from.into_iter().chain(before).collect()
        };
        loop {
            let before = batch.len();
            for player in &in_turn {
                let Some(request) = self.next_of(*player, &numbers) else {
                    continue;
                };
                bytes += request.wire_size();
                if batch.len() >= BATCH_MAX || bytes > BATCH_BYTES_MAX {
                    return batch;
                }
                if numbers.advance(std::iter::once(request.as_ref())).is_some() {
                    batch.push(Arc::clone(request));
                }
            }
            if batch.len() == before {
                return batch;
            }
        }
    }

    /// Forgets everything of players that are no members any more.
    pub(super) fn keep_members(&mut self, roster: &Roster) {
        let gone: Vec<u8> = self
            .by_number
            .keys()
            .map(|(player, _)| *player)
            .filter(|player| roster.key(Seat(*player)).is_none())
            .collect();
        gone.into_iter()
            .for_each(|player| self.remove_up_to(player, u64::MAX));
    }

    /// Forgets everything of a player up to a number that was delivered.
    pub(super) fn remove_up_to(&mut self, player: u8, number: u64) {
        let gone: Vec<(u8, u64)> = self
            .by_number
            .range((player, 0)..=(player, number))
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            for id in self.by_number.remove(&key).into_iter().flatten() {
                self.by_id.remove(&id);
                self.arrivals.remove(&id);
            }
        }
    }

    /// Pending requests, soonest to be ordered first and players in turn, so that none crowds out the others.
    pub(super) fn pending(&self, numbers: &Numbers) -> Vec<&Arc<SignedRequest>> {
        let mut pending = Vec::with_capacity(self.by_id.len());
        for ((player, number), ids) in &self.by_number {
            let ahead = number.saturating_sub(numbers.next(Seat(*player)));
            let versions = (0_u8..).zip(ids);
            pending.extend(versions.map(|(version, id)| (ahead, version, *player, id)));
        }
        pending.sort_unstable();
        let ids = pending.into_iter().map(|(.., id)| id);
        ids.filter_map(|id| self.by_id.get(id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of these a batch holds two or three.
    const LONG: usize = BATCH_BYTES_MAX / 3 - 200;
    use crate::crypto::{Context, Digest, Identity, Signed};

    fn request(player: u8, number: u64, bytes: usize) -> Arc<SignedRequest> {
        let context = Context::of_table(1, &Digest([1; 32]));
        let request = Request {
            player: Seat(player),
            number,
            skips: false,
            payload: vec![0; bytes],
        };
        let signed = Signed::sign(request, &context, &Identity::from_seed(&[player; 32]));
        Arc::new(SignedRequest {
            digest: signed.digest(&context),
            signed,
        })
    }

    #[test]
    fn a_batch_that_is_full_early_does_not_keep_the_same_players_out() {
        let mut pool = Pool::default();
        let mut numbers = Numbers::new();
        (0..8).for_each(|player| pool.insert(request(player, 1, LONG)));
        let mut served = Vec::new();
        for _ in 0..6 {
            let batch = pool.next_batch(numbers.clone());
            assert!(
                (1..8).contains(&batch.len()),
                "six kilobytes hold a few of these"
            );
            for request in batch {
                let player = request.player().0;
                served.push(player);
                numbers.advance(std::iter::once(request.as_ref())).unwrap();
                pool.remove_up_to(player, request.number());
            }
            // The lowest seats always have something new.
            (0..2).for_each(|player| {
                let next = numbers.next(Seat(player));
                if pool.only_version(player, next).is_none() {
                    pool.insert(request(player, next, LONG));
                }
            });
        }
        assert!((0..8).all(|player| served.contains(&player)), "{served:?}");
    }

    #[test]
    fn a_number_that_its_player_signed_twice_is_not_proposed() {
        let mut pool = Pool::default();
        pool.insert(request(0, 1, 10));
        pool.insert(request(1, 1, 10));
        pool.insert(request(0, 1, 11));
        let batch = pool.next_batch(Numbers::new());
        assert_eq!(batch.iter().map(|r| r.player().0).collect::<Vec<_>>(), [1]);
        assert_eq!(pool.oldest_next(&Numbers::new()), Some((1, 1)));
    }
}
