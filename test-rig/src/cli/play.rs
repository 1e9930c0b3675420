//! `rig play`: a seat at a table of simulated phones.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use clap::Args;

use super::guard::{guard, stop};
use super::{SUPPORTED, draw_seed, print};
use crate::byzantine::BUILT;
use crate::play::bridge::{Intent, Said, State};
use crate::play::seat::{Asked, Opening, Table};
use crate::play::{screen, words};
use crate::scenario::{Behaviour, did_you_mean};

/// How often the table is looked at in real time.
const TICK: Duration = Duration::from_millis(50);

pub(super) const AFTER_HELP: &str = "\
On a terminal it draws the table; type what to do, Enter does it. On a pipe it reads a line for each thing to do, does one
after the other, and prints what happens:

  rig play                                             # four phones, one of them yours
  rig play --players 7 --liars equivocator=1,silent=1  # two of the others lie
  printf 'bet pass-line 10\\nroll\\n' | rig play --seed 1

With --fast no time passes but what is waited for. With --json lines in and out are JSON (see README, \"A table for
programs\"): {\"intent\":\"place\",\"bet\":\"pass-line\",\"amount\":10} in, states and news out.";

#[derive(Args, Debug)]
pub(super) struct PlayArgs {
    /// How many phones, yours included
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(2..=18))]
    players: u8,
    /// Your seat; without it the last one
    #[arg(long)]
    seat: Option<u8>,
    /// Who of the others lies: behaviours and how many, as in equivocator=1,silent=1
    #[arg(long, value_delimiter = ',', value_parser = liars, value_name = "HOW=MANY")]
    liars: Vec<(Behaviour, u8)>,
    /// The seed; without it one is drawn and printed
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds that the others think before they bet and roll
    #[arg(long, default_value_t = 6)]
    pace: u64,
    /// No real time: only what is waited for passes
    #[arg(long)]
    fast: bool,
    /// Speak JSON, a line each way
    #[arg(long)]
    json: bool,
    /// Lines also on a terminal
    #[arg(long)]
    plain: bool,
}

fn liars(text: &str) -> Result<(Behaviour, u8), String> {
    let (name, count) = text.split_once('=').unwrap_or((text, "1"));
    let found = BUILT.iter().find(|behaviour| behaviour.name() == name);
    let behaviour = found.ok_or_else(|| {
        let hint = did_you_mean(name, BUILT.iter().map(|b| b.name()), '`');
        let known: Vec<&str> = BUILT.iter().map(|b| b.name()).collect();
        format!("no behaviour {name:?}{hint}; there is {}", known.join(", "))
    })?;
    let count = count
        .parse()
        .map_err(|_| format!("expected a number after {name}="))?;
    Ok((*behaviour, count))
}

pub(super) fn play_command(args: &PlayArgs) -> u8 {
    let seed = args.seed.unwrap_or_else(draw_seed);
    let opening = Opening {
        players: args.players,
        seat: args.seat.unwrap_or(args.players - 1),
        seed,
        liars: args.liars.clone(),
        pace_ms: args.pace.min(3_600) * 1_000,
    };
    let again = again(args, seed);
    let screen =
        io::stdout().is_terminal() && io::stdin().is_terminal() && !args.json && !args.plain;
    let played = guard(&again, || {
        let table = Table::open(&opening, &SUPPORTED)?;
        if screen && !args.fast {
            return screen::play(table, &again).map_err(|error| error.to_string());
        }
        let mut lines = Lines {
            table,
            json: args.json,
            in_turn: !args.json && !io::stdin().is_terminal(),
            last: None,
        };
        lines.begin(&again);
        if args.fast {
            lines.fast();
        } else {
            lines.real_time();
        }
        lines.end();
        Ok(())
    });
    played.err().unwrap_or(0)
}

fn again(args: &PlayArgs, seed: u64) -> String {
    let liars = args
        .liars
        .iter()
        .map(|(kind, count)| format!("{kind}={count}"));
    let liars = liars.collect::<Vec<_>>().join(",");
    let liars = if liars.is_empty() {
        liars
    } else {
        format!(" --liars {liars}")
    };
    let seat = args
        .seat
        .map_or(String::new(), |seat| format!(" --seat {seat}"));
    format!(
        "rig play --players {}{seat}{liars} --seed {seed}",
        args.players
    )
}

/// The line mode: for people on a pipe, and for programs.
struct Lines {
    table: Table,
    json: bool,
    /// Whether a line waits until what the one before it asked for has come about: a script does not look at the table.
    in_turn: bool,
    /// The state that was said last, its time aside.
    last: Option<State>,
}

