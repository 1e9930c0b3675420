//! What a room's radio is like. All figures in microseconds, bytes and parts per million.
//!
//! A profile says which phones are in the room and how good its air is; each link then follows from its two phones: the
//! central's platform sets interval and supervision time-out, the MTU is the smaller of both, each host adds its own
//! delay. `radio.md` is the project's survey of published figures; `test-rig/docs/radio-model.md` repeats every figure
//! with its source.

use super::radio::Bursts;
use crate::scenario::{Latency, LinkOverride, Profile, Radio};

/// What the host of one end adds and how much its OS takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Host {
    /// Delay between the app and the controller, in either direction.
    pub latency: Latency,
    /// Chunks that the OS holds for one link.
    pub chunks_max: usize,
    /// Notifications that it holds over all links as a peripheral, if they share a queue.
    pub notify_max: Option<usize>,
}

/// The radio of one link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkProfile {
    /// Time between two connection events; `None`: no events, every chunk takes exactly the mean latency.
    pub interval_us: Option<u32>,
    /// ATT MTU.
    pub mtu: u16,
    /// The central's host and the peripheral's.
    pub hosts: [Host; 2],
    /// Probability that a packet is damaged. It is sent again at the next connection event.
    pub loss_ppm: u32,
    /// When it is damaged more often for a moment.
    pub bursts: Option<Bursts>,
    /// Air time per byte: 8 µs on the 1M PHY, 4 on the 2M.
    pub air_us_per_byte: u32,
    /// Most payload of one packet: 251 with data length extension, 27 without.
    pub packet_bytes: u16,
    /// Most air time that one connection event gives a link.
    pub event_us: u32,
    /// Most packets that one connection event carries each way.
    pub event_packets: u32,
    /// How long a link is kept without hearing anything.
    pub supervision_us: u32,
    /// How long a link lives on average before the OS drops it for no reason.
    pub life_us: Option<u64>,
    /// Probability that a link comes up and carries nothing.
    pub dead_ppm: u32,
}

impl LinkProfile {
    /// What both hosts add on average; on a radio without events, how long a chunk takes.
    #[must_use]
    pub fn latency_us(&self) -> u64 {
        let [central, peripheral] = self.hosts.map(|host| u64::from(host.latency.mean_us));
        central + peripheral
    }
}

/// How two phones find and reach each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    /// From advertising to being seen: at least and at most.
    pub discovery_us: (u64, u64),
    /// The same, for the one in ten that takes long.
    pub late_discovery_us: (u64, u64),
    /// From dialling to a link that carries chunks: at least and at most.
    pub connect_us: (u64, u64),
    /// The same when the OS takes its time.
    pub late_connect_us: (u64, u64),
    /// How often it does.
    pub late_ppm: u32,
    /// How often a dial fails.
    pub fails_ppm: u32,
    /// How often the MTU exchange fails: the link works, at 23 bytes.
    pub small_mtu_ppm: u32,
    /// Links that a phone can hold, in both roles together.
    pub links_max: usize,
}

/// One kind of phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Platform {
    /// Not a product: the base case of `radio.md` §2.6.
    Plain,
    Iphone,
    Android,
    /// Linux with BlueZ.
    Desktop,
}

/// What a platform does as central, and its host in either role.
struct Traits {
    interval_us: u32,
    mtu: u16,
    host: Host,
    event_packets: u32,
    supervision_us: u32,
    life_us: Option<u64>,
    fails_ppm: u32,
    small_mtu_ppm: u32,
    links_max: usize,
}

const MINUTE_US: u64 = 60_000_000;

