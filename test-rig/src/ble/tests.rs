//! Beds without hardware: the whole loop over the ether, and what is said where there is no Bluetooth.

use std::sync::atomic::AtomicBool;

use super::clock::Clock;
use super::driver::play_bed;
use super::*;
use crate::checkers::Status;
use crate::cli::SUPPORTED;
use crate::result::RunOutcome;

static NEVER: AtomicBool = AtomicBool::new(false);

fn play_by(clock: Option<Clock>, text: &str) -> Result<BedFinished, BedError> {
    let bed = Bed::load("bed.toml", text, &SUPPORTED).unwrap();
    let seed = bed.scenario.seed.unwrap();
    let options = Options {
        tapped: false,
        stop: &NEVER,
    };
    match clock {
        Some(clock) => play_bed(&bed, seed, options, clock, &mut |_, _| {}),
        None => run_bed(&bed, seed, options, &mut |_, _| {}),
    }
}

fn play(text: &str) -> Result<BedFinished, BedError> {
    play_by(None, text)
}

const IN_MEMORY: &str = "name = \"memory\"\nplayers = 4\nseed = 7\n\
    adapters = [\"memory\", \"memory\", \"memory\", \"memory\"]\n";

#[test]
fn four_phones_in_memory_play_their_histories_verify_and_it_comes_out_the_same_again() {
    let text = format!("{IN_MEMORY}stop = {{ rounds = 5, at = \"300s\" }}\n");
    let BedFinished { result, .. } = play(&text).unwrap();
    assert_eq!(result.run.outcome, RunOutcome::Reached, "{result:?}");
    assert!(result.run.rolls >= 5);
    assert_eq!(result.histories.len(), 4);
    assert_eq!(result.problems(), Vec::<String>::new());
    assert!(result.journal_records > 100, "{}", result.journal_records);
    assert_eq!(result.on_air.chunks, 0, "nothing went over an adapter");
    let again = play(&text).unwrap().result;
    assert_eq!(again.run.trace_hash, result.run.trace_hash);
}

#[test]
fn by_the_real_clock_nothing_breaks_however_slow_the_machine_is() {
    let text = format!("{IN_MEMORY}stop = {{ rounds = 2, at = \"300s\" }}\n");
    let finished = play_by(Some(Clock::real()), &text).unwrap();
    let result = finished.result;
    let mut properties = result.run.properties.values();
    assert!(
        properties.all(|found| found.status != Status::Violated),
        "{result:?}"
    );
    assert!(result.histories.iter().all(|history| history.valid));
}

#[test]
fn an_equivocating_primary_in_memory_is_convicted_and_loses_its_seat() {
    let text = format!(
        "{IN_MEMORY}stop = {{ rounds = 20, at = \"300s\" }}\n\
         [[byzantine]]\nplayer = 0\nbehaviour = \"equivocator\"\n"
    );
    let BedFinished { result, .. } = play(&text).unwrap();
    assert_eq!(result.run.outcome, RunOutcome::Reached, "{result:?}");
    let convicted = result.run.evidence.iter();
    assert!(
        convicted.map(|evidence| evidence.player).eq([0]),
        "{result:?}"
    );
    assert_eq!(result.run.evicted, [0]);
}

#[test]
fn a_phone_that_was_off_mid_round_is_taken_back() {
    let text = format!(
        "{IN_MEMORY}stop = {{ rounds = 6, at = \"300s\" }}\n[workload]\nthink = \"300ms\"\n\
         [[power]]\nplayer = 3\nfrom = \"700ms\"\nuntil = \"2s\"\n"
    );
    let BedFinished { result, .. } = play(&text).unwrap();
    assert_eq!(result.run.outcome, RunOutcome::Reached, "{result:?}");
    assert_eq!(result.histories.len(), 4);
    assert!(result.histories.iter().all(|history| history.valid));
}

#[test]
fn where_bluetooth_is_missing_a_bed_on_an_adapter_says_so_in_one_line() {
    let text = IN_MEMORY.replacen("\"memory\", ", "\"hci99\", ", 1);
    let Err(BedError::Bluetooth(problem)) = play(&text) else {
        panic!("there is no hci99");
    };
    let line = problem.to_string();
    assert!(!line.contains('\n') && line.contains("; "), "{line}");
}
