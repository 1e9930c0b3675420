//! One adapter as one phone's radio: a task of its own, in which everything of that adapter happens in order.
//!
//! Two phones have one connection at most, whoever dialled, since the system keeps one for a pair of addresses. So a dial
//! to a phone that is linked already fails at once, and a connection is closed with the last link that uses it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use bitcraps_core::mesh::{LinkId, Role};
use bitcraps_core::node::{Handle, Input, LinkDownReason, RadioState};
#[cfg(target_os = "linux")]
use bluer::Session;
use btleplug::api::{
    BDAddr, Central as _, CentralEvent, CentralState, Manager as _, Peripheral as _, ScanFilter,
};
use btleplug::platform::{Adapter, Manager, Peripheral as Peer, PeripheralId};
use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use uuid::Uuid;

use super::central::{Dialled, carry, dial};
use super::ether::HANDLES;
#[cfg(target_os = "linux")]
use super::peripheral::Peripheral;
use super::problem::BluetoothProblem;
use super::radio::{Ask, Radio, Reporter};
use super::stand::Stand;

/// Phones that this adapter remembers; a stranger can have as many addresses as it likes.
const SEEN_MAX: usize = 256;
/// Whoever is in range and not linked is reported this often again: the node dials again only whom it hears of.
const SIGHTINGS: Duration = Duration::from_secs(2);
/// BlueZ is not seen while it dials, so two that dial each other both fail, and again in step. The lower address has this
/// long to dial the higher one.
const PRECEDENCE: Duration = Duration::from_secs(12);
/// What is reported where the system does not tell the signal's strength.
const RSSI_UNKNOWN: i8 = -70;
/// What closing everything may take at the end.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// What tasks of this adapter tell it.
pub(super) enum Happened {
    /// A dial is over.
    Dialled(PeripheralId, Result<Box<Dialled>, String>),
    /// A link's task has ended.
    Broke(LinkId),
    /// Somebody who has subscribed wrote for the first time: a link is up at our end.
    #[cfg(target_os = "linux")]
    Arrived(LinkId, BDAddr),
}

/// The handle that a phone holds.
#[derive(Debug)]
pub(super) struct AdapterRadio {
    asks: Option<UnboundedSender<Ask>>,
    ended: mpsc::Receiver<()>,
    _stand: Arc<Stand>,
}

impl AdapterRadio {
    /// Opens an adapter and serves the table's service on it.
    pub(super) fn open(
        stand: &Arc<Stand>,
        name: &str,
        service: Uuid,
        reporter: Reporter,
    ) -> Result<Self, BluetoothProblem> {
        let (asks, heard) = unbounded_channel();
        let (ready, opened) = mpsc::channel();
        let name = name.to_owned();
        #[cfg(target_os = "linux")]
        let session = stand.session().clone();
        let ended = stand.serve(async move {
            let station = Station::open(
                #[cfg(target_os = "linux")]
                &session,
                &name,
                service,
                reporter,
            );
            match station.await {
                Ok(station) => {
                    let _ = ready.send(Ok(()));
                    station.run(heard).await;
                }
                Err(problem) => {
                    let _ = ready.send(Err(problem));
                }
            }
        });
        let gone = || BluetoothProblem::Other("the adapter's task has ended".to_owned());
        opened.recv().map_err(|_| gone())??;
        Ok(Self {
            asks: Some(asks),
            ended,
            _stand: Arc::clone(stand),
        })
    }
}

impl Radio for AdapterRadio {
    fn ask(&mut self, ask: Ask) {
        if let Some(asks) = &self.asks {
            let _ = asks.send(ask);
        }
    }
}

impl Drop for AdapterRadio {
    fn drop(&mut self) {
        self.asks = None;
        let _ = self.ended.recv();
    }
}

/// A link as the adapter sees it.
struct Line {
    address: BDAddr,
    /// Where its chunks go; a peripheral's all go to its one outbox.
    chunks: Option<UnboundedSender<Vec<u8>>>,
}

/// A phone of the table that was seen.
struct Seen {
    handle: Handle,
    address: BDAddr,
    peripheral: Peer,
    /// Since when there is no link to it.
    apart: Instant,
}

