#!/bin/bash
# The small build: one executable with proto-sntp in it, without control socket and jansson.
. "$(dirname "$0")/../lib.sh"
need make gcc objcopy ldd

port=11125
printf -v hex ':%04X ' "$port"
! grep -qs "$hex" /proc/net/udp /proc/net/udp6 || skip "port $port is in use"

# While it builds, a daemon of the ordinary build lives on: once it has its first sample it asks for no memory,
# whatever it opens and closes. Sanitizers have an allocator of their own, that nobody can count.
allocations() { od -An -tu8 "$ROOM/count" | tr -d ' '; }
asked() { [ "$(grep -c '^asked' "$ROOM/stub.log")" -ge "$1" ]; }
watch_still() {
    "${CC:-gcc}" -shared -fPIC -o "$ROOM/count.so" "$TOOLS/count_allocations.c" || bail "the counter compiles"
    head -c 8 /dev/zero >"$ROOM/count"
    free_port
    stub stub "$PORT"
    {
        printf 'clock = { drift_file = "%s"; };\n' "$ROOM/still.drift"
        printf 'sources = ( { use = "proto-sntp"; server = "127.0.0.1"; port = %s; poll = 16; } );\n' "$PORT"
    } >"$ROOM/still.conf"
    start still env COUNT_FILE="$ROOM/count" LD_PRELOAD="$ROOM/count.so" "$GNOMOND" -x -c "$ROOM/still.conf" -s '' \
        --plugin-dir "$PLUGINS"
    await 20 logged still 'synchronised to'
    sleep 1
    after_the_start=$(allocations)
    check "the counter counts" test "${after_the_start:-0}" -gt 20
}
judge_still() {
    await 60 asked 3
    sleep 1
    check "no memory is asked for after the start, for request after request" same "$after_the_start" "$(allocations)"
    stop still
}
sanitized() { grep -q __asan_init "$GNOMOND"; }
sanitized || watch_still

mkdir "$ROOM/build"
configured() {
    (cd "$ROOM/build" && env -u CFLAGS "$SRC/configure" -q --enable-werror "$@")
}
check "a plugin that does not exist is no part of a build" differs configured --enable-minimal=proto-nothing
check "configure --enable-minimal" configured --enable-minimal || exit 1
check "it builds" make -C "$ROOM/build" -s -j2 all || exit 1
small=$ROOM/build/gnomond

sanitized || judge_still

libraries=$(ldd "$small" | sed -n 's/^\t\(lib[a-z]*\)[.-].*=>.*/\1/p' | sort | tr '\n' ' ')
check "libuv, libconfig and the C library are all it wants" same "libc libconfig libm libuv " "$libraries"
check "gnomonctl is not built" test ! -e "$ROOM/build/gnomonctl"
check "it is stripped" matches '^0$' "$(nm "$small" 2>/dev/null | wc -l)"

conf() { # NAME LINE...
    local name=$1
    shift
    printf '%s\n' "$@" >"$ROOM/$name.conf"
}
conf upstream 'clock = { discipline = false; };' \
    'sources = ( { use = "refclock-local"; stratum = 10; } );' \
    "servers = ( { use = \"proto-ntp\"; listen = [ \"127.0.0.1\" ]; port = $port; } );"
conf client "clock = { drift_file = \"$ROOM/drift\"; };" \
    "sources = ( { use = \"proto-sntp\"; server = \"127.0.0.1\"; port = $port; } );"
conf unknown 'sources = ( { use = "proto-stnp"; server = "127.0.0.1"; } );'

run "$small" --list-plugins --plugin-dir "$ROOM/none"
check "--list-plugins names what is built in" matches '^proto-sntp ' "$OUTPUT"
check "and ends with 0" same 0 "$STATUS"
list_files() {
    run "$small" --list-plugins --plugin-dir "$PLUGINS"
    check "once, beside the files of a folder" same 1 "$(grep -c '^proto-sntp ' <<<"$OUTPUT")"
    check "which can be loaded as well" matches '^refclock-local ' "$OUTPUT"
}
sanitized || list_files # what is built with a sanitizer goes into no program without
run "$small" --describe proto-sntp
check "--describe knows it" matches '^As a source' "$OUTPUT"
run "$small" -t -c "$ROOM/client.conf"
check "-t finds no errors" same 0 "$STATUS"
run "$small" -t -c "$ROOM/unknown.conf" --plugin-dir "$ROOM/none"
check "a plugin that is not there is an error" same 2 "$STATUS"
check "which says what is" matches 'did you mean "proto-sntp".*built in: proto-sntp' "$OUTPUT"

gnomond upstream
check "the upstream is synchronised" await 15 synchronised upstream
run "$small" -Q -c "$ROOM/client.conf"
check "-Q tells the offset" matches '^offset [-+]0\.000' "$OUTPUT"
check "and ends with 0" same 0 "$STATUS"
run "$small" -x -q -c "$ROOM/client.conf"
check "-q has an offset to set" matches 'not set \(it is off by .*-x forbids it' "$OUTPUT"
start client "$small" -x -c "$ROOM/client.conf"
check "the small daemon synchronises" await 30 logged client 'synchronised'
check "which says that it has no control socket" logged client 'no control socket .*built without'
stop client
check "it ends with 0" same 0 "$STATUS"
check "nothing is wrong in its log" differs logged client ' (error|warning): '
