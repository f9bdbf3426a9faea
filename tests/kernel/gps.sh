#!/bin/bash
# A satellite receiver (gps_receiver.c) at a real serial line and a real /dev/pps0, in a guest under QEMU. Its
# truth is an oscillator that nobody steers, 20 ppm faster than the guest's; nothing else tells the time. With
# pulses the clock is kept for five minutes, then the antenna is lost for two, and the line's driver is taken
# away for half a minute. Then the clock is set wrong, and a second daemon has the messages alone, and
# their latency from the state that the first one left: five minutes again, and two without antenna.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../guest.sh"

modules=$PEERS/kernel/modules
[ -e "$modules/pps_parport.ko" ] || skip "no modules in $modules (tests/peers fetches them)"
state=$(grep -aoE '/[ -.0-~]+(/[ -.0-~]+)*/drift' "$GNOMOND" | head -1)
guest=$ROOM/guest
guest_make "$guest"
mkdir -p "$guest${state%/drift}"
cp "$modules"/*.ko "$guest/"
for applet in insmod tail head cut; do
    ln -s busybox "$guest/bin/$applet"
done
cc -O1 -o "$guest/bin/gps_receiver" "$SRC/tests/kernel/gps_receiver.c" -lm ||
    bail "gps_receiver.c does not compile"
conf() { # NAME MORE
    cat >"$guest/etc/$1.conf" <<END
clock = { drift_file = "/state/drift"; };
sources = ( { use = "refclock-gps"; name = "gps"; device = "/dev/ttyS1"; $2 } );
END
}
conf pulses 'pps = "/dev/pps0";'
conf words ''
cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
insmod /parport.ko
insmod /parport_pc.ko io=0x378 irq=7
insmod /pps_parport.ko clear_wait=0
at() { # SECOND of the receiver
    now=$(tail -n 1 /tmp/truth | cut -d ' ' -f 2)
    [ "$1" -le "$now" ] || sleep $(($1 - now))
}
start() { # NAME
    gnomond -c /etc/$1.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/$1 &
    daemon=$!
}
tell() { # LABEL COMMAND
    echo "$1 $(gnomonctl -s /run/gnomon.sock --json $2)"
}
hold() { # LABEL FROM TO: what is told, beside the truth
    second=$2
    while [ $second -le $3 ]; do
        at $second
        error=$(tail -n 2 /tmp/truth | head -n 1 | cut -d ' ' -f 3)
        echo "$1 {\"error_ns\": $error, \"told\": $(gnomonctl -s /run/gnomon.sock --json tracking)}"
        second=$((second + 10))
    done
}
stop() { # NAME
    kill $daemon
    wait $daemon
    echo "$1 ended with $?"
    cat /tmp/$1
}
gps_receiver /dev/ttyS1 2400.4 20 1120 lost=370-490 unplugged=510-530 lost=950-1070 >/tmp/truth &
receiver=$!
sleep 2
start pulses
at 360
tell PULSES sources
tell PULSES_GPS gps
hold PULSES_LOST 372 489
at 525
tell UNPLUGGED sources
at 560
tell PLUGGED sources
stop pulses
date -s '2026-01-01 00:00:00'
start words
at 940
tell WORDS sources
tell WORDS_GPS gps
hold WORDS_LOST 952 1069
wait $receiver
stop words
cat /tmp/truth
echo done
poweroff -f
END
guest_close "$guest" "$ROOM/initrd.gz"
guest_serial=(-serial null)
guest_pace=1 # else the time from a pulse to its stamp depends on how fast this machine is
guest_run "$ROOM/initrd.gz" "$ROOM/console.log"
said() { # LABEL EXPRESSION: of the list of what the guest printed under it
    sed -n "s/^$1 //p" "$ROOM/console.log" | paste -sd, | sed 's/.*/[&]/' |
        "$PYTHON" "$TOOLS/json_value.py" --holds "$2"
}
leap() { # FROM TO: the largest change of the error from one second to the next, ns
    awk -v from="$1" -v to="$2" '$1 == "error" && $2 >= from && $2 <= to {
        d = $3 - last
        if (last != "" && d * d > worst * worst) worst = d < 0 ? -d : d
        last = $3
    } END { print worst == "" ? 1e18 : worst }' "$ROOM/console.log"
}
stayed='all(abs(s["error_ns"]) < 1e9 * s["told"]["error_bound_s"] for s in v) and len(v) == 12'
held_over='all(s["told"]["state"] == "holdover" for s in v[6:])'

check "the guest lives to its end" logged console '^done'
check "pulses: the receiver is the system source" said PULSES 'v[0][0]["state"] == "selected"'
check "pulses: how late its messages are is learnt" said PULSES_GPS \
    'any(m["kind"] == "RMC" and m["learnt"] and abs(m["latency_s"] - 0.121) < 2e-3 for m in v[0][0]["messages"])'
check "pulses: within 50 us of the truth for five minutes" below 50000 "$(worst 60 360)"
check "pulses: two minutes without antenna, within the bound that is told" said PULSES_LOST "$stayed"
check "pulses: … and it says that it holds over" said PULSES_LOST "$held_over"
check "pulses: the antenna is back, and the clock is right again without a step" below 50000 "$(worst 500 510)"
check "pulses: … nor was it hurried" below 10000 "$(leap 60 560)"
check "pulses: it is told that the line is gone" said UNPLUGGED \
    'v[0][0]["state"] != "selected" and "/dev/ttyS1" in v[0][0]["detail"]'
check "pulses: and that it is back" said PLUGGED 'v[0][0]["state"] == "selected"'
check "pulses: that cost nothing" below 50000 "$(worst 510 560)"
check "pulses: the daemon ends in order" logged console 'pulses ended with 0'

check "words: the receiver is the system source" said WORDS 'v[0][0]["state"] == "selected"'
check "words: within 1 ms of the truth for five minutes" below 1000000 "$(worst 640 940)"
check "words: two minutes without antenna, within the bound that is told" said WORDS_LOST "$stayed"
check "words: … and it says that it holds over" said WORDS_LOST "$held_over"
check "words: the antenna is back, and the clock is right without a step" below 1000000 "$(worst 1070 1120)"
check "words: … nor was it hurried" below 50000 "$(leap 640 1120)"
check "words: the daemon ends in order" logged console 'words ended with 0'
check "each daemon set the clock once" same 2 "$(grep -c stepped "$ROOM/console.log")"
echo "# worst error with pulses: $(worst 60 360) ns; without antenna $(worst 370 490); then $(worst 490 560)"
echo "# … with messages alone: $(worst 640 940) ns; without antenna $(worst 950 1070); then $(worst 1070 1120)"
