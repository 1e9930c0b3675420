//! The peripheral's end of links, by bluer: the service, its advertisement, and one outbox for everybody.
//!
//! BlueZ says who wrote, but not who subscribed after the first, so a link is up at our end with the first write. A central
//! writes only after it has subscribed (`core/docs/gatt.md`). A notification goes to all who have subscribed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bitcraps_core::mesh::{LinkId, Role};
use bitcraps_core::node::Input;
use bluer::adv::{Advertisement, AdvertisementHandle};
use bluer::gatt::local::{
    Application, ApplicationHandle, Characteristic, CharacteristicNotifier, CharacteristicNotify,
    CharacteristicNotifyMethod, CharacteristicWrite, CharacteristicWriteMethod,
    CharacteristicWriteRequest, ReqError, Service,
};
use bluer::{Adapter, Address, Session};
use btleplug::api::BDAddr;
use futures_util::FutureExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use uuid::Uuid;

use super::adapter::{Happened, log};
use super::central::{INBOX, MTU_USED_MAX, OUTBOX};
use super::problem::BluetoothProblem;
use super::radio::{Inlet, Reporter};

/// Centrals at a time; more than any controller holds.
const GUESTS_MAX: usize = 32;

/// Whoever is shown out has no link until its connection is gone, or for so long, should nobody say that it is.
const LEAVING_MAX: Duration = Duration::from_secs(3);

/// Those who wrote to us, by address.
#[derive(Debug)]
struct Guests {
    reporter: Reporter,
    happened: UnboundedSender<Happened>,
    inlets: BTreeMap<Address, Inlet>,
    /// Since when somebody's connection is being closed. What is written there meanwhile would bring up a link a write.
    leaving: BTreeMap<Address, Instant>,
}

type SharedGuests = Arc<Mutex<Guests>>;
/// Set as long as anybody has subscribed.
type SharedNotifier = Arc<Mutex<Option<CharacteristicNotifier>>>;

/// Our service on one adapter.
pub(super) struct Peripheral {
    adapter: Adapter,
    service: Uuid,
    guests: SharedGuests,
    outbox: UnboundedSender<(Inlet, Vec<u8>)>,
    advertisement: Option<AdvertisementHandle>,
    _application: ApplicationHandle,
}

impl Peripheral {
    pub(super) async fn serve(
        session: &Session,
        name: &str,
        service: Uuid,
        reporter: Reporter,
        happened: UnboundedSender<Happened>,
    ) -> Result<Self, BluetoothProblem> {
        let told = |error: bluer::Error| BluetoothProblem::Other(error.to_string());
        let adapter = session.adapter(name).map_err(told)?;
        let broken = happened.clone();
        let guests = Arc::new(Mutex::new(Guests {
            reporter,
            happened,
            inlets: BTreeMap::new(),
            leaving: BTreeMap::new(),
        }));
        let notifier = SharedNotifier::default();
        let application = application(service, &guests, &notifier);
        let application = adapter.serve_gatt_application(application).await;
        let (outbox, waiting) = unbounded_channel();
        let postman = notify_all(adapter.clone(), notifier, waiting, broken);
        tokio::spawn(postman);
        Ok(Self {
            _application: application.map_err(told)?,
            adapter,
            service,
            guests,
            outbox,
            advertisement: None,
        })
    }

    /// Shows the service, or no longer does. What was shown before ends first, since it may have ended unsaid.
    pub(super) async fn advertise(&mut self, on: bool) {
        self.advertisement = None;
        if !on {
            return;
        }
        let advertisement = Advertisement {
            service_uuids: [self.service].into(),
            ..Advertisement::default()
        };
        match self.adapter.advertise(advertisement).await {
            Ok(handle) => self.advertisement = Some(handle),
            Err(error) => log(&format!("it cannot advertise: {error}")),
        }
    }

    /// Hands a chunk to the one outbox.
    pub(super) fn notify(&self, link: LinkId, chunk: Vec<u8>) {
        let guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        let inlet = guests.inlets.values().find(|inlet| inlet.link == link);
        if let Some(inlet) = inlet.cloned() {
            let _ = self.outbox.send((inlet, chunk));
        }
    }

    /// A link is gone: whoever writes from there next is somebody new.
    pub(super) fn forget(&self, link: LinkId) {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.inlets.retain(|_, inlet| inlet.link != link);
    }

    /// A connection is being closed.
    pub(super) fn show_out(&self, address: BDAddr) {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.show_out(Address(address.into_inner()));
    }

    /// A connection is gone: whoever has that address may come again.
    pub(super) fn let_in(&self, address: BDAddr) {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.leaving.remove(&Address(address.into_inner()));
    }

    /// Switches the controller.
    pub(super) async fn power(&mut self, on: bool) -> Result<(), bluer::Error> {
        self.adapter.set_powered(on).await
    }
}

