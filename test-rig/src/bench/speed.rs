//! How fast the simulator runs `honest-table` with sixteen players on one core.

use std::sync::LazyLock;

use serde_json::Value;

use super::clock::least;
use super::thousandths;
use crate::cli::SUPPORTED;
use crate::result::RunResult;
use crate::run::run;
use crate::scenario::{builtin, load};

const PLAYERS: u8 = 16;

pub(super) fn phone_seconds() -> Result<Value, String> {
    Ok(thousandths(measured()?.phone_seconds_per_second))
}

pub(super) fn decisions() -> Result<Value, String> {
    Ok(thousandths(measured()?.decisions_per_second))
}

/// Both figures are of the same runs.
fn measured() -> Result<&'static RunResult, String> {
    static MEASURED: LazyLock<Result<RunResult, String>> = LazyLock::new(measure);
    MEASURED.as_ref().map_err(Clone::clone)
}

/// The run's own rates, over the time that this thread had the core when the run was quickest.
#[expect(clippy::float_arithmetic, reason = "rates for people")]
fn measure() -> Result<RunResult, String> {
    let text = builtin("honest-table").ok_or("honest-table is missing")?;
    let mut scenario = load("honest-table", text, &SUPPORTED).map_err(|error| error.to_string())?;
    scenario.players = PLAYERS;
    let once = || Ok(run(&scenario, 1, &mut |_, _| {})?.result);
    let (mut result, took) = least(once)?;
    let share = result.wall_seconds / took.as_secs_f64().max(1e-9);
    result.phone_seconds_per_second *= share;
    result.decisions_per_second *= share;
    Ok(result)
}
