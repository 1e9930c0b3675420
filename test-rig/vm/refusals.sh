# What `rig ble` says where Bluetooth cannot be used: each time one line with what to do, and exit code 7.
failed=0

# refused WHAT FIX COMMAND…
refused() {
    what=$1 fix=$2
    shift 2
    "$@" >/tmp/refusal.out 2>/tmp/refusal.err
    code=$?
    if [ $code = 7 ] && [ ! -s /tmp/refusal.out ] && [ "$(wc -l </tmp/refusal.err)" = 1 ] && grep -qF "$fix" /tmp/refusal.err; then
        echo "ok, $what: $(cat /tmp/refusal.err)"
    else
        echo "WRONG, $what: exit $code, $(cat /tmp/refusal.out /tmp/refusal.err)"
        failed=1
    fi
}

adapters() {
    /tmp/rig ble adapters
}

bed() {
    /tmp/rig ble run /w/beds/four-phones.toml
}

wait_for() {
    tries=0
    until adapters 2>&1 | grep -qF "$1" || [ $tries -ge 40 ]; do
        sleep 0.5
        tries=$((tries + 1))
    done
}

refused "no D-Bus" "start it: \`systemctl start dbus\`" env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere /tmp/rig ble adapters
refused "no bluetoothd" "\`systemctl start bluetooth\`" adapters
bluetoothd -n >/tmp/bluetoothd.log 2>&1 &
daemon=$!
wait_for "plug one in"
refused "no adapter" "plug one in" adapters
btvirt -L -l1 >/tmp/btvirt.log 2>&1 &
controllers=$!
wait_for "  on"
refused "an adapter that is missing" "name one of them" bed
refused "no permission" "sudo usermod -aG bluetooth" su nobody -s /bb/sh -c "/tmp/rig ble adapters"
(echo "power off"; sleep 2) | bluetoothctl >/dev/null 2>&1
wait_for "  off"
sed 's/"hci1", "hci2", "hci3"/"memory", "memory", "memory"/' /w/beds/four-phones.toml >/tmp/one-adapter.toml
refused "an adapter that is off" "bluetoothctl power on" /tmp/rig ble run /tmp/one-adapter.toml

kill $daemon $controllers
wait $daemon
wait $controllers
rm -rf /var/lib/bluetooth/*
exit $failed
