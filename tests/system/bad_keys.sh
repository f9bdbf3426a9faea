#!/bin/bash
# Wrong key files: all errors at once with file and line, told by -t, and nothing is started.
. "$(dirname "$0")/../lib.sh"
umask 077

# try CONFIGURATION [OPTION]...: gnomond on it.
try() {
    printf '%s\n' "$1" >"$ROOM/it.conf"
    shift
    run "$GNOMOND" -x -c "$ROOM/it.conf" -s "$ROOM/it.sock" --plugin-dir "$PLUGINS" "$@"
}

source_with() { # KEY FILE
    printf 'sources = ( { use = "proto-ntp"; server = "127.0.0.1"; key = %s; keys = "%s"; } );' "$1" "$2"
}

printf '7 SHA256 a-good-key-of-mine\n' >"$ROOM/good"
try "$(source_with 7 good)" -t
if grep -q 'built without OpenSSL' <<<"$OUTPUT"; then
    check "without OpenSSL it says so: exit status 2" same 2 "$STATUS"
    exit
fi
check "a good file: exit status 0" same 0 "$STATUS"
check "a good file, relative to the configuration: nothing is said of it" differs matches 'good' "$OUTPUT"

cat >"$ROOM/bad" <<'EOT'
# every kind of error
1 SHA256 a-good-key-of-mine
0 SHA256 the-id-of-nobody
4294967296 SHA256 beyond-32-bits
1 SHA256 the-id-of-another
2 RIPEMD160 a-type-of-others
3 SHA256 HEX:012
4 SHA256 HEX:0x12
5 AES128 too-short
6 AES256 HEX:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
7 SHA256 HEX:
8 SHA256
9 SHA256 more words
some words
EOT
printf '15 SHA256 a\0b\n16 SHA256 %03000d\n17 MD5 the-last-of-them' 0 >>"$ROOM/bad"
try "$(source_with 1 bad)" -t
lines() { # of the errors
    grep -E '^[^ ]*/bad:[0-9]+: ' <<<"$OUTPUT" | grep -v ': warning: ' | cut -d : -f 2 | paste -sd ' '
}
check "exit status 2" same 2 "$STATUS"
check "all errors, in order of lines" same "3 4 5 6 7 8 9 10 11 12 13 14 15 16" "$(lines)"
check "what is allowed is told" matches 'bad:3: .*a number from 1 to 4294967295' "$OUTPUT"
check "the other line of the same id is told" matches 'bad:5: key 1 stands in line 2 already' "$OUTPUT"
check "the types are told" matches 'bad:6: "RIPEMD160" .*AES128' "$OUTPUT"
check "the size of a key is told" matches 'bad:10: .*32 bytes.*has 33' "$OUTPUT"
check "a weak key is warned of" matches 'bad:17: warning: .*MD5' "$OUTPUT"
check "the source is told, too" matches 'it\.conf:1: .*bad has 14 errors' "$OUTPUT"
check "no key is told" differs matches 'good-key|too-short|000102|last-of' "$OUTPUT"
try "$(source_with 1 bad)"
check "without -t the same: exit status 2" same 2 "$STATUS"
check "without -t the same: the errors" same "3 4 5 6 7 8 9 10 11 12 13 14 15 16" "$(lines)"

try 'servers = ( { use = "proto-ntp"; port = 10123; listen = "127.0.0.1"; keys = "bad"; }, { use = "proto-ntp"; port = 10124; listen = "127.0.0.1"; keys = "bad"; } );' -t
check "two who share a file: each error is said once" same "3 4 5 6 7 8 9 10 11 12 13 14 15 16" "$(lines)"
check "… and both are told" same 2 "$(grep -c 'it\.conf:1: .*bad has 14 errors' <<<"$OUTPUT")"

try "$(source_with 8 good)" -t
check "a key that is not there: exit status 2" same 2 "$STATUS"
check "… with the words" matches 'it\.conf:1: .*there is no key 8 in .*good' "$OUTPUT"
try 'sources = ( { use = "proto-ntp"; server = "127.0.0.1"; key = 7; } );' -t
check "a key without a file: exit status 2" same 2 "$STATUS"
try "$(source_with 4294967296L good)" -t
check "an id over 32 bits: exit status 2" same 2 "$STATUS"
check "… with the range" matches 'key: .*4294967295' "$OUTPUT"

try "$(source_with 7 absent)" -t
check "no such file: exit status 2" same 2 "$STATUS"
check "… with the reason" matches 'cannot read .*absent: No such file' "$OUTPUT"
mkdir "$ROOM/folder"
try "$(source_with 7 folder)" -t
check "a folder: exit status 2" same 2 "$STATUS"
check "… with the reason" matches 'cannot read .*folder: Is a directory' "$OUTPUT"
mkfifo "$ROOM/pipe"
try "$(source_with 7 pipe)" -t
check "a pipe: exit status 2, at once" same 2 "$STATUS"
if [ "$(id -u)" != 0 ]; then
    chmod 0 "$ROOM/good"
    try "$(source_with 7 good)" -t
    check "a file that we may not read: exit status 2" same 2 "$STATUS"
    check "… with the reason" matches 'cannot read .*good: Permission denied' "$OUTPUT"
fi

chmod 644 "$ROOM/good"
try "$(source_with 7 good)" -t
check "a file that all may read is warned of" matches 'good: warning: everybody on this machine may read' "$OUTPUT"
check "… exit status 0" same 0 "$STATUS"
try "$(source_with 7 good)" -t --strict
check "… under --strict 1" same 1 "$STATUS"
