#!/bin/bash
# No mutable state with static storage in core and plugins: whole daemons run side by side in one
# process. Read-only data that only the dynamic linker writes (.data.rel.ro) is fine.
cd "$GNOMON_BUILD" || exit 1
mapfile -t objects < <(find core plugins -name '*.o' | sort)
[ ${#objects[@]} -gt 0 ] || { echo "SKIP no objects in $GNOMON_BUILD" && exit 77; }
if nm "${objects[@]}" 2>/dev/null | grep -qE '__asan_|__gcov_|__sancov'; then
    echo "SKIP the build is instrumented" && exit 77
fi
nm -f sysv "${objects[@]}" | awk -F'|' '
/^Symbols from/ { split($0, part, /from |\[|\]:/); file = part[2]; sub(/:$/, "", file) }
NF == 7 {
    section = $7
    gsub(/ /, "", section)
    gsub(/ /, "", $1)
    if (section !~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ || section ~ /^\.data\.rel\.ro/)
        next
    if ($3 ~ /^ *[dDbBC] *$/ && $4 ~ /OBJECT|TLS/) {
        printf "%s: %s lies in %s\n", file, $1, section
        bad = 1
    }
}
END { exit bad }'
