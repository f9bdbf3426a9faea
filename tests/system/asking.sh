#!/bin/bash
# From where a server is asked: address, port, device and class of the packets; and of replies.
. "$(dirname "$0")/../lib.sh"

free_port && plain=$PORT
free_port && placed=$PORT
free_port && ported=$PORT
free_port && also=$PORT
free_port && from=$PORT
free_port && far=$PORT
free_port && none=$PORT
start ear "$PYTHON" "$TOOLS/packet_ear.py" "$plain" "$placed" "$ported" "$also"
await 10 logged ear '^ready' || bail "the ears are there"

cat >"$ROOM/daemon.conf" <<EOF2
sources = (
    { use = "proto-ntp"; name = "plain"; server = "127.0.0.1"; port = $plain; iburst = true; },
    { use = "proto-ntp"; name = "placed"; server = "127.0.0.1"; port = $placed; iburst = true;
      bind_address = "127.0.0.9"; bind_device = "lo"; dscp = 46; },
    { use = "proto-ntp"; name = "ported"; server = "127.0.0.1"; port = $ported; iburst = true; source_port = $from; },
    { use = "proto-ntp"; name = "also"; server = "127.0.0.1"; port = $also; iburst = true; source_port = $from; },
    { use = "proto-ntp"; name = "elsewhere"; server = "127.0.0.1"; port = $far; bind_address = "192.0.2.9"; },
    { use = "proto-ntp"; name = "nowhere"; server = "127.0.0.1"; port = $none; bind_device = "nosuch0"; },
    { use = "proto-ntp"; name = "other"; server = "127.0.0.1"; port = $plain; bind_address = "::1"; }
);
EOF2
gnomond daemon || bail "it starts"

# heard PORT REGEX COUNT: so many packets, or more, came to that port in that way.
heard() { test "$(grep -cE "^$1 from $2\$" "$ROOM/ear.log")" -ge "$3"; }
# ports PORT: how many ports they came from.
ports() { grep -E "^$1 from" "$ROOM/ear.log" | cut -d ' ' -f 3 | sort -u | wc -l; }
# says NAME REASON WORDS: the source's reason and detail.
says() { tells daemon sources "any(s['name'] == '$1' and s['reason'] == '$2' and '$3' in s['detail'] for s in v)"; }

check "without options: from 127.0.0.1, of no class" await 15 heard "$plain" '127\.0\.0\.1:[0-9]+ class 0' 3
check "… from a port of its own each" test "$(ports "$plain")" -ge 3
check "bind_address, bind_device and dscp" await 15 heard "$placed" '127\.0\.0\.9:[0-9]+ class 46' 3
check "source_port" await 15 heard "$ported" "127\\.0\\.0\\.1:$from class 0" 3
check "… of two sources" await 15 heard "$also" "127\\.0\\.0\\.1:$from class 0" 3
check "… and no other" same "1 1" "$(ports "$ported") $(ports "$also")"
check "an address of another machine: said so" await 10 says elsewhere send-failed '(from 192.0.2.9)'
check "a device that is not there: said so" await 10 says nowhere send-failed '(by nosuch0)'
check "an address of another family: said so" await 10 says other resolving 'family of bind_address'
stop daemon
check "it ends with 0" same 0 "$STATUS"

# The server's side.
free_port && port=$PORT
cat >"$ROOM/server.conf" <<EOF2
sources = ( { use = "refclock-local"; stratum = 10; } );
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = $port; bind_device = "lo"; dscp = 34; } );
EOF2
gnomond server || bail "the server starts"
replied() {
    run "$PYTHON" "$TOOLS/packet_ear.py" --ask "$port"
    matches "from 127\\.0\\.0\\.1:$port class 34\$" "$OUTPUT"
}
check "a server's dscp and bind_device" await 10 replied

# It answers, and never fast enough.
printf 'sources = ( { use = "proto-ntp"; name = "slow"; server = "127.0.0.1"; port = %s; iburst = true; maxdelay = 1e-6; } );\n' \
    "$port" >"$ROOM/limit.conf"
gnomond limit || bail "the client starts"
limited() {
    OUTPUT=$(ctl limit sources -v)
    matches 'slow .*delay: delay [0-9.]+ ms is over maxdelay 0\.001 ms \(max-delay, [0-9]+ so far\)' "$OUTPUT"
}
check "a limit of delay: sources -v tells the code, the numbers and how often" await 15 limited
check "… and the log" logged limit 'is over maxdelay 0\.001 ms \(max-delay, 1 so far\)'
check "… of a server that is reached" tells limit sources 'v[0]["reach"] > 0 and v[0]["state"] == "unusable"'
stop limit
sed -i 's/"lo"/"nosuch0"/' "$ROOM/server.conf"
stop server
run "$GNOMOND" -x -c "$ROOM/server.conf" -s "$ROOM/none.sock" --plugin-dir "$PLUGINS"
check "a device that is not there: the daemon does not start" differs same 0 "$STATUS"
check "… and says why" matches 'there is no network device nosuch0' "$OUTPUT"
