#!/bin/bash
# Three receivers that send 1 MB/s of noise, each another kind: nothing is made of it, the daemon answers, its other
# source goes on, it needs no more memory, and receivers that come to their senses are heard.
. "$(dirname "$0")/../lib.sh"

rss() { # kB
    awk '/^VmRSS:/ { print $2 }' "/proc/${PID[gps]}/status"
}
read_so_far() { # bytes
    awk '/^rchar:/ { print $2 }' "/proc/${PID[gps]}/io"
}
answering() {
    for _ in 1 2 3 4 5 6; do
        sleep 1
        answers gps || return 1
    done
}

free_port
stub lan "$PORT"
for kind in random frames endless; do
    start $kind "$PYTHON" "$TOOLS/noisy_receiver.py" $kind 1e6 12
    await 10 logged $kind '^line' || bail "the receiver starts"
    line=$(sed -n 's/^line //p' "$ROOM/$kind.log")
    receivers="${receivers:-}{ use = \"refclock-gps\"; name = \"$kind\"; device = \"$line\"; }, "
done
cat >"$ROOM/gps.conf" <<END
clock = { drift_file = "$ROOM/drift"; };
sources = ( $receivers
            { use = "proto-ntp"; name = "lan"; server = "127.0.0.1"; port = $PORT; minpoll = 0; maxpoll = 0; } );
END
gnomond gps
sleep 2
more=1024
! ldd "$GNOMOND" | grep -q asan || more=8192 # what is freed stays for a while
before=$(rss) from=$(read_so_far)
check "the daemon goes on answering" answering
after=$(rss) to=$(read_so_far)
check "the noise is read" test $((to - from)) -gt 300000
check "it takes no more memory ($before kB, then $after)" test "$after" -lt $((before + more))
check "nothing is made of noise" tells gps sources 'all(s["reach"] == 0 for s in v[:3])'
check "the other source answers each time" tells gps sources "v[3]['reach'] & 0x3f == 0x3f"
check "they come to their senses, and are heard" await 60 tells gps gps 'all(g["protocol"] == "nmea" for g in v)'
stop gps
check "it ends with 0" same 0 "$STATUS"
