//! Damaged files never panic and never yield an error of several lines.

use super::*;

#[track_caller]
fn assert_survives(bytes: &[u8]) {
    // What is no UTF-8 never reaches the parser.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match load("t.toml", text, &ALL) {
        Ok(scenario) => assert!(explain(&scenario).ends_with('\n')),
        Err(error) => {
            let line = error.to_string();
            assert_eq!(line.lines().count(), 1, "{line:?} for:\n{text}");
            assert!(
                !line.contains(|c: char| c.is_control() || c == '\u{2028}'),
                "{line:?} for:\n{text}"
            );
            assert!(
                (1..=text.lines().count().max(1)).contains(&error.line),
                "{line} for:\n{text}"
            );
        }
    }
}

#[test]
fn every_prefix_is_survived() {
    for end in 0..=EXAMPLE.len() {
        assert_survives(&EXAMPLE.as_bytes()[..end]);
        assert_survives(&EXAMPLE.as_bytes()[end..]);
    }
}

#[test]
fn every_lost_or_doubled_byte_is_survived() {
    for at in 0..EXAMPLE.len() {
        let mut mutated = EXAMPLE.as_bytes().to_vec();
        let byte = mutated.remove(at);
        assert_survives(&mutated);
        mutated.splice(at..at, [byte, byte]);
        assert_survives(&mutated);
    }
}

#[test]
fn every_lost_line_is_survived() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for at in 0..lines.len() {
        let rest = [&lines[..at], &lines[at + 1..]].concat();
        assert_survives(rest.join("\n").as_bytes());
    }
}

/// Bytes that mean something to TOML or to us.
const TELLING: &[u8] = b"\0\n\r \"'#=.,-_[]{}\\019ex\x7fz";

#[test]
fn a_telling_byte_in_every_place_is_survived() {
    for at in 0..EXAMPLE.len() {
        let mut mutated = EXAMPLE.as_bytes().to_vec();
        // A few at each place, all of them within a line; the slow test below leaves nothing out.
        for byte in TELLING.iter().skip(at % 6).step_by(6) {
            mutated[at] = *byte;
            assert_survives(&mutated);
        }
    }
}

#[test]
fn a_foreign_line_separator_in_every_place_is_survived() {
    for at in (0..=EXAMPLE.len()).filter(|at| EXAMPLE.is_char_boundary(*at)) {
        let (before, behind) = EXAMPLE.split_at(at);
        assert_survives(format!("{before}\u{2028}{behind}").as_bytes());
    }
}

#[test]
fn deep_and_long_files_are_survived() {
    assert_survives(format!("name = {}", "[".repeat(10_000)).as_bytes());
    assert_survives(format!("name = {}", "{a=".repeat(10_000)).as_bytes());
    assert_survives(format!("[{}]", "a.".repeat(10_000)).as_bytes());
    assert_survives(format!("{} = 1", "k".repeat(100_000)).as_bytes());
    assert_survives(format!("name = 't'\nplayers = {}", "9".repeat(100_000)).as_bytes());
    assert_survives(seven(&format!("radio.loss = 0.{}", "9".repeat(100_000))).as_bytes());
    assert_survives(seven(&format!("seed = 0b{}", "1".repeat(100_000))).as_bytes());
}
