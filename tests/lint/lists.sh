#!/bin/bash
# The build knows every source file, and every file it knows exists.
cd "$GNOMON_SRC" || exit 1
bad=0
listed=$(mktemp)
find . -name 'Ma*.am' ! -path './build*' -exec cat {} + | tr -s '[:blank:]\\=' '[\n*]' | sort -u >"$listed"
while read -r file; do
    name=${file#./}
    case $name in
    tests/tools/* | tests/kernel/*) continue ;; # built by the scripts that use them
    tests/*.c) grep -qxF -e "$name" -e "${name%.c}" "$listed" && continue ;;
    *) grep -qxF -e "$name" "$listed" && continue ;;
    esac
    echo "$name: in no Makefile.am or Makefrag.am" && bad=1
done < <(find ./core ./plugins ./tests -name '*.[ch]' | sort)
while read -r name; do
    [ -e "$name" ] || { echo "$name: listed, but not there" && bad=1; }
done < <(grep -E '^(core|plugins|tests|conf|docs)/.*\.[ch]$' "$listed")
rm -f "$listed"
exit $bad
