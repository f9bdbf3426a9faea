#!/bin/bash
# All scripts are clean for shellcheck. "A && B || C" is used knowingly.
cd "$GNOMON_SRC" || exit 1
command -v shellcheck >/dev/null || { echo "SKIP shellcheck is not installed" && exit 77; }
mapfile -t scripts < <(find dev .ci tests bench packaging -type f ! -path '*/corpus/*' ! -path '*/data/*' \
    -exec grep -lE '^#!/bin/(ba)?sh' {} + | sort)
shellcheck -e SC2015 -x -P SCRIPTDIR "${scripts[@]}"
