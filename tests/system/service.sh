#!/bin/bash
# The unit file is right, and systemd hears of it when the daemon is ready.
. "$(dirname "$0")/../lib.sh"

unit=$BUILD/conf/gnomond.service
if command -v systemd-analyze >/dev/null; then
    if [ -e "$unit" ]; then
        # What it names must exist for the verification; so it names what was built.
        sed "s|^ExecStart=[^ ]*|ExecStart=$GNOMOND|; /^Documentation=/d" "$unit" >"$ROOM/gnomond.service"
        run systemd-analyze verify "$ROOM/gnomond.service"
        check "systemd-analyze verify has nothing to say" same "0 " "$STATUS $OUTPUT"
    else
        echo "# $unit is not built"
    fi
    check "the unit file is Type=notify" grep -q '^Type=notify' "$SRC/conf/gnomond.service.in"
else
    echo "# systemd-analyze is not installed"
fi

# ready NAME SOCKET: the daemon says READY=1 there, once it answers.
start listener "$PYTHON" "$TOOLS/unix_datagrams.py" "$ROOM/notify"
await 10 logged listener '^ready' || bail "the notification socket is there"
free_port
printf 'sources = ( { use = "refclock-local"; stratum = 10; } );\nservers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = %s; } );\n' \
    "$PORT" >"$ROOM/daemon.conf"
export NOTIFY_SOCKET=$ROOM/notify
launch daemon
check "READY=1 arrives" await 15 logged listener 'READY=1'
check "it serves by then" ntp_query 127.0.0.1 "$PORT"
check "it answers on its control socket by then" answers daemon
stop daemon
check "STOPPING=1 arrives" await 5 logged listener 'STOPPING=1'
check "it ends with 0" same 0 "$STATUS"

# A configuration that is wrong never gets there.
echo 'sources = 1;' >"$ROOM/wrong.conf"
before=$(grep -c READY "$ROOM/listener.log")
run "$GNOMOND" -x -c "$ROOM/wrong.conf" -s "$ROOM/wrong.sock" --plugin-dir "$PLUGINS"
check "a wrong configuration: exit status 2" same 2 "$STATUS"
check "no READY=1 comes from it" same "$before" "$(grep -c READY "$ROOM/listener.log")"

# A manager that is not there does no harm; neither does an abstract address.
NOTIFY_SOCKET=$ROOM/nobody
cp "$ROOM/daemon.conf" "$ROOM/alone.conf"
gnomond alone
check "without a manager it runs all the same" answers alone
