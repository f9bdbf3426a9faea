#!/bin/bash
# Every world of conf/worlds can be lived through, and its clients keep time; it is installed and
# its README tells of it.
. "$(dirname "$0")/../lib.sh"
need jq

worlds=$SRC/conf/worlds
lives() { # NAME
    "$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" -L error --json "$worlds/$1.conf" >"$ROOM/$1.json"
}
keeps_time() { # NAME: 50 ms is more than any server of these worlds misleads by
    jq -se '[.[0].nodes[] | select(.name | startswith("client")) | .rms_s] | length > 0 and max < 0.05' \
        "$ROOM/$1.json"
}

for path in "$worlds"/*.conf; do
    name=$(basename "$path" .conf)
    [ "$name" != sntp-10000 ] || continue # lasts for minutes: see sntp_fleet.sh
    check "$name: is lived through" lives "$name"
    check "$name: its clients keep time" keeps_time "$name"
    check "$name: stands in the README" grep -qF "| \`$name\` |" "$worlds/README.md"
    check "$name: is installed" grep -qF "conf/worlds/$name.conf" "$SRC/Makefile.am"
done
