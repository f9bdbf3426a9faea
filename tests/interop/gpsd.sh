#!/bin/bash
# A real gpsd has a receiver, with pulses on the carrier pin of its line, and feeds us in the three
# ways that it knows: JSON, shared memory, and the socket of chrony. It comes after us, dies and comes
# back.
. "$(dirname "$0")/../lib.sh"

namespaces=(-m -i)
own_network
need cc
need_peer gpsd/gpsd && gpsd=$PEER
mount -t tmpfs tmpfs /run || skip "no /run of our own may be had here"
cc -shared -fPIC -o "$ROOM/pulses.so" "$TOOLS/carrier_pulses.c" || bail "the preloaded library compiles"
recording=$SRC/tests/data/nmea/second.nmea
line=$ROOM/ttyGPS

gpsd() { # NAME
    start "$1" env LD_PRELOAD="$ROOM/pulses.so" "$gpsd" -N -n -b -D 2 "$line"
}
source_of() { # NAME INDEX EXPRESSION, of the source s
    tells "$1" sources "(lambda s: $3)(v[$2])"
}
says() { # INDEX WORDS
    source_of three "$1" "'''$2''' in s['detail']"
}
# The clock of this machine is the truth; under load the stamps of gpsd come late.
right() { # INDEX
    source_of three "$1" "abs(s['last_offset_s']) < 0.05 and s['reach'] & 1 and s['last_rx_s'] < 3"
}

start player "$PYTHON" "$TOOLS/nmea_player.py" play "$recording" "$line"
await 5 logged player ready || bail "the player of the recording starts"

cat >"$ROOM/three.conf" <<END
sources = ( { use = "refclock-gps"; name = "json"; gpsd = "127.0.0.1"; },
            { use = "refclock-shm"; name = "shm"; unit = 1; precision = 1e-3; },
            { use = "refclock-sock"; name = "sock"; path = "/run/chrony.ttyGPS.sock"; precision = 1e-3; },
            { use = "refclock-shm"; name = "messages"; unit = 0; precision = 0.1; noselect = true; } );
END
gnomond three
check "before gpsd: JSON: nobody listens" await 10 says 0 'connection refused: is gpsd running'
check "before gpsd: memory: there is none" await 10 says 1 'there is no such segment'
check "before gpsd: the socket is there" test -S /run/chrony.ttyGPS.sock

gpsd first
check "JSON: its pulses are right" await 30 right 0
check "memory: its pulses are right" await 10 right 1
check "socket: its pulses are right" await 10 right 2
check "memory: its messages come after the second" await 10 source_of three 3 \
    "-0.6 < s['last_offset_s'] < -0.05"
check "it is synchronised" await 10 synchronised three
check "all of them are good" await 10 tells three sources \
    "all(s['state'] in ('selected', 'combined', 'unselected') for s in v[:3])"
receiver() { # NAME EXPRESSION, of the receiver r
    tells "$1" gps "(lambda r: $2)(v[0])"
}
check "gps: by gpsd, locked, with a fix in three dimensions" await 10 receiver three \
    'r["protocol"] == "gpsd" and r["state"] == "locked" and r["fix"] == "3d" and r["valid"]'
check "gps: its satellites, of two systems" receiver three \
    'r["satellites_used"] == 10 and {s["system"] for s in r["satellites"]} == {"GPS", "GLONASS"}'
check "gps: the messages of gpsd are counted" receiver three \
    '{"TPV", "SKY", "PPS", "TOFF"} <= {m["kind"] for m in r["messages"]}'

stop first KILL
check "killed: JSON: nobody listens any more" await 10 says 0 'connection refused: is gpsd running'
check "the daemon lives on" alive three
gpsd again
check "JSON: it is found again" await 30 right 0
check "memory: it goes on" await 10 right 1
check "socket: it goes on" await 10 right 2
stop three
check "it ends with 0" same 0 "$STATUS"
stop again
stop player

# gpsfake plays a recording to a gpsd of its own, without pulses; that one feeds clients only.
need_peer gpsd-clients/gpsfake && gpsfake=$PEER
free_port && port=$PORT
cat >"$ROOM/fake.conf" <<END
sources = ( { use = "refclock-gps"; name = "json"; gpsd = "localhost:$port"; latency = 0; } );
END
"$PYTHON" "$TOOLS/nmea_player.py" write "$recording" 2 30 >"$ROOM/recording.nmea"
modules=$PEERS/python3-gps/usr/lib
start gpsfake env GPSD_HOME="${gpsd%/*}" PYTHONPATH="$modules/python3/dist-packages" \
    LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$modules/$machine-linux-gnu" \
    "$PYTHON" "$gpsfake" -1 -b -c 0.09 -P "$port" "$ROOM/recording.nmea"
gnomond fake
# Its pace is that of a player, no clock's, so its time may jump, and is not followed then.
check "gpsfake: its recording is heard" await 20 receiver fake \
    'r["protocol"] == "gpsd" and r["fix"] == "3d" and r["valid"] and r["satellites_used"] == 10'
check "gpsfake: its time is of today" receiver fake "r['time'][:4] == '$(date -u +%Y)'"
stop fake
