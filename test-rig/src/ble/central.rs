//! The central's end of a link, by btleplug: dial, find the service, subscribe, then carry chunks.

use std::pin::Pin;
use std::time::Duration;

use btleplug::api::{BDAddr, Characteristic, Peripheral as _, ValueNotification, WriteType};
use btleplug::platform::Peripheral;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::adapter::{Happened, log};
use super::radio::Inlet;

/// The central writes here, without response (`core/docs/gatt.md`).
pub(super) const INBOX: Uuid = Uuid::from_u128(0xb175_4001_6c1a_4d2e_9e57_0c7a_95d1_ce01);
/// The peripheral notifies here.
pub(super) const OUTBOX: Uuid = Uuid::from_u128(0xb175_4002_6c1a_4d2e_9e57_0c7a_95d1_ce01);

/// A dial that takes longer has failed. The node gives up after eight seconds; it must hear of it first.
const DIAL_MAX: Duration = Duration::from_secs(7);

/// Between two looks at the services of a phone that shows none yet.
const DISCOVERY_AGAIN: Duration = Duration::from_millis(300);

/// Whatever the system says the MTU is: BlueZ servers before 5.67 drop writes of more than 510 bytes in silence.
pub(super) const MTU_USED_MAX: u16 = 513;

/// A phone that was dialled, with everything that a link needs.
pub(super) struct Dialled {
    pub(super) address: BDAddr,
    pub(super) mtu: u16,
    peripheral: Peripheral,
    inbox: Characteristic,
    values: Values,
}

type Values = Pin<Box<dyn Stream<Item = ValueNotification> + Send>>;

/// Connects, finds the service and its characteristics, and subscribes.
pub(super) async fn dial(peripheral: Peripheral, service: Uuid) -> Result<Dialled, String> {
    let dialled = timeout(DIAL_MAX, set_up(&peripheral, service)).await;
    let too_long = |_| format!("no link within {} s", DIAL_MAX.as_secs());
    let (inbox, values) = dialled.map_err(too_long)??;
    Ok(Dialled {
        address: peripheral.address(),
        mtu: peripheral.mtu().min(MTU_USED_MAX),
        peripheral,
        inbox,
        values,
    })
}

async fn set_up(
    peripheral: &Peripheral,
    service: Uuid,
) -> Result<(Characteristic, Values), String> {
    let told = |error: btleplug::Error| error.to_string();
    if let Err(problem) = peripheral.connect().await {
        // A dial that crosses one from the other end is refused, and the connection is there.
        if !peripheral.is_connected().await.unwrap_or(false) {
            return Err(told(problem));
        }
    }
    log(&format!("{} is connected", peripheral.id()));
    let (inbox, outbox) = find_service(peripheral, service).await?;
    log(&format!("{} has the service", peripheral.id()));
    // Listening begins first, so that nothing is missed.
    let values = peripheral.notifications().await.map_err(told)?;
    peripheral.subscribe(&outbox).await.map_err(told)?;
    Ok((inbox, values))
}

/// Looks until the service is there: BlueZ shows a connection that the other end has made before it knows its services.
async fn find_service(
    peripheral: &Peripheral,
    service: Uuid,
) -> Result<(Characteristic, Characteristic), String> {
    loop {
        let discovered = peripheral.discover_services().await;
        discovered.map_err(|error| error.to_string())?;
        let characteristics = peripheral.characteristics();
        let find = |uuid: Uuid| {
            let here = |c: &&Characteristic| c.service_uuid == service && c.uuid == uuid;
            characteristics.iter().find(here).cloned()
        };
        if let (Some(inbox), Some(outbox)) = (find(INBOX), find(OUTBOX)) {
            return Ok((inbox, outbox));
        }
        sleep(DISCOVERY_AGAIN).await;
    }
}

/// Carries chunks both ways until one way ends; then says so.
pub(super) async fn carry(
    dialled: Dialled,
    inlet: Inlet,
    chunks: UnboundedReceiver<Vec<u8>>,
    happened: UnboundedSender<Happened>,
) {
    let link = inlet.link;
    let Dialled {
        peripheral,
        inbox,
        values,
        ..
    } = dialled;
    let outward = write(peripheral, inbox, inlet.clone(), chunks);
    let inward = listen(values, inlet);
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
    let _ = happened.send(Happened::Broke(link));
}

/// Writes one chunk after the other; each is told as gone once the system has taken it.
async fn write(
    peripheral: Peripheral,
    inbox: Characteristic,
    inlet: Inlet,
    mut chunks: UnboundedReceiver<Vec<u8>>,
) {
    while let Some(chunk) = chunks.recv().await {
        let written = peripheral.write(&inbox, &chunk, WriteType::WithoutResponse);
        if written.await.is_err() {
            return;
        }
        inlet.writable();
    }
}

/// Reports what is notified, until the link is gone or floods us.
async fn listen(mut values: Values, inlet: Inlet) {
    while let Some(value) = values.next().await {
        if value.uuid == OUTBOX && !inlet.receive(value.value) {
            return;
        }
    }
}
