#!/bin/bash
# Clients of the control socket that misbehave: clear errors for them, and service for the others.
. "$(dirname "$0")/../lib.sh"

printf 'sources = ( { use = "refclock-local"; stratum = 10; } );\n' >"$ROOM/daemon.conf"
gnomond daemon

abuse() { # KIND
    timeout 40 "$PYTHON" "$TOOLS/control_abuse.py" "$ROOM/daemon.sock" "$1"
}

turned_away_or_answered() {
    ctl daemon tracking || ctl daemon tracking 2>&1 | grep -qi 'many\|busy\|clients'
}

check "1 MiB without a newline gets an error in words" abuse flood
check "others are answered" answers daemon
check "garbage: each line gets an error in words" abuse garbage
check "deeply nested JSON gets an error" abuse deep
check "binary noise gets errors or silence" abuse binary
check "empty lines get errors or silence" abuse empty
check "a client that goes in mid-line" abuse cut
check "others are answered after all that" answers daemon
check "nothing of it stopped the daemon" alive daemon

start half "$PYTHON" "$TOOLS/control_abuse.py" "$ROOM/daemon.sock" half
start idle "$PYTHON" "$TOOLS/control_abuse.py" "$ROOM/daemon.sock" idle
check "a client hangs in mid-line" await 10 logged half hanging
check "others are answered while it hangs" answers daemon
start crowd "$PYTHON" "$TOOLS/control_abuse.py" "$ROOM/daemon.sock" crowd
check "100 connections" await 20 logged crowd crowded
check "with 100 connections open, a client is answered or turned away in words" turned_away_or_answered
check "the daemon lives" alive daemon
stop crowd
check "when they have gone, all is as before" await 10 answers daemon
check "a client that asks and never reads" abuse deaf
check "others are answered after it" answers daemon
rss=$(awk '/^VmRSS/ { print $2 }' "/proc/${PID[daemon]}/status")
# AddressSanitizer keeps what is freed.
grep -q libasan "/proc/${PID[daemon]}/maps" || check "memory stayed bounded ($rss KiB)" test "$rss" -lt 65536
stop daemon
check "it ends with 0, though clients still hang" same 0 "$STATUS"
check "the socket's file is gone" differs test -e "$ROOM/daemon.sock"
