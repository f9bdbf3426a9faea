#!/bin/bash
# People run time daemons under simulators of clock and network, which can do far less than Linux:
# no IPv6, no Unix sockets, no flags at socket(), no time stamps, two clocks. Each refusal is a log
# line, and the daemon goes on.
. "$(dirname "$0")/../lib.sh"

need cc
cc -shared -fPIC -o "$ROOM/refusing.so" "$TOOLS/refusing_kernel.c" || bail "the preloaded library compiles"
free_port && upstream=$PORT
free_port && port=$PORT
stub server "$upstream"
relay_conf daemon "$upstream" "$port"
start daemon env LD_PRELOAD="$ROOM/refusing.so" ASAN_OPTIONS=verify_asan_link_order=0 \
    "$GNOMOND" -x -c "$ROOM/daemon.conf" -s "$ROOM/daemon.sock" --plugin-dir "$PLUGINS"
await 15 logged daemon 'synchronised to upstream'
check "it synchronises" logged daemon 'synchronised to upstream'
check "it serves" await 10 serves 127.0.0.1 "$port" 'v["leap"] == 0'
check "the refused control socket is said" logged daemon 'without a control socket'
check "the refused time stamps are said" logged daemon 'refuses to timestamp'
check "the refused IPv6 address is said" logged daemon '::1'
check "it reads no clock that a simulator may lack" differs logged daemon 'refusing_kernel: clock'
sleep 2
check "it lives on" alive daemon
stop daemon
check "it stops in order" same 0 "$STATUS"
