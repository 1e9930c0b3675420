# A stranger that nobody here wrote: bluetoothctl on the fifth controller. It has no invite. It connects to phones of the
# table, looks at what is there, writes garbage and floods, and comes back whenever it is thrown out. What the rig holds in
# memory is written down before the first flood and after each: KiB in /tmp/memory.
own=00:AA:01:04:00:04
inbox=b1754001-6c1a-4d2e-9e57-0c7a95d1ce01
say() {
    echo "$1"
    sleep "$2"
}

memory() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pidof rig)/status" >>/tmp/memory 2>/dev/null
}

talk() {
    say "select $own" 1
    say "scan le" 3
    for phone in 00:AA:01:00:00:00 00:AA:01:01:00:01 00:AA:01:02:00:02; do
        say "connect $phone" 3
        [ -e /tmp/memory ] || memory
        say "gatt.list-attributes $phone" 0.5
        say "gatt.select-attribute $inbox" 0.5
        # A chunk of nothing, and more than a link may have waiting, as fast as they are taken: the first byte is any link's tag.
        echo 'gatt.write "0x00"'
        flood=0
        while [ $flood -lt 300 ]; do
            echo "gatt.write \"$(printf '0x%02x' $((flood % 256))) 0x30 0x01 0x00 0xff 0xff 0xff 0xff 0xff\" 0 command"
            flood=$((flood + 1))
        done
        say "disconnect $phone" 2
        memory
    done
    say "quit" 1
}

while :; do
    talk | bluetoothctl
done
