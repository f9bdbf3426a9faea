#!/bin/bash
# gnomond -x follows a real chronyd on loopback, over IPv4 and over IPv6.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && port=$PORT
chronyd chronyd "local stratum 8" allow "port $upstream"
await 10 serves 127.0.0.1 "$upstream" 'v["stratum"] == 8' || bail "chronyd serves stratum 8"

relay_conf four "$upstream" "$port"
cat >"$ROOM/six.conf" <<EOF
clock = { drift_file = "$ROOM/six.drift"; };
sources = ( { use = "proto-ntp"; server = "::1"; port = $upstream; iburst = true; } );
EOF
launch four
launch six
for name in four six; do
    check "$name: synchronised within 15 s" await 15 synchronised $name || continue
    check "$name: stratum 9" tells $name tracking 'v["stratum"] == 9'
    check "$name: leap normal, locked" tells $name tracking 'v["leap"] == "normal" and v["state"] == "locked"'
done
await 15 tells four sources 'v[0]["reach"] >= 15'
for name in four six; do
    ctl $name --json tracking >"$ROOM/tracking.json"
    ctl $name --json sources >"$ROOM/sources.json"
    check "$name: tracking keeps the contract" "$PYTHON" "$TOOLS/contract.py" tracking <"$ROOM/tracking.json"
    check "$name: sources keeps the contract" "$PYTHON" "$TOOLS/contract.py" sources <"$ROOM/sources.json"
    check "$name: the measured offset is under 1 ms" await 20 tells $name tracking \
        'abs(v["system_offset_s"]) < 1e-3 and abs(v["last_offset_s"]) < 1e-3'
    check "$name: so says the source" await 20 tells $name sources \
        'len(v) == 1 and abs(v[0]["last_offset_s"]) < 1e-3 and 0 < v[0]["error_s"] < 0.1'
    check "$name: the source is selected, a server of stratum 8" tells $name sources \
        'v[0]["state"] == "selected" and v[0]["mode"] == "server" and v[0]["stratum"] == 8 and v[0]["plugin"] == "proto-ntp"'
    check "$name: its reach grows, its last reply is recent" tells $name sources \
        'v[0]["reach"] & 1 and 0 <= v[0]["last_rx_s"] < 70'
    check "$name: the frequency is sane" tells $name tracking 'abs(v["frequency_ppm"]) < 600 and v["skew_ppm"] >= 0'
    check "$name: the bound covers the error" tells $name tracking \
        'v["error_bound_s"] >= abs(v["system_offset_s"]) and v["error_bound_s"] < 1'
done
check "four: the source's address" tells four sources 'v[0]["address"].startswith("127.0.0.1") and v[0]["name"] == "upstream"'
check "four: it serves on as stratum 9" await 10 serves 127.0.0.1 "$port" \
    'v["stratum"] == 9 and v["leap"] == 0 and v["mode"] == 4 and abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'
check "four: over IPv6 too" serves ::1 "$port" 'v["stratum"] == 9'
check "four: refid is the upstream's address" serves 127.0.0.1 "$port" 'v["refid"] == "7f000001"'
check "four: root delay and dispersion are told" serves 127.0.0.1 "$port" \
    '0 < v["root_dispersion_s"] < 1 and 0 <= v["root_delay_s"] < 0.1'
check "nothing is wrong in the log" differs logged four ' (error|warning): '

run "$GNOMONCTL" query "127.0.0.1:$upstream"
check "gnomonctl query asks chronyd" matches "127\.0\.0\.1:$upstream" "$OUTPUT"
check "… exit status 0" same 0 "$STATUS"
