#!/usr/bin/env bash
# Real Bluetooth without hardware: Debian's kernel with hci_vhci, bluetoothd and D-Bus in QEMU, BlueZ's own virtual
# controllers, and the rig inside.
#
#   bed.sh                     prepare what is missing, play every bed, each in a machine of its own, say what came of them
#   bed.sh run [BED...]        the same with some of test-rig/beds (four-phones equivocating-primary controller-off stranger),
#                              or refusals: what the rig says where Bluetooth cannot be used
#   bed.sh repeat N [BED...]   N times each, and how many passed
#   bed.sh prepare             only prepare
#
# FOLDER=…   where machine, logs and results lie (default: target/bluetooth-bed); RIG=… a built rig (default: built here)
# MACHINES=… how many run side by side (default: one for each processor); LIMIT=… seconds that one may take (1800)
# MIRROR=…   Debian's mirror (default: the one of this machine's apt sources)
#
# The machine is emulated, and its clock counts instructions: waiting takes no time, and on a slow or busy host everything
# takes longer and nothing comes out differently. So times in the results are those of one processor with 10^9
# instructions a second that runs all phones and the whole stack; they say nothing about radio.
#
# Results go to stdout, what is being done to stderr. Exit status: 0 if every bed came out as its file expects, 1 if not,
# 2 for a wrong command, 7 if the machine cannot be prepared here (a line says why).
#
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(realpath -m "${FOLDER:-$root/target/bluetooth-bed}")
machines=${MACHINES:-$(nproc)}
limit=${LIMIT:-1800}
# The longest first, so that none is left alone at the end.
all_beds=(stranger equivocating-primary four-phones controller-off refusals)
declare -A since=()
export PATH=$PATH:/sbin:/usr/sbin

. "$here/prepare.sh"
. "$here/play.sh"

skip() {
    echo "SKIPPED: the Bluetooth bed cannot run here: $1" >&2
    exit 7
}

# What is being done, with the seconds since the command began. begin PHASE TEXT, finish PHASE.
begin() {
    since[$1]=$SECONDS
    printf '[%4d s] %s\n' "$SECONDS" "$2" >&2
}

finish() {
    local took=$((SECONDS - since[$1]))
    printf '[%4d s] %s: done in %d s\n' "$SECONDS" "$1" "$took" >&2
    printf '%s %d s, ' "$1" "$took" >>"$folder/durations"
}

# Each in a process group of its own, so that nothing of it is left when this command ends.
start() {
    set -m
    "$@" </dev/null &
    set +m
}

stop_everything() {
    local group tries=0
    for group in $(jobs -p); do
        kill -- "-$group" 2>/dev/null || continue
        # What a group leader has started may outlive it by a moment.
        while kill -0 -- "-$group" 2>/dev/null; do
            sleep 0.1
            tries=$((tries + 1))
            [ $tries -lt 50 ] || kill -KILL -- "-$group" 2>/dev/null || true
        done
    done
}
trap stop_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The rig as the tests have it: curves and ciphers are optimised there too, and with all optimisation the build takes longer
# than every bed together gains.
build_rig() {
    local rig=${RIG:-}
    if [ -z "$rig" ]; then
        begin "rig" "building the rig ($folder/cargo.log)"
        rig=${CARGO_TARGET_DIR:-$root/target}/debug/rig
        (cd "$root" && cargo build --locked -p bitcraps-rig) >"$folder/cargo.log" 2>&1 || {
            tail -20 "$folder/cargo.log" >&2
            return 1
        }
        finish "rig"
    fi
    strip -o "$folder/rig" "$rig"
}

make_machine() {
    need_tools
    make_controllers
    make_guest
}

# The machine is made of downloads, the rig of work: one waits for the network while the other computes.
prepare() {
    local builder code=0
    mkdir -p "$folder"
    rm -f "$folder/durations"
    [ -n "${RIG:-}" ] || command -v cargo >/dev/null || skip "there is no cargo to build the rig with"
    # Whoever links Rust programs has a C compiler; where there is none, it is one of the tools.
    { command -v gcc && command -v strip; } >/dev/null || need_tools
    start build_rig
    builder=$!
    start make_machine
    wait $! || code=$?
    [ $code = 0 ] || exit $code
    wait "$builder" || {
        echo "the rig cannot be built" >&2
        exit 1
    }
}

usage() {
    sed -n '2,/^set/{/^set/d;/shellcheck/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
}

known() {
    local bed
    for bed in "$@"; do
        [[ " ${all_beds[*]} " == *" $bed "* ]] || {
            echo "there is no bed $bed; there are ${all_beds[*]}" >&2
            exit 2
        }
    done
}

command=${1:-run}
shift || true
times=1
case $command in
prepare | run) ;;
repeat)
    times=${1:-}
    [[ $times =~ ^[1-9][0-9]*$ ]] || usage
    shift
    ;;
*) usage ;;
esac
known "$@"
prepare
[ "$command" = prepare ] && exit 0
[ $# -gt 0 ] || set -- "${all_beds[@]}"
play "$times" "$@"