fn application(service: Uuid, guests: &SharedGuests, notifier: &SharedNotifier) -> Application {
    let (guests, notifier) = (Arc::clone(guests), Arc::clone(notifier));
    let write = move |value: Vec<u8>, request: CharacteristicWriteRequest| {
        let written = written(&guests, value, request.device_address, request.mtu);
        async move { written }.boxed()
    };
    let subscribed = move |subscription: CharacteristicNotifier| {
        let mut notifier = notifier.lock().unwrap_or_else(PoisonError::into_inner);
        *notifier = Some(subscription);
        async {}.boxed()
    };
    let inbox = Characteristic {
        uuid: INBOX,
        write: Some(CharacteristicWrite {
            write_without_response: true,
            method: CharacteristicWriteMethod::Fun(Box::new(write)),
            ..CharacteristicWrite::default()
        }),
        ..Characteristic::default()
    };
    let outbox = Characteristic {
        uuid: OUTBOX,
        notify: Some(CharacteristicNotify {
            notify: true,
            method: CharacteristicNotifyMethod::Fun(Box::new(subscribed)),
            ..CharacteristicNotify::default()
        }),
        ..Characteristic::default()
    };
    Application {
        services: vec![Service {
            uuid: service,
            primary: true,
            characteristics: vec![inbox, outbox],
            ..Service::default()
        }],
        ..Application::default()
    }
}

/// Somebody wrote: maybe for the first time, maybe more than a link may have waiting.
fn written(
    guests: &SharedGuests,
    value: Vec<u8>,
    address: Address,
    mtu: u16,
) -> Result<(), ReqError> {
    let mut guests = guests.lock().unwrap_or_else(PoisonError::into_inner);
    if guests.is_leaving(address) {
        return Err(ReqError::NotPermitted);
    }
    if !guests.inlets.contains_key(&address) {
        if guests.inlets.len() >= GUESTS_MAX {
            return Err(ReqError::NotPermitted);
        }
        guests.welcome(address, mtu);
    }
    let inlet = guests.inlets.get(&address).ok_or(ReqError::Failed)?;
    if inlet.receive(value) {
        return Ok(());
    }
    let broken = Happened::Broke(inlet.link);
    let _ = guests.happened.send(broken);
    guests.show_out(address);
    Err(ReqError::NotPermitted)
}

impl Guests {
    fn show_out(&mut self, address: Address) {
        self.inlets.remove(&address);
        self.leaving
            .retain(|_, since| since.elapsed() < LEAVING_MAX);
        if self.leaving.len() < GUESTS_MAX {
            self.leaving.insert(address, Instant::now());
        }
    }

    fn is_leaving(&self, address: Address) -> bool {
        let since = self.leaving.get(&address);
        since.is_some_and(|since| since.elapsed() < LEAVING_MAX)
    }

    fn welcome(&mut self, address: Address, mtu: u16) {
        let link = self.reporter.fresh_link();
        let inlet = self.reporter.inlet(link);
        let _ = self
            .happened
            .send(Happened::Arrived(link, BDAddr::from(address.0)));
        self.reporter.report(Input::LinkUp {
            link,
            role: Role::Peripheral,
            mtu: mtu.min(MTU_USED_MAX),
        });
        self.inlets.insert(address, inlet);
    }
}

/// Notifies one chunk after the other. What is asked behind a notification is answered once it was taken, so that is when
/// the chunk has left. One that nobody listens to is lost, and its link with it.
async fn notify_all(
    adapter: Adapter,
    notifier: SharedNotifier,
    mut chunks: UnboundedReceiver<(Inlet, Vec<u8>)>,
    happened: UnboundedSender<Happened>,
) {
    while let Some((inlet, chunk)) = chunks.recv().await {
        if notify(&notifier, chunk).await {
            let _ = adapter.is_powered().await;
            inlet.writable();
        } else {
            let _ = happened.send(Happened::Broke(inlet.link));
        }
    }
}

async fn notify(notifier: &SharedNotifier, chunk: Vec<u8>) -> bool {
    let lock = || notifier.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut current) = lock().take() else {
        return false;
    };
    // An error without a stop is a full queue of which bluer thinks as an end; the value is on its way.
    if current.notify(chunk).await.is_err() && current.is_stopped() {
        return false;
    }
    // Whoever has subscribed meanwhile has brought a newer one.
    lock().get_or_insert(current);
    true
}

#[cfg(test)]
mod tests {
    use super::super::radio::WAITING_MAX;
    use super::*;

    #[test]
    fn whoever_floods_has_one_link_and_none_until_its_connection_is_gone() {
        let (queue, reports) = unbounded_channel();
        let (happened, mut happenings) = unbounded_channel();
        let guests = Arc::new(Mutex::new(Guests {
            reporter: Reporter::new(0, queue, Arc::default()),
            happened,
            inlets: BTreeMap::new(),
            leaving: BTreeMap::new(),
        }));
        let (stranger, other) = (Address([1; 6]), Address([2; 6]));
        for _ in 0..WAITING_MAX + 10 {
            let _ = written(&guests, vec![0], stranger, 517);
        }
        assert_eq!(reports.len(), 1 + WAITING_MAX, "a link, and its chunks");
        let up = happenings.try_recv();
        assert!(matches!(up, Ok(Happened::Arrived(LinkId(0), _))));
        let down = happenings.try_recv();
        assert!(matches!(down, Ok(Happened::Broke(LinkId(0)))));
        assert!(
            happenings.is_empty(),
            "what was written after that is not looked at"
        );

        written(&guests, vec![0], other, 517).unwrap();
        assert_eq!(reports.len(), 3 + WAITING_MAX, "others are heard");
        guests.lock().unwrap().leaving.remove(&stranger);
        written(&guests, vec![0], stranger, 517).unwrap();
        assert_eq!(reports.len(), 5 + WAITING_MAX, "and so is who comes again");
    }
}
