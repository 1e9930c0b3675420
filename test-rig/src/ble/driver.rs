//! The loop that drives the phones of a bed: what the clock says, what radios report, what falls due.
//!
//! For each phone it does what a phone's shell does: an input, then the outputs in their order; a record is on the disk
//! before anything behind it is looked at; the time a node asks for is the time at which it is woken.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant as WallClock;

use bitcraps_core::node::Event;
use bitcraps_core::table::TableRules;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use super::adapter::AdapterRadio;
use super::bed::Bed;
use super::clock::Clock;
use super::ether::{Ether, EtherRadio, LINKS};
use super::host::{self, AdapterInfo, Versions};
use super::journal::Journals;
use super::problem::BluetoothProblem;
use super::radio::{Radio, Report, Reporter};
use super::result::{BedFinished, BedResult, histories};
use super::stand::Stand;
use super::world::{Shared, World};
use crate::checkers::Checkers;
use crate::run::{Finished, Played, conclude};
use crate::sim::{Observation, Phone, Room};

/// Phones that have not found each other after this long are not going to.
const FORMATION_MAX_US: u64 = 120_000_000;
/// Reports that are taken in before the clock is looked at again.
const REPORTS_AT_ONCE: usize = 64;

/// How a bed is played.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whether `watch` also sees whole messages and links.
    pub tapped: bool,
    /// Set from outside to end the run with what was found so far.
    pub stop: &'a AtomicBool,
}

/// Why a bed could not be played.
#[derive(Debug)]
pub enum BedError {
    /// Bluetooth cannot be used.
    Bluetooth(BluetoothProblem),
    /// The rig's own fault, in one line.
    Rig(String),
}

/// Plays a bed to its end, in virtual time if no phone of it has an adapter. `watch` sees everything that happens, in order.
///
/// # Errors
/// [`BedError`] if it cannot begin, or cannot go on.
pub fn run_bed(
    bed: &Bed,
    seed: u64,
    options: Options<'_>,
    watch: &mut dyn FnMut(&Room, &Observation),
) -> Result<BedFinished, BedError> {
    let clock = match bed.is_on_air() {
        true => Clock::real(),
        false => Clock::standing(),
    };
    play_bed(bed, seed, options, clock, watch)
}

/// [`run_bed`] by a clock of one's choice.
pub(super) fn play_bed(
    bed: &Bed,
    seed: u64,
    options: Options<'_>,
    clock: Clock,
    watch: &mut dyn FnMut(&Room, &Observation),
) -> Result<BedFinished, BedError> {
    let rig = |error: std::io::Error| BedError::Rig(error.to_string());
    let mut adapters = host::check(bed.needed()).map_err(BedError::Bluetooth)?;
    let seated = bed.adapters.iter().enumerate();
    let seats = seated.filter(|(_, name)| name.is_some());
    for (adapter, (player, _)) in adapters.iter_mut().zip(seats) {
        adapter.player = Some(player);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(rig)?;
    let (mut driver, mut reports) = Driver::new(bed, seed, options, Rc::new(clock))?;
    let reached = runtime.block_on(driver.play(&mut reports, watch));
    let result = driver.finish(reached, adapters);
    // Radios report to the end, and let go of their connections.
    driver.world.borrow_mut().close();
    result
}

struct Driver<'a> {
    bed: &'a Bed,
    seed: u64,
    stop: &'a AtomicBool,
    began: WallClock,
    clock: Rc<Clock>,
    world: Rc<RefCell<World>>,
    room: Room,
    checkers: Checkers,
    /// Edges of outages that are still to come: when, whose, and whether it is on then.
    power: Vec<(u64, usize, bool)>,
    decided_us: u64,
}

