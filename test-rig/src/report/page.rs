//! The page itself.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::gather::{DRAWN_MAX, Found, Gathered};
use crate::show::again;
use crate::trace::{Band, End, Header};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing is fetched from anywhere, and nothing can be.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn page(header: &Header, gathered: &Gathered, end: &End) -> String {
    let outcome = end.result["outcome"].as_str().unwrap_or("unknown");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (header.name) " · " (outcome) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (verdict(header, outcome, end))
                (properties(&end.result))
                (bands(header, gathered))
                (diagram(gathered))
                (latency(header, gathered))
                (bandwidth(header, gathered))
                (evidence(gathered))
                (disk(gathered))
                (ledger(end))
                (notes(gathered))
                (scenario(header))
                script type="application/json" id="data" { (PreEscaped(embedded(&gathered.data(header)))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// JSON that no browser takes for markup.
fn embedded(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c")
}

fn verdict(header: &Header, outcome: &str, end: &End) -> Markup {
    let result = &end.result;
    let number = |key: &str| result[key].as_u64().unwrap_or(0);
    html! {
        h1 { (header.name) " " span.verdict.(outcome) id="verdict" { (outcome) } }
        p { (header.summary) }
        p.soft {
            (header.players) " phones, up to " (header.f) " may lie, " (header.quorum) " decide · "
            (number("rolls")) " rolls, " (number("decisions")) " decisions, " (number("view_changes")) " view changes in "
            (format!("{:.1}", result["virtual_seconds"].as_f64().unwrap_or(0.0))) " s"
        }
        pre id="again" { (again(&header.given, header.seed)) }
        p.soft { "rig " (header.rig) ", protocol " (header.protocol) " · trace " code { (result["trace_hash"].as_str().unwrap_or("")) } }
    }
}

fn properties(result: &Value) -> Markup {
    let list = result["properties"].as_object();
    html! {
        h2 { "What must hold" }
        div.wide { table id="properties" {
            tr { th { "property" } th { "" } th.n { "checked" } th { "first violation" } }
            @for (name, property) in list.into_iter().flatten() {
                @let status = property["status"].as_str().unwrap_or("unknown");
                tr {
                    td { (name) }
                    td.(status) { (status) }
                    td.n { (property["checked"]) }
                    td { (property["violation"].as_str().unwrap_or("")) }
                }
            }
        } }
    }
}

/// Slots delivered a second, with what went wrong meanwhile over them.
fn bands(header: &Header, gathered: &Gathered) -> Markup {
    const WIDTH: u64 = 1000;
    const BARS: u64 = 80;
    const ROW: u64 = 16;
    let seconds = u64::try_from(gathered.end_us / 1_000_000).unwrap_or(0) + 1;
    let most = gathered.per_second.values().copied().max().unwrap_or(1);
    let x = |ms: u64| (ms * WIDTH / (seconds * 1000)).min(WIDTH);
    let height = BARS + 4 + ROW * header.bands.len() as u64;
    html! {
        h2 { "Decisions a second, and what went wrong meanwhile" }
        div.wide { svg.bands viewBox=(format!("0 0 {WIDTH} {}", height + 16)) width="100%" style="min-width:30rem" {
            @for (second, count) in &gathered.per_second {
                @if let Ok(second) = u64::try_from(*second) {
                    @let tall = count * BARS / most;
                    rect.bar x=(x(second * 1000)) y=(BARS - tall) width=((WIDTH / seconds).max(1)) height=(tall) {
                        title { (count) " in second " (second) }
                    }
                }
            }
            @for (row, band) in header.bands.iter().enumerate() {
                @let Band { what, lie, from_ms, until_ms } = band;
                @let (from, until) = (x(*from_ms), until_ms.map_or(WIDTH, x));
                @let y = BARS + 4 + ROW * row as u64;
                rect.(if *lie { "lie" } else { "fault" }) x=(from) y=(y) width=((until - from.min(until)).max(2)) height=(ROW - 3) {}
                text x=((from + 4).min(WIDTH - 160)) y=(y + 10) { (what) }
            }
            text x="0" y=(height + 12) { "0 s" }
            text x=(WIDTH) y=(height + 12) text-anchor="end" { (seconds) " s" }
            text x=(WIDTH) y="10" text-anchor="end" { "most " (most) " a second" }
        } }
    }
}

fn diagram(gathered: &Gathered) -> Markup {
    let (drawn, all) = (gathered.drawn(), gathered.messages);
    html! {
        h2 { "Messages" }
        @if (drawn as u64) < all {
            p.stalled id="notice" {
                "Drawn are " (drawn) " of " (all) " messages: the first " (DRAWN_MAX) ", and every second statement of a liar. "
                code { "rig report TRACE --from SECONDS" } " draws a later part."
            }
        }
        p.soft {
            "A column is a phone, time runs down. Dashed: it had no effect. Dotted stub: it was lost. Red: a second statement for "
            "one place, or a signature that does not fit. Hover for the fields; click a red one for both."
        }
        div.chips id="types" {}
        div.controls {
            select id="phone" { option value="" { "all phones" } }
            label { "slot " input type="number" id="seq" min="0"; }
            label { input type="checkbox" id="lies"; "only lies" }
            label { input type="checkbox" id="real"; "true to time" }
            span.soft id="count" {}
        }
        div id="diagram" {}
        pre id="detail" { "" }
    }
}

fn latency(header: &Header, gathered: &Gathered) -> Markup {
    let rows = |pick: &dyn Fn(u8) -> bool| gathered.latency.rows(pick);
    let phones: Vec<u8> = (0..header.players).filter(|p| !header.lies(*p)).collect();
    html! {
        h2 { "Latency by phase, in ms" }
        div.wide { table id="latency" {
            tr { th { "phone" } th { "phase" } th.n { "times" } th.n { "p50" } th.n { "p95" } th.n { "p99" } th.n { "max" } }
            @for (phase, count, p) in rows(&|node| !header.lies(node)) {
                tr { td { "all" } td { (phase) } td.n { (count) } td.n { (p.p50) } td.n { (p.p95) } td.n { (p.p99) } td.n { (p.max) } }
            }
        } }
        details {
            summary { "by phone" }
            div.wide { table {
                tr { th { "phone" } th { "phase" } th.n { "times" } th.n { "p50" } th.n { "p95" } th.n { "p99" } th.n { "max" } }
                @for phone in phones {
                    @for (phase, count, p) in rows(&|node| node == phone) {
                        tr { td { (phone) } td { (phase) } td.n { (count) } td.n { (p.p50) } td.n { (p.p95) } td.n { (p.p99) } td.n { (p.max) } }
                    }
                }
            } }
        }
    }
}

fn bandwidth(header: &Header, gathered: &Gathered) -> Markup {
    let kinds: BTreeSet<&str> = gathered
        .sent
        .keys()
        .map(|(_, kind)| kind.as_str())
        .collect();
    let of = |phone: u8, kind: &str| {
        let key = (phone, kind.to_owned());
        gathered.sent.get(&key).copied().unwrap_or_default()
    };
    let total = |phone: u8| -> u64 {
        let own = gathered
            .sent
            .iter()
            .filter(|((other, _), _)| *other == phone);
        own.map(|(_, (_, bytes))| bytes).sum()
    };
    html! {
        h2 { "Bytes that each phone sent, by kind of message" }
        div.wide { table id="bytes" {
            tr {
                th { "kind" }
                @for phone in 0..header.players { th.n { @if header.lies(phone) { span.liar { "! " (phone) } } @else { (phone) } } }
                th.n { "all" } th.n { "messages" }
            }
            @for kind in &kinds {
                @let sums = (0..header.players).map(|phone| of(phone, kind));
                @let (count, bytes) = sums.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
                tr {
                    td { (kind) }
                    @for phone in 0..header.players { td.n { (of(phone, kind).1) } }
                    td.n { (bytes) } td.n { (count) }
                }
            }
            tr {
                th { "all" }
                @for phone in 0..header.players { td.n { (total(phone)) } }
                td.n { ((0..header.players).map(total).sum::<u64>()) } td.n { (gathered.messages) }
            }
        } }
        p.soft { "Whole messages, relayed ones too, without what chunks and sessions add. " (gathered.lost) " were lost with their links." }
        @if !gathered.ignored.is_empty() {
            details {
                summary { "messages without effect, by reason" }
                table {
                    @for (reason, count) in &gathered.ignored { tr { td { (reason) } td.n { (count) } } }
                }
            }
        }
    }
}

fn evidence(gathered: &Gathered) -> Markup {
    html! {
        h2 { "Evidence" }
        div id="evidence" {
            @if gathered.evidence.is_empty() { p.soft { "Nobody was proven to have lied." } }
            @for Found { line, seen_by } in gathered.evidence.values() {
                @let verified = line.msg.get("verified").and_then(Value::as_bool);
                p {
                    strong.liar { "Seat " (line.number("seat").unwrap_or(0)) ": " (line.text("lie")) }
                    " · first at " (seconds(line.t)) " · shown to players "
                    (seen_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
                    @match verified {
                        Some(true) => { " · " span.held { "both signatures checked by the rig" } }
                        Some(false) => { " · " span.violated { "DOES NOT HOLD by the rig's own check" } }
                        None => { " · " span.unknown { "not of a kind, or of an epoch, that the rig checks again" } }
                    }
                }
                @for half in line.msg.get("halves").and_then(Value::as_array).into_iter().flatten() {
                    div.half.mono {
                        @for (key, value) in half.as_object().into_iter().flatten() {
                            div { span.soft { (key) " " } (plain(value)) }
                        }
                    }
                }
                details { summary { "the evidence as it travels" } pre { (line.text("evidence")) } }
            }
        }
    }
}

fn disk(gathered: &Gathered) -> Markup {
    html! {
        h2 { "Journal" }
        div.wide { table {
            tr { th { "phone" } th.n { "records" } th.n { "bytes" } }
            @for (phone, (count, bytes)) in &gathered.persisted { tr { td { (phone) } td.n { (count) } td.n { (bytes) } } }
        } }
    }
}

fn ledger(end: &End) -> Markup {
    let balances = &end.balances;
    let (bank_start, bank) = (balances.bank_start, balances.bank);
    let bank_up = i128::from(bank) - i128::from(bank_start);
    let (issued, sum) = balances.sums();
    html! {
        h2 { "Ledger" }
        div.wide { table id="ledger" {
            tr { th { "seat" } th.n { "start" } th.n { "stack" } th.n { "on layout" } th.n { "net" } }
            @for (at, seat) in balances.seats.iter().enumerate() {
                tr {
                    td { (at) @if seat.lies { " " span.liar { "lies" } } }
                    td.n { (seat.start) } td.n { (seat.stack) } td.n { (seat.layout) } td.n { (format!("{:+}", seat.up())) }
                }
            }
            tr { td { "bank" } td.n { (bank_start) } td.n { (bank) } td {} td.n { (format!("{bank_up:+}")) } }
            tr {
                th { "all" } td.n { (issued) } td.n { (sum) } td {}
                td { @if sum == issued { span.held { "adds up" } } @else { span.violated { "DOES NOT ADD UP" } } }
            }
        } }
    }
}

fn notes(gathered: &Gathered) -> Markup {
    html! {
        h2 { "What happened" }
        details {
            summary { (gathered.notes.len()) " lines, as the lowest honest phone saw it" }
            pre { @for (at, words) in &gathered.notes { (seconds(*at)) "  " (words) "\n" } }
        }
    }
}

fn scenario(header: &Header) -> Markup {
    html! {
        h2 { "Scenario" }
        pre { (header.scenario) }
    }
}

fn seconds(us: i64) -> String {
    let sign = if us < 0 { "−" } else { "" };
    let us = us.unsigned_abs();
    format!("{sign}{}.{:03} s", us / 1_000_000, us / 1000 % 1000)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
