#!/bin/bash
# The local scale against CLOCK_MONOTONIC_RAW on a real kernel that is steered for real: in a guest
# under QEMU, on virtual time. SOURCE=hpet (or acpi_pm) takes another clock source than the TSC.
. "$(dirname "$0")/../lib.sh"

need qemu-system-x86_64 cpio busybox cc
kernel=$(find "$PEERS/kernel/boot" -name 'vmlinuz-*' -print -quit 2>/dev/null)
[ -n "$kernel" ] || skip "no kernel in $PEERS/kernel (tests/peers fetches it)"
case $machine in x86_64) ;; *) skip "the guest is x86_64" ;; esac

guest=$ROOM/guest
mkdir -p "$guest"/{bin,proc,sys,dev} || bail "the guest's files"
cp "$(command -v busybox)" "$guest/bin/busybox"
for applet in sh mount poweroff cat date; do
    ln -s busybox "$guest/bin/$applet"
done
core=$SRC/core
check "the guest's program compiles" cc -O2 -D_GNU_SOURCE -I"$core/api" -I"$core" -static \
    -o "$guest/bin/steered_scales" "$SRC/tests/kernel/steered_scales.c" "$core/host/timekeeper.c" \
    "$core/pipeline/timeline.c" "$core/os/sysclock_linux.c" "$core/os/sysclock_read.c" -lm || exit 1
check "it refuses to run outside" differs "${SAFE[@]}" "$guest/bin/steered_scales" 1 || exit 1

cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
echo "source $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
steered_scales 2000
echo done
poweroff -f
END
chmod +x "$guest/init"
(cd "$guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$ROOM/initrd.gz"
# An instruction takes 1 ns, however fast the machine below is.
timeout 240 qemu-system-x86_64 -accel tcg -cpu max -m 256 -display none -serial stdio -parallel null \
    -net none -no-reboot -icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm \
    -kernel "$kernel" -initrd "$ROOM/initrd.gz" \
    -append "console=ttyS0 quiet gnomon-guest tsc=reliable clocksource=${SOURCE:-tsc}" \
    </dev/null 2>"$ROOM/qemu.log" | tr -d '\r' >"$ROOM/console.log"

# field NAME WORDS: the number after NAME in the line that begins with the words.
field() {
    sed -n "s/^$2:* .*$1 \([-+0-9.e]*\).*/\1/p" "$ROOM/console.log"
}
within() { # LIMIT VALUE
    awk -v limit="$1" -v value="$2" 'BEGIN { exit !(value != "" && value < limit && -value < limit) }' || {
        echo "\"$2\" is not within $1"
        return 1
    }
}

check "the guest lives to its end" logged console '^done'
check "its clock source is the one asked for" logged console "^source ${SOURCE:-tsc}\$"
check "no steer and no step is refused" differs logged console '^(refused|no (step|date))'
check "the step by another program is seen, and no other" \
    same "1 0 1" "$(for run in ordinary slews large; do field 'steps by others' $run; done | xargs)"
check "2000 ordinary steers: local is RAW within 1 us" within 1000 "$(field max 'ordinary held')"
check "… and by its segments alone" within 1000 "$(field max 'ordinary alone')"
check "… at the same rate" within 1e-9 "$(field rate 'ordinary alone')"
check "20 minutes with four slews of 50 ms: within 1 us" within 1000 "$(field max 'slews held')"
check "2000 steers, every eighth of up to 80000 ppm: within 1 us" within 1000 "$(field max 'large held')"
check "a change of frequency is taken from when it is in force, within 2 us" within 2000 "$(field 'late by' large)"
sed -n 's/^\(ordinary\|slews\|large\)/# &/p' "$ROOM/console.log"
