#!/bin/bash
# gnomond -x follows a real NTPsec ntpd. It speaks on port 123 only, so in a network namespace; it
# calls itself 127.0.0.1 as an orphan, so it is asked at another address, or we would seem a loop.
. "$(dirname "$0")/../lib.sh"
need_peer ntpsec/ntpd
ntpd=$PEER
own_network
ip addr add 192.0.2.1/32 dev lo || skip "no address can be added in a namespace"

cat >"$ROOM/ntp.conf" <<EOF
disable ntp
disable kernel
tos orphan 6 orphanwait 1
restrict default
restrict 127.0.0.1
driftfile $ROOM/ntpd.drift
EOF
start ntpd "$ntpd" -n -c "$ROOM/ntp.conf" -I lo
check "ntpd serves stratum 6" await 30 serves 192.0.2.1 123 'v["stratum"] == 6 and v["leap"] == 0' || bail "ntpd serves"

free_port && port=$PORT
cat >"$ROOM/daemon.conf" <<EOF
clock = { drift_file = "$ROOM/drift"; };
sources = ( { use = "proto-ntp"; name = "ntpsec"; server = "192.0.2.1"; iburst = true; } );
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = $port; } );
EOF
launch daemon
check "synchronised within 15 s" await 15 synchronised daemon
check "stratum 7" tells daemon tracking 'v["stratum"] == 7 and v["leap"] == "normal"'
await 15 tells daemon sources 'v[0]["reach"] >= 15'
check "the measured offset is under 1 ms" await 20 tells daemon tracking 'abs(v["system_offset_s"]) < 1e-3'
check "the source is selected" tells daemon sources 'v[0]["state"] == "selected" and v[0]["stratum"] == 6'
ctl daemon --json tracking >"$ROOM/tracking.json"
check "tracking keeps the contract" "$PYTHON" "$TOOLS/contract.py" tracking <"$ROOM/tracking.json"
check "it serves on as stratum 7" await 10 serves 127.0.0.1 "$port" 'v["stratum"] == 7 and abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'
check "refid is the upstream's address" serves 127.0.0.1 "$port" 'v["refid"] == "c0000201"'
run "$GNOMONCTL" query 192.0.2.1
check "gnomonctl query asks ntpd, on port 123 unless said" matches '192\.0\.2\.1:123' "$OUTPUT"
check "ntpd saw nothing wrong" differs logged ntpd 'BAD|bogus|rejected'
