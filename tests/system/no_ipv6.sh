#!/bin/bash
# No IPv6, no netlink, no /dev: a line in the log, and service with what is left.
. "$(dirname "$0")/../lib.sh"

refuse=("$PYTHON" "$TOOLS/refuse_sockets.py")
"${refuse[@]}" inet6 -- true 2>/dev/null || skip "no system-call filter can be set here"

free_port && upstream=$PORT
free_port && port=$PORT
stub stub "$upstream"
relay_conf daemon "$upstream" "$port"
sed -i 's/listen = .*\]; port/listen = [ "0.0.0.0", "::" ]; port/' "$ROOM/daemon.conf"
for kind in inet6 inet6,netlink; do
    name=${kind#*,}
    cp "$ROOM/daemon.conf" "$ROOM/$name.conf"
    start "$name" "${refuse[@]}" $kind -- "$GNOMOND" -x -c "$ROOM/$name.conf" -s "$ROOM/$name.sock" --plugin-dir "$PLUGINS"
    check "without $kind: it starts" await 20 answers "$name" || continue
    check "without $kind: synchronised" await 20 synchronised "$name"
    check "without $kind: it serves IPv4" serves 127.0.0.1 "$port" 'v["leap"] == 0'
    check "without $kind: one line says so" same 1 "$(grep -ciE 'IPv6|\[?::\]?.*(family|support)|address family' "$ROOM/$name.log")"
    check "without $kind: no error" differs logged "$name" ' error: '
    stop "$name"
    check "without $kind: it ends with 0" same 0 "$STATUS"
done

# A source that has only an IPv6 address is then out of reach, and says so.
printf 'sources = ( { use = "proto-ntp"; server = "::1"; port = %s; iburst = true; } );\n' "$upstream" >"$ROOM/six.conf"
start six "${refuse[@]}" inet6 -- "$GNOMOND" -x -c "$ROOM/six.conf" -s "$ROOM/six.sock" --plugin-dir "$PLUGINS"
check "an IPv6 source: the daemon starts" await 20 answers six
check "an IPv6 source: unusable, with a reason" await 15 tells six sources 'v[0]["state"] == "unusable" and v[0]["reason"] not in ("ok", "starting")'

# IPv6 switched off by sysctl, in a namespace: :: can be bound, but nothing has such an address.
if unshare -n sh -c 'ip link set lo up && echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6' 2>/dev/null; then
    cat >"$ROOM/inside.sh" <<'EOF'
ip link set lo up
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
exec "$@"
EOF
    printf 'sources = ( { use = "refclock-local"; stratum = 10; } );\nservers = ( { use = "proto-ntp"; listen = [ "127.0.0.1", "::1" ]; port = 20001; } );\n' >"$ROOM/off.conf"
    start off unshare -n sh "$ROOM/inside.sh" "$GNOMOND" -x -c "$ROOM/off.conf" -s "$ROOM/off.sock" --plugin-dir "$PLUGINS"
    check "::1 does not exist: it starts" await 20 answers off
    check "::1 does not exist: one line says so" same 1 "$(grep -cE '::1' "$ROOM/off.log")"
fi
