# Plays beds in emulated machines side by side, for bed.sh, and says what came of them.
# shellcheck shell=bash disable=SC2154

# play TIMES BED…: every bed that often, as many machines at a time as `$machines`; the results in the order of the names.
play() {
    local times=$1 number bed names=() passed=0
    shift
    for number in $(seq "$times"); do
        for bed in "$@"; do
            names+=("$bed$([ "$times" = 1 ] || echo ".$number")")
        done
    done
    rm -rf "$folder/boots"
    begin "beds" "playing ${#names[@]} beds, $machines at a time ($folder/boots)"
    for bed in "${names[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge "$machines" ]; do
            wait -n || true
        done
        start boot "$bed"
    done
    wait
    finish "beds"
    for bed in "${names[@]}"; do
        [ ! -e "$folder/boots/$bed/passed" ] || passed=$((passed + 1))
        [ "$times" != 1 ] && [ -e "$folder/boots/$bed/passed" ] || said "$bed"
    done
    echo "$passed of ${#names[@]} beds passed; $(cat "$folder/durations")all in $SECONDS s"
    [ "$passed" = "${#names[@]}" ]
}

# One machine: the rig and a bed in, results out.
boot() {
    local place=$folder/boots/$1 shared=$folder/boots/$1/shared code=0 began=$SECONDS took TIMEFORMAT=%0U
    mkdir -p "$shared/out"
    cp -r "$root/test-rig/beds" "$here/guest.sh" "$here/refusals.sh" "$here/stranger.sh" "$folder/rig" "$shared/"
    echo "BED='${1%%.*}'" >"$shared/settings"
    # qemu64 has no vector instructions beyond SSE2, which the emulation would do one by one.
    { time timeout --foreground -k 10 "$limit" qemu-system-x86_64 -accel tcg,thread=single -icount shift=0,sleep=off -rtc clock=vm \
        -smp 1 -cpu qemu64,+rdrand -m 512 -nographic -no-reboot -nic none \
        -kernel "$folder/vmlinuz" -initrd "$folder/initramfs.cpio" \
        -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off no_timer_check cryptomgr.notests apparmor=0 audit=0" \
        -virtfs local,path="$shared",mount_tag=w,security_model=none,multidevs=remap >"$place/console.log" 2>&1; } \
        2>"$place/cpu" || code=$?
    [ $code != 124 ] || echo "the machine did not end within $limit s" >>"$place/console.log"
    rm -f "$shared/rig"
    took="$((SECONDS - began)) s ($(cat "$place/cpu") s of a processor)"
    echo "$took" >"$place/took"
    if [ $code = 0 ] && [ "$(cat "$shared/rc" 2>/dev/null)" = 0 ]; then
        touch "$place/passed"
        printf '[%4d s] %s passed in %s\n' "$SECONDS" "$1" "$took" >&2
    else
        printf '[%4d s] %s FAILED after %s: %s\n' "$SECONDS" "$1" "$took" "$place" >&2
    fi
}

# What came of one bed, in a few lines.
said() {
    local place=$folder/boots/$1 out=$folder/boots/$1/shared/out
    if [ "${1%%.*}" = refusals ]; then
        sed 's/^/refusals: /' "$out/refusals.txt" 2>/dev/null || echo "refusals: no result"
    elif [ -s "$out/result.json" ]; then
        python3 "$here/say.py" "$1" "$(cat "$out/code" 2>/dev/null || echo none)" <"$out/result.json"
    else
        echo "$1: no result; exit $(cat "$out/code" 2>/dev/null || echo none); $(tail -1 "$out/err" 2>/dev/null)"
        tail -3 "$place/console.log"
    fi
    [ ! -s "$out/checks" ] || sed 's/^/  /' "$out/checks"
    [ -e "$place/passed" ] || echo "  FAILED after $(cat "$place/took"); logs in $place"
}
