#!/bin/bash
# The port that is to be served on is taken: the message names it and who holds it.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && port=$PORT
stub holder "$port"
stub stub "$upstream"
relay_conf daemon "$upstream" "$port"
run "$GNOMOND" -x -c "$ROOM/daemon.conf" -s "$ROOM/daemon.sock" --plugin-dir "$PLUGINS"
check "exit status 1" same 1 "$STATUS"
line=$(grep -E "\b$port\b" <<<"$OUTPUT" | grep -iE 'in use|held|taken')
check "a line names the port" matches "\b$port\b" "$line"
check "it says that the port is in use" matches 'in use|held|taken' "$line"
check "it names the program that holds it" matches "python3" "$line"
check "it names the pid of that program" matches "\b${PID[holder]}\b" "$line"
check "no control socket is left behind" differs test -e "$ROOM/daemon.sock"

# Two of our own.
stop holder
gnomond daemon
cp "$ROOM/daemon.conf" "$ROOM/second.conf"
run "$GNOMOND" -x -c "$ROOM/second.conf" -s "$ROOM/second.sock" --plugin-dir "$PLUGINS"
check "a second daemon on the same port: exit status 1" same 1 "$STATUS"
check "it names the first" matches "\b$port\b.*gnomond.*\b${PID[daemon]}\b" "$OUTPUT"

relay_conf third "$upstream"
run "$GNOMOND" -x -c "$ROOM/third.conf" -s "$ROOM/daemon.sock" --plugin-dir "$PLUGINS"
check "a second daemon on the same control socket: exit status 1" same 1 "$STATUS"
check "it names the socket" matches "daemon\.sock" "$OUTPUT"
check "the first is not disturbed" answers daemon

# A socket file that a killed daemon left is no obstacle.
stop daemon KILL
check "a killed daemon leaves its socket's file" test -S "$ROOM/daemon.sock"
gnomond daemon
check "the next start replaces it" answers daemon
