# Makes the emulated machine, for bed.sh: the tools, the virtual controllers, the guest. `$folder`, `$here`, `$root` are bed.sh's.
# shellcheck shell=bash disable=SC2154

suite=trixie
# What the guest runs, from Debian's packages; what these need comes with them.
packages=(bluez busybox-static dbus-daemon libgcc-s1)
programs=(bin/busybox libexec/bluetooth/bluetoothd bin/bluetoothctl bin/dbus-daemon)
# The rig's, which is not from a package.
libraries=(libm.so.6 libgcc_s.so.1)
# The module names of test-rig/vm/init.
modules=(virtio_pci 9pnet_virtio 9p hci_vhci algif_hash algif_skcipher cmac ecb)

mirror() {
    if [ -n "${MIRROR:-}" ]; then
        echo "$MIRROR"
        return
    fi
    # A release's main archive has a name without a dash; its updates have one.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk '$2 !~ /-/ { print $1; exit }'
}

need_tools() {
    local missing=() tool
    for tool in qemu-system-x86_64:qemu-system-x86 depmod:kmod cpio:cpio xz:xz-utils gcc:gcc patch:patch \
        python3:python3-minimal; do
        command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
    done
    [ "$(uname -m)" = x86_64 ] || skip "the machine is one of x86-64, and this one is not"
    command -v apt-get >/dev/null || skip "it is made of Debian's packages, and there is no apt-get"
    if [ "${#missing[@]}" = 0 ]; then
        qemu-system-x86_64 -version >/dev/null 2>&1 || skip "QEMU does not start"
        return
    fi
    [ "$(id -u)" = 0 ] || skip "packages are missing, install them: sudo apt-get install ${missing[*]}"
    begin "tools" "installing ${missing[*]}"
    apt-get update -qq || skip "the package lists cannot be fetched"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libc6-dev "${missing[@]}" >/dev/null ||
        skip "packages cannot be installed: ${missing[*]}"
    finish "tools"
}

# An apt of the bed's own: one release, nothing installed, no need to be root.
make_archive() {
    local apt=$folder/apt archive
    export APT_CONFIG=$apt/apt.conf
    [ -e "$apt/fetched" ] && return
    archive=$(unset APT_CONFIG && mirror)
    [ -n "$archive" ] || skip "there is no mirror in this machine's apt sources; name one: MIRROR=…"
    rm -rf "$apt"
    mkdir -p "$apt"/{parts,lists/partial,cache/archives/partial}
    printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: amd64\nSigned-By: %s\n' \
        "$archive" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$apt/parts/debian.sources"
    cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourceparts "$apt/parts";
Dir::Etc::sourcelist "/dev/null";
Dir::State::lists "$apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Debug::NoLocking "true";
EOF
    apt-get -qq update || skip "the package lists of $suite cannot be fetched"
    touch "$apt/fetched"
}

