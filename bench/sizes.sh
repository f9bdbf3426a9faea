#!/bin/bash
# usage: bench/sizes.sh [BUILD [SECONDS]]
# Sizes of the stripped programs and plugins, and what the quickstart daemon keeps resident after
# SECONDS (default 60).
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$top/build}" && pwd) || exit 1
seconds=${2:-60}
room=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/gnomon-bench.XXXXXX") || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$room"' EXIT
trap 'exit 1' INT TERM

echo "size, stripped (bytes):"
for file in "$build/gnomond" "$build/gnomonctl" "$build"/modules/*.so; do
    strip -o "$room/stripped" "$file" && printf '  %-22s %8d\n' "${file##*/}" "$(stat -c %s "$room/stripped")"
done

for name in quickstart-upstream quickstart; do
    (cd "$room" && exec "$build/gnomond" -x -c "$top/conf/$name.conf" -s "$room/$name.sock" \
        --plugin-dir "$build/modules") >"$room/$name.log" 2>&1 </dev/null &
    pids+=($!)
done
sleep "$seconds"
kill -0 "${pids[@]}" 2>/dev/null || { cat "$room"/*.log && exit 1; }
echo "memory of the quickstart daemon after $seconds s (kB):"
awk '/^(Rss|Pss|Private_Dirty):/ { printf "  %-22s %8d\n", $1, $2 }' "/proc/${pids[1]}/smaps_rollup"
echo "processor time: $(awk '{ print $14 + $15 }' "/proc/${pids[1]}/stat") ticks of 1/$(getconf CLK_TCK) s"
