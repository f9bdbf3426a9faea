#!/bin/bash
# Shows the longest files and functions, so that growth is seen when it happens. Never fails.
cd "$GNOMON_SRC" || exit 1
echo "longest files:"
find core plugins -name '*.[ch]' -exec wc -l {} + | grep -v ' total$' | sort -rn | head -n 8
echo "longest functions (a line that begins with { to the line that begins with }):"
# shellcheck disable=SC2016 # awk's own $
find core plugins -name '*.c' | sort | xargs awk '
/^[a-z].*\(/ { match($0, /[a-z_0-9]+\(/); name = substr($0, RSTART, RLENGTH - 1) }
/^\{/ { start = FNR }
/^\}/ && start { printf "%5d %s:%d %s\n", FNR - start + 1, FILENAME, start, name; start = 0 }' |
    sort -rn | head -n 12
