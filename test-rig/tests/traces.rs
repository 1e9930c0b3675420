//! Traces, replays and reports, as a script sees them; and a report in a browser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cli::{file, rig, room, run_json};
use serde_json::Value;

fn temporary(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    path.into_os_string().into_string().unwrap()
}

/// Runs a scenario into a folder; gives the folder and the trace's lines.
fn traced(scenario: &str, seed: &str, name: &str) -> (PathBuf, Vec<Value>) {
    let folder = temporary(name);
    let ran = rig(&["run", scenario, "--seed", seed, "--json", "--out", &folder]);
    assert_eq!(ran.err, "", "{ran:?}");
    let folder = PathBuf::from(folder);
    let text = std::fs::read_to_string(folder.join("trace.ndjson")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (folder, lines.collect())
}

#[test]
fn a_trace_is_whole_and_leaves_the_run_as_it_is() {
    let scenario = room("traced", 4, 2, "");
    let (folder, lines) = traced(&scenario, "7", "whole");
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    assert_eq!((&first["kind"], &first["seed"]), (&"run".into(), &7.into()));
    let text = std::fs::read_to_string(&scenario).unwrap();
    assert_eq!(first["scenario"], text.as_str());
    assert_eq!(last["kind"], "end");
    assert_eq!(last["lines"], lines.len() - 2);
    let (_, untraced) = run_json(&scenario, 7);
    assert_eq!(last["result"]["trace_hash"], untraced["trace_hash"]);

    let between = &lines[1..lines.len() - 1];
    for line in between {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "kind", "msg", "node", "t"], "{line}");
        assert!(line["msg"]["type"].is_string(), "{line}");
    }
    for kind in [
        "send", "recv", "timer", "persist", "commit", "event", "fault",
    ] {
        assert!(between.iter().any(|line| line["kind"] == kind), "{kind}");
    }
    let times: Vec<i64> = between
        .iter()
        .map(|line| line["t"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted() && times[0] < 0 && times[times.len() - 1] > 0);

    // What is heard has the number under which it was said, at the other end of the same link, and later.
    let said = |id: &Value| {
        between
            .iter()
            .find(|line| line["kind"] == "send" && line["id"] == *id)
    };
    let heard: Vec<&Value> = between
        .iter()
        .filter(|line| line["kind"] == "recv")
        .collect();
    assert!(heard.len() > 200, "{}", heard.len());
    for line in heard {
        let from = said(&line["id"]).unwrap_or_else(|| panic!("nobody said {line}"));
        assert_eq!(from["msg"]["hash"], line["msg"]["hash"]);
        assert_eq!(
            (&from["node"], &line["node"]),
            (&line["msg"]["peer"], &from["msg"]["peer"])
        );
        assert!(from["t"].as_i64() <= line["t"].as_i64());
    }
    let latest = folder.parent().unwrap().join("latest");
    assert!(latest.join("report.html").is_file() || !cfg!(unix));
}

#[test]
fn a_replay_is_identical_and_a_bent_line_is_named() {
    let scenario = room(
        "replayed",
        4,
        1,
        "[[byzantine]]\nplayer = 0\nbehaviour = \"equivocator\"\n",
    );
    let (folder, _) = traced(&scenario, "3", "replayed");
    let trace = folder
        .join("trace.ndjson")
        .into_os_string()
        .into_string()
        .unwrap();
    let ran = rig(&["replay", &trace]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("identical: "), "{ran:?}");

    let text = std::fs::read_to_string(&trace).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[100] = lines[101];
    let path = temporary("bent.ndjson");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let ran = rig(&["replay", &path]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let first = ran.out.lines().next().unwrap();
    assert_eq!(first, format!("DIFFERS at {path}:101  rig replay {path}"));

    let cut = lines[..50].join("\n") + "\n";
    std::fs::write(&path, cut).unwrap();
    let ran = rig(&["replay", &path]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "identical: 49 lines; the trace ends early\n")
    );
    let ran = rig(&["replay", &scenario]);
    assert!(
        ran.refusal()
            .contains(":1: expected the first line of a trace")
    );
}

#[test]
fn a_report_stands_alone_and_shows_the_lie_with_both_signed_messages() {
    let (folder, _) = traced("equivocating-primary", "1", "reported");
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for part in [
        "rig run equivocating-primary --seed 1",
        "Seat 0: two-proposals-or-prepares",
        "both signatures checked by the rig",
        "adds up",
        "behaviour = &quot;equivocator&quot;",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let halves = page.matches("class=\"half mono\"").count();
    assert!(halves >= 2 && halves.is_multiple_of(2), "{halves}");
    for outside in ["http:", "https:", " src=", "@import", "url("] {
        let svg = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!svg.contains(outside), "{outside}");
    }
    // Made again from the trace, it is the same page.
    let again = temporary("again.html");
    let trace = folder
        .join("trace.ndjson")
        .into_os_string()
        .into_string()
        .unwrap();
    let ran = rig(&["report", &trace, "-o", &again]);
    assert_eq!((ran.code, ran.out.trim()), (0, again.as_str()));
    assert_eq!(std::fs::read_to_string(&again).unwrap(), page);
    in_chromium(&folder.join("report.html"));
}

/// Opens the page in Chromium: its script must have drawn the diagram, and not complained.
fn in_chromium(page: &Path) {
    let Some(chromium) = chromium() else {
        println!(
            "SKIPPED 1 of 1: no Chromium (install Debian's `chromium`, or name one in RIG_CHROMIUM)"
        );
        return;
    };
    let profile = temporary(&format!("chromium-{}", std::process::id()));
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--enable-logging=stderr",
            "--v=0",
            "--window-size=1100,900",
            "--virtual-time-budget=4000",
        ])
        .arg(format!("--user-data-dir={profile}"))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(&profile);
    let (dom, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{log}");
    assert!(!log.contains(":CONSOLE"), "{log}");
    let arrows = dom.matches("<g class=\"arrow").count();
    assert!(arrows > 10, "{arrows} messages are drawn");
    assert!(
        arrows < 2_000,
        "only what is in sight is in the document: {arrows}"
    );
    assert!(dom.contains("Seat 0: two-proposals-or-prepares"));
}

fn chromium() -> Option<String> {
    let named = std::env::var("RIG_CHROMIUM").ok();
    let known = ["chromium", "chromium-browser", "google-chrome"].map(String::from);
    let works = |name: &String| {
        let version = Command::new(name)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        version.is_ok_and(|output| output.status.success())
    };
    named.into_iter().chain(known).find(works)
}

#[test]
fn a_trace_that_cannot_be_written_is_said_before_anything_runs() {
    let scenario = file("untraced", "name = \"t\"\nplayers = 4\nseed = 1\n");
    let ran = rig(&["run", &scenario, "--trace", "/no/such/folder/trace"]);
    assert!(ran.refusal().contains("/no/such/folder/trace"));
}