fn traits(platform: Platform) -> Traits {
    let host = |(min_us, mean_us), chunks_max, notify_max| Host {
        latency: Latency { min_us, mean_us },
        chunks_max,
        notify_max,
    };
    match platform {
        // 30 ms and 2 ms of host a side are that model's; nothing else goes wrong in it.
        Platform::Plain => Traits {
            interval_us: 30_000,
            mtu: 247,
            host: host((2_000, 2_000), 8, None),
            event_packets: u32::MAX,
            supervision_us: 5_000_000,
            life_us: None,
            fails_ppm: 0,
            small_mtu_ppm: 0,
            links_max: 7,
        },
        // 30 ms and the packets per event: WWDC 2017 session 712 (135 to 197 kbit/s at 30 ms are two to three packets
        // of 251 bytes an event). 720 ms: PebbleOS PR 1747, flutter_blue_plus 615. MTU 185: chrisc11/ble-guides. One
        // queue for all subscribers: WWDC 2017/712 on `updateValue`; its length, the queue of a link, the eight links
        // and 7 ms of host are estimates. It drops links more often than others as central: PebbleOS PR 1747.
        Platform::Iphone => Traits {
            interval_us: 30_000,
            mtu: 185,
            host: host((2_000, 7_000), 4, Some(12)),
            event_packets: 3,
            supervision_us: 720_000,
            life_us: Some(15 * MINUTE_US),
            fails_ppm: 10_000,
            small_mtu_ppm: 0,
            links_max: 8,
        },
        // 30 to 50 ms, 5 s: AOSP `le_impl.h:47`, `kSupervisionTimeout`. MTU 517: `gatt_api.h:303`. Seven links:
        // `bt_target.h` GATT_MAX_PHY_CHANNEL. Four to six packets an event: neuro.devsflow.ca. One operation in flight per
        // link: `onCharacteristicWrite`. 5 to 15 % of dials fail (133, 62, 147): estimate after connectedhomeip PR
        // 34697. Hosts of 5 to 15 ms (JNI, main thread, GC) and lost MTU exchanges: estimates.
        Platform::Android => Traits {
            interval_us: 45_000,
            mtu: 517,
            host: host((2_000, 10_000), 1, None),
            event_packets: 5,
            supervision_us: 5_000_000,
            life_us: Some(30 * MINUTE_US),
            fails_ppm: 100_000,
            small_mtu_ppm: 10_000,
            links_max: 7,
        },
        // 30 to 50 ms and 420 ms (`le_supv_timeout` 0x2a): Linux `hci_core.c`. Queue and host: estimates.
        Platform::Desktop => Traits {
            interval_us: 50_000,
            mtu: 517,
            host: host((2_000, 3_000), 8, None),
            event_packets: 6,
            supervision_us: 420_000,
            life_us: Some(30 * MINUTE_US),
            fails_ppm: 10_000,
            small_mtu_ppm: 0,
            links_max: 7,
        },
    }
}

/// What the phone at a seat is: in mixed rooms iPhones at even seats, Androids at odd ones.
fn platform(profile: Profile, seat: u8) -> Platform {
    match profile {
        Profile::Ideal | Profile::Fixed => Platform::Plain,
        Profile::Iphone => Platform::Iphone,
        Profile::Android => Platform::Android,
        Profile::Desktop => Platform::Desktop,
        Profile::MixedRoom | Profile::BusyRoom if seat.is_multiple_of(2) => Platform::Iphone,
        Profile::MixedRoom | Profile::BusyRoom => Platform::Android,
    }
}

/// How good a room's air is: packet errors, bursts, links that are up and carry nothing. Packet errors of 2 % in a
/// quiet room and 5 to 10 % in a busy one, bursts of 30 to 60 % for 100 to 500 ms: estimates of `radio.md` §2.4; how often
/// the bursts come is ours. One link in a hundred is dead: after ble-reticulum PR 41.
fn air(profile: Profile) -> (u32, Option<Bursts>, u32) {
    let bursts = |every_us| Bursts {
        every_us,
        lasts_us: (100_000, 500_000),
        loss_ppm: (300_000, 600_000),
    };
    match profile {
        Profile::Fixed => (0, None, 0),
        Profile::Ideal => (20_000, None, 0),
        Profile::Iphone | Profile::Android | Profile::Desktop => {
            (20_000, Some(bursts(60_000_000)), 10_000)
        }
        Profile::MixedRoom => (50_000, Some(bursts(30_000_000)), 10_000),
        Profile::BusyRoom => (100_000, Some(bursts(10_000_000)), 10_000),
    }
}

