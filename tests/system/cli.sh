#!/bin/bash
# The command line is a contract (design.md §7): options, exit statuses, --json, in both programs.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && dead=$PORT
free_port && port=$PORT
stub stub "$upstream:0:3"
relay_conf daemon "$upstream" "$port"
relay_conf dead "$dead"

# exits STATUS WORDS COMMAND...: leaves its output in OUTPUT.
exits() {
    local wanted=$1 words=$2
    shift 2
    run "$@"
    check "$words: exit status $wanted" same "$wanted" "$STATUS" || head -n 10 <<<"$OUTPUT"
}
says() { # REGEX
    check "    … and says $1" matches "$1" "$OUTPUT"
}

# The slow ones first, in the background, side by side.
start set-once timeout 60 "$GNOMOND" -q -c "$ROOM/daemon.conf" --plugin-dir "$PLUGINS"
start offset-once timeout 60 "$GNOMOND" -Q -c "$ROOM/daemon.conf" --plugin-dir "$PLUGINS"
start offset-dead timeout 60 "$GNOMOND" -Q -c "$ROOM/dead.conf" --plugin-dir "$PLUGINS"
start wait-for-it timeout 60 "$GNOMONCTL" -s "$ROOM/late.sock" waitsync 60
launch daemon

# --- gnomond -------------------------------------------------------------------------------------
exits 0 "gnomond --version" "$GNOMOND" --version
says '^gnomond [0-9]+\.[0-9]+'
exits 0 "gnomond --help" "$GNOMOND" --help
for option in -c -s -x -t --strict -q -Q -L --plugin-dir --list-plugins --describe --version; do
    matches "(^|[^-a-z])$option\b" "$OUTPUT" >/dev/null || not_ok "gnomond --help names $option"