impl<'a> Driver<'a> {
    fn new(
        bed: &'a Bed,
        seed: u64,
        options: Options<'a>,
        clock: Rc<Clock>,
    ) -> Result<(Self, UnboundedReceiver<Report>), BedError> {
        let players = bed.adapters.len();
        let folder = journal_folder();
        let journals = Journals::create(&folder, players)
            .map_err(|error| BedError::Rig(format!("{}: {error}", folder.display())))?;
        let (adapters, memory, reports) = radios(bed, seed).map_err(BedError::Bluetooth)?;
        let world = World::new(Rc::clone(&clock), adapters, memory, journals);
        let world = Rc::new(RefCell::new(world));
        let outside = Box::new(Shared(Rc::clone(&world)));
        let scenario = bed.scenario.clone();
        let mut room =
            Room::on_air(scenario, seed, TableRules::default(), outside).map_err(BedError::Rig)?;
        if options.tapped {
            room.tap();
        }
        // Adapters report that they are on; the ether is switched on by hand.
        for phone in (0..players).filter(|phone| bed.adapters[*phone].is_none()) {
            world.borrow_mut().power(phone, true);
        }
        let checkers = Checkers::new(&room.phones);
        let driver = Self {
            bed,
            seed,
            stop: options.stop,
            began: WallClock::now(),
            clock,
            world,
            room,
            checkers,
            power: edges(bed),
            decided_us: 0,
        };
        Ok((driver, reports))
    }

    /// Plays until everybody who must finish has, or the time is up; gives whether they have.
    async fn play(
        &mut self,
        reports: &mut UnboundedReceiver<Report>,
        watch: &mut dyn FnMut(&Room, &Observation),
    ) -> bool {
        loop {
            let now_us = self.clock.now_us();
            self.room.pass_time(now_us);
            let begun = self.room.begin_if_formed();
            if begun {
                self.switch_controllers();
            }
            self.look(watch);
            let failed = self.world.borrow().failed.is_some();
            if failed || self.stop.load(Ordering::Relaxed) || self.is_over(begun, now_us) {
                return false;
            }
            if begun && self.have_all_finished() {
                return true;
            }
            let due = self.room.next_due_us().unwrap_or(u64::MAX);
            if let Some(report) = self.clock.wait(due, reports).await {
                self.hear(report);
                for _ in 0..REPORTS_AT_ONCE {
                    let Ok(report) = reports.try_recv() else {
                        break;
                    };
                    self.hear(report);
                }
            }
        }
    }

    fn hear(&mut self, report: Report) {
        let Report {
            phone,
            input,
            place,
        } = report;
        self.world.borrow_mut().note(phone, &input);
        let now_us = self.clock.now_us();
        self.room.pass_time(now_us);
        self.room.report(phone, input);
        drop(place);
    }

    /// Shows everything that was seen to the checkers and to whoever watches.
    fn look(&mut self, watch: &mut dyn FnMut(&Room, &Observation)) {
        while let Some(observation) = self.room.take_observation() {
            if let Observation::Event { phone, event } = &observation {
                self.world.borrow_mut().note_event(*phone, event);
                let honest = self.room.phones[*phone].is_honest();
                if honest && matches!(event, Event::Delivered { .. }) {
                    self.decided_us = self.room.game_us();
                }
            }
            self.checkers.observe(&self.room, &observation);
            watch(&self.room, &observation);
        }
        self.checkers.sample(&self.room);
    }

    fn switch_controllers(&mut self) {
        let now_ms = self.room.game_us() / 1000;
        while let Some((_, phone, on)) = self.power.pop_if(|(at, ..)| *at <= now_ms) {
            self.world.borrow_mut().power(phone, on);
            self.room.show_fault(&format!("power {phone}"), phone, !on);
        }
    }

    fn is_over(&self, begun: bool, now_us: u64) -> bool {
        if begun {
            return self.room.game_us() / 1000 >= self.bed.scenario.stop.at_ms;
        }
        now_us >= FORMATION_MAX_US
    }

