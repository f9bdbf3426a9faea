#!/bin/bash
# cppcheck finds no errors, and no portability or performance trouble.
cd "$GNOMON_SRC" || exit 1
command -v cppcheck >/dev/null || { echo "SKIP cppcheck is not installed" && exit 77; }
# Of the system's headers it needs the list macros only.
lists=$(echo '#include <sys/queue.h>' | ${CC:-cc} -E - | sed -n 's/^# 1 "\(.*queue\.h\)".*/\1/p')
# Not believed: that a loop over a constant number of words may run zero times, that a negative
# descriptor leaks, that a node made by the parser is the parser, and that readdir needs replacing.
cppcheck --quiet --std=c11 --language=c --enable=portability,performance --error-exitcode=1 \
    -I core/api -I core --include="$lists" --suppress=missingIncludeSystem \
    --suppress=readdirCalled --suppress=uninitvar:core/host/publish.c \
    --suppress=resourceLeak:core/os/statefile.c \
    --suppress=returnDanglingLifetime:core/sim/law.c -j "$(nproc)" core plugins
