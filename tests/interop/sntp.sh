#!/bin/bash
# proto-sntp takes its time from chronyd, from NTPsec's ntpd and from our own server, over IPv4 and IPv6, and
# chronyd takes it from proto-sntp. In a network namespace, because ntpd speaks on port 123 only; ntpd calls
# itself 127.0.0.1 as an orphan, so it is asked at other addresses.
. "$(dirname "$0")/../lib.sh"
need_peer ntpsec/ntpd
ntpd=$PEER
need_peer chrony/chronyd
own_network
ip addr add 192.0.2.1/32 dev lo || skip "no address can be added in a namespace"
ip addr add 2001:db8::1/128 dev lo nodad || skip "no IPv6 address can be added in a namespace"

free_port && chrony=$PORT
free_port && ours=$PORT
chronyd chronyd "local stratum 8" allow "port $chrony"
printf '%s\n' 'disable ntp' 'disable kernel' 'tos orphan 6 orphanwait 1' 'restrict default' "driftfile $ROOM/ntpd.drift" \
    >"$ROOM/ntp.conf"
start ntpd "$ntpd" -n -c "$ROOM/ntp.conf" -I lo
cat >"$ROOM/server.conf" <<EOF2
sources = ( { use = "refclock-local"; stratum = 9; } );
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1", "::1" ]; port = $ours; } );
EOF2
gnomond server
await 10 serves 127.0.0.1 "$chrony" 'v["stratum"] == 8' || bail "chronyd serves stratum 8"
await 30 serves 192.0.2.1 123 'v["stratum"] == 6 and v["leap"] == 0' || bail "ntpd serves stratum 6"

client() { # NAME ADDRESS PORT [OPTIONS]
    printf 'clock = { drift_file = "%s"; };\n' "$ROOM/$1.drift" >"$ROOM/$1.conf"
    printf 'sources = ( { use = "proto-sntp"; name = "upstream"; server = %s; port = %s; poll = 16; } );\n' "$2" "$3" \
        >>"$ROOM/$1.conf"
    launch "$1"
}
names=(chronyd-4 chronyd-6 ntpsec-4 ntpsec-6 ours-4 ours-6)
client chronyd-4 '"127.0.0.1"' "$chrony"
client chronyd-6 '"::1"' "$chrony"
client ntpsec-4 '"192.0.2.1"' 123
client ntpsec-6 '"2001:db8::1"' 123
client ours-4 '"127.0.0.1"' "$ours"
client ours-6 '"::1"' "$ours"
stratum() { # NAME: of its server, plus one
    case $1 in
    chronyd*) echo 9 ;;
    ntpsec*) echo 7 ;;
    ours*) echo 11 ;; # the machine's own clock has 9, so the server 10
    esac
}
for name in "${names[@]}"; do
    check "$name: synchronised" await 15 synchronised "$name" || continue
    check "$name: its stratum" tells "$name" tracking "v['stratum'] == $(stratum "$name") and v['leap'] == 'normal'"
    check "$name: the measured offset is under 1 ms" await 20 tells "$name" tracking \
        'abs(v["system_offset_s"]) < 1e-3 and v["error_bound_s"] >= abs(v["system_offset_s"])'
    check "$name: the source is a server that is selected" tells "$name" sources \
        'v[0]["state"] == "selected" and v[0]["mode"] == "server" and v[0]["plugin"] == "proto-sntp"'
    check "$name: nothing is wrong in its log" differs logged "$name" ' (error|warning): '
done
check "ntpd saw nothing wrong" differs logged ntpd 'BAD|bogus|rejected'

run "$GNOMOND" -Q -c "$ROOM/ntpsec-4.conf" --plugin-dir "$PLUGINS"
check "-Q of ntpd: exit status 0" same 0 "$STATUS"
check "-Q of ntpd: the offset" matches '^offset [-+]0\.000[0-9]+ s ± 0\.0[0-9]+ s from upstream \(192\.0\.2\.1' "$OUTPUT"

# Our small server, asked by chronyd.
free_port && small=$PORT
cat >"$ROOM/small.conf" <<EOF2
clock = { drift_file = "$ROOM/small.drift"; };
sources = ( { use = "proto-sntp"; server = "127.0.0.1"; port = $ours; } );
servers = ( { use = "proto-sntp"; listen = [ "127.0.0.1", "::1" ]; port = $small; } );
EOF2
gnomond small
check "the small server is synchronised" await 15 synchronised small
for host in 127.0.0.1 ::1; do
    run 60 "$PEER" -x -U -u "$(id -un)" -Q "server $host port $small iburst maxdelay 1" "pidfile $ROOM/once.pid"
    check "chronyd takes its time from it, at $host" matches 'System clock wrong by [-+]?0\.000' "$OUTPUT"
done