/// The radio of a link from its central to its peripheral: profile, then the scenario's overrides, then the link's own.
#[must_use]
pub fn link_profile(radio: &Radio, central: u8, peripheral: u8) -> LinkProfile {
    let [own, other] = [central, peripheral].map(|seat| traits(platform(radio.profile, seat)));
    let (loss_ppm, bursts, dead_ppm) = air(radio.profile);
    let mut profile = LinkProfile {
        interval_us: Some(radio.connection_interval_us.unwrap_or(own.interval_us)),
        mtu: own.mtu.min(other.mtu),
        hosts: [own.host, other.host],
        loss_ppm,
        bursts,
        air_us_per_byte: 8,
        packet_bytes: 251,
        event_us: 5_000,
        event_packets: own.event_packets.min(other.event_packets),
        supervision_us: own.supervision_us,
        life_us: own.life_us,
        dead_ppm,
    };
    let mut latency = radio.latency;
    if radio.profile == Profile::Fixed {
        profile.interval_us = None;
        profile.mtu = 517;
        let mean_us = 30_000;
        latency = latency.or(Some(Latency {
            min_us: mean_us,
            mean_us,
        }));
    }
    profile.mtu = radio.mtu.unwrap_or(profile.mtu);
    profile.loss_ppm = radio.loss_ppm.unwrap_or(profile.loss_ppm);
    let between = (central.min(peripheral), central.max(peripheral));
    let of_link = |link: &&LinkOverride| link.between == between;
    if let Some(link) = radio.links.iter().find(of_link) {
        profile.mtu = link.mtu.unwrap_or(profile.mtu);
        latency = link.latency.or(latency);
        profile.loss_ppm = link.loss_ppm.unwrap_or(profile.loss_ppm);
    }
    if let Some(Latency { min_us, mean_us }) = latency {
        profile.hosts[0].latency = Latency {
            min_us: min_us / 2,
            mean_us: mean_us / 2,
        };
        profile.hosts[1].latency = Latency {
            min_us: min_us - min_us / 2,
            mean_us: mean_us - mean_us / 2,
        };
    }
    profile
}

/// How the phones of a profile are found and dialled. Discovery of 0.1 to 0.5 s, 2 s in the worst of twenty: `radio.md`
/// §2.4 after ble-reticulum. A dial waits for an advertisement (110 ms at most), then takes 12 to 20 intervals and some
/// time of the OS for MTU, services and subscription: 0.5 to 1.5 s, now and then 3 to 5 (yanshouwang 57).
#[must_use]
pub fn reach(radio: &Radio, central: u8, peripheral: u8) -> Reach {
    const ADVERTISEMENT_US: u64 = 110_000;
    const INTERVALS: (u64, u64) = (12, 20);
    const OS_US: (u64, u64) = (150_000, 400_000);
    let own = traits(platform(radio.profile, central));
    let other = traits(platform(radio.profile, peripheral));
    let interval = u64::from(radio.connection_interval_us.unwrap_or(own.interval_us));
    let plain = matches!(radio.profile, Profile::Ideal | Profile::Fixed);
    let discovery_us = (100_000, 500_000);
    let connect_us = (
        INTERVALS.0 * interval + OS_US.0,
        ADVERTISEMENT_US + INTERVALS.1 * interval + OS_US.1,
    );
    Reach {
        discovery_us,
        late_discovery_us: if plain {
            discovery_us
        } else {
            (500_000, 2_500_000)
        },
        connect_us,
        late_connect_us: (3_000_000, 5_000_000),
        late_ppm: if plain { 0 } else { 20_000 },
        fails_ppm: own.fails_ppm,
        small_mtu_ppm: own.small_mtu_ppm.max(other.small_mtu_ppm),
        links_max: own.links_max.min(other.links_max),
    }
}
