//! How many bets a roll can look at in a second: eighteen players with everything that the layout lets them have.

use std::time::{Duration, Instant};

use bitcraps_core::craps::{BetKind, Layout, Roll, Rules};
use bitcraps_core::crypto::{SEATS_MAX, Seat};

use crate::random::Stream;

/// How long one measurement lasts; making the bets again between rolls is not counted.
const MEASURED: Duration = Duration::from_millis(200);
/// How many are made. The best one counts: whatever else runs on the machine only takes away.
const MEASUREMENTS: usize = 8;

/// The figure as `rig bench` prints it.
pub(super) fn run() -> Result<serde_json::Value, String> {
    Ok(settled_per_second().into())
}

/// Bets that stood on the layout when a roll was settled and applied, per second of one core.
#[must_use]
pub fn settled_per_second() -> u64 {
    let mut layout = Layout::new(Rules::FRIENDLY);
    let mut stream = Stream::new(1, "bench", 0);
    let measured = (0..MEASUREMENTS).map(|_| measure(&mut layout, &mut stream));
    measured.max().unwrap_or(0)
}

fn measure(layout: &mut Layout, stream: &mut Stream) -> u64 {
    let rolls: Vec<Roll> = Roll::all().collect();
    let (mut looked_at, mut spent) = (0_u64, Duration::ZERO);
    while spent < MEASURED {
        fill(layout);
        let drawn = stream.below(rolls.len() as u64);
        let Some(roll) = usize::try_from(drawn).ok().and_then(|at| rolls.get(at)) else {
            continue;
        };
        looked_at += layout.bets().count() as u64;
        let began = Instant::now();
        let settlement = layout.resolve(*roll);
        layout.apply(&settlement);
        spent += began.elapsed();
        std::hint::black_box(&layout);
    }
    let nanoseconds = u128::max(1, spent.as_nanos());
    u64::try_from(u128::from(looked_at) * 1_000_000_000 / nanoseconds).unwrap_or(u64::MAX)
}

/// Every seat makes every bet that is open to it, flat bets before their odds.
fn fill(layout: &mut Layout) {
    for seat in (0..).map(Seat).take(SEATS_MAX) {
        for kind in BetKind::all() {
            if layout.bet(seat, kind).is_none()
                && let Ok(bounds) = layout.bounds(seat, kind)
            {
                // Whatever is closed now is made before a later roll.
                let _ = layout.place(seat, kind, bounds.min);
            }
        }
    }
}
