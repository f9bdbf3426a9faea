#!/bin/bash
# A real kernel's hardware clock, 37 minutes off and slow by 100 ppm, with clock.rtc = "track": its drift
# is learnt from a server, it is written, trimmed and read back, the machine is off for an hour and comes up
# without a network: its time is right by what the state file has learnt. The truth is the oscillator
# made faster. The second guest is the machine after its reboot, with what the first one left.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../guest.sh"

cpu=max,vendor=GenuineIntel
faster=100 # ppm
off=3600   # seconds without power
learn=1000 # seconds with a server
alone=150  # … and without
state=$(grep -aoE '/[ -.0-~]+(/[ -.0-~]+)*/drift' "$GNOMOND" | head -1)
state=${state%/drift}

start() { # FOLDER
    guest_make "$1"
    mkdir -p "$1$state"
    cat >"$1/etc/gnomon.conf" <<'END'
clock = { rtc = "track"; drift_file = "/state/drift"; };
sources = ( { use = "proto-ntp"; name = "lan"; server = "127.0.0.1"; port = 9123;
              iburst = true; minpoll = 2; maxpoll = 4; },
            { use = "refclock-rtc"; name = "rtc0"; poll = 4; trim = 0.05; tier = 1; } );
END
    cat >"$1/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
sleep 10 # the kernel measures its oscillator anew
END
}
# live FOLDER PORT AHEAD SECONDS COMMANDS: the truth is AHEAD of the hardware clock; gnomond asks port 9123.
live() {
    cat >>"$1/init" <<END
raw_server $2 $3 $faster $4 rtc >/tmp/errors &
server=\$!
sleep 3
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=\$!
$5
wait \$server
echo "DATA \$(gnomonctl -s /run/gnomon.sock --json rtcdata)"
kill \$daemon
wait \$daemon
echo "daemon ended with \$?"
cat /tmp/log /tmp/errors
echo STATE
cat $state/rtc0.rtc
echo done
poweroff -f
END
}
live_on() { # FOLDER DATE
    guest_close "$1" "$1.gz"
    guest_run "$1.gz" "$1.log" "$2"
}
said() { # LOG LABEL EXPRESSION: of the JSON that the guest printed
    sed -n "s/^$2 //p" "$ROOM/$1.log" | "$PYTHON" "$TOOLS/json_value.py" --holds "$3"
}

first=$ROOM/first
start "$first"
# How fast it really drifts: the kernel's own idea of the oscillator is some ppm off.
# shellcheck disable=SC2016
echo 'echo "drifted $(raw_server 9125 0 100 200 rtc | grep ^rtc)"' >>"$first/init"
# shellcheck disable=SC2016 # $? is the guest's
live "$first" 9123 2220.4 $learn '
gnomonctl -s /run/gnomon.sock rtc write
echo "early write: $?"
sleep 60
gnomonctl -s /run/gnomon.sock rtcdata
gnomonctl -s /run/gnomon.sock rtc write
echo "late write: $?"'
live_on "$first" 2026-01-01T00:00:00
drift=$(awk '$1 == "drifted" { print -$4 / 200 / 1000 }' "$first.log") # ppm
check "the first guest lives to its end" logged first '^done'
check "without a known time nothing is written by hand" logged first '^early write: 1'
check "37 minutes off is found" logged first 'rtc0: /dev/rtc0 is -2220\.[0-9]* s off'
check "it is written, and read back" logged first '/dev/rtc0 was written, and read back [-+]0\.0[01]'
check "gnomonctl rtc write does so too" logged first '^late write: 0'
check "… and it is trimmed when it has gone too far" \
    test "$(grep -c 'info: rtc0: /dev/rtc0 was written' "$first.log")" -ge 3
# This kernel tells the edges some milliseconds late, and each otherwise.
check "late interrupts are noticed" logged first 'interrupts come late'
check "its drift is learnt, as well as it says" said first DATA \
    "abs(v['drift_ppm'] - $drift) < max(4 * v['drift_sd_ppm'], 2) and v['drift_sd_ppm'] < 6"
check "who writes it is told" logged first 'Written by *: this daemon'
read -r _ second error < <(grep '^rtc ' "$first.log")
check "it shows the time to a tenth of a second at the end" below 100000000 "${error#-}"

# What it will show after an hour, and how far the truth will be ahead of that.
date=$(date -u -d "@$((second + off))" +%Y-%m-%dT%H:%M:%S)
ahead=$(awk -v error="$error" -v gone="$off" -v ppm="$drift" \
    'BEGIN { printf "%.6f", gone * ppm * 1e-6 - error * 1e-9 }')
second=$ROOM/second
start "$second"
sed -n '/^STATE/,/^done/{ /^STATE/d; /^done/d; p; }' "$first.log" >"$second$state/rtc0.rtc"
live "$second" 9124 "$ahead" $alone ''
live_on "$second" "$date"
worst=$(worst 30 $alone "$second.log")
check "the second guest lives to its end" logged second '^done'
check "it remembers the drift" logged second "rtc0: drifts by \\+[0-9.]* ppm, as was learnt"
check "it has its time from the hardware clock" logged second 'synchronised to rtc0'
check "within 60 ms, where the clock itself is $ahead s off" below 60000000 "$worst"
check "it does not write what it has from there" same 0 "$(grep -c 'was written' "$second.log")"
check "it ends in order" logged second 'daemon ended with 0'
echo "# hardware clock: drifts by $drift ppm, $error ns off at the end; without power for an hour: system clock $worst ns off"
