#!/bin/bash
# Twenty drawn worlds ($GNOMON_DRAWN): the bound is true, nothing diverges, and the clock is set
# against one that is kept from the same samples in chrony's way. That one is no straw man: in worlds
# in which chrony was measured, it errs about as much as chrony did.
set -u
src=${GNOMON_SRC:-.} build=${GNOMON_BUILD:-build} bad=0
contest=$build/tests/sim/contest
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-$build/modules}
room=$(mktemp -d "${TMPDIR:-/tmp}/contest.XXXXXX") || exit 1
trap 'rm -rf "$room"' EXIT

# fair WORLD POLL: the rival's median of five lives, or three of many samples, beside chrony's of eleven.
fair() {
    local file=$room/$1-$2.conf poll='' lives=5 rival chrony
    [ "$2" = d ] || lives=3 poll=" minpoll = $2; maxpoll = $2;"
    sed "s/iburst = true;/&$poll/" "$src/conf/worlds/$1.conf" >"$file"
    chrony=$(awk -F, -v world="$1" -v poll="$2" '$1 == world && $2 == poll { print $3 }' \
        "$src/bench/accuracy.csv")
    rival=$("$contest" --count $lives "$file" | sed -n "s/.*rival's median \([0-9.]*\) us.*/\1/p")
    if awk "BEGIN { q = ${rival:-0} / $chrony; exit !(q > 1 / 1.5 && q < 1.5) }"; then
        echo "ok - $1, poll $2: the rival errs by ${rival:-nothing} us, chrony by $chrony us"
    else
        echo "not ok - $1, poll $2: the rival errs by ${rival:-nothing} us, chrony by $chrony us"
        bad=1
    fi
}

"$contest" --count "${GNOMON_DRAWN:-20}"
case $? in
0) ;;
77) exit 77 ;;
*) bad=1 ;;
esac
fair lan d
fair lan 6
fair hwts d
fair hwts 6
fair wander d
fair wander 6
fair internet4 d
fair internet4 6
exit $bad
