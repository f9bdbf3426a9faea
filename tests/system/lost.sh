#!/bin/bash
# The upstream dies, is missed, and comes back.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && port=$PORT
stub stub "$upstream"
relay_conf daemon "$upstream" "$port"
sed -i 's/minpoll = 2; maxpoll = 4/minpoll = 0; maxpoll = 0/' "$ROOM/daemon.conf"
gnomond daemon
check "synchronised" await 15 synchronised daemon
check "reach fills up" await 20 tells daemon sources 'v[0]["reach"] == 255'
check "it is logged that it is synchronised" logged daemon 'synchroni[sz]ed'

stop stub
check "reach falls" await 10 tells daemon sources 'v[0]["reach"] < 255'
check "reach falls to nothing" await 20 tells daemon sources 'v[0]["reach"] == 0'
check "the source says why" tells daemon sources 'v[0]["reason"] in ("refused", "no-reply")'
check "the loss is logged" await 20 logged daemon 'upstream.*(unreachable|no longer|lost|refused|not answer|no reply)|lost'
check "it holds: the clock's error is still told" tells daemon tracking 'v["error_bound_s"] > 0 and v["state"] in ("locked", "holdover")'
check "what it serves meanwhile is right, or says that it is not" await 5 serves 127.0.0.1 "$port" \
    'v["leap"] == 3 or abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'

stub again "$upstream"
check "it comes back: reached again" await 20 tells daemon sources 'v[0]["reach"] & 1'
check "it comes back: selected again" await 20 tells daemon sources 'v[0]["state"] == "selected"'
check "it comes back: synchronised" await 20 synchronised daemon
check "it serves again" await 10 serves 127.0.0.1 "$port" 'v["leap"] == 0 and abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'

stop daemon
check "it ends with 0" same 0 "$STATUS"

# A daemon that is started before its upstream.
free_port
relay_conf early "$PORT"
sed -i 's/minpoll = 2; maxpoll = 4/minpoll = 0; maxpoll = 2/' "$ROOM/early.conf"
gnomond early
check "without an upstream: not synchronised" unsynchronised early
stub late "$PORT"
check "the upstream comes later: synchronised" await 30 synchronised early
