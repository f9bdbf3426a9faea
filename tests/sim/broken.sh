#!/bin/bash
# The storms can fail: each way in which a daemon may be broken is noticed by the rule that is
# meant for it, in far more lives than those in which a sound daemon breaks it.
set -u
storm=${GNOMON_BUILD:-build}/tests/sim/storm_broken
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-${GNOMON_BUILD:-build}/modules}
[ -d "$GNOMON_PLUGINS" ] || { echo "SKIP no plugins in $GNOMON_PLUGINS" && exit 77; }
declare -A sound
bad=0

# lives RULE [WHAT]: in how many lives of thirty storms a rule is broken, if WHAT is.
lives() {
    GNOMON_BROKEN=${2:-} "$storm" --count 30 --only "$1" 2>&1 | grep -c "^storm [0-9]*: $1:"
}

# broken WHAT RULE
broken() {
    local count
    [ -n "${sound[$2]:-}" ] || sound[$2]=$(lives "$2")
    count=$(lives "$2" "$1")
    if [ "$count" -ge $((5 + 3 * sound[$2])) ]; then
        echo "ok - $1 is noticed by $2: $count lives, not ${sound[$2]}"
    else
        echo "not ok - $1 is noticed by $2: $count lives, not ${sound[$2]}" && bad=1
    fi
}

broken number finite
broken bound bound
broken sign clock
broken drift clock
broken "slew clamp" clamp
broken "frequency clamp" clamp
broken "late step" step
broken "small step" step
broken credulous liar
broken suspicious true
broken never late
exit $bad
