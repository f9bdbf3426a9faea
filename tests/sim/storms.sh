#!/bin/bash
# A thousand storms, and no rule is broken in any of them.
build=${GNOMON_BUILD:-build}
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-$build/modules}
exec "$build/tests/sim/storm" --count 1000 --jobs 2
