#!/usr/bin/env bash
# Real Bluetooth without hardware: Debian's kernel with hci_vhci, bluetoothd and D-Bus in QEMU, BlueZ's own virtual
# controllers, and the rig inside.
#
#   bed.sh                     prepare what is missing, boot, play every bed, say what came of them
#   bed.sh run [BED...]        the same with some of test-rig/beds (four-phones equivocating-primary controller-off stranger),
#                              or refusals: what the rig says where Bluetooth cannot be used
#   bed.sh repeat N [BED...]   N boots of the prepared machine, and how many passed
#   bed.sh prepare             only prepare
#
# FOLDER=…   where machine, logs and results lie (default: target/bluetooth-bed); RIG=… a built rig (default: built here)
# MIRROR=…   Debian's mirror (default: the one of this machine's apt sources); LIMIT=… seconds a boot may take (1800)
#
# The machine is emulated, and its clock counts instructions: waiting takes no time, and on a slow or busy host everything
# takes longer and nothing comes out differently. So times in the results are those of one processor with 10^9
# instructions a second that runs all phones and the whole stack; they say nothing about radio.
#
# Exit status: 0 if every bed came out as its file expects, 1 if not, 7 if the machine cannot be prepared here (a line says why).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${FOLDER:-$root/target/bluetooth-bed}
limit=${LIMIT:-1800}
suite=trixie
all_beds=(refusals four-phones equivocating-primary controller-off stranger)
export PATH=$PATH:/sbin:/usr/sbin

skip() {
    echo "SKIPPED: the Bluetooth bed cannot run here: $1" >&2
    exit 7
}

mirror() {
    if [ -n "${MIRROR:-}" ]; then
        echo "$MIRROR"
        return
    fi
    # A release's main archive has a name without a dash; its updates have one.
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk '$2 !~ /-/ { print $1; exit }'
}

need_tools() {
    local missing=() tool
    for tool in qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap depmod:kmod cpio:cpio xz:xz-utils gcc:gcc \
        patch:patch python3:python3-minimal; do
        command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
    done
    command -v apt-get >/dev/null || skip "it is made of Debian's packages, and there is no apt-get"
    [ "${#missing[@]}" = 0 ] && return
    [ "$(id -u)" = 0 ] || skip "packages are missing, install them: sudo apt-get install ${missing[*]}"
    apt-get update -qq || skip "the package lists cannot be fetched"
    apt-get install -y -qq --no-install-recommends libc6-dev "${missing[@]}" >/dev/null ||
        skip "packages cannot be installed: ${missing[*]}"
}

# The controllers: btvirt of BlueZ's source, with what btvirt.patch mends.
make_controllers() {
    [ -x "$folder/btvirt" ] && [ "$folder/btvirt" -nt "$here/btvirt.patch" ] && return
    local src=$folder/src
    rm -rf "$src"
    mkdir -p "$src"/{parts,lists/partial,cache/archives/partial,stub}
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
        "$(mirror)" $suite >"$src/parts/debian.sources"
    printf 'Dir::Etc::sourceparts "%s/parts";\nDir::Etc::sourcelist "/dev/null";\nDir::State::lists "%s/lists";\nDir::Cache "%s/cache";\n' \
        "$src" "$src" "$src" >"$src/apt.conf"
    printf 'APT::Sandbox::User "root";\n' >>"$src/apt.conf"
    (
        set -e
        cd "$src"
        apt-get -c apt.conf -qq update
        apt-get -c apt.conf -qq source --download-only bluez
        tar xf bluez_*.orig.tar.*
        cd bluez-*/
        patch -s -p1 <"$here/btvirt.patch"
        [ -e lib/bluetooth ] || ln -s . lib/bluetooth
        # btvirt needs no more of GLib than these names.
        printf '#pragma once\ntypedef struct _GSList GSList;\ntypedef int gboolean;\ntypedef void *gpointer;\n' >"$src/stub/glib.h"
        gcc -O2 -w -D_GNU_SOURCE -DVERSION='"patched"' -DHAVE_LINUX_TYPES_H -include stdint.h -I. -Ilib -Isrc -I"$src/stub" \
            -o "$folder/btvirt" emulator/{main,serial,server,vhci,btdev,bthost,smp,phy,le}.c \
            src/shared/{mainloop,mainloop-notify,io-mainloop,timeout-mainloop,queue,util,crypto,ecc,ad}.c \
            lib/{uuid,bluetooth,hci}.c
    ) || skip "the virtual controllers cannot be built from BlueZ's source package"
    rm -rf "$src"
}

