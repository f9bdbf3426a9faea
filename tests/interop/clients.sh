#!/bin/bash
# Other people's clients take their time from gnomond's server. In a network namespace, because
# ntpdig speaks to port 123 only.
. "$(dirname "$0")/../lib.sh"
need_peer chrony/chronyd
chronyd_program=$PEER
need_peer ntpsec-ntpdig/ntpdig
ntpdig=$PEER
own_network

free_port && upstream=$PORT
free_port && port=$PORT
chronyd upstream "local stratum 8" allow "port $upstream"
await 10 serves 127.0.0.1 "$upstream" 'v["stratum"] == 8' || bail "chronyd serves stratum 8"
relay_conf daemon "$upstream" "$port"
sed -i "s/^servers = (\(.*\) );/servers = (\1, { use = \"proto-ntp\"; name = \"on-123\"; listen = [ \"127.0.0.1\", \"::1\" ]; port = 123; } );/" "$ROOM/daemon.conf"
gnomond daemon
check "gnomond is synchronised" await 15 synchronised daemon

# below_1ms WORDS NUMBER: a number of seconds came out, and it is small.
below_1ms() {
    check "$1: an offset under 1 ms (${2:-none})" "$PYTHON" -c 'import sys; sys.exit(not abs(float(sys.argv[1])) < 1e-3)' "${2:-nan}"
}

# The long one in the background: a chronyd that keeps gnomond as its server.
chronyd client "server 127.0.0.1 port $port iburst minpoll 0 maxpoll 0" "server ::1 port $port iburst minpoll 0 maxpoll 0"

run 60 "$chronyd_program" -x -U -u "$(id -un)" -Q "server 127.0.0.1 port $port iburst" "pidfile $ROOM/once.pid"
check "chronyd -Q: exit status 0" same 0 "$STATUS"
below_1ms "chronyd -Q" "$(sed -n 's/.*System clock wrong by \([-+0-9.]*\) seconds.*/\1/p' <<<"$OUTPUT")"

run 60 "$chronyd_program" -x -U -u "$(id -un)" -Q "server ::1 port 123 iburst" "pidfile $ROOM/once.pid"
below_1ms "chronyd -Q over IPv6, port 123" "$(sed -n 's/.*System clock wrong by \([-+0-9.]*\) seconds.*/\1/p' <<<"$OUTPUT")"

for host in 127.0.0.1 ::1; do
    run "$PYTHON" "$ntpdig" -j $host
    check "ntpdig $host: exit status 0" same 0 "$STATUS"
    below_1ms "ntpdig $host" "$(sed -n 's/.*"offset":\([-+0-9.e]*\).*/\1/p' <<<"$OUTPUT")"
    check "ntpdig $host: stratum 9" matches '"stratum":9\b' "$OUTPUT"
done

if command -v rdate >/dev/null; then
    run rdate -n -p -v -o "$port" 127.0.0.1
    check "rdate -n: exit status 0" same 0 "$STATUS"
    below_1ms "rdate -n" "$(sed -n 's/.*adjust local clock by \([-+0-9.]*\) seconds.*/\1/p' <<<"$OUTPUT")"
else
    not_ok "rdate is installed"
fi

if "$PYTHON" -c 'import ntplib' 2>/dev/null; then
    for version in 2 3 4; do
        run "$PYTHON" -c "
import ntplib
reply = ntplib.NTPClient().request('127.0.0.1', port=$port, version=$version)
assert reply.stratum == 9 and reply.leap == 0 and reply.mode == 4, vars(reply)
print('%.9f' % reply.offset)"
        below_1ms "python3-ntplib, version $version" "$OUTPUT"
    done
else
    not_ok "python3-ntplib is installed"
fi

run "$GNOMONCTL" --json query "127.0.0.1:$port"
check "gnomonctl query: exit status 0" same 0 "$STATUS"
below_1ms "gnomonctl query" "$(value 'v["offset_s"]' <<<"$OUTPUT" 2>/dev/null)"

reached() { # a row of chronyc -c sources: mode, state, address, stratum, poll, reach, …
    chronyc client -c sources | awk -F , '{ if ($4 != 9 || $6 < 17) bad = 1 } END { exit bad || NR != 2 }'
}
selected() {
    chronyc client -c sources | grep -q '^\^,\*,'
}
check "a real chronyd reaches both of our addresses" await 25 reached
check "it selects us" await 15 selected
chronyc client -c tracking >"$ROOM/tracking.csv"
check "its stratum is 10" same 10 "$(cut -d , -f 3 "$ROOM/tracking.csv")"
below_1ms "its system time" "$(cut -d , -f 5 "$ROOM/tracking.csv")"
chronyc client -n ntpdata 127.0.0.1 >"$ROOM/ntpdata.log"
check "all packet tests passed" logged ntpdata '^NTP tests +: 111 111 1111'
check "it sees our reference" logged ntpdata '^Reference ID +: 7F000001'
check "gnomond lives" alive daemon
