#!/bin/bash
# Without -x, but without the right to set the clock: one clear line, then as with -x.
# Nothing here can move the clock: drop_rights has verified that CAP_SYS_TIME is gone.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" != 0 ] || [ "${#SAFE[@]}" -gt 0 ] || bail "rights are dropped"
for set in CapPrm CapEff CapInh CapAmb; do
    mask=$("${SAFE[@]}" sh -c "sed -n 's/^$set:\t//p' /proc/self/status")
    [ $((16#$mask & 1 << 25)) = 0 ] || bail "CAP_SYS_TIME is in no set of a probe"
done
ok "a probe has no CAP_SYS_TIME"

# The daemon would like to step (two seconds off) and to slew (a millisecond off).
free_port && far=$PORT
free_port && near=$PORT
stub stub "$far:2.0" "$near:0.001"
relay_conf far "$far"
relay_conf near "$near"
for name in far near; do
    start $name "$GNOMOND" -c "$ROOM/$name.conf" -s "$ROOM/$name.sock" --plugin-dir "$PLUGINS"
done
check "synchronised, two seconds off" await 20 synchronised far
check "synchronised, a millisecond off" await 20 synchronised near
refusal='(refuse|not permitted|may not|cannot).*clock|clock.*(refuse|not permitted)'
for name in far near; do
    check "$name: the refusal is logged" await 15 logged $name "$refusal"
done
sleep 3
for name in far near; do
    check "$name: in exactly one line" same 1 "$(grep -ciE "$refusal" "$ROOM/$name.log")"
    check "$name: it goes on" synchronised $name
    check "$name: makestep says no" differs ctl $name makestep
done
check "it measures the two seconds" tells far tracking 'abs(v["system_offset_s"] - 2) <= v["error_bound_s"]'
check "it measures the millisecond" tells near tracking 'abs(v["system_offset_s"] - 0.001) <= v["error_bound_s"]'
check "it does not claim to have set the clock" differs logged far 'stepped by|was set'
for name in far near; do
    stop $name
    check "$name: ends with 0" same 0 "$STATUS"
done
