# What runs in the guest: the stack, then each bed, then what came of it. $BEDS names them.
. /w/settings
cp /w/rig /tmp/rig
uname -r >/w/out/kernel

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
    controllers=$!
    bluetoothd -n >/tmp/bluetoothd.log 2>&1 &
    daemon=$!
    tries=0
    # Ready is five adapters that are on.
    while [ "$(/tmp/rig ble adapters 2>/dev/null | grep -c ' on$')" -lt 5 ] && [ $tries -lt 60 ]; do
        sleep 0.5
        tries=$((tries + 1))
    done
}

stack_down() {
    kill $daemon $controllers
    wait $daemon
    wait $controllers
    rm -rf /var/lib/bluetooth/*
}

failed=0
for bed in $BEDS; do
    echo "BED $bed at $(cut -d' ' -f1 /proc/uptime) s"
    if [ "$bed" = refusals ]; then
        sh /w/refusals.sh >/w/out/refusals.txt 2>&1 || failed=$((failed + 1))
        continue
    fi
    stack_up
    /tmp/rig ble adapters
    if [ "$bed" = stranger ]; then
        sh /w/stranger.sh >/tmp/stranger.log 2>&1 &
        stranger=$!
    fi
    RIG_BLE_LOG=1 timeout 420 /tmp/rig ble run /w/beds/$bed.toml --json >/w/out/$bed.json 2>/w/out/$bed.err
    code=$?
    if [ "$bed" = stranger ]; then
        kill $stranger 2>/dev/null
        killall -q bluetoothctl
        wait $stranger 2>/dev/null
        echo "connected $(grep -c 'Connection successful' /tmp/stranger.log) times, tried $(grep -c 'Attempting to write' /tmp/stranger.log) writes" \
            >/w/out/stranger.log
    fi
    echo "$code" >/w/out/$bed.code
    cp /tmp/bluetoothd.log /w/out/$bed.bluetoothd.log
    [ $code = 0 ] || failed=$((failed + 1))
    echo "BED $bed exit $code at $(cut -d' ' -f1 /proc/uptime) s"
    stack_down
done
dmesg | grep -i -E 'bluetooth|hci[0-9]' | tail -50 >/w/out/dmesg
exit $failed
