//! Why Bluetooth cannot be used, each with what to do about it: one line, and exit code 7.

use std::fmt;

/// What is in the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BluetoothProblem {
    /// There is no system bus to talk to the Bluetooth service over.
    NoDbus(String),
    /// The bus is there, and nobody answers for Bluetooth.
    NoBluetoothd,
    /// The service does not talk to this user.
    NotPermitted,
    /// There is no adapter at all.
    NoAdapter,
    /// The bed names an adapter that is not there.
    Missing {
        /// Its name.
        name: String,
        /// Those that are there.
        found: Vec<String>,
    },
    /// An adapter is switched off.
    Off(String),
    /// An adapter cannot be a peripheral.
    NoPeripheral(String),
    /// Whatever else the system says.
    Other(String),
}

impl fmt::Display for BluetoothProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDbus(address) => write!(
                f,
                "no D-Bus system bus at {address}; start it: `systemctl start dbus`, or `dbus-daemon --system` where there is no systemd"
            ),
            Self::NoBluetoothd => f.write_str(
                "bluetoothd does not answer on the system bus; install the package `bluez` and start it: `systemctl start bluetooth`",
            ),
            Self::NotPermitted => f.write_str(
                "this user may not use Bluetooth; join the group: `sudo usermod -aG bluetooth $USER`, then log in again, or allow Bluetooth for this program in the system's privacy settings",
            ),
            Self::NoAdapter => f.write_str(
                "no Bluetooth adapter; plug one in, and see with `rfkill list bluetooth` and `dmesg` whether the system knows it",
            ),
            Self::Missing { name, found } => write!(
                f,
                "no adapter `{name}`; there {}; name one of them in the bed's `adapters`, or \"memory\"",
                match found.as_slice() {
                    [] => "is none".to_owned(),
                    [one] => format!("is `{one}`"),
                    more => format!("are `{}`", more.join("`, `")),
                }
            ),
            Self::Off(name) => write!(
                f,
                "adapter `{name}` is off; switch it on: `rfkill unblock bluetooth && bluetoothctl power on`"
            ),
            Self::NoPeripheral(name) => write!(
                f,
                "adapter `{name}` cannot be a peripheral here; this build is a peripheral only on Linux, with BlueZ"
            ),
            Self::Other(problem) => {
                write!(f, "Bluetooth cannot be used: {}", problem.replace('\n', " "))
            }
        }
    }
}

impl std::error::Error for BluetoothProblem {}

impl BluetoothProblem {
    /// What an error of the bus means, by its D-Bus name and its text.
    #[must_use]
    pub fn of_bus(name: &str, message: &str) -> Self {
        let is = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        if is(&[
            "ServiceUnknown",
            "NameHasNoOwner",
            "Disconnected",
            "NoReply",
            "systemd1.NoSuchUnit",
            "systemd1.UnitMasked",
        ]) || name.contains(".Spawn.")
        {
            return Self::NoBluetoothd;
        }
        if is(&["AccessDenied", "NotPermitted", "NotAuthorized"]) {
            return Self::NotPermitted;
        }
        if is(&["NoServer", "FileNotFound"]) {
            return Self::NoDbus("its socket".to_owned());
        }
        Self::Other(format!("{name}: {message}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_one_line_that_says_what_to_do() {
        let name = || "hci7".to_owned();
        let found = vec!["hci0".to_owned(), "hci1".to_owned()];
        let lines = [
            (
                BluetoothProblem::NoDbus("/run/x".into()),
                "systemctl start dbus",
            ),
            (BluetoothProblem::NoBluetoothd, "systemctl start bluetooth"),
            (BluetoothProblem::NotPermitted, "usermod"),
            (BluetoothProblem::NoAdapter, "plug one in"),
            (
                BluetoothProblem::Missing {
                    name: name(),
                    found,
                },
                "there are `hci0`, `hci1`; name one",
            ),
            (BluetoothProblem::Off(name()), "power on"),
            (BluetoothProblem::NoPeripheral(name()), "only on Linux"),
            (BluetoothProblem::Other("a\nb".into()), "a b"),
        ];
        for (problem, fix) in lines {
            let line = problem.to_string();
            assert!(line.contains(fix) && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn errors_of_the_bus_are_told_apart_by_their_names() {
        let of = |name| BluetoothProblem::of_bus(name, "text");
        let bluetoothd = "org.freedesktop.DBus.Error.ServiceUnknown";
        assert_eq!(of(bluetoothd), BluetoothProblem::NoBluetoothd);
        // Where the bus cannot start services, as without systemd.
        let unstarted = "org.freedesktop.DBus.Error.Spawn.PermissionsInvalid";
        assert_eq!(of(unstarted), BluetoothProblem::NoBluetoothd);
        let denied = "org.freedesktop.DBus.Error.AccessDenied";
        assert_eq!(of(denied), BluetoothProblem::NotPermitted);
        let other = BluetoothProblem::Other("org.bluez.Error.Failed: text".into());
        assert_eq!(of("org.bluez.Error.Failed"), other);
    }
}
