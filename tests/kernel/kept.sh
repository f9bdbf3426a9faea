#!/bin/bash
# How well a real kernel's clock is kept: from half a second off, in a guest under QEMU on virtual time,
# by gnomond, and by Debian's chronyd in a guest of the same kind. The truth is the oscillator made
# 80 ppm faster, served by NTP; the error is that of the system clock against CLOCK_MONOTONIC_RAW.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../guest.sh"

chronyd=$PEERS/chrony/usr/sbin/chronyd
[ -x "$chronyd" ] || skip "no chronyd in $PEERS (tests/peers fetches it)"
export LD_LIBRARY_PATH=$PEERS/libs/usr/lib/$machine-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

last=660 # seconds; the first minute is for getting there
begin() { # FOLDER: what both guests do before the daemon starts
    guest_make "$1" "$chronyd"
    echo 'root:x:0:0:root:/:/bin/sh' >"$1/etc/passwd"
    cat >"$1/init" <<END
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
ip link set lo up
raw_server 9123 0.5 80 $last >/tmp/errors &
server=\$!
END
}
# The daemon has `daemon` as its pid; its ticks of the processor are counted before it ends.
live() { # FOLDER
    cat >>"$1/init" <<'END'
wait $server
read -r line </proc/$daemon/stat
set -- ${line##*) }
echo "ticks $((${12} + ${13}))"
kill $daemon
wait $daemon
echo "ended with $?"
adjtimex
cat /tmp/log /tmp/errors
echo done
poweroff -f
END
    guest_close "$1" "$1.gz"
    guest_run "$1.gz" "$1.log"
}

ours=$ROOM/ours
begin "$ours"
cat >"$ours/etc/gnomon.conf" <<'END'
clock = { drift_file = "/state/drift"; };
sources = ( { use = "proto-ntp"; name = "truth"; server = "127.0.0.1"; port = 9123;
              iburst = true; minpoll = 2; maxpoll = 5; } );
END
cat >>"$ours/init" <<'END'
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=$!
END
live "$ours"

theirs=$ROOM/theirs
begin "$theirs"
cat >"$theirs/etc/chrony.conf" <<'END'
server 127.0.0.1 port 9123 iburst minpoll 2 maxpoll 5
driftfile /state/drift
makestep 1.0 3
cmdport 0
bindcmdaddress /
pidfile /run/chronyd.pid
END
cat >>"$theirs/init" <<'END'
chronyd -d -u root -f /etc/chrony.conf 2>/tmp/log &
daemon=$!
END
live "$theirs"

figures() { # NAME CONSOLE
    printf '# %-8s RMS %7d ns, max %7d ns, within 1 ms from second %d on, %d ticks of the processor\n' "$1" \
        "$(rms 61 $last "$2")" "$(worst 61 $last "$2")" "$(reached 1000000 "$2")" \
        "$(sed -n 's/^ticks //p' "$2")"
}

# told CONSOLE: seconds in which what the kernel told of its clock was not true.
told() {
    awk -v last="$2" '$1 == "error" { off[$2] = ($3 < 0 ? -$3 : $3) / 1000 }
        $1 == "timex" && $2 > 5 && $2 <= last && ($3 != 0 || $4 < off[$2] || $5 > $4 + 1) { n++ }
        END { print n + 0 }' "$1"
}

check "the guest of gnomond lives to its end" grep -q '^done' "$ours.log"
check "the guest of chronyd lives to its end" grep -q '^done' "$theirs.log"
check "from half a second off to within 1 ms in a minute" below 61 "$(reached 1000000 "$ours.log")"
check "… and there for ten minutes, by CLOCK_MONOTONIC_RAW" below 1000000 "$(worst 61 $last "$ours.log")"
check "chronyd does so too" below 1000000 "$(worst 61 $last "$theirs.log")"
check "no second in which the kernel's status is not true" same 0 "$(told "$ours.log" $last)"
check "… nor, after the first minute, esterror, which is our error bound" same 0 "$(
    awk '$1 == "error" { off[$2] = ($3 < 0 ? -$3 : $3) / 1000 }
        $1 == "timex" && $2 > 60 && $5 < off[$2] { n++ } END { print n + 0 }' "$ours.log")"
check "nobody is said to steer beside us" differs grep -q 'somebody else' "$ours.log"
check "it ends in order" grep -q '^ended with 0' "$ours.log"
check "… and the kernel's clock is unsynchronised then" grep -Eq 'status: *0x[0-9a-f]*[4567cdef][0-9a-f] |status:.*UNSYNC' "$ours.log"
figures gnomond "$ours.log"
figures chronyd "$theirs.log"