done
exits 0 "gnomond --list-plugins" "$GNOMOND" --plugin-dir "$PLUGINS" --list-plugins
for file in "$PLUGINS"/*.so; do
    name=$(basename "$file" .so)
    says "^ *$name\b"
done
for file in "$PLUGINS"/*.so; do
    name=$(basename "$file" .so)
    exits 0 "gnomond --describe $name" "$GNOMOND" --plugin-dir "$PLUGINS" --describe "$name"
    says "\b$name\b"
done
exits 0 "gnomond --describe proto-ntp" "$GNOMOND" --plugin-dir "$PLUGINS" --describe proto-ntp
for key in server port iburst listen allow deny; do
    says "\b$key\b"
done
exits 2 "gnomond --describe of what is not there" "$GNOMOND" --plugin-dir "$PLUGINS" --describe no-such-thing
says no-such-thing
exits 2 "gnomond --no-such-option" "$GNOMOND" --no-such-option
says 'no-such-option'
exits 2 "gnomond -L loud" "$GNOMOND" -L loud
says 'error, warning, info'
exits 2 "gnomond with an argument" "$GNOMOND" something
exits 2 "gnomond -c without a file" "$GNOMOND" -c
exits 0 "gnomond -t" "$GNOMOND" -t -c "$ROOM/daemon.conf" --plugin-dir "$PLUGINS"
exits 2 "gnomond with an empty plugin folder" "$GNOMOND" -t -c "$ROOM/daemon.conf" --plugin-dir "$ROOM"
says 'proto-ntp'

# --- gnomonctl without a daemon ------------------------------------------------------------------
exits 0 "gnomonctl --help" "$GNOMONCTL" --help
for command in tracking sources sourcestats plugins query watch waitsync activity burst online offline refresh add \
    delete makestep gps rtcdata rtc shutdown; do
    says "^ *$command\b"
done
for command in explain doctor convert; do
    check "a command that is not there yet is not listed: $command" differs matches "^ *$command\b" "$OUTPUT"
done
exits 2 "gnomonctl without a command" "$GNOMONCTL"
exits 2 "gnomonctl with an unknown command" "$GNOMONCTL" trackin
says 'tracking'
exits 2 "gnomonctl tracking with an argument" "$GNOMONCTL" tracking now
exits 2 "gnomonctl --no-such-option" "$GNOMONCTL" --no-such-option
exits 1 "gnomonctl without a daemon" "$GNOMONCTL" -s "$ROOM/nobody.sock" tracking
says 'nobody\.sock'
exits 1 "gnomonctl waitsync 2 without a daemon" "$GNOMONCTL" -s "$ROOM/nobody.sock" waitsync 2
exits 1 "gnomonctl query of a port where nobody is" "$GNOMONCTL" query "127.0.0.1:$dead"
says "127\.0\.0\.1:$dead"
exits 2 "gnomonctl query without a host" "$GNOMONCTL" query

# --- gnomonctl with one --------------------------------------------------------------------------
await 20 answers daemon || bail "gnomond starts"
exits 0 "gnomonctl waitsync" "$GNOMONCTL" -s "$ROOM/daemon.sock" waitsync 30
exits 0 "gnomonctl tracking" "$GNOMONCTL" -s "$ROOM/daemon.sock" tracking
for label in 'Reference ID' Stratum 'Ref time \(UTC\)' 'System time' 'Last offset' 'RMS offset' Frequency \
    'Residual freq' Skew 'Root delay' 'Root dispersion' 'Update interval' 'Leap status'; do
    says "^$label +: "
done
says '^Synchronised +: yes'
exits 0 "gnomonctl sources" "$GNOMONCTL" -s "$ROOM/daemon.sock" sources
says upstream
exits 0 "gnomonctl sources -v" "$GNOMONCTL" -s "$ROOM/daemon.sock" sources -v
says upstream
exits 0 "gnomonctl sourcestats" "$GNOMONCTL" -s "$ROOM/daemon.sock" sourcestats
says upstream
exits 0 "gnomonctl plugins" "$GNOMONCTL" -s "$ROOM/daemon.sock" plugins
says proto-ntp
exits 0 "gnomonctl burst" "$GNOMONCTL" -s "$ROOM/daemon.sock" burst
says measurements
exits 1 "gnomonctl burst of nobody" "$GNOMONCTL" -s "$ROOM/daemon.sock" burst nobody
says 'no source "nobody"'
exits 1 "gnomonctl gps without a receiver" "$GNOMONCTL" -s "$ROOM/daemon.sock" gps
says 'it needs refclock-gps'
exits 1 "gnomonctl rtcdata without a hardware clock" "$GNOMONCTL" -s "$ROOM/daemon.sock" rtcdata
says 'it needs refclock-rtc'
exits 1 "gnomonctl rtc write of nobody" "$GNOMONCTL" -s "$ROOM/daemon.sock" rtc write nobody
says 'no source "nobody"'
exits 1 "gnomonctl rtc write of a server" "$GNOMONCTL" -s "$ROOM/daemon.sock" rtc write upstream
says 'it knows no such command'
exits 1 "gnomonctl makestep under -x" "$GNOMONCTL" -s "$ROOM/daemon.sock" makestep
says '\-x'
exits 0 "gnomonctl query" "$GNOMONCTL" query "127.0.0.1:$port"
says "127\.0\.0\.1:$port"
exits 0 "gnomonctl query [::1]" "$GNOMONCTL" query "[::1]:$port"
says "\[::1\]:$port"
run 3 "$GNOMONCTL" -s "$ROOM/daemon.sock" watch
check "gnomonctl watch goes on until it is ended" same 124 "$STATUS"
says upstream

# one_json WORDS COMMAND...: stdout is exactly one JSON value.
one_json() {
    local words=$1
    shift
    timeout 20 "$@" 2>/dev/null </dev/null >"$ROOM/out.json"
    check "$words prints one JSON value" value True <"$ROOM/out.json"
}
for command in tracking sources sourcestats plugins makestep waitsync; do
    one_json "--json $command" "$GNOMONCTL" -s "$ROOM/daemon.sock" --json $command
done
one_json "--json query" "$GNOMONCTL" --json query "127.0.0.1:$port"
one_json "--json tracking without a daemon" "$GNOMONCTL" -s "$ROOM/nobody.sock" --json tracking
one_json "--json query of a port where nobody is" "$GNOMONCTL" --json query "127.0.0.1:$dead"
ctl daemon --json tracking >"$ROOM/tracking.json"
check "--json tracking keeps the contract" "$PYTHON" "$TOOLS/contract.py" tracking <"$ROOM/tracking.json"
ctl daemon --json sources >"$ROOM/sources.json"
check "--json sources keeps the contract" "$PYTHON" "$TOOLS/contract.py" sources <"$ROOM/sources.json"

# Before anything has come: the same keys, and waitsync says no.
gnomond dead
exits 1 "gnomonctl waitsync 2 while unsynchronised" "$GNOMONCTL" -s "$ROOM/dead.sock" waitsync 2
says 'synchronised'
one_json "--json waitsync 1 while unsynchronised" "$GNOMONCTL" -s "$ROOM/dead.sock" --json waitsync 1
check "tracking says so" tells dead tracking \
    'v["synchronised"] is False and v["leap"] == "unsynchronised" and v["state"] == "unset"'
check "sources says why" await 10 tells dead sources \
    'v[0]["state"] == "unusable" and v[0]["reason"] and v[0]["reach"] == 0'

# waitsync, begun before the daemon was there, with a count of tries.
relay_conf late "$upstream"
gnomond late
await 30 ended "${PID[wait-for-it]}"
stop wait-for-it
check "waitsync 60 outlasts the daemon's start: exit status 0" same 0 "$STATUS"

exits 0 "gnomonctl shutdown" "$GNOMONCTL" -s "$ROOM/daemon.sock" shutdown
await 10 ended "${PID[daemon]}"
stop daemon
check "the daemon then ends with 0" same 0 "$STATUS"
check "its control socket is gone" differs test -e "$ROOM/daemon.sock"
run "$GNOMOND" -x -c "$ROOM/daemon.conf" -s "$ROOM/daemon.sock" --plugin-dir "$PLUGINS" -L debug --version
check "--version wins over the rest" same 0 "$STATUS"

# --- once ----------------------------------------------------------------------------------------
await 45 ended "${PID[set-once]}"
stop set-once
check "-q without the right to set the clock: exit status 1" same 1 "$STATUS"
check "-q says why" logged set-once '[Nn]ot permitted|may not|CAP_SYS_TIME'
await 45 ended "${PID[offset-once]}"
stop offset-once
check "-Q: exit status 0" same 0 "$STATUS"
check "-Q prints the offset" logged offset-once \
    "^offset [+-][0-9]+\.[0-9]{9} s ± [0-9]+\.[0-9]{9} s from upstream \(127\.0\.0\.1(:$upstream)?\)\$"
check "-Q is right" test "$(sed -n 's/^offset [+-]\([0-9]*\.[0-9][0-9][0-9]\).*/\1/p' "$ROOM/offset-once.log")" = 0.000
await 45 ended "${PID[offset-dead]}"
stop offset-dead
check "-Q with a dead server: exit status 1" same 1 "$STATUS"
check "-Q with a dead server says why" logged offset-dead "127\.0\.0\.1.*(refused|no reply|nobody|answer)"
