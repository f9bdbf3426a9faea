#!/bin/bash
# Another program sets or steers a real kernel's clock, which gnomond keeps: in a guest under QEMU, on
# virtual time. Each time it is told with its number, undone, and the clock is right again within a poll;
# what the kernel tells other programs is true at every second.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../guest.sh"

guest=$ROOM/guest
guest_make "$guest"
check "the other program compiles" cc -O1 -o "$guest/bin/meddle" "$SRC/tests/kernel/meddle.c" || exit 1
check "it refuses to run outside" differs "${SAFE[@]}" "$guest/bin/meddle" step 0 || exit 1
cat >"$guest/etc/gnomon.conf" <<'END'
clock = { drift_file = "/state/drift"; };
sources = ( { use = "proto-ntp"; name = "truth"; server = "127.0.0.1"; port = 9123;
              iburst = true; minpoll = 2; maxpoll = 5; } );
END
cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
ip link set lo up
raw_server 9123 0.5 80 660 >/tmp/errors &
server=$!
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=$!
sleep 120
meddle step 2000
sleep 100
meddle step -300
sleep 80
meddle frequency 100
sleep 60
meddle adjtime 20000
sleep 60
meddle loop 100000
sleep 60
kill -9 $daemon
wait $server
cat /tmp/log /tmp/errors
echo done
poweroff -f
END
guest_close "$guest" "$ROOM/initrd.gz"
guest_run "$ROOM/initrd.gz" "$ROOM/console.log"

console=$(cat "$ROOM/console.log")
# The seconds are the server's, and it began a little before.
check "the guest lives to its end" logged console '^done'
check "a step of 2 s is told" matches 'somebody else moved the system clock by \+(2\.000|1\.99)' "$console"
check "… and slewed away as fast as allowed" below 1000000 "$(worst 170 218)"
check "a step of -0.3 s is told" matches 'somebody else moved the system clock by -(0\.300|0\.299)' "$console"
check "… and slewed away in a poll" below 1000000 "$(worst 252 298)"
check "a frequency is told" matches 'changed the frequency of the system clock by \+(100\.0|99\.9)' "$console"
check "… and undone: it has cost 1 ms at most" below 1100000 "$(worst 299 358)"
check "an adjtime is told" matches 'by an adjtime\(3\), with \+0\.0[12][0-9]* s to go' "$console"
check "… and undone" below 100000 "$(worst 390 418)"
check "a loop is told" matches 'by a clock loop of the kernel, with \+0\.[0-9]* s to work off' "$console"
check "… and undone" below 100000 "$(worst 450 478)"
check "each is told once" same 5 "$(grep -c 'somebody else' "$ROOM/console.log")"
check "no step is made" differs logged console 'is stepped'
# maxerror is never below the error while the kernel calls its clock synchronised: not even a second
# after another program has set it, nor after the daemon was killed.
check "what the kernel tells is true at every second" same 0 "$(
    awk '$1 == "error" { off[$2] = ($3 < 0 ? -$3 : $3) / 1000 }
        $1 == "timex" && $3 == 0 { n++; bad += $4 < off[$2] }
        END { print (n > 600 ? bad + 0 : "too few: " n) }' "$ROOM/console.log")"
check "once it is killed, maxerror grows by 500 ppm" below 2000 "$(
    awk '$1 == "timex" && $2 == 500 { from = $4 } $1 == "timex" && $2 == 650 { to = $4 }
        END { d = to - from - 75000; print d < 0 ? -d : d }' "$ROOM/console.log")"
