#!/bin/bash
# The two configurations of ./dev run: an upstream with the machine's own clock, and the daemon.
. "$(dirname "$0")/../lib.sh"

for port in 11123 11124; do
    printf -v hex ':%04X ' "$port"
    ! grep -qs "$hex" /proc/net/udp /proc/net/udp6 || skip "port $port is in use (is ./dev run running?)"
done

cp "$SRC/conf/quickstart-upstream.conf" "$ROOM/upstream.conf"
cp "$SRC/conf/quickstart.conf" "$ROOM/daemon.conf"
gnomond upstream
gnomond daemon
check "the upstream is synchronised" await 15 synchronised upstream
check "the upstream serves as stratum 10 or 11" serves 127.0.0.1 11124 'v["stratum"] in (10, 11) and v["leap"] == 0'
check "the daemon is synchronised within 15 s" await 15 synchronised daemon
check "its stratum is one more than the upstream's" \
    tells daemon tracking "v['stratum'] == $(value 'v["stratum"] + 1' <"$ROOM/reply.json")"
check "the clock is within a millisecond of itself" await 20 tells daemon tracking 'abs(v["system_offset_s"]) < 1e-3'
check "it serves on 127.0.0.1:11123" await 10 serves 127.0.0.1 11123 'v["leap"] == 0 and abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'
run "$GNOMONCTL" query 127.0.0.1:11123
check "query exits 0" same 0 "$STATUS"
check "query names 127.0.0.1:11123" matches '127\.0\.0\.1:11123' "$OUTPUT"
check "nothing is wrong in the log" differs logged daemon ' (error|warning): '
stop daemon
check "the daemon ends with 0" same 0 "$STATUS"
stop upstream
check "the upstream ends with 0" same 0 "$STATUS"