struct Station {
    adapter: Adapter,
    /// Our own, where the system tells it.
    address: BDAddr,
    service: Uuid,
    reporter: Reporter,
    lines: BTreeMap<LinkId, Line>,
    seen: BTreeMap<PeripheralId, Seen>,
    scanning: bool,
    happened: UnboundedSender<Happened>,
    happenings: Option<UnboundedReceiver<Happened>>,
    #[cfg(target_os = "linux")]
    peripheral: Peripheral,
}

impl Station {
    async fn open(
        #[cfg(target_os = "linux")] session: &Session,
        name: &str,
        service: Uuid,
        reporter: Reporter,
    ) -> Result<Self, BluetoothProblem> {
        let told = |error: btleplug::Error| BluetoothProblem::Other(error.to_string());
        let manager = Manager::new().await.map_err(told)?;
        let mut found = None;
        for adapter in manager.adapters().await.map_err(told)? {
            let info = adapter.adapter_info().await.map_err(told)?;
            if info.split_whitespace().next() == Some(name) {
                found = Some(adapter);
            }
        }
        let adapter = found.ok_or_else(|| BluetoothProblem::Missing {
            name: name.to_owned(),
            found: Vec::new(),
        })?;
        let (happened, happenings) = unbounded_channel();
        Ok(Self {
            #[cfg(target_os = "linux")]
            peripheral: Peripheral::serve(
                session,
                name,
                service,
                reporter.clone(),
                happened.clone(),
            )
            .await?,
            address: adapter
                .adapter_address()
                .await
                .map_err(told)?
                .unwrap_or_default(),
            adapter,
            service,
            reporter,
            lines: BTreeMap::new(),
            seen: BTreeMap::new(),
            scanning: false,
            happened,
            happenings: Some(happenings),
        })
    }

    /// Serves the phone until it lets go of the radio.
    async fn run(mut self, mut asks: UnboundedReceiver<Ask>) {
        let (Ok(mut events), Some(mut happenings)) =
            (self.adapter.events().await, self.happenings.take())
        else {
            self.reporter.report(Input::RadioState(RadioState::Off));
            return;
        };
        self.reporter.report(Input::RadioState(RadioState::On));
        let mut sightings = tokio::time::interval(SIGHTINGS);
        loop {
            // A link that has come up is known before the phone asks anything of it.
            tokio::select! {
                biased;
                Some(happened) = happenings.recv() => self.on_happened(happened).await,
                ask = asks.recv() => match ask {
                    Some(ask) => self.carry_out(ask).await,
                    None => break,
                },
                Some(event) = events.next() => self.on_event(event).await,
                _ = sightings.tick() => self.report_everybody().await,
            }
        }
        let _ = timeout(CLOSING_MAX, self.close()).await;
    }

    async fn carry_out(&mut self, ask: Ask) {
        match ask {
            Ask::Advertise(on) => self.advertise(on).await,
            Ask::Scan(on) => self.scan(on).await,
            Ask::Connect(handle) => self.connect(handle),
            Ask::Transmit { link, chunk } => self.transmit(link, chunk),
            Ask::Disconnect(link) => self.hang_up(link, LinkDownReason::Local).await,
            Ask::Power(on) => self.power(on).await,
        }
    }

    // ------------------------------------------------------------------ finding each other

    async fn advertise(&mut self, on: bool) {
        #[cfg(target_os = "linux")]
        self.peripheral.advertise(on).await;
        #[cfg(not(target_os = "linux"))]
        let _ = on;
    }

    async fn scan(&mut self, on: bool) {
        if self.scanning {
            let _ = self.adapter.stop_scan().await;
        }
        self.scanning = on;
        if on {
            // One that fails is asked for again by the node, or was cut off with the radio.
            let services = vec![self.service];
            let _ = self.adapter.start_scan(ScanFilter { services }).await;
            self.report_everybody().await;
        }
    }

    async fn on_event(&mut self, event: CentralEvent) {
        match event {
            CentralEvent::ServicesAdvertisement { id, services }
                if services.contains(&self.service) =>
            {
                self.remember(&id).await;
            }
            CentralEvent::DeviceDisconnected(id) => {
                if let Some(address) = self.address(&id).await {
                    self.on_disconnected(address);
                }
            }
            CentralEvent::StateUpdate(CentralState::PoweredOff) => self.on_off(),
            CentralEvent::StateUpdate(CentralState::PoweredOn) => {
                self.reporter.report(Input::RadioState(RadioState::On));
            }
            _ => {}
        }
    }

