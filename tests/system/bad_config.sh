#!/bin/bash
# Wrong configurations: all errors at once with their lines, exit status 2, nothing started.
. "$(dirname "$0")/../lib.sh"

# try NAME [OPTION]...: gnomond on NAME.conf.
try() {
    local name=$1
    shift
    run "$GNOMOND" -x -c "$ROOM/$name.conf" -s "$ROOM/$name.sock" --plugin-dir "$PLUGINS" "$@"
}

# named LINE WORDS...: a finding at that line says all the words.
named() {
    local line=$1 found word
    shift
    found=$(grep -E "^[^ ]*\.conf:$line: " <<<"$OUTPUT") || {
        printf 'no finding at line %s in:\n%s\n' "$line" "$OUTPUT"
        return 1
    }
    for word; do
        matches "$word" "$found" || return 1
    done
}

free_port
cat >"$ROOM/five.conf" <<EOF
// 1
clock = { discpline = false;                     // 2: misspelt
    step = { threshold = "much"; }; };           // 3: wrong type
sources = (
    { use = "proto-ntp"; server = "127.0.0.1"; port = 70000; },     // 5: out of range
    { use = "proto-ntp"; server = "127.0.0.1"; minpoll = 8589934598; }, // 6: over 32 bits, wraps to 6
    { use = "no-such-plugin"; },                 // 7
    { use = "proto-ntp"; server = "127.0.0.1"; burst_mode = 1; },   // 8: unknown key
    { use = "proto-ntp"; server = "127.0.0.1"; xleave = 1; }        // 9: no boolean
);
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = $PORT;
              client_log = -1;                   // 12: out of range
              signd_socket = 7; } );             // 13: no text
EOF
try five
check "exit status 2" same 2 "$STATUS"
check "a misspelt key, with what was meant" named 2 discpline 'did you mean.*discipline'
check "a wrong type" named 3 threshold
check "a number out of range, with the range" named 5 port 65535
check "a number that libconfig would wrap" named 6 minpoll 8589934598
check "a plugin that is not there" named 7 no-such-plugin
check "a key that nobody knows" named 8 burst_mode
check "a switch that is a number" named 9 xleave
check "memory below none" named 12 client_log 1048576
check "a folder that is a number" named 13 signd_socket
errors() {
    grep -E '^[^ ]*five\.conf:[0-9]+: ' <<<"$OUTPUT" | grep -v ': warning: ' | cut -d : -f 2
}
check "each is said once, in order of lines" same "2 3 5 6 7 8 9 12 13" "$(errors | paste -sd ' ')"
check "no control socket was made" differs test -e "$ROOM/five.sock"
check "the server was not started" differs ntp_query --tries 1 127.0.0.1 "$PORT"
try five -t
check "-t says the same: exit status 2" same 2 "$STATUS"
check "-t says the same: the findings" same "2 3 5 6 7 8 9 12 13" "$(errors | paste -sd ' ')"

# Limits and ways of asking: ranges, contradictions, and what others have and means nothing here.
limits() {
    cat <<'EOF'
mindelay = -0.1;
maxdelay = 1001.0;
maxdelayratio = "2";
maxdelaydevratio = -1.0;
maxdelayquant = 0.96;
filter = 65;
presend = 1;
source_port = 65536;
dscp = 64;
minstratum = 16;
polltarget = 8;
minsamples = 6;
maxsamples = 64;
asymmetry = 0.5;
EOF
}
{
    echo 'clock = { min_stratum = 16; }; sources = ('
    limits | sed 's/.*/{ use = "proto-ntp"; server = "127.0.0.1"; & },/; $s/,$//'
    echo '); servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; dscp = -1; } );'
} >"$ROOM/limits.conf"
try limits -t
check "limits: exit status 2" same 2 "$STATUS"
check "limits: the clock's" named 1 min_stratum 15
line=2
for words in 'mindelay 1000' 'maxdelay 1000' 'maxdelayratio number' 'maxdelaydevratio out.of.range' 'maxdelayquant 0.95' \
    'filter 64' 'presend 18' 'source_port 65535' 'dscp 63' 'minstratum 15' 'polltarget minpoll' 'minsamples window' \
    'maxsamples window' 'asymmetry offset'; do
    # shellcheck disable=SC2086 # words
    check "limits: ${words%% *}" named $line $words
    line=$((line + 1))
done
check "limits: the server's dscp" named $line dscp 63

