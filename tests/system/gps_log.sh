#!/bin/bash
# What a receiver sends is recorded, over a crash and a full disk, and played back as it was.
. "$(dirname "$0")/../lib.sh"

log=$ROOM/live.raw
cat >"$ROOM/second" <<'END'
$GPRMC,000000.00,A,4807.0,N,01131.0,E,0.0,0.0,010526,,,A
$GPGGA,000000.00,4807.0,N,01131.0,E,1,08,0.9,545.4,M,46.9,M,,
END
player() { # NAME: a receiver on the pseudo-terminal NAME.tty
    start "$1-player" "$PYTHON" "$TOOLS/nmea_player.py" play "$ROOM/second" "$ROOM/$1.tty"
    await 10 logged "$1-player" '^ready' || bail "a receiver speaks"
}
conf() { # NAME SETTINGS
    echo "sources = ( { use = \"refclock-gps\"; name = \"gps\"; $2 } );" >"$ROOM/$1.conf"
}
heard() { # NAME LEAST: messages of RMC
    tells "$1" gps "[m['count'] for m in v[0]['messages'] if m['kind'] == 'RMC'][0] >= $2"
}
ended_at() { # NAME: its recording is at its end
    tells "$1" gps "'played to its end' in v[0]['trouble']"
}
counts() { # NAME: what was heard, and what of it stays
    ctl "$1" --json gps | value "[v[0]['time'], v[0]['baud'], v[0]['pulse']['count'], v[0]['bad'], v[0]['messages']]"
}

# Three play one recording; of the third the last line is torn.
"$PYTHON" "$TOOLS/gps_log.py" 22 >"$ROOM/made.raw"
# shellcheck disable=SC2016 # a sentence of NMEA begins with a dollar
{ cat "$ROOM/made.raw" && printf '22.700000000 < $GPRMC,0000'; } >"$ROOM/torn.raw"
conf one "replay = \"$ROOM/made.raw\";"
conf two "replay = \"$ROOM/made.raw\";"
conf torn "replay = \"$ROOM/torn.raw\";"
for name in one two torn; do
    launch "$name"
done

# Meanwhile one records, another has no room for it.
player live
player full
conf live "device = \"$ROOM/live.tty\"; log = \"$log\";"
conf full "device = \"$ROOM/full.tty\"; log = \"/dev/full\";"
gnomond live
gnomond full
check "what comes is read" await 10 heard live 2
# shellcheck disable=SC2016 # likewise
check "and recorded" await 5 grep -Eq '^[0-9]+\.[0-9]{9} < .*\$GPRMC,' "$log"
check "the recording says what and since when" grep -Eq "^gnomon-raw 1 [0-9]+\.[0-9]{9} $ROOM/live.tty$" "$log"
check "a full disk is told" await 10 logged full 'warning: gps: log: cannot write /dev/full: No space left on device'
check "and keeps nothing from being read" await 10 heard full 4
check "it is told once" same 1 "$(grep -c 'cannot write' "$ROOM/full.log")"
stop live KILL
# shellcheck disable=SC2016 # likewise
printf '99.0 < $GPRM' >>"$log"
gnomond live
begun_twice() {
    [ "$(grep -c '^gnomon-raw 1 ' "$log")" = 2 ]
}
check "after a crash it goes on in the same file" await 10 begun_twice
check "and records" await 10 heard live 2
stop live
stop full
conf again "replay = \"$log\";"
gnomond again
check "what was recorded is played" await 15 heard again 4
check "at the receiver's time" await 10 tells again gps 'v[0]["valid"] and v[0]["time"][:4] >= "2026"'
check "to its end, but for the line that the crash has torn" await 20 tells again gps \
    '"1 lines could not be read" in v[0]["trouble"]'
stop again

check "the time is that of the recording" tells one gps 'v[0]["time"].startswith("2026-05-01T00:00:")'
for name in one two torn; do
    check "$name is played to its end" await 20 ended_at "$name"
done
check "its last second is what stays" tells one gps 'v[0]["time"] == "2026-05-01T00:00:22.000Z"'
check "and all of its messages" tells one gps \
    '[[m["kind"], m["count"]] for m in v[0]["messages"]] == [["RMC", 22], ["GGA", 22], ["GSV", 22]]'
check "its pulses were numbered" tells one gps 'v[0]["pulse"]["count"] == 22 and v[0]["pulse"]["numbered"]'
check "and made samples" logged one 'is followed by its pulses'
check "two runs give the same" same "$(counts one)" "$(counts two)"
check "so does a recording whose end is torn" same "$(counts one)" "$(counts torn)"
run "$GNOMONCTL" -s "$ROOM/one.sock" gps
check "gnomonctl tells people" matches '^Time \(UTC\) +: 2026-05-01 00:00:22\.000, valid' "$OUTPUT"
run "$GNOMONCTL" -s "$ROOM/one.sock" sources -v
check "and what there is to expect" matches 'played to its end' "$OUTPUT"