# The controllers: btvirt of BlueZ's source, with what btvirt.patch mends.
make_controllers() {
    [ -x "$folder/btvirt" ] && [ "$folder/btvirt" -nt "$here/btvirt.patch" ] && return
    local src=$folder/src
    begin "controllers" "building the virtual controllers from BlueZ's source"
    rm -rf "$src"
    mkdir -p "$src/stub"
    make_archive
    (
        set -e
        cd "$src"
        apt-get -qq source --download-only bluez
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
    finish "controllers"
}

# The packages, unpacked and not installed.
unpack_packages() {
    local tree=$folder/packages archives=$folder/apt/cache/archives kernel package
    begin "packages" "fetching and unpacking kernel, BlueZ and D-Bus"
    make_archive
    kernel=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
    # The kernel's package would bring what makes an initramfs, so it is fetched alone.
    { apt-get -qq -y install --download-only "${packages[@]}" && (cd "$archives" && apt-get -qq download "$kernel"); } \
        >/dev/null || skip "Debian's packages cannot be fetched"
    rm -rf "$tree"
    mkdir -p "$tree"/usr/{bin,sbin,lib,lib64}
    for package in bin sbin lib lib64; do
        ln -s "usr/$package" "$tree/$package"
    done
    for package in "$archives"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar x -C "$tree" --keep-directory-symlink --exclude='./usr/share/[e-z]*' ||
            skip "a package cannot be unpacked: $package"
    done
    rm -rf "$folder/apt"
    touch "$folder/packages.done"
    finish "packages"
}

# The guest: out of the packages what is run or loaded, as an initramfs.
make_guest() {
    [ -e "$folder/initramfs.cpio" ] && [ "$folder/initramfs.cpio" -nt "$here/init" ] &&
        [ "$folder/initramfs.cpio" -nt "$here/prepare.sh" ] && [ "$folder/initramfs.cpio" -nt "$folder/btvirt" ] && return
    local from=$folder/packages tree=$folder/tree version
    [ -e "$folder/packages.done" ] || unpack_packages
    begin "guest" "making the guest's initramfs"
    version=$(cd "$from/usr/lib/modules" && echo *)
    cp "$from/boot/vmlinuz-$version" "$folder/vmlinuz"
    rm -rf "$tree"
    mkdir -p "$tree"/{etc,tmp,usr/bin,usr/sbin,usr/lib64,usr/lib/x86_64-linux-gnu,usr/libexec/bluetooth,usr/share}
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tree"
    copy_programs
    copy_modules "$version"
    cp -r "$from/etc/dbus-1" "$from/etc/bluetooth" "$tree/etc/"
    cp -r "$from/usr/share/dbus-1" "$tree/usr/share/"
    configure
    (cd "$tree" && find . | cpio -o -H newc --quiet) >"$folder/initramfs.new"
    mv "$folder/initramfs.new" "$folder/initramfs.cpio"
    rm -rf "$tree"
    finish "guest"
}

# Programs with the libraries that their own dynamic linker finds for them.
copy_programs() {
    local libs=usr/lib/x86_64-linux-gnu loader=usr/lib64/ld-linux-x86-64.so.2 program library
    cp -L "$from/$loader" "$tree/$loader"
    for program in "${programs[@]}"; do
        cp "$from/usr/$program" "$tree/usr/$program"
        [ "$program" = bin/busybox ] && continue
        "$from/$loader" --library-path "$from/$libs" --list "$from/usr/$program" | awk '$2 == "=>" && $1 !~ /\// { print $1 }'
    done | sort -u >"$folder/libraries"
    printf '%s\n' "${libraries[@]}" >>"$folder/libraries"
    while read -r library; do
        cp -L "$from/$libs/$library" "$tree/$libs/"
    done <"$folder/libraries"
    rm "$folder/libraries"
}

# The modules with those that they depend on.
copy_modules() {
    local tree_modules=$tree/usr/lib/modules/$1 queue=("${modules[@]}") name file
    mkdir -p "$tree_modules"
    cp "$from/usr/lib/modules/$1"/modules.{builtin,order,builtin.modinfo} "$tree_modules/"
    while [ "${#queue[@]}" -gt 0 ]; do
        name=${queue[0]}
        queue=("${queue[@]:1}")
        file=$(find "$from/usr/lib/modules/$1/kernel" -name "${name//_/[-_]}.ko.xz" -print -quit)
        # What is not there is built in.
        [ -n "$file" ] && [ ! -e "$tree_modules/$(basename "${file%.xz}")" ] || continue
        xz -dc "$file" >"$tree_modules/$(basename "${file%.xz}")"
        # shellcheck disable=SC2207
        queue+=($(modinfo -F depends "$file" | tr ',' ' '))
    done
    depmod -b "$tree" "$1"
}

# Users, D-Bus and BlueZ as this bed needs them.
configure() {
    printf 'root:x:0:0:root:/root:/bin/sh\nmessagebus:x:101:101::/nonexistent:/bin/false\n' >"$tree/etc/passwd"
    printf 'root:x:0:\nmessagebus:x:101:\nbluetooth:x:102:\naudio:x:29:\nnetdev:x:103:\n' >"$tree/etc/group"
    echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
    # One ATT channel, since several may reorder notifications; nothing remembered between runs.
    printf '[General]\nControllerMode=le\nTemporaryTimeout=0\n[Policy]\nAutoEnable=true\n[GATT]\nCache=no\nChannels=1\n' \
        >"$tree/etc/bluetooth/main.conf"
    mkdir -p "$tree/var"
    ln -s /run "$tree/var/run"
    cp "$folder/btvirt" "$tree/usr/bin/btvirt"
    cp "$here/init" "$tree/init"
    chmod 755 "$tree/init"
}
