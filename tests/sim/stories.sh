#!/bin/bash
# Every story of stories/: what is told in it, and what is true.
build=${GNOMON_BUILD:-build}
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-$build/modules}
exec "$build/tests/sim/story"
