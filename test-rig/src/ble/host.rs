//! The machine's adapters and versions, and whether Bluetooth can be used at all.

use std::fmt;

use serde::Serialize;

use super::problem::BluetoothProblem;

/// An adapter of this machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AdapterInfo {
    /// Whose phone it is in a bed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub player: Option<usize>,
    /// Its name, such as `hci0`; what a bed calls it.
    pub name: String,
    /// Its address, where the system tells it.
    pub address: Option<String>,
    /// What it can be: `central`, `peripheral`.
    pub roles: Vec<&'static str>,
    /// Whether it is on, where the system tells it.
    pub powered: Option<bool>,
}

impl fmt::Display for AdapterInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(player) = self.player {
            write!(f, "phone {player} on ")?;
        }
        let state = match self.powered {
            Some(true) => "on",
            Some(false) => "off",
            None => "state unknown",
        };
        let address = self.address.as_deref().unwrap_or("address unknown");
        write!(
            f,
            "{}  {address}  {}  {state}",
            self.name,
            self.roles.join("+")
        )
    }
}

/// What runs below the rig.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Versions {
    /// The operating system's kernel.
    pub kernel: Option<String>,
    /// The Bluetooth service.
    pub bluez: Option<String>,
    /// The central's library.
    pub btleplug: String,
    /// The peripheral's library.
    pub bluer: String,
}

impl Versions {
    /// Looks them up.
    #[must_use]
    pub fn look_up() -> Self {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok();
        let locked = |name| locked(include_str!("../../../Cargo.lock"), name);
        Self {
            kernel: kernel.map(|text| text.trim().to_owned()),
            bluez: bluez_version(),
            btleplug: locked("btleplug"),
            bluer: locked("bluer"),
        }
    }
}

/// The version that a lock file pins a package to.
fn locked(lock: &str, name: &str) -> String {
    let head = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != head);
    let version = lines.nth(1).and_then(|line| line.split('"').nth(1));
    version.unwrap_or("unknown").to_owned()
}

/// What the service's own tool says of itself: `bluetoothctl: 5.82`.
fn bluez_version() -> Option<String> {
    let mut tool = std::process::Command::new("bluetoothctl");
    let output = tool.arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().last().map(str::to_owned)
}

