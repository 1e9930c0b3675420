//! Durations and probabilities are exact.

use super::super::units::{duration_ms, duration_us, probability_ppm, show_ppm, show_us};
use super::*;

#[test]
fn durations_are_read_exactly() {
    for (text, us) in [
        ("0s", 0),
        ("500us", 500),
        ("7.5ms", 7_500),
        ("1.25ms", 1_250),
        ("30ms", 30_000),
        ("1.5s", 1_500_000),
        ("0.000001s", 1),
        ("120s", 120_000_000),
        ("2m", 120_000_000),
        ("0.5m", 30_000_000),
        ("1h", 3_600_000_000),
        ("1.500000000000000000000000000000000000000000s", 1_500_000),
    ] {
        assert_eq!(duration_us(text), Ok(us), "{text}");
    }
    assert_eq!(duration_ms("1.5s"), Ok(1_500));
    assert_eq!(
        duration_ms("1500us"),
        Err("a duration in whole milliseconds")
    );
}

#[test]
fn other_durations_are_refused() {
    for text in [
        "", "5", "s", ".5s", "5.s", "1.2.3s", "-5s", "+5s", "5 s", "5S", "1e3s", "٣s", "5d",
    ] {
        assert!(
            duration_us(text).is_err_and(|e| e.starts_with("a duration such as")),
            "{text}"
        );
    }
    assert_eq!(
        duration_us("0.0000001s"),
        Err("a duration in whole microseconds")
    );
    assert_eq!(duration_us("8760h"), Ok(31_536_000_000_000));
    assert_eq!(duration_us("8760.1h"), Err("a duration of at most 8760h"));
    assert_eq!(
        duration_us(&format!("{}s", "9".repeat(99))),
        Err("a duration of at most 8760h")
    );
    let fine = format!("0.{}1s", "0".repeat(99));
    assert_eq!(duration_us(&fine), Err("a duration in whole microseconds"));
}

#[test]
fn probabilities_are_read_exactly() {
    for (text, ppm) in [
        ("0", 0),
        ("0.0", 0),
        ("+1", 1_000_000),
        ("1.0", 1_000_000),
        ("0.02", 20_000),
        ("0.3", 300_000),
        ("0.000001", 1),
        ("0.0200000000000000", 20_000),
        ("2e-2", 20_000),
        ("0.2E-1", 20_000),
        ("0.001e3", 1_000_000),
        ("10e-1", 1_000_000),
        ("0e99", 0),
    ] {
        assert_eq!(probability_ppm(text), Ok(ppm), "{text}");
    }
    for text in [
        "1.000001",
        "2",
        "-1",
        "-0.0",
        "inf",
        "nan",
        "1e1",
        "1e2147483647",
        "1e99999999999",
    ] {
        assert_eq!(
            probability_ppm(text),
            Err("a probability from 0 to 1"),
            "{text}"
        );
    }
    for text in ["0.0000001", "1e-7", "1e-2147483648"] {
        assert!(
            probability_ppm(text).is_err_and(|e| e.ends_with("6 decimals")),
            "{text}"
        );
    }
}

#[test]
fn underscores_and_other_bases_are_read_as_toml_means_them() {
    let radio = loaded(&seven(
        "radio = { bandwidth = 20_000, mtu = 0xB9, loss = 0.000_002 }",
    ))
    .radio;
    assert_eq!(
        (radio.bandwidth, radio.mtu, radio.loss_ppm),
        (Some(20_000), Some(185), Some(2))
    );
}

#[test]
fn numbers_are_shown_as_a_scenario_would_write_them() {
    for (us, text) in [
        (0, "0s"),
        (999, "999us"),
        (7_500, "7.5ms"),
        (30_000, "30ms"),
        (1_500_000, "1.5s"),
        (600_000_000, "600s"),
        (1_000_001, "1.000001s"),
    ] {
        assert_eq!(show_us(us), text);
        assert_eq!(duration_us(text), Ok(us));
    }
    assert_eq!(
        [0, 500, 20_000, 1_000_000].map(show_ppm),
        ["0 %", "0.05 %", "2 %", "100 %"]
    );
}
