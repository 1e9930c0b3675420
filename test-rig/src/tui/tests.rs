//! Frames of a trace that was made up, and keys in a live run.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use super::*;
use crate::cli::SUPPORTED;
use crate::trace::{Line, LineKind};

fn header() -> Header {
    let text = "# A primary lies.\nname = \"made-up\"\nplayers = 4\n[[byzantine]]\nplayer = 0\nbehaviour = \"equivocator\"\nfrom = \"1s\"\n\
                [[fault]]\nkind = \"suspend\"\nplayer = 3\nfrom = \"3s\"\nuntil = \"5s\"\n";
    let scenario = load("made-up", text, &SUPPORTED).expect("it is right");
    Header::new(&scenario, "made-up", 42)
}

fn line(t: i64, node: u8, kind: LineKind, msg: &serde_json::Value) -> Line {
    Line {
        t,
        node: Some(node),
        kind,
        msg: msg.as_object().cloned().unwrap_or_default(),
        id: 0,
    }
}

/// A vote of the liar, or the second one that contradicts it.
fn vote(second: bool) -> serde_json::Value {
    let mut msg = json!({"type": "prepare", "view": 0, "seq": 13, "signer": 0, "tag": "9f2a01bc", "bytes": 75, "peer": 1});
    if second {
        msg["second"] = json!(true);
    }
    msg
}

/// A lying primary, its proof, a view change, a suspended phone.
fn made_up() -> Scope {
    use LineKind::{Commit, Event, Fault, Recv, Send};
    let request = json!({"type": "request", "signer": 2, "number": 7, "op": "place 10 on pass-line", "bytes": 107, "peer": 0});
    let status = json!({"type": "status", "view": 0, "seq": 12, "bytes": 42, "peer": 2});
    let caught = json!({"type": "caught", "seat": 0, "lie": "two-proposals-or-prepares"});
    let changed = json!({"type": "view-changed", "view": 1, "primary": 1});
    let rolled = json!({"type": "rolled", "roll": 1, "text": "3+4 = 7, come-out"});
    let lines = [
        line(900_000, 2, Send, &request),
        line(1_100_000, 0, Send, &vote(false)),
        line(1_130_000, 0, Send, &vote(true)),
        line(1_180_000, 1, Recv, &status),
        line(1_200_000, 1, Event, &caught),
        line(
            1_210_000,
            1,
            Event,
            &json!({"type": "view-left", "view": 1}),
        ),
        line(1_400_000, 1, Event, &changed),
        line(1_700_000, 1, Commit, &json!({"type": "commit", "seq": 13})),
        line(2_000_000, 1, Event, &rolled),
        line(
            3_000_000,
            3,
            Fault,
            &json!({"type": "fault-begins", "what": "suspend 3"}),
        ),
        line(
            5_000_000,
            3,
            Fault,
            &json!({"type": "fault-ends", "what": "suspend 3"}),
        ),
    ];
    let mut scope = Scope::new(header());
    for line in lines {
        assert!(scope.push(line));
    }
    scope.complete = true;
    scope.outcome = Some("reached".to_owned());
    scope
}

fn frame(scope: &Scope, typing: Option<&str>) -> String {
    let mut terminal = Terminal::new(TestBackend::new(110, 22)).expect("a terminal");
    let drawn = terminal.draw(|frame| draw::draw(frame, scope, typing));
    drawn.expect("a frame");
    terminal.backend().to_string()
}

#[test]
fn a_frame_shows_the_phones_the_faults_and_what_is_typed() {
    let mut scope = made_up();
    scope.seek(4_000_000);
    let shown = frame(&scope, Some("s13 pre"));
    for part in [
        "made-up  seed 42",
        " 0 ! v0",
        " 3 # v0",
        "equivocator 0",
        "suspend 3",
        "filter: s13 pre_",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
}

/// As a person sees them: whoever changes the screen looks at both and takes them anew (`INSTA_UPDATE=always`).
#[test]
fn the_frames_of_a_lie_and_of_its_proof_are_as_they_were_last_looked_at() {
    let mut scope = made_up();
    scope.seek(1_130_000);
    insta::assert_snapshot!("a_primary_lies", frame(&scope, None));
    scope.seek(4_000_000);
    insta::assert_snapshot!(
        "it_is_caught_and_a_phone_sleeps",
        frame(&scope, Some("s13 pre"))
    );
}

#[test]
fn steps_forth_and_back_go_over_what_the_filter_shows_and_lead_to_the_same_picture() {
    let mut scope = made_up();
    let mut pictures = vec![scope.here.clone()];
    while scope.here.at < scope.lines.len() {
        scope.step();
        pictures.push(scope.here.clone());
    }
    assert_eq!(pictures.len(), scope.lines.len(), "one line is noise");
    pictures.pop();
    while let Some(picture) = pictures.pop() {
        scope.back();
        assert_eq!(scope.here.phones, picture.phones);
    }
    scope.filter = "prepare SECOND".to_owned();
    scope.seek(0);
    scope.step();
    assert_eq!(scope.now, 1_130_000);
    assert_eq!(scope.latest(9).len(), 1);
}

#[test]
fn the_next_alarm_is_where_somebody_is_caught() {
    let mut scope = made_up();
    scope.next_alarm();
    assert_eq!(scope.now, 1_200_000);
    assert!(scope.here.phones[0].proven);
}

#[test]
fn going_far_back_stands_on_a_picture_and_comes_out_the_same() {
    let mut scope = Scope::new(header());
    for seq in 0..10_000_u32 {
        let msg = json!({"type": "commit", "seq": seq});
        scope.push(line(i64::from(seq) * 1_000, 1, LineKind::Commit, &msg));
    }
    scope.seek(i64::MAX);
    assert_eq!(scope.here.phones[1].delivered, 9_999);
    for t in [5_000_000, 4_096_000, 4_095_000, 1_000, 0] {
        scope.seek(t);
        let seq = u64::try_from(t / 1_000).expect("a slot");
        assert_eq!(scope.here.phones[1].delivered, seq);
    }
}

#[test]
fn a_phone_that_is_crashed_by_key_stays_down_and_the_others_play_on() {
    let text = "name = \"live\"\nplayers = 4\nstop = { rounds = 4, at = \"60s\" }\n";
    let scenario = load("live", text, &SUPPORTED).expect("it is right");
    let mut view = View::of_run(scenario, "live", 1, &SUPPORTED);
    let press = |view: &mut View, code: KeyCode| {
        assert!(view.key(code.into()).expect("no file to be wrong"));
    };
    view.scope.playing = false;
    press(&mut view, KeyCode::Right);
    let before = view.scope.here.clone();
    press(&mut view, KeyCode::Char('3'));
    press(&mut view, KeyCode::Char('c'));
    assert_eq!(view.scope.here, before, "what is behind us is the same");
    press(&mut view, KeyCode::End);
    assert!(view.scope.here.phones[3].down);
    assert!(view.scope.here.phones[3].delivered < view.scope.here.phones[0].delivered);
    let text = to_toml(view.changed().expect("a fault was added"));
    assert!(text.contains("kind = \"crash\"\nplayer = 3\n"), "{text}");
    assert!(!view.key(KeyCode::Char('q').into()).expect("no file"));
}
