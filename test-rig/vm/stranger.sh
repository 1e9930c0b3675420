# A stranger that nobody here wrote: bluetoothctl on the fifth controller. It has no invite. It connects to the first phone
# of the table that it sees, reads what there is, writes garbage and floods, and comes back when it is thrown out.
own=00:AA:01:04:00:04
inbox=b1754001-6c1a-4d2e-9e57-0c7a95d1ce01

say() {
    echo "$1"
    sleep "${2:-0.5}"
}

talk() {
    say "select $own" 1
    say "scan le" 6
    say "devices" 1
    for phone in 00:AA:01:00:00:00 00:AA:01:01:00:01; do
        say "connect $phone" 8
        say "gatt.list-attributes $phone" 1
        say "gatt.select-attribute $inbox" 1
        # Garbage of several lengths, the first byte being any link's tag.
        say 'gatt.write "0x00"' 0.2
        say 'gatt.write "0x00 0x30 0x01 0x00 0xff 0xff 0xff 0xff 0xff 0xff 0xff 0xff"' 0.2
        flood=0
        while [ $flood -lt 400 ]; do
            say "gatt.write \"0x$(printf %02x $((flood % 256))) 0x00 0x01 0x02 0x03 0x04 0x05 0x06 0x07 0x08 0x09 0x0a\" 0 command" 0.01
            flood=$((flood + 1))
        done
        sleep 1
        say "disconnect $phone" 3
    done
    say "quit"
}

while :; do
    talk | bluetoothctl
done
