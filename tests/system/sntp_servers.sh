#!/bin/bash
# proto-sntp with a good server after one that is dead, lies, is slow or refuses: it takes the good one and
# says why, and nothing of the other moves the clock.
. "$(dirname "$0")/../lib.sh"

# NAME:STUB:REASON: what is wrong with the first server; those that lie are 1000 s ahead.
cases=(
    'refused::the host answers that nobody listens'
    'silent:1000:1:0:0:silent:no reply within 2 s'
    'leap-3:1000:1:3:the server says that it is not synchronised \(leap 3, stratum 1\)'
    'stratum-0:1000:0:not synchronised|is refused \(stratum\)'
    'stratum-16:1000:16:not synchronised \(leap 0, stratum 16\)'
    'zero:1000:1:0:0:zero:its reply is refused \(timestamps\)'
    'origin:1000:1:0:0:origin:what arrives is refused \(bogus-origin\)'
    'mode:1000:1:0:0:mode:what arrives is refused \(mode\)'
    'short:1000:1:0:0:short:what arrives is refused \(length\)'
    'too-slow:1000:1:0:2.5:no reply within 2 s'
    'deny:1000:1:0:0:DENY:the server refuses us \(DENY\): next request in 24 h'
    'rstr:1000:1:0:0:RSTR:the server refuses us \(RSTR\)'
    'rate:1000:1:0:0:RATE:asked less often \(RATE\)'
    'past:-800000000:1:the server is in the past'
)

free_port && port=$PORT
stubs=("127.0.0.1@$port")
names=()
reasons=()
for i in "${!cases[@]}"; do
    names[i]=${cases[i]%%:*}
    rest=${cases[i]#*:}
    reasons[i]=$(sed -E 's/^([-0-9.]*:)*((zero|origin|mode|short|silent|DENY|RSTR|RATE):)?//' <<<"$rest")
    wrong=${rest%"${reasons[i]}"}
    [ "$wrong" = : ] || stubs+=("127.0.1.$((i + 1))@$port:${wrong%:}")
    printf 'sources = ( { use = "proto-sntp"; name = "small"; server = [ "127.0.1.%s", "127.0.0.1" ]; port = %s; } );\n' \
        $((i + 1)) "$port" >"$ROOM/${names[i]}.conf"
    printf 'clock = { drift_file = "%s"; };\n' "$ROOM/${names[i]}.drift" >>"$ROOM/${names[i]}.conf"
done
# Slow and right: its reply is late on the way, by less than is waited for.
stubs+=("127.0.2.1@$port:0:1:0:0.9:queued" "127.0.2.2@$port:0:1:0:0.9")
for i in 1 2; do
    printf 'sources = ( { use = "proto-sntp"; server = "127.0.2.%s"; port = %s; } );\n' $i "$port" >"$ROOM/slow$i.conf"
done
stub stubs "${stubs[@]}"

start once "$GNOMOND" -Q -c "$ROOM/deny.conf" --plugin-dir "$PLUGINS"
start set "$GNOMOND" -x -q -c "$ROOM/leap-3.conf" --plugin-dir "$PLUGINS"
cat >"$ROOM/none.conf" <<EOF2
sources = ( { use = "proto-sntp"; name = "small"; server = [ "127.0.1.3", "127.0.1.4" ]; port = $port; } );
EOF2
start none "$GNOMOND" -Q -c "$ROOM/none.conf" --plugin-dir "$PLUGINS"
for name in "${names[@]}" slow1 slow2; do
    launch "$name"
done

good='v[0]["address"].startswith("127.0.0.1") and v[0]["state"] == "selected"'
for i in "${!names[@]}"; do
    name=${names[i]}
    check "$name: synchronised" await 20 synchronised "$name"
    check "$name: it says why the first is not asked" logged "$name" "${reasons[i]}"
    check "$name: the time is the second's" tells "$name" sources "$good"
    check "$name: and nothing of the first counts" tells "$name" tracking \
        'abs(v["system_offset_s"]) < 0.1 and v["error_bound_s"] < 0.1'
    check "$name: no offset of the first is told" differs logged "$name" 'offset [-+]?[1-9][0-9]*\.'
done
asked() { # HOST: how often
    grep -c "^asked 127.0.1.$1@" "$ROOM/stubs.log"
}
check "one that refuses is not asked again (RSTR)" same 1 "$(asked 12)"

check "a way of 0.9 s: synchronised" await 20 synchronised slow1
check "… and the bound covers it" tells slow1 tracking \
    '0.45 <= v["error_bound_s"] + abs(v["system_offset_s"]) and v["error_bound_s"] >= abs(v["system_offset_s"]) * 0.9'
check "a server that takes 0.9 s, and says so: synchronised" await 20 synchronised slow2
check "… well" tells slow2 tracking 'abs(v["system_offset_s"]) < 0.05 and v["error_bound_s"] < 0.1'

# Once.
await 30 ended "${PID[once]}" && await 30 ended "${PID[set]}" && await 30 ended "${PID[none]}"
stop once
check "-Q: exit status 0" same 0 "$STATUS"
check "-Q: the offset, and from whom" logged once '^offset [-+]0\.0[0-9]+ s ± 0\.[0-9]+ s from small \(127\.0\.0\.1'
stop set
check "-x -q: exit status 1" same 1 "$STATUS"
check "-x -q: what it would have set, and why not" logged set 'not set \(it is off by [-+]0\.0.*-x forbids it'
stop none
check "-Q without a good server: exit status 1" same 1 "$STATUS"
check "-Q: and the reason" logged none 'no source gave the time in 20 s: small .*not synchronised'
