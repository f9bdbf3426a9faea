#!/bin/bash
# Sixty groups of orphans in random trouble: in the end one leads each, and all agree with it.
build=${GNOMON_BUILD:-build}
export GNOMON_PLUGINS=${GNOMON_PLUGINS:-$build/modules}
exec "$build/tests/sim/orphans"
