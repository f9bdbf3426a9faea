#!/bin/bash
# On the path somebody alters the time in every second reply. With a key none of those is taken, each is counted, and the
# others keep the clock; without one he has his way.
. "$(dirname "$0")/../lib.sh"

(umask 077 && echo "7 AES128 HEX:000102030405060708090a0b0c0d0e0f" >"$ROOM/keys")

# world FILE KEYED: `KEYED` is what both sides add to their entries.
world() {
    cat >"$1" <<END
duration = 40000;
nodes = (
  { name = "server"; address = "192.0.2.1"; clock = { read_only = true; };
    config = "sources = ( { use = \"refclock-local\"; stratum = 0; } );"
             "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\" ]; $2 } );"; },
  { name = "client"; address = "192.0.2.100";
    clock = { offset = 0.05; frequency_ppm = 10.0; wander = 1e-9; };
    config = "sources = ( { use = \"proto-ntp\"; server = \"server\"; iburst = true; $3 $2 } );"; } );
links = ( { delay = "10ms + 100us*exp"; } );
intruders = ( { does = "alter"; as = "server"; to = "client"; by = "0.2"; share = 0.5; } );
events = ( { at = 39999.5; node = "client"; stop = true; } );
END
}

# live NAME: the world's story in NAME.story, its table in NAME.table.
live() {
    "$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" -L debug "$ROOM/$1.conf" \
        >"$ROOM/$1.table" 2>"$ROOM/$1.story"
}

# worst NAME: of the client's clock, us.
worst() {
    awk '$1 == "client" { print int($3) }' "$ROOM/$1.table"
}

world "$ROOM/plain.conf" "" ""
world "$ROOM/keyed.conf" "keys = \\\"$ROOM/keys\\\";" "key = 7;"
check "without a key" live plain
check "… the clock is led astray ($(worst plain) us)" test "$(worst plain)" -gt 60000
check "with a key" live keyed
check "… it is not ($(worst keyed) us)" test "$(worst keyed)" -lt 5000
refused=$(sed -n 's/.*client .* \([0-9]*\) refused (wrong-mac).*/\1/p' "$ROOM/keyed.story")
check "what was altered is counted (${refused:-none})" test "${refused:-0}" -gt 20
check "synchronised once, and never lost" \
    test "$(grep -c 'client .* synchronised' "$ROOM/keyed.story")" = 1