    /// A phone that shows the table's service: new ones are reported at once, all of them in turn.
    async fn remember(&mut self, id: &PeripheralId) {
        if self.seen.contains_key(id) || self.seen.len() >= SEEN_MAX {
            return;
        }
        let Ok(peripheral) = self.adapter.peripheral(id).await else {
            return;
        };
        let seen = Seen {
            handle: Handle(HANDLES + self.seen.len() as u64),
            address: peripheral.address(),
            peripheral,
            apart: Instant::now(),
        };
        self.report_sighting(&seen).await;
        self.seen.insert(id.clone(), seen);
    }

    /// Reports everybody whom the system has not forgotten.
    async fn report_everybody(&self) {
        for seen in self.seen.values() {
            self.report_sighting(seen).await;
        }
    }

    async fn report_sighting(&self, seen: &Seen) {
        let first = self.address < seen.address || seen.apart.elapsed() >= PRECEDENCE;
        if !self.scanning || !first || self.is_linked(seen.address) {
            return;
        }
        let Ok(Some(properties)) = seen.peripheral.properties().await else {
            return;
        };
        let rssi = properties.rssi.map_or(RSSI_UNKNOWN, |rssi| {
            i8::try_from(rssi).unwrap_or(RSSI_UNKNOWN)
        });
        self.reporter.report(Input::Discovered {
            handle: seen.handle,
            rssi,
            hint: None,
        });
    }

    async fn address(&self, id: &PeripheralId) -> Option<BDAddr> {
        if let Some(seen) = self.seen.get(id) {
            return Some(seen.address);
        }
        let peripheral = self.adapter.peripheral(id).await.ok()?;
        Some(peripheral.address())
    }

    // ------------------------------------------------------------------ links

    fn is_linked(&self, address: BDAddr) -> bool {
        self.lines.values().any(|line| line.address == address)
    }

    fn connect(&mut self, handle: Handle) {
        let known = self.seen.iter().find(|(_, seen)| seen.handle == handle);
        let free = known.filter(|(_, seen)| !self.is_linked(seen.address));
        let Some((id, seen)) = free else {
            self.dial_failed();
            return;
        };
        log(&format!("dial to {id}"));
        let (peripheral, id, service) = (seen.peripheral.clone(), id.clone(), self.service);
        let happened = self.happened.clone();
        tokio::spawn(async move {
            let dialled = dial(peripheral, service).await;
            let _ = happened.send(Happened::Dialled(id, dialled.map(Box::new)));
        });
    }

    fn dial_failed(&self) {
        self.reporter.report(Input::LinkDown {
            link: self.reporter.fresh_link(),
            reason: LinkDownReason::ConnectFailed,
        });
    }

    async fn on_happened(&mut self, happened: Happened) {
        match happened {
            Happened::Dialled(_, Ok(dialled)) => self.on_dialled(*dialled),
            Happened::Dialled(id, Err(problem)) => {
                log(&format!("dial to {id} failed: {problem}"));
                let address = self.address(&id).await;
                // Half a connection helps nobody, unless the other end has made a whole one of it.
                if address.is_some_and(|address| !self.is_linked(address)) {
                    self.disconnect(&id);
                }
                self.dial_failed();
            }
            Happened::Broke(link) => self.hang_up(link, LinkDownReason::Remote).await,
            #[cfg(target_os = "linux")]
            Happened::Arrived(link, address) => {
                log(&format!("link {} from {address} is up", link.0));
                let line = Line {
                    address,
                    chunks: None,
                };
                self.lines.insert(link, line);
            }
        }
    }

    fn on_dialled(&mut self, dialled: Dialled) {
        let link = self.reporter.fresh_link();
        log(&format!("link {} to {} is up", link.0, dialled.address));
        let (chunks, waiting) = unbounded_channel();
        let (address, mtu) = (dialled.address, dialled.mtu);
        let line = Line {
            address,
            chunks: Some(chunks),
        };
        self.lines.insert(link, line);
        self.reporter.report(Input::LinkUp {
            link,
            role: Role::Central,
            mtu,
        });
        let inlet = self.reporter.inlet(link);
        tokio::spawn(carry(dialled, inlet, waiting, self.happened.clone()));
    }

