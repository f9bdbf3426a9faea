#!/bin/bash
# A receiver on a serial line: its speed is found, it is pulled out and comes back as another device,
# another program reads its line, and noise in its place keeps the daemon from nothing.
. "$(dirname "$0")/../lib.sh"

line=$ROOM/gps
recording=$SRC/tests/data/nmea/second.nmea
receiver() { # NAME [BAUD]: says each second 120 ms late
    start "$1" "$PYTHON" "$TOOLS/nmea_player.py" play "$recording" "$line" 0.12 "${2:-0}"
    await 10 logged "$1" '^ready' || bail "the receiver $1 starts"
}
is() { # STATE
    tells gps gps "v[0]['state'] == '$1'"
}
holds() { # EXPRESSION of the receiver r
    tells gps gps "(lambda r: $1)(v[0])"
}
refused() { # WORDS SETTING: such a configuration is refused, with these words
    printf 'sources = ( { use = "refclock-gps"; %s } );\n' "$2" >"$ROOM/bad.conf"
    run "$GNOMOND" -t -c "$ROOM/bad.conf" --plugin-dir "$PLUGINS"
    [ "$STATUS" != 0 ] && matches "$1" "$OUTPUT"
}

check "a pivot that is no date is refused" refused 'pivot: "2026-02-30" is no date' 'pivot = "2026-02-30";'
check "pps is a path or dcd" refused 'pps: "ttyS0" is neither' 'pps = "ttyS0";'
check "a log is not replayed into a log" refused 'log and replay' 'log = "a"; replay = "b";'
check "a baud below 0 is refused" refused 'baud' 'baud = -1;'
check "an edge of another name is refused" refused 'edge' 'edge = "rising";'
check "a width of a second is refused" refused 'width' 'width = 1.0;'

cat >"$ROOM/gps.conf" <<END
sources = ( { use = "refclock-gps"; name = "gps0"; device = "$line"; latency = 0.12; } );
END
gnomond gps
check "without a receiver it is said what to do" await 10 logged gps 'is the receiver plugged in'
check "… and so does its state" is no-device
receiver first 115200
check "its speed is found, and it is followed" await 60 is locked
check "… at 115200 baud" holds 'r["baud"] == 115200 and r["protocol"] == "nmea"'
check "… within 50 ms" tells gps sources 'abs(v[0]["last_offset_s"]) < 0.05'
check "its satellites are told" holds 'r["satellites_used"] == 10 and len(r["satellites"]) == 12'
stop first
check "pulled out, that is said" await 10 is no-device
receiver second 115200
check "it comes back as another device, without a restart" await 60 is locked
stop second

start noise "$PYTHON" "$TOOLS/nmea_player.py" noise "$line" 1000000
check "noise is no receiver" await 30 is silent
check "… which is told, with what is done" await 10 holds '"what comes is no NMEA and no UBX; other speeds" in r["trouble"]'
ticks() {
    cut -d' ' -f14,15 "/proc/${PID[gps]}/stat" | tr ' ' '+'
}
before=$(($(ticks)))
sleep 2
share=$((($(($(ticks))) - before) * 100 / (2 * $(getconf CLK_TCK))))
check "1 MB/s of noise costs less than a quarter of a core ($share %)" test "$share" -lt 25
check "… and the daemon answers" answers gps
stop noise
receiver third
check "a receiver in its place is taken" await 60 is locked
stop third

# Somebody else reads the line, too.
receiver fourth
exec {held}<"$line"
start other sleep 60
exec {held}<&-
check "who else has the line open is named" await 30 logged gps "sleep \(pid ${PID[other]}\) has it open, too"
stop gps
check "it ends with 0" same 0 "$STATUS"
