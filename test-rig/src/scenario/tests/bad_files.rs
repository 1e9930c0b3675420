//! Files that are no TOML, and mistakes in the first lines.

use super::*;

#[test]
fn broken_toml_is_told_in_one_line() {
    assert_errors(&[
        (
            "name = \"t",
            "t.toml:1: not valid TOML: invalid basic string, expected `\"`",
        ),
        (
            "name =",
            "t.toml:1: not valid TOML: string values must be quoted, expected literal string",
        ),
        (
            "a = 1\n\na = 2\n",
            "t.toml:3: not valid TOML: duplicate key",
        ),
        (
            "a = [1,\n2\n",
            "t.toml:2: not valid TOML: unclosed array, expected `]`",
        ),
        (
            "[a\n",
            "t.toml:1: not valid TOML: unclosed table, expected `]`",
        ),
    ]);
}

#[test]
fn unknown_keys_are_named_before_missing_ones() {
    const TOP: &str =
        "expected one of name, players, seed, stop, radio, byzantine, fault, workload, expect";
    assert_errors(&[
        (
            "name = \"t\"\nplyers = 4\n",
            &format!("t.toml:2: key `plyers`: unknown; {TOP} (did you mean `players`?)"),
        ),
        (
            "zebra = 4\nalpha = 1\n",
            &format!("t.toml:1: key `zebra`: unknown; {TOP}"),
        ),
        (
            "\"a\\nb\" = 4\n",
            &format!("t.toml:1: key `a\\nb`: unknown; {TOP}"),
        ),
        (
            "[[faults]]\n",
            &format!("t.toml:1: key `faults`: unknown; {TOP} (did you mean `fault`?)"),
        ),
    ]);
}

#[test]
fn name_and_players_are_required() {
    assert_errors(&[
        (
            "",
            "t.toml:1: key `name`: missing; expected a name such as \"lossy-line\"",
        ),
        (
            "name = \"t\"",
            "t.toml:1: key `players`: missing; expected a whole number from 2 to 18",
        ),
    ]);
}

#[test]
fn names_are_safe_as_the_name_of_a_folder() {
    const NAME: &str = "t.toml:1: key `name`: expected a name of 1 to 64 characters, without \
                        slashes or control characters, not beginning with a dot, found";
    let long = "x".repeat(65);
    let clipped = "x".repeat(48);
    assert_errors(&[
        ("name = 3", &format!("{NAME} 3")),
        ("name = ''", &format!("{NAME} \"\"")),
        ("name = '..'", &format!("{NAME} \"..\"")),
        ("name = 'a/b'", &format!("{NAME} \"a/b\"")),
        ("name = \"a\\nb\"", &format!("{NAME} \"a\\nb\"")),
        (
            &format!("name = '{long}'"),
            &format!("{NAME} \"{clipped}…\""),
        ),
    ]);
}

#[test]
fn numbers_out_of_range_and_of_the_wrong_type_are_refused() {
    const PLAYERS: &str = "t.toml:2: key `players`: expected a whole number from 2 to 18, found";
    const SEED: &str =
        "t.toml:3: key `seed`: expected a whole number from 0 to 18446744073709551615, found";
    for (value, found) in [
        ("1", "1"),
        ("19", "19"),
        ("-4", "-4"),
        ("\"four\"", "\"four\""),
        ("4.0", "4.0"),
        ("true", "true"),
        ("2020-01-01", "2020-01-01"),
        ("[4]", "an array"),
        ("{ n = 4 }", "a table"),
        ("0xff", "0xff"),
    ] {
        let text = format!("name = 't'\nplayers = {value}\n");
        assert_errors(&[(&text, &format!("{PLAYERS} {found}"))]);
    }
    assert_errors_of_seven(&[
        ("seed = -1", &format!("{SEED} -1")),
        (
            "seed = 18446744073709551616",
            &format!("{SEED} 18446744073709551616"),
        ),
        ("seed = '1'", &format!("{SEED} \"1\"")),
    ]);
    assert_eq!(
        loaded(&seven("seed = 18446744073709551615")).seed,
        Some(u64::MAX)
    );
}

#[test]
fn impossible_stops_are_refused() {
    assert_errors_of_seven(&[
        (
            "stop = 5",
            "t.toml:3: key `stop`: expected a table, found 5",
        ),
        (
            "stop = { rounds = 0 }",
            "t.toml:3: key `stop.rounds`: expected a whole number from 1 to 1000000, found 0",
        ),
        (
            "stop.at = \"0s\"",
            "t.toml:3: key `stop.at`: expected a time after the start, found \"0s\"",
        ),
        (
            "[stop]\nat = 5",
            "t.toml:4: key `stop.at`: expected a duration such as \"30ms\", \"1.5s\" or \"2m\", \
             found 5",
        ),
        (
            "stop = { round = 1 }",
            "t.toml:3: key `stop.round`: unknown; expected one of rounds, at \
             (did you mean `rounds`?)",
        ),
    ]);
}

#[test]
fn hostile_text_and_file_names_stay_in_one_line() {
    let error = load("a\nb", "name = \"\\u2028\\u0085\\n\"", &ALL)
        .expect_err("no name")
        .to_string();
    assert_eq!(error.lines().count(), 1);
    assert!(error.starts_with("a\\nb:1: "), "{error}");
    assert!(!error.contains(['\u{2028}', '\u{85}']), "{error}");
}
