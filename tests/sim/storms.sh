#!/bin/bash
# A thousand storms. What is broken in them must be exactly what storm.debt knows of.
build=${GNOMON_BUILD:-build}
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-$build/modules}
exec "$build/tests/sim/storm" --count 1000 --jobs 2 --debt "${GNOMON_SRC:-.}/tests/sim/storm.debt"
