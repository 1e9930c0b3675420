//! What is written is read back as the same scenario.

use super::*;

/// All but the text that it was read from.
fn sameness(scenario: Scenario) -> Scenario {
    Scenario {
        source: String::new(),
        ..scenario
    }
}

#[test]
fn the_example_and_every_built_in_come_back_from_their_own_text() {
    let texts = builtins().iter().map(|(_, text)| *text).chain([EXAMPLE]);
    for text in texts {
        let supported = if text == EXAMPLE {
            ALL
        } else {
            *crate::cli::SUPPORTED
        };
        let scenario = load("t.toml", text, &supported).expect("it is right");
        let written = to_toml(&scenario);
        let again = load("w.toml", &written, &supported);
        let again = again.unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(sameness(again), sameness(scenario), "{written}");
    }
}

#[test]
fn what_no_example_has_comes_back_too() {
    let scenario = loaded(&seven(
        "seed = 9\n[radio]\nprofile = \"fixed\"\nlatency = { min = \"1ms\", mean = \"2500us\" }\nloss = 0.000001\n\
         topology = { links = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6]] }\n\
         [[radio.link]]\nbetween = [1, 2]\nmtu = 23\nloss = 1.0\n\
         [[fault]]\nkind = \"clock\"\nplayer = 1\nfrom = \"1s\"\ndrift_ppm = -50\njump = \"-3s\"\n\
         [[fault]]\nkind = \"disk\"\nplayer = 2\nfrom = \"1s\"\nuntil = \"2s\"\ndisk = \"slow-sync\"\n\
         [[fault]]\nkind = \"loss\"\nloss = 0.5\nbetween = [0, 3]\nfrom = \"0s\"\n",
    ));
    let again = loaded(&to_toml(&scenario));
    assert_eq!(sameness(again), sameness(scenario));
}
