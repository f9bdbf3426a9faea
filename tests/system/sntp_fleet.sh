#!/bin/bash
# What conf/worlds/sntp-10000.conf shows, with two hundred clients for two hours: their requests are spread
# from the start, also when all start in the same millisecond, and all keep time.
# shellcheck disable=SC2016 # the dollars are those of jq
. "$(dirname "$0")/../lib.sh"
need jq

world=$SRC/conf/worlds/sntp-10000.conf
small() { # NAME SED-SCRIPT: a smaller world of that kind
    sed -e 's/count = 10000/count = 200/; s/duration = 86400/duration = 7200/' -e "$2" "$world" >"$ROOM/$1.conf"
    "$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" -L warning --json "$ROOM/$1.conf" >"$ROOM/$1.json" 2>"$ROOM/$1.log"
}
# holds NAME EXPRESSION: of the server's figures `s` and the clients' `c`.
holds() {
    jq -es ".[0].nodes as \$n | \$n[0] as \$s | \$n[1:] as \$c | $2" "$ROOM/$1.json" && return
    jq -c '.nodes[0] | {received, received_crowds, received_most}' "$ROOM/$1.json"
    return 1
}
check_holds() { # NAME WORDS EXPRESSION
    check "$1: $2" holds "$1" "$3"
}

small boots 's/^$//'
check_holds boots "two hundred clients asked" '($c | length) == 200 and $s.received > 2500'
check_holds boots "all keep time to 20 ms once they have learnt" '[$c[].max_s] | max < 0.02'
check_holds boots "and keep their bounds" '[$c[].bound_kept] | min > 0.99'
# Boots within 30 s, then intervals of 16 s and more: 200 · 0.08 in the busiest second of the boot.
check_holds boots "no second of the start has a fifth of them" '$s.received_most < 40'
check_holds boots "and hardly any more than seven" '($s.received_crowds[3:] | add) < 60'

# All in the same millisecond, and polls are whole minutes: nobody asks in step after the first request.
small together 's/boot = "20s + 5s\*normal"/boot = 0.0/; s/server = \\"server\\";/& poll = 60;/'
check_holds together "one request of each in the first second" '$s.received_most == 200'
check_holds together "after it no second with more than 63" '($s.received_crowds[6:] | add) == 1'
check_holds together "nor many with more than 15, in two hours on the minute" '($s.received_crowds[4:] | add) < 60'