    fn transmit(&mut self, link: LinkId, chunk: Vec<u8>) {
        match self.lines.get(&link) {
            Some(Line {
                chunks: Some(chunks),
                ..
            }) => {
                let _ = chunks.send(chunk);
            }
            #[cfg(target_os = "linux")]
            Some(_) => self.peripheral.notify(link, chunk),
            #[cfg(not(target_os = "linux"))]
            Some(_) => {}
            None => {}
        }
    }

    /// Closes a link; its connection goes with the last link that uses it.
    async fn hang_up(&mut self, link: LinkId, reason: LinkDownReason) {
        let Some(address) = self.drop_line(link, reason) else {
            return;
        };
        if !self.is_linked(address) {
            #[cfg(target_os = "linux")]
            self.peripheral.show_out(address);
            self.disconnect_address(address).await;
        }
    }

    /// Forgets a link and reports that it is down; gives whose it was.
    fn drop_line(&mut self, link: LinkId, reason: LinkDownReason) -> Option<BDAddr> {
        let Line { address, .. } = self.lines.remove(&link)?;
        log(&format!(
            "link {} with {address} is down: {reason:?}",
            link.0
        ));
        #[cfg(target_os = "linux")]
        self.peripheral.forget(link);
        let seen = self.seen.values_mut().find(|seen| seen.address == address);
        if let Some(seen) = seen {
            seen.apart = Instant::now();
        }
        self.reporter.report(Input::LinkDown { link, reason });
        Some(address)
    }

    async fn disconnect_address(&self, address: BDAddr) {
        let known = self.seen.iter().find(|(_, seen)| seen.address == address);
        if let Some((id, _)) = known {
            self.disconnect(id);
            return;
        }
        // Somebody whom only our peripheral has met.
        for peripheral in self.adapter.peripherals().await.unwrap_or_default() {
            if peripheral.address() == address {
                self.disconnect(&peripheral.id());
            }
        }
    }

    /// Takes a connection down; BlueZ needs up to two seconds for it, so nobody waits.
    fn disconnect(&self, id: &PeripheralId) {
        let (adapter, id) = (self.adapter.clone(), id.clone());
        tokio::spawn(async move {
            if let Ok(peripheral) = adapter.peripheral(&id).await {
                let _ = peripheral.disconnect().await;
            }
        });
    }

    fn on_disconnected(&mut self, address: BDAddr) {
        #[cfg(target_os = "linux")]
        self.peripheral.let_in(address);
        let gone = self
            .lines
            .iter()
            .filter(|(_, line)| line.address == address);
        let gone: Vec<LinkId> = gone.map(|(link, _)| *link).collect();
        self.drop_lines(gone, LinkDownReason::Remote);
    }

    fn drop_lines(&mut self, links: Vec<LinkId>, reason: LinkDownReason) {
        for link in links {
            self.drop_line(link, reason);
        }
    }

    // ------------------------------------------------------------------ power

    async fn power(&mut self, on: bool) {
        #[cfg(target_os = "linux")]
        if let Err(problem) = self.peripheral.power(on).await {
            log(&format!("the controller cannot be switched: {problem}"));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = on;
    }

    fn on_off(&mut self) {
        self.scanning = false;
        let links = self.lines.keys().copied().collect();
        self.drop_lines(links, LinkDownReason::Timeout);
        self.reporter.report(Input::RadioState(RadioState::Off));
    }

    /// Leaves nothing behind: a connection would outlive the process.
    async fn close(mut self) {
        self.scan(false).await;
        self.advertise(false).await;
        let addresses: Vec<BDAddr> = self.lines.values().map(|line| line.address).collect();
        for peripheral in self.adapter.peripherals().await.unwrap_or_default() {
            if addresses.contains(&peripheral.address()) {
                let _ = peripheral.disconnect().await;
            }
        }
    }
}

/// What happens on the air, for a person who looks for a reason: only if `RIG_BLE_LOG` is set. Seconds since the first line.
pub(super) fn log(text: &str) {
    use std::io::Write;
    static FIRST: OnceLock<Instant> = OnceLock::new();
    if std::env::var_os("RIG_BLE_LOG").is_some() {
        let since = FIRST.get_or_init(Instant::now).elapsed();
        let _ = writeln!(std::io::stderr(), "ble {:.3}: {text}", since.as_secs_f64());
    }
}
