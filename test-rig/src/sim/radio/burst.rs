//! Packet errors that come in bursts: a Gilbert–Elliott channel with one good and one bad state.

use crate::random::Stream;

/// How a room's radio turns bad for a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bursts {
    /// Time between the end of one burst and the beginning of the next, on average.
    pub every_us: u32,
    /// How long one lasts: at least and at most.
    pub lasts_us: (u32, u32),
    /// Packet errors while it lasts: at least and at most.
    pub loss_ppm: (u32, u32),
}

/// One link's channel.
#[derive(Debug)]
pub(super) struct Channel {
    bursts: Option<Bursts>,
    begins_us: u64,
    ends_us: u64,
    loss_ppm: u32,
}

impl Channel {
    pub(super) fn new(bursts: Option<Bursts>, now_us: u64, stream: &mut Stream) -> Self {
        let mut channel = Self {
            bursts,
            begins_us: u64::MAX,
            ends_us: now_us,
            loss_ppm: 0,
        };
        channel.plan(now_us, stream);
        channel
    }

    /// The packet errors at a moment; moments never go back.
    pub(super) fn loss_ppm(&mut self, now_us: u64, good_ppm: u32, stream: &mut Stream) -> u32 {
        while self.bursts.is_some() && now_us >= self.ends_us {
            self.plan(self.ends_us, stream);
        }
        if (self.begins_us..self.ends_us).contains(&now_us) {
            self.loss_ppm.max(good_ppm)
        } else {
            good_ppm
        }
    }

    /// Draws the next burst after `from_us`.
    fn plan(&mut self, from_us: u64, stream: &mut Stream) {
        let Some(bursts) = self.bursts else { return };
        let between = |stream: &mut Stream, (low, high): (u32, u32)| {
            stream.between(u64::from(low), u64::from(high))
        };
        self.begins_us = from_us + stream.below(2 * u64::from(bursts.every_us)) + 1;
        self.ends_us = self.begins_us + between(stream, bursts.lasts_us).max(1);
        let loss = between(stream, bursts.loss_ppm);
        self.loss_ppm = u32::try_from(loss).unwrap_or(u32::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_bad_for_its_share_of_the_time_and_good_otherwise() {
        let mut stream = Stream::new(1, "burst", 0);
        let bursts = Bursts {
            every_us: 1_700_000,
            lasts_us: (100_000, 500_000),
            loss_ppm: (300_000, 600_000),
        };
        let mut channel = Channel::new(Some(bursts), 0, &mut stream);
        let mut bad = 0;
        for ms in 0..1_000_000_u64 {
            let loss = channel.loss_ppm(ms * 1000, 20_000, &mut stream);
            assert!(loss == 20_000 || (300_000..=600_000).contains(&loss));
            bad += u32::from(loss > 20_000);
        }
        // 300 ms of every two seconds.
        assert!((130_000..170_000).contains(&bad), "{bad} of 1,000,000 ms");
        let mut good = Channel::new(None, 0, &mut stream);
        assert_eq!(good.loss_ppm(u64::MAX, 20_000, &mut stream), 20_000);
    }
}
