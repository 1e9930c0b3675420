# What runs in the guest: the stack, then one bed, then what came of it. $BED names it.
# shellcheck source=/dev/null
. /w/settings
cp /w/rig /tmp/rig
# Without a stranger, four phones and their checkers begin with 17 to 19.5 MiB and end with 24.5 after twenty rolls: so much
# more the game itself takes.
flood_kib_max=8192

# Somebody who may not use Bluetooth.
printf 'nobody:x:1000:1000::/tmp:/bin/false\n' >>/etc/passwd
printf '<busconfig><policy user="nobody"><deny send_destination="org.bluez"/></policy></busconfig>\n' \
    >/etc/dbus-1/system.d/nobody.conf
# The daemon closes every file that it could have, and a million of them is a second of this machine.
ulimit -n 4096
dbus-daemon --system --nofork --nopidfile >/tmp/dbus.log 2>&1 &
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done

stack_up() {
    btvirt -L -l5 >/tmp/btvirt.log 2>&1 &
    bluetoothd -n >/w/out/bluetoothd.log 2>&1 &
    tries=0
    # Ready is five adapters that are on.
    while [ "$(/tmp/rig ble adapters 2>/dev/null | grep -c ' on$')" -lt 5 ] && [ $tries -lt 60 ]; do
        sleep 0.5
        tries=$((tries + 1))
    done
}

# Whether the stranger was there at all, and the table's phones hold no more for it.
flooded() {
    connected=$(grep -c 'Connection successful' /tmp/stranger.log)
    writes=$(grep -c 'Attempting to write' /tmp/stranger.log)
    before=$(head -1 /tmp/memory)
    after=$(sort -n /tmp/memory | tail -1)
    echo "the stranger connected $connected times and wrote $writes times"
    echo "memory of the four phones: $before KiB before the first flood, $after KiB at most after it; $flood_kib_max KiB more are allowed"
    [ "$connected" -gt 0 ] && [ "$writes" -gt 300 ] && [ $((after - before)) -le $flood_kib_max ]
}

uptime_s() {
    cut -d' ' -f1 /proc/uptime
}

echo "BED $BED at $(uptime_s) s"
if [ "$BED" = refusals ]; then
    sh /w/refusals.sh >/w/out/refusals.txt 2>&1
    exit
fi
stack_up
/tmp/rig ble adapters
if [ "$BED" = stranger ]; then
    sh /w/stranger.sh >/tmp/stranger.log 2>&1 &
    stranger=$!
fi
RIG_BLE_LOG=1 timeout 420 /tmp/rig ble run "/w/beds/$BED.toml" --json >/w/out/result.json 2>/w/out/err
code=$?
echo "$code" >/w/out/code
echo "BED $BED exit $code at $(uptime_s) s"
if [ "$BED" = stranger ]; then
    kill "$stranger" 2>/dev/null
    killall -q bluetoothctl
    wait "$stranger" 2>/dev/null
    flooded >/w/out/checks || code=1
fi
dmesg | grep -i -E 'bluetooth|hci[0-9]' | tail -50 >/w/out/dmesg
exit "$code"
