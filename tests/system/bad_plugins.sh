#!/bin/bash
# Plugins that must not be loaded: each is named, with its file and the reason; nothing starts.
. "$(dirname "$0")/../lib.sh"
need cc

mkdir "$ROOM/plugins"
cp -L "$PLUGINS"/*.so "$ROOM/plugins/"
PLUGINS=$ROOM/plugins

# build NAME [DEFINITION]...: a plugin that is bad in the way the definitions say.
build() {
    local name=$1
    shift
    cc -shared -fPIC -I"$SRC/core/api" "-DNAME=\"$name\"" "$@" -o "$PLUGINS/$name.so" "$SRC/tests/tools/bad_plugin.c" ||
        bail "$name.so builds"
}
build good
build wrong-major -DMAJOR=GN_ABI_MAJOR+1
build newer-minor -DMINOR=GN_ABI_MINOR+1
build wrong-magic -DMAGIC=1
build too-small -DSIZE=16
build other-name -DOWN_NAME='"somebody-else"'
build no-symbol -DSYMBOL=something_else
build needs-symbol -DUNDEFINED
echo "this is no shared object" >"$PLUGINS/text.so"
: >"$PLUGINS/empty.so"
head -c 3000 "$PLUGINS/good.so" >"$PLUGINS/half.so"
mkdir "$PLUGINS/folder.so"

# refused NAME WORDS: gnomond with it exits 2 at once, naming file, line, plugin and reason.
refused() {
    printf 'sources = ( );\noutputs = (\n    { use = "%s"; } );\n' "$1" >"$ROOM/bad.conf"
    run "$GNOMOND" -x -c "$ROOM/bad.conf" -s "$ROOM/bad.sock" --plugin-dir "$PLUGINS"
    check "$1: exit status 2" same 2 "$STATUS"
    check "$1: file and line of the configuration" matches "bad\.conf:3: .*$1" "$OUTPUT"
    check "$1: the reason" matches "$2" "$OUTPUT"
    check "$1: no code of it ran" differs matches 'the bad plugin runs' "$OUTPUT"
}
refused wrong-major 'wrong-major\.so.*ABI'
refused newer-minor 'newer-minor\.so.*ABI'
refused wrong-magic 'wrong-magic\.so'
refused too-small 'too-small\.so'
refused other-name 'other-name\.so.*somebody-else'
refused no-symbol 'no-symbol\.so.*gn_plugin'
refused needs-symbol 'needs-symbol\.so.*there_is_no_such_function'
refused text 'text\.so'
refused empty 'empty\.so'
refused half 'half\.so'
refused folder 'folder\.so'
refused missing 'missing\.so.*[Nn]o such|missing.*not (there|found)|no plugin'
refused ../escape 'escape'
refused '' 'use|plugin'

printf 'sources = ( );\noutputs = (\n{ use = "wrong-major"; },\n{ use = "text"; },\n{ use = "gone"; } );\n' >"$ROOM/all.conf"
run "$GNOMOND" -t -c "$ROOM/all.conf" --plugin-dir "$PLUGINS"
check "three bad plugins: exit status 2" same 2 "$STATUS"
for line in 3 4 5; do
    check "three bad plugins: line $line is named" matches "all\.conf:$line: " "$OUTPUT"
done

run "$GNOMOND" --list-plugins --plugin-dir "$PLUGINS"
check "--list-plugins lists what can be loaded" matches '^ *proto-ntp\b' "$OUTPUT"
check "--list-plugins lists the good one of ours" matches '^ *good\b' "$OUTPUT"
check "--list-plugins says why one cannot" matches 'wrong-major.*ABI' "$OUTPUT"

printf 'sources = ( );\noutputs = ( { use = "good"; } );\n' >"$ROOM/good.conf"
gnomond good
check "beside bad files the good one is loaded" tells good plugins '[p for p in v if p["name"] == "good"]'
