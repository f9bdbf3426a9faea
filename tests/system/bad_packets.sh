#!/bin/bash
# Packets of every length and kind at the server: silence or an answer no larger than the question.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && port=$PORT
stub stub "$upstream"
relay_conf server "$upstream" "$port"
gnomond server
await 15 serves 127.0.0.1 "$port" 'v["leap"] == 0' || bail "the server serves"

memory() { awk '/^VmRSS/ { print $2 }' "/proc/${PID[server]}/status"; }
before=$(memory)
check "IPv4: no reply exceeds its request" "$PYTHON" "$TOOLS/random_packets.py" 127.0.0.1 "$port"
check "the daemon lives" alive server
if ntp_query ::1 "$port" >/dev/null 2>&1; then
    check "IPv6: no reply exceeds its request" "$PYTHON" "$TOOLS/random_packets.py" ::1 "$port"
    check "the daemon lives" alive server
fi
check "it still answers" await 10 serves 127.0.0.1 "$port" 'v["mode"] == 4 and v["leap"] == 0 and abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'
for version in 1 2 3 4; do
    ntp_query --version $version 127.0.0.1 "$port" >"$ROOM/reply.json"
    check "version $version is answered in version $version" \
        same "$version 4" "$(value 'str(v["version"]) + " " + str(v["mode"])' <"$ROOM/reply.json")"
done

# The same into the port of a source: what comes there is no reply to anything.
sources=$(awk '{ print $2, $10 }' /proc/net/udp | while read -r address inode; do
    if find "/proc/${PID[server]}/fd" -lname "socket:\[$inode\]" 2>/dev/null | grep -q .; then
        echo $((16#${address#*:}))
    fi
done)
for source in $sources; do
    [ "$source" = "$port" ] ||
        check "a source's socket (port $source) answers nothing" "$PYTHON" "$TOOLS/random_packets.py" 127.0.0.1 "$source"
done
check "the daemon is still synchronised" synchronised server
after=$(memory)
grep -q libasan "/proc/${PID[server]}/maps" || check "memory did not grow by megabytes ($before → $after KiB)" test $((after - before)) -lt 4096
stop server
check "it ends with 0" same 0 "$STATUS"