    fn have_all_finished(&self) -> bool {
        let rounds = u64::from(self.bed.scenario.stop.rounds);
        let phones = self.room.phones.iter().enumerate();
        let mut waited_for =
            phones.filter(|(at, phone)| phone.must_finish() && !self.bed.ends_off(*at));
        // What is still to be done to a controller is a part of the bed.
        self.power.is_empty() && waited_for.all(|(_, phone)| phone.node.table().rolls() >= rounds)
    }

    fn finish(
        &mut self,
        reached: bool,
        adapters: Vec<AdapterInfo>,
    ) -> Result<BedFinished, BedError> {
        if let Some(problem) = self.world.borrow().failed.clone() {
            return Err(BedError::Rig(problem));
        }
        let played = Played {
            reached,
            stopped: self.stop.load(Ordering::Relaxed),
            decided_us: self.decided_us,
            wall: self.began.elapsed(),
        };
        let scenario = &self.bed.scenario;
        // On the air there is no healing of faults from outside: what stalls has stalled.
        let mut go_on = |_: &mut Room, _: &mut Checkers| {};
        let finished: Finished = conclude(
            scenario,
            self.seed,
            &mut self.room,
            &mut self.checkers,
            &played,
            &mut go_on,
        );
        let world = self.world.borrow();
        let result = BedResult {
            run: finished.result.clone(),
            adapters,
            versions: Versions::look_up(),
            formation_ms: self.room.formation_us() / 1000,
            unlinked: match self.room.game_us() {
                0 => self.room.unlinked(),
                _ => Vec::new(),
            },
            on_air: world.figures.finish(),
            histories: histories(&self.room),
            journal_records: world.journals.records,
            peak_memory_kib: host::peak_memory_kib(),
        };
        Ok(BedFinished { finished, result })
    }
}

/// A folder for the journals of one bed; several may be played at a time.
fn journal_folder() -> PathBuf {
    static BEDS: AtomicU64 = AtomicU64::new(0);
    let number = BEDS.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("rig-bed-{}-{number}", std::process::id()))
}

type Adapters = BTreeMap<usize, Box<dyn Radio>>;
type Memory = BTreeMap<usize, EtherRadio>;

/// Opens every radio of a bed.
fn radios(
    bed: &Bed,
    seed: u64,
) -> Result<(Adapters, Memory, UnboundedReceiver<Report>), BluetoothProblem> {
    let (queue, reports) = unbounded_channel();
    let on_air = Arc::new(AtomicU64::new(1));
    let in_memory = Arc::new(AtomicU64::new(LINKS));
    let service = Uuid::from_bytes(Phone::table_secret(seed).service().0);
    let ether = Rc::new(RefCell::new(Ether::default()));
    let (mut adapters, mut memory) = (Adapters::new(), Memory::new());
    let mut stand = None;
    for (phone, adapter) in bed.adapters.iter().enumerate() {
        let reporter = |numbers| Reporter::new(phone, queue.clone(), Arc::clone(numbers));
        if let Some(name) = adapter {
            let stand = match &stand {
                Some(stand) => stand,
                None => stand.insert(Stand::open()?),
            };
            let radio = AdapterRadio::open(stand, name, service, reporter(&on_air))?;
            adapters.insert(phone, Box::new(radio));
        }
        let radio = EtherRadio::join(&ether, phone, reporter(&in_memory), adapter.is_some());
        memory.insert(phone, radio);
    }
    Ok((adapters, memory, reports))
}

/// When controllers go off and on, the last first.
fn edges(bed: &Bed) -> Vec<(u64, usize, bool)> {
    let edges = bed.power.iter().flat_map(|outage| {
        let phone = usize::from(outage.player);
        let off = (outage.from_ms, phone, false);
        [Some(off), outage.until_ms.map(|until| (until, phone, true))]
    });
    let mut edges: Vec<_> = edges.flatten().collect();
    edges.sort_unstable_by(|a, b| b.cmp(a));
    edges
}
