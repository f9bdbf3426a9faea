#!/bin/bash
# A thousand storms ($GNOMON_STORMS), and no rule is broken in any of them.
build=${GNOMON_BUILD:-build}
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-$build/modules}
exec "$build/tests/sim/storm" --count "${GNOMON_STORMS:-1000}"
