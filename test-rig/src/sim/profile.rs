//! What a room's radio is like. All figures in microseconds, bytes and parts per million.

use crate::scenario::{Latency, LinkOverride, Profile, Radio};

/// The radio of one link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkProfile {
    /// Time between two connection events; `None`: no events, every chunk takes exactly the mean latency.
    pub interval_us: Option<u32>,
    /// ATT MTU.
    pub mtu: u16,
    /// What the two hosts add to the way of a chunk: at least `min`, on average `mean`.
    pub latency: Latency,
    /// Probability that a packet is damaged. It is sent again at the next connection event.
    pub loss_ppm: u32,
    /// Air time per byte of payload: 8 µs on the 1M PHY.
    pub air_us_per_byte: u32,
    /// How long a link is kept without hearing anything.
    pub supervision_us: u32,
}

/// `design.md` §6 and `radio.md` §2: the intervals are the platforms' defaults as central (iOS 30 ms, Android 30–50 ms,
/// BlueZ 30–50 ms), the MTUs what they negotiate (185, 517, 517), the supervision time-outs theirs (0.72, 5, 0.42 s).
/// Host delays (2 ms at least, 5–15 ms on phones) and packet errors (2 % in a quiet room, 5–10 % in a busy one) are
/// that page's estimates. Everything runs on the 1M PHY with data length extension.
fn base(profile: Profile) -> LinkProfile {
    let link = |interval_us, mtu, (min_us, mean_us), loss_ppm, supervision_us| LinkProfile {
        interval_us: Some(interval_us),
        mtu,
        latency: Latency { min_us, mean_us },
        loss_ppm,
        air_us_per_byte: 8,
        supervision_us,
    };
    match profile {
        Profile::Ideal => link(30_000, 247, (4_000, 4_000), 20_000, 5_000_000),
        Profile::Iphone => link(30_000, 185, (4_000, 14_000), 20_000, 720_000),
        Profile::Android => link(45_000, 517, (4_000, 20_000), 20_000, 5_000_000),
        Profile::MixedRoom => link(45_000, 185, (4_000, 20_000), 50_000, 720_000),
        Profile::BusyRoom => link(45_000, 185, (4_000, 20_000), 100_000, 720_000),
        Profile::Desktop => link(50_000, 517, (4_000, 6_000), 20_000, 420_000),
        Profile::Fixed => LinkProfile {
            interval_us: None,
            ..link(0, 517, (30_000, 30_000), 0, 5_000_000)
        },
    }
}

/// The radio of the link between two phones: profile, then the scenario's overrides, then the link's own.
#[must_use]
pub fn link_profile(radio: &Radio, between: (u8, u8)) -> LinkProfile {
    let mut profile = base(radio.profile);
    if radio.profile != Profile::Fixed {
        profile.interval_us = radio.connection_interval_us.or(profile.interval_us);
    }
    profile.mtu = radio.mtu.unwrap_or(profile.mtu);
    profile.latency = radio.latency.unwrap_or(profile.latency);
    profile.loss_ppm = radio.loss_ppm.unwrap_or(profile.loss_ppm);
    let of_link = |link: &&LinkOverride| link.between == between;
    if let Some(link) = radio.links.iter().find(of_link) {
        profile.mtu = link.mtu.unwrap_or(profile.mtu);
        profile.latency = link.latency.unwrap_or(profile.latency);
        profile.loss_ppm = link.loss_ppm.unwrap_or(profile.loss_ppm);
    }
    profile
}