# The guest: a few packages, unpacked and not installed, trimmed into an initramfs.
make_guest() {
    [ -e "$folder/initramfs.cpio" ] && [ "$folder/initramfs.cpio" -nt "$here/init" ] &&
        [ "$folder/initramfs.cpio" -nt "$folder/btvirt" ] && return
    local packages=$folder/packages tree=$folder/tree version modules from part
    if [ ! -e "$folder/packages.done" ]; then
        rm -rf "$packages"
        mmdebstrap --quiet --variant=extract \
            --include=busybox-static,bluez,dbus-daemon,dbus-bin,libc6,libc-bin,libgcc-s1,linux-image-amd64 \
            $suite "$packages" "$(mirror)" || skip "Debian's packages cannot be fetched"
        touch "$folder/packages.done"
    fi
    version=$(ls "$packages/usr/lib/modules")
    cp "$packages/boot/vmlinuz-$version" "$folder/vmlinuz"
    rm -rf "$tree"
    mkdir "$tree"
    tar c -C "$packages" --exclude=./usr/share/{doc,man,locale,zoneinfo,info,i18n,alsa} --exclude='./usr/share/perl*' \
        --exclude='./usr/lib/*/perl*' --exclude='./usr/lib/*/gconv' --exclude='./usr/bin/perl*' --exclude=./var/cache \
        --exclude=./var/lib/apt --exclude=./var/lib/dpkg --exclude=./usr/lib/modules --exclude=./boot \
        --exclude=./usr/lib/udev . | tar x -C "$tree"
    from=$packages/usr/lib/modules/$version
    modules=$tree/usr/lib/modules/$version
    mkdir -p "$modules/kernel/drivers/bluetooth"
    for part in crypto lib net/bluetooth net/rfkill net/9p fs/9p fs/netfs drivers/virtio arch/x86/crypto; do
        [ -d "$from/kernel/$part" ] || continue
        mkdir -p "$modules/kernel/$part"
        cp -r "$from/kernel/$part/." "$modules/kernel/$part/"
    done
    cp "$from"/kernel/drivers/bluetooth/hci_vhci.ko* "$modules/kernel/drivers/bluetooth/"
    cp "$from"/modules.{builtin,order,builtin.modinfo} "$modules/"
    find "$modules" -name '*.ko.xz' -exec xz -d {} +
    depmod -b "$tree" "$version"
    configure "$tree"
    (cd "$tree" && find . | cpio -o -H newc --quiet) >"$folder/initramfs.cpio"
    rm -rf "$tree"
}

# Users, D-Bus and BlueZ as this bed needs them.
configure() {
    local tree=$1
    printf 'root:x:0:0:root:/root:/bin/sh\nmessagebus:x:101:101::/nonexistent:/bin/false\n' >"$tree/etc/passwd"
    printf 'root:x:0:\nmessagebus:x:101:\nbluetooth:x:102:\naudio:x:29:\nnetdev:x:103:\n' >"$tree/etc/group"
    echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
    # One ATT channel, since several may reorder notifications; nothing remembered between runs.
    printf '[General]\nControllerMode=le\nTemporaryTimeout=0\n[Policy]\nAutoEnable=true\n[GATT]\nCache=no\nChannels=1\n' \
        >"$tree/etc/bluetooth/main.conf"
    rm -rf "$tree/var/run"
    ln -s /run "$tree/var/run"
    cp "$folder/btvirt" "$tree/usr/bin/btvirt"
    cp "$here/init" "$tree/init"
    chmod 755 "$tree/init"
}

prepare() {
    need_tools
    mkdir -p "$folder"
    make_controllers
    make_guest
}

# The rig with all optimisation: in the emulation the phones' cryptography is what takes the time.
rig() {
    if [ -n "${RIG:-}" ]; then
        echo "$RIG"
        return
    fi
    (cd "$root" && cargo build --release --locked -p bitcraps-rig >&2)
    echo "$root/target/release/rig"
}

# One boot: the rig and the beds in, results out.
boot() {
    local shared=$folder/shared code=0 bed
    rm -rf "$shared"
    mkdir -p "$shared/out"
    cp -r "$root/test-rig/beds" "$here/guest.sh" "$here/refusals.sh" "$here/stranger.sh" "$shared/"
    strip -o "$shared/rig" "$(rig)"
    echo "BEDS='$*'" >"$shared/settings"
    # qemu64 has no vector instructions beyond SSE2, which the emulation would do one by one.
    timeout "$limit" qemu-system-x86_64 -accel tcg,thread=single -icount shift=0,sleep=off -rtc clock=vm -smp 1 \
        -cpu qemu64 -m 1024 -nographic -no-reboot -nic none -kernel "$folder/vmlinuz" -initrd "$folder/initramfs.cpio" \
        -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off no_timer_check" \
        -virtfs local,path="$shared",mount_tag=w,security_model=none,multidevs=remap </dev/null >"$folder/console.log" 2>&1 ||
        code=$?
    [ $code = 124 ] && echo "the machine did not end within $limit s"
    for bed in "$@"; do
        say "$bed"
    done
    [ $code = 0 ] && [ "$(cat "$shared/rc" 2>/dev/null)" = 0 ]
}

# What came of one bed, in a few lines.
say() {
    local out=$folder/shared/out
    if [ "$1" = refusals ]; then
        sed 's/^/refusals: /' "$out/refusals.txt" 2>/dev/null || echo "refusals: no result"
        return
    fi
    if [ ! -s "$out/$1.json" ]; then
        echo "$1: no result; exit $(cat "$out/$1.code" 2>/dev/null || echo none); $(tail -1 "$out/$1.err" 2>/dev/null)"
        return
    fi
    python3 "$here/say.py" "$1" "$(cat "$out/$1.code" 2>/dev/null || echo none)" <"$out/$1.json"
}

repeat() {
    local times=$1 passed=0 began number
    shift
    for number in $(seq "$times"); do
        began=$SECONDS
        if boot "$@" >"$folder/repeat-$number.log"; then
            passed=$((passed + 1))
            echo "boot $number passed in $((SECONDS - began)) s"
        else
            echo "boot $number FAILED in $((SECONDS - began)) s"
            cat "$folder/repeat-$number.log"
            rm -rf "$folder/failed-$number"
            cp -r "$folder/shared/out" "$folder/failed-$number"
        fi
    done
    echo "$passed of $times boots passed"
    [ "$passed" = "$times" ]
}

case ${1:-run} in
prepare) prepare ;;
run)
    shift || true
    prepare
    [ $# -gt 0 ] || set -- "${all_beds[@]}"
    boot "$@"
    ;;
repeat)
    times=${2:?how many boots}
    shift 2
    prepare
    [ $# -gt 0 ] || set -- "${all_beds[@]}"
    repeat "$times" "$@"
    ;;
*)
    sed -n 2,19p "$0"
    exit 2
    ;;
esac
