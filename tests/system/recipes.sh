#!/bin/bash
# Every recipe of conf/recipes/ has no errors, its world can be lived through, and its machines keep time; it
# is installed and its README tells of it.
. "$(dirname "$0")/../lib.sh"
need jq

recipes=$SRC/conf/recipes
lives() { # NAME
    "$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" --json "$recipes/$1.world" >"$ROOM/$1.json" 2>"$ROOM/$1.log"
}
figure() { # NAME NODES FIGURE: the worst of these nodes
    jq -s "[.[0].nodes[] | select(.name | test(\"$2\")) | .$3] | max" "$ROOM/$1.json"
}

least() { # NAME NODES FIGURE: the smallest of these nodes
    jq -s "[.[0].nodes[] | select(.name | test(\"$2\")) | .$3] | min" "$ROOM/$1.json"
}

below() { # LIMIT VALUE
    awk -v limit="$1" -v value="$2" 'BEGIN { print value, "of", limit; exit !(value < limit) }'
}

for path in "$recipes"/*.conf; do
    name=$(basename "$path" .conf)
    check "$name: has no errors" "$GNOMOND" -t -c "$path" --plugin-dir "$PLUGINS"
    check "$name: is lived through" lives "$name"
    check "$name: stands in the README" grep -qF "| \`$name\` |" "$recipes/README.md"
    check "$name: is installed" grep -qF "conf/recipes/$name.conf" "$SRC/Makefile.am"
    check "$name: so is its world" grep -qF "conf/recipes/$name.world" "$SRC/Makefile.am"
done

# What the hardware clock is off by, the network is off by.
check "isolated-rtc: master and clients keep time to 20 ms" below 0.02 "$(figure isolated-rtc . rms_s)"
check "isolated-rtc: no client is served before the master knows the time" \
    logged isolated-rtc 'master +info +synchronised to rtc0'
check "isolated-rtc: and so they do not step" same 0 "$(figure isolated-rtc client steps)"
check "amazon-time-sync: keeps time to 50 us" below 50e-6 "$(figure amazon-time-sync instance rms_s)"
check "amazon-time-sync: and to 1 us by the card's clock" below 1e-6 "$(figure amazon-time-sync newer rms_s)"
check "amazon-time-sync: without the card the service is asked" \
    logged amazon-time-sync 'newer +info +ntp0 is the system source'

# From the first hour on, through all that happens to receiver and network.
check "mixed-gps-ntp: the server is never off by 1 ms" below 0.001 "$(figure mixed-gps-ntp site max_s)"
check "mixed-gps-ntp: nor are its clients" below 0.001 "$(figure mixed-gps-ntp client max_s)"
check "mixed-gps-ntp: none of them is stepped" same 0 "$(figure mixed-gps-ntp client steps)"
check "mixed-gps-ntp: the server is stepped once, at the start" same 1 "$(figure mixed-gps-ntp site steps)"
check "mixed-gps-ntp: it says how far off it may be" below 0.001 "$(
    least mixed-gps-ntp site bound_kept | awk '{ print 1 - $1 }'
)"
check "mixed-gps-ntp: a receiver that is spoofed by 300 ms is named" \
    logged mixed-gps-ntp ' 8[0-9]*\..*site +warning +gps0 disagrees with the majority: -0\.29'
check "mixed-gps-ntp: so is one that is spoofed slowly" \
    logged mixed-gps-ntp ' 14[0-9]*\..*site +warning +gps0 disagrees with the majority: its clock drifts'
check "mixed-gps-ntp: and one that is spoofed by a second" \
    logged mixed-gps-ntp ' 4[23][0-9]*\..*site +warning +gps0 disagrees with the majority: -0\.99'
check "mixed-gps-ntp: jammed and without servers it holds over" \
    logged mixed-gps-ntp ' 26[0-9]*\..*site +warning +no source is selected: holding over'
check "mixed-gps-ntp: and is back without a jump" \
    logged mixed-gps-ntp ' 33[0-9]*\..*site +info +synchronised again to gps0 \(offset [+-]0\.000'
check "gps-master: the server is never off by 0.2 ms" below 0.0002 "$(figure gps-master master max_s)"
check "gps-master: nor are its clients" below 0.0002 "$(figure gps-master client max_s)"
check "gps-master: none of them is stepped" same 0 "$(figure gps-master client steps)"
check "gps-master: the server is stepped once, as soon as there is sky" same 1 "$(figure gps-master master steps)"
check "gps-master: two hours without an antenna are held over" \
    logged gps-master 'master +info +synchronised again to gps0 .* after 2\.0 h'
check "gps-master: a receiver that comes back is used again" \
    logged gps-master ' 25[0-9]*\..*master +info +synchronised again to gps0'
check "recorder-rtc-gps: has the time from the hardware clock in ten seconds" \
    logged recorder-rtc-gps '^ +[0-9]\..*recorder +info +synchronised to rtc0'
check "recorder-rtc-gps: and from the sky in ten more" \
    logged recorder-rtc-gps ' 60[0-9]\..*recorder +info +gps0 is the system source'
check "recorder-rtc-gps: hours without sky and a night off cost 100 ms" \
    below 0.1 "$(figure recorder-rtc-gps recorder rms_s)"
check "recorder-rtc-gps: what it is off by at the next start is gone soon" \
    below 0.6 "$(figure recorder-rtc-gps recorder max_s)"
check "recorder-rtc-gps: it is stepped once" same 1 "$(figure recorder-rtc-gps recorder steps)"
check "cloud-vm: keeps time, paused or not" below 0.05 "$(figure cloud-vm guest rms_s)"
check "cloud-vm: no hardware clock is information" \
    logged cloud-vm 'guest +info +rtc0: cannot open /dev/rtc0: No such file or directory'
check "sntp-client: keeps time to 10 ms, also when the router is dead" below 0.01 "$(figure sntp-client camera rms_s)"
check "sntp-client: is set once, and never again" same 1 "$(figure sntp-client camera steps)"
# shellcheck disable=SC2016 # the fields are those of awk
check "sntp-client: within a second of the boot" awk '$2 ~ /^camera/ && /started/ { boot[$2] = $1 }
    $2 ~ /^camera/ && /synchronised to/ && !set[$2]++ { sets++; if ($1 - boot[$2] > 1) late++ }
    END { print sets + 0, "are synchronised, late", late + 0; exit !(sets == 20 && !late) }' "$ROOM/sntp-client.log"
check "sntp-client: the next is asked when the router is dead" \
    logged sntp-client 'camera1 +info +sntp0: 0\.pool\.ntp\.org is asked from now on'