/// What the next line waits for in real time.
enum Turn {
    /// Nothing.
    Next,
    /// That the others are ready for a roll, since this moment of the table.
    Ready(u64),
    /// What was asked for.
    Asked(Asked),
}

impl Lines {
    fn begin(&mut self, again: &str) {
        if !self.json {
            print(&format!("again: {again}"));
            print("type what to do; `help` lists it");
        }
        self.state(true);
    }

    /// Does one line after the other, and lets time pass for each until what it asked for has come about.
    fn fast(&mut self) {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            let Some(intent) = self.read(&line) else {
                continue;
            };
            if intent == Intent::Quit || stop().load(Ordering::Relaxed) {
                break;
            }
            if intent == Intent::Roll {
                self.table.await_the_others();
            }
            self.act(&intent);
            self.table.advance_after(&intent);
            self.tell();
            self.state(self.json || intent == Intent::State);
            if self.table.is_over() {
                break;
            }
        }
    }

    fn real_time(&mut self) {
        let lines = stdin_lines();
        let (began, at) = (Instant::now(), self.table.ms());
        let mut turn = Turn::Next;
        while !stop().load(Ordering::Relaxed) && !self.table.is_over() {
            match turn {
                Turn::Asked(ref asked) if self.table.awaits(asked) => std::thread::sleep(TICK),
                Turn::Ready(since) if self.table.others_are_slow(since) => std::thread::sleep(TICK),
                Turn::Ready(_) => turn = self.take_turn(&Intent::Roll),
                Turn::Next | Turn::Asked(_) => match lines.recv_timeout(TICK) {
                    Ok(line) => match self.read(&line) {
                        Some(Intent::Quit) => return,
                        Some(Intent::Roll) if self.in_turn => turn = Turn::Ready(self.table.ms()),
                        Some(intent) => turn = self.take_turn(&intent),
                        None => {}
                    },
                    Err(RecvTimeoutError::Timeout) => {}
                    // Nobody is there any more: what is on its way may land, then the game is over.
                    Err(RecvTimeoutError::Disconnected) => {
                        self.table.advance_after(&Intent::Wait { ms: Some(1_000) });
                        self.tell();
                        return;
                    }
                },
            }
            let passed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.table.advance_to(at.saturating_add(passed));
            self.tell();
            if self.json {
                self.state(false);
            }
        }
    }

    fn take_turn(&mut self, intent: &Intent) -> Turn {
        self.act(intent);
        self.state(*intent == Intent::State);
        if self.in_turn {
            Turn::Asked(self.table.asked(intent))
        } else {
            Turn::Next
        }
    }

    fn end(&mut self) {
        self.tell();
        let state = self.table.state();
        if self.json {
            return self.state(true);
        }
        for seat in &state.seats {
            let on_layout: u64 = seat.bets.iter().map(|bet| bet.amount).sum();
            let you = if seat.seat == state.you { "  you" } else { "" };
            let (stack, status) = (seat.stack, &seat.status);
            print(&format!(
                "seat {:>2} {stack:>8} and {on_layout:>6} on the layout  {status}{you}",
                seat.seat
            ));
        }
        print(&format!("bank    {:>8}", state.bank));
    }

    fn read(&mut self, line: &str) -> Option<Intent> {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        let read = if self.json {
            serde_json::from_str(line).map_err(|error| format!("not an intent: {error}"))
        } else if line == "help" {
            print(words::HELP);
            return None;
        } else {
            words::intent(line)
        };
        match read {
            Ok(intent) => Some(intent),
            Err(problem) => {
                self.say(&Said::Refused { problem });
                None
            }
        }
    }

    fn act(&mut self, intent: &Intent) {
        if let Err(problem) = self.table.intend(intent) {
            self.say(&Said::Refused { problem });
        }
    }

    fn tell(&mut self) {
        for said in self.table.take_said() {
            self.say(&said);
        }
    }

    fn say(&self, said: &Said) {
        if self.json {
            return print(&serde_json::to_string(said).unwrap_or_default());
        }
        match said {
            Said::News(news) => print(&words::news(news)),
            Said::Refused { problem } => print(&format!("no: {problem}")),
            Said::State(state) => print(&words::state(state)),
        }
    }

    /// Says how things stand, if they do otherwise than when it was said last, or if it is asked for.
    fn state(&mut self, wanted: bool) {
        let state = self.table.state();
        let timeless = State {
            ms: 0,
            ..state.clone()
        };
        if wanted || self.last.as_ref() != Some(&timeless) {
            self.say(&Said::State(Box::new(state)));
            self.last = Some(timeless);
        }
    }
}

/// The lines of stdin, read by a thread of their own.
fn stdin_lines() -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let _ = io::stdout().flush();
    receiver
}