/// The most memory that this process has held, in KiB.
pub(super) fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The adapters of this machine, by name.
///
/// # Errors
/// [`BluetoothProblem`] if there is none, or Bluetooth cannot be used.
pub fn adapters() -> Result<Vec<AdapterInfo>, BluetoothProblem> {
    let mut found = system::adapters()?;
    if found.is_empty() {
        return Err(BluetoothProblem::NoAdapter);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Whether the adapters of a bed are there, on, and can be both central and peripheral.
pub(super) fn check<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<AdapterInfo>, BluetoothProblem> {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return Ok(Vec::new());
    }
    let found = adapters()?;
    let chosen = names.map(|name| {
        let Some(adapter) = found.iter().find(|adapter| adapter.name == name) else {
            return Err(BluetoothProblem::Missing {
                name: name.to_owned(),
                found: found.iter().map(|adapter| adapter.name.clone()).collect(),
            });
        };
        if adapter.powered == Some(false) {
            return Err(BluetoothProblem::Off(name.to_owned()));
        }
        if !adapter.roles.contains(&"peripheral") {
            return Err(BluetoothProblem::NoPeripheral(name.to_owned()));
        }
        Ok(adapter.clone())
    });
    chosen.collect()
}

#[cfg(target_os = "linux")]
mod system {
    use std::path::Path;
    use std::time::Duration;

    use dbus::arg::{PropMap, prop_cast};
    use dbus::blocking::Connection;
    use dbus::blocking::stdintf::org_freedesktop_dbus::ObjectManager;

    use super::{AdapterInfo, BluetoothProblem};

    /// Where the system bus listens unless the environment says otherwise.
    const BUS: &str = "/run/dbus/system_bus_socket";

    /// How long the service may take to start.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Asks the service by hand: here errors of the bus keep their names.
    pub(super) fn adapters() -> Result<Vec<AdapterInfo>, BluetoothProblem> {
        let address = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").ok();
        let path = match &address {
            None => Some(BUS),
            Some(address) => address
                .strip_prefix("unix:path=")
                .map(|path| path.split(',').next().unwrap_or(path)),
        };
        let shown = path.or(address.as_deref()).unwrap_or(BUS);
        let no_bus = || BluetoothProblem::NoDbus(shown.to_owned());
        if path.is_some_and(|path| !Path::new(path).exists()) {
            return Err(no_bus());
        }
        let connection = Connection::new_system().map_err(|_| no_bus())?;
        let bluez = connection.with_proxy("org.bluez", "/", PATIENCE);
        let objects = bluez.get_managed_objects().map_err(|error| {
            let (name, message) = (error.name().unwrap_or(""), error.message().unwrap_or(""));
            BluetoothProblem::of_bus(name, message)
        })?;
        let found = objects.iter().filter_map(|(path, interfaces)| {
            let properties = interfaces.get("org.bluez.Adapter1")?;
            let name = path.rsplit('/').next()?.to_owned();
            Some(AdapterInfo {
                player: None,
                name,
                address: prop_cast::<String>(properties, "Address").cloned(),
                roles: roles(properties),
                powered: prop_cast::<bool>(properties, "Powered").copied(),
            })
        });
        Ok(found.collect())
    }

    /// What the adapter can be. An old BlueZ does not say, and then it can be both.
    fn roles(properties: &PropMap) -> Vec<&'static str> {
        let names = prop_cast::<Vec<String>>(properties, "Roles");
        let has = |role: &str| names.is_none_or(|names| names.iter().any(|name| name == role));
        let roles = ["central", "peripheral"].into_iter();
        roles.filter(|role| has(role)).collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use btleplug::api::{Central as _, CentralState, Manager as _};
    use btleplug::platform::Manager;

    use super::{AdapterInfo, BluetoothProblem};

    pub(super) fn adapters() -> Result<Vec<AdapterInfo>, BluetoothProblem> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| BluetoothProblem::Other(error.to_string()))?;
        runtime.block_on(ask())
    }

    async fn ask() -> Result<Vec<AdapterInfo>, BluetoothProblem> {
        let manager = Manager::new().await.map_err(problem)?;
        let mut found = Vec::new();
        for adapter in manager.adapters().await.map_err(problem)? {
            let info = adapter.adapter_info().await.map_err(problem)?;
            let address = adapter.adapter_address().await.ok().flatten();
            let powered = match adapter.adapter_state().await {
                Ok(CentralState::PoweredOn) => Some(true),
                Ok(CentralState::PoweredOff) => Some(false),
                _ => None,
            };
            found.push(AdapterInfo {
                player: None,
                name: info
                    .split_whitespace()
                    .next()
                    .unwrap_or("adapter")
                    .to_owned(),
                address: address.map(|address| address.to_string()),
                roles: vec!["central"],
                powered,
            });
        }
        Ok(found)
    }

    fn problem(error: btleplug::Error) -> BluetoothProblem {
        match error {
            btleplug::Error::PermissionDenied => BluetoothProblem::NotPermitted,
            btleplug::Error::NoAdapterAvailable => BluetoothProblem::NoAdapter,
            other => BluetoothProblem::Other(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_libraries_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"b\"\nversion = \"4\"\n";
        assert_eq!(locked(lock, "b"), "4");
        assert_eq!(locked(lock, "c"), "unknown");
        let versions = Versions::look_up();
        assert_ne!(versions.btleplug, "unknown");
        assert_ne!(versions.bluer, "unknown");
    }

    #[test]
    fn a_bed_in_memory_needs_no_bluetooth() {
        assert_eq!(check(std::iter::empty()), Ok(Vec::new()));
    }
}