# try_source OPTIONS WORDS: what the plugin itself finds.
try_source() {
    printf '\nsources = ( { use = "proto-ntp"; server = "127.0.0.1"; %s } );\n' "$1" >"$ROOM/source.conf"
    try source -t
    same 2 "$STATUS" && named 2 "$2"
}
check "mindelay alone" try_source 'mindelay = 0.2;' 'mindelay does nothing without maxdelayratio'
check "mindelay above maxdelay" try_source 'mindelay = 0.2; maxdelay = 0.1; maxdelayratio = 2.0;' 'mindelay 0.2 s is above maxdelay, 0.1 s'
check "maxdelayratio below 1" try_source 'maxdelayratio = 0.9;' 'maxdelayratio: 0.9 is below 1'
check "maxdelayquant below 0.05" try_source 'maxdelayquant = 0.01;' 'maxdelayquant: 0.01 is out of range'
check "bind_address that is none" try_source 'bind_address = "eth0";' 'bind_address: "eth0" is no numeric'
check "bind_device that is none" try_source 'bind_device = "a/b";' 'bind_device: "a/b" is no name'
printf 'clock = { min_stratum = 5; max_stratum = 3; };\n' >"$ROOM/strata.conf"
try strata -t
check "min_stratum above max_stratum" named 1 'min_stratum: 5 is above max_stratum, 3'

printf 'clock = { discipline = false; };\nsources = (\n    { use = "proto-ntp"; server "127.0.0.1"; }\n);\n' >"$ROOM/syntax.conf"
try syntax
check "a syntax error: exit status 2" same 2 "$STATUS"
check "a syntax error: its line" named 3 'syntax'

printf 'sources = ( { use = "refclock-local"; }, );\n' >"$ROOM/comma.conf"
try comma
check "a trailing comma in a list: exit status 2" same 2 "$STATUS"
check "a trailing comma in a list: its line" named 1

printf 'servers = (\n    { use = "proto-ntp"; signd_socket = "samba/ntp_signd"; }\n);\n' >"$ROOM/relative.conf"
try relative -t
check "a relative folder of Samba: exit status 2" same 2 "$STATUS"
check "a relative folder of Samba: its line" named 2 signd_socket 'no absolute path'

printf 'sources = ( );\nclock = { discipline = false; };\nclock = { discipline = true; };\n' >"$ROOM/twice.conf"
try twice
check "a key set twice: exit status 2" same 2 "$STATUS"
check "a key set twice: its line" named 3

try absent
check "no such file: exit status 2" same 2 "$STATUS"
check "no such file: named with the reason" matches 'absent\.conf.*No such file' "$OUTPUT"

head -c 20000 /dev/urandom >"$ROOM/noise.conf"
try noise
check "random bytes: exit status 2" same 2 "$STATUS"

# Errors in files beside the main one.
mkdir "$ROOM/etc" "$ROOM/etc/conf.d" "$ROOM/etc/sources.d"
printf 'sources = ( );\n@include "more.inc"\n' >"$ROOM/etc/gnomon.conf"
printf '// 1\nclock = { max_frequency = -5.0; drift = 1; };\n' >"$ROOM/etc/more.inc"
printf '\n\nservers = ( { use = "proto-ntp"; port = "ntp"; } );\n' >"$ROOM/etc/conf.d/50-server.conf"
printf '\nsources = ( { use = "proto-ntp"; sever = "127.0.0.1"; } );\n' >"$ROOM/etc/sources.d/a.sources"
run "$GNOMOND" -t -c "$ROOM/etc/gnomon.conf" --plugin-dir "$PLUGINS"
check "drop-ins: exit status 2" same 2 "$STATUS"
check "an included file is named with its line" matches 'more\.inc:2: ' "$OUTPUT"
check "a file of conf.d is named with its line" matches '50-server\.conf:3: .*port' "$OUTPUT"
check "a file of sources.d is named with its line" matches 'a\.sources:2: .*sever.*did you mean.*server' "$OUTPUT"

# -t: no network, no device, no right, no state folder.
cat >"$ROOM/fine.conf" <<EOF
clock = { drift_file = "$ROOM/not/there/drift"; };
sources = ( { use = "proto-ntp"; server = "name.that.does.not.exist.invalid"; iburst = true; },
            { use = "refclock-local"; stratum = 10; } );
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = 123; } );
outputs = ( { use = "out-syslog"; socket = "$ROOM/not/there/log"; } );
control = { socket = "$ROOM/not/there/sock"; };
EOF
run "$GNOMOND" -t -c "$ROOM/fine.conf" --plugin-dir "$PLUGINS"
check "-t on a good file: exit status 0" same 0 "$STATUS"
run "$GNOMOND" -t --strict -c "$ROOM/fine.conf" --plugin-dir "$PLUGINS"
check "-t --strict on a good file: exit status 0" same 0 "$STATUS"
check "-t made nothing" differs test -e "$ROOM/not"
if unshare -Urn true 2>/dev/null; then
    run unshare -Urn "$GNOMOND" -t -c "$ROOM/fine.conf" --plugin-dir "$PLUGINS"
    check "-t without any network: exit status 0" same 0 "$STATUS"
fi
for file in "$SRC"/conf/*.conf; do
    run "$GNOMOND" -t --strict -c "$file" --plugin-dir "$PLUGINS"
    check "conf/${file##*/} is clean: exit status 0" same 0 "$STATUS"
    check "conf/${file##*/} is clean: no warning" differs matches 'warning|error:' "$OUTPUT"
done

printf 'sources = ( );\n' >"$ROOM/empty.conf"
gnomond empty
check "no source at all is legal" tells empty sources 'v == []'
