//! Beds without hardware: the whole loop over the ether, and what is said where there is no Bluetooth.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::cli::SUPPORTED;
use crate::result::RunOutcome;

static NEVER: AtomicBool = AtomicBool::new(false);

fn play(text: &str) -> Result<BedFinished, BedError> {
    let bed = Bed::load("bed.toml", text, &SUPPORTED).unwrap();
    let options = Options {
        tapped: false,
        stop: &NEVER,
    };
    run_bed(&bed, bed.scenario.seed.unwrap(), options, &mut |_, _| {})
}

const IN_MEMORY: &str = "name = \"memory\"\nplayers = 4\nseed = 7\n\
    adapters = [\"memory\", \"memory\", \"memory\", \"memory\"]\n";

#[test]
fn four_phones_in_memory_play_in_real_time_and_their_histories_verify() {
    let text = format!("{IN_MEMORY}stop = {{ rounds = 3, at = \"300s\" }}\n");
    let BedFinished { result, .. } = play(&text).unwrap();
    assert_eq!(result.run.outcome, RunOutcome::Reached, "{result:?}");
    assert!(result.run.rolls >= 3);
    assert_eq!(result.histories.len(), 4);
    assert_eq!(result.problems(), Vec::<String>::new());
    assert!(result.journal_records > 100, "{}", result.journal_records);
    assert_eq!(result.on_air.chunks, 0, "nothing went over an adapter");
}

#[test]
fn an_equivocating_primary_in_memory_is_convicted_and_the_table_plays_on() {
    let text = format!(
        "{IN_MEMORY}stop = {{ rounds = 3, at = \"300s\" }}\n\
         [[byzantine]]\nplayer = 0\nbehaviour = \"equivocator\"\n"
    );
    let BedFinished { result, .. } = play(&text).unwrap();
    assert_eq!(result.run.outcome, RunOutcome::Reached, "{result:?}");
    // Its vote goes with the next key, which need not be made before the last roll.
    let convicted = result.run.evidence.iter();
    let convicted: Vec<u8> = convicted.map(|evidence| evidence.player).collect();
    assert_eq!(convicted, [0], "{result:?}");
}

#[test]
fn a_phone_that_was_off_mid_round_is_taken_back() {
    let text = format!(
        "{IN_MEMORY}stop = {{ rounds = 6, at = \"300s\" }}\n[workload]\nthink = \"300ms\"\n\
         [[power]]\nplayer = 3\nfrom = \"700ms\"\nuntil = \"2s\"\n"
    );
    let BedFinished { result, .. } = play(&text).unwrap();
    assert_eq!(result.run.outcome, RunOutcome::Reached, "{result:?}");
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
