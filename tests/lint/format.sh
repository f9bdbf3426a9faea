#!/bin/bash
# All C files look as .clang-format says; `./dev format` makes them so.
cd "$GNOMON_SRC" || exit 1
command -v clang-format >/dev/null || { echo "SKIP clang-format is not installed" && exit 77; }
findings=$(find core plugins tests bench -name '*.[ch]' -exec clang-format --dry-run -Werror {} + 2>&1 |
    sed -n 's/^\([^ :]*:[0-9]*\):.*clang-format.*/\1/p' |
    cut -d: -f1 | sort | uniq -c)
[ -z "$findings" ] || { echo "$findings" && exit 1; }
