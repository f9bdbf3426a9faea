#!/bin/bash
# Packets authenticated with symmetric keys, between gnomond and a real chronyd and NTPsec's ntpd: each as the server
# of the other, with every type of key both know. Two network namespaces, because ntpd speaks on port 123 only.
. "$(dirname "$0")/../lib.sh"
need_peer ntpsec/ntpd
ntpd=$PEER
need_peer chrony/chronyd
own_network

# The other host: theirs, with a network of its own.
start other unshare -n sleep 3600
other=${PID[other]}
elsewhere() { [ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
await 10 elsewhere || bail "another network namespace is made"
there=(nsenter -t "$other" -n)
ip link add here type veth peer name there netns "$other" || skip "no pair of links may be made here"
"${there[@]}" ip link set lo up

# One address a key on both sides, since chronyd and ntpd keep one association an address.
for id in $(seq 30); do
    ip address add "10.9.1.$id/16" dev here
    "${there[@]}" ip address add "10.9.2.$id/16" dev there
done
ip link set here up
"${there[@]}" ip link set there up

types=(MD5 SHA1 SHA256 SHA384 SHA512 SHA3-224 SHA3-256 SHA3-384 SHA3-512 AES128 AES256)
count=${#types[@]}
umask 077
for ((i = 1; i <= count; i++)); do
    type=${types[i - 1]}
    case $type in
    AES256) printf '%d %s HEX:%s\n' "$i" "$type" "$(printf '%064x' $((i * 7919)))" ;;
    *) printf '%d %s HEX:%s\n' "$i" "$type" "$(printf '%032x' $((i * 7919)))" ;;
    esac
done >"$ROOM/keys"
printf '21 SHA256 ASCII:gnomond-has-this\n22 SHA256 onlygnomondhasit\n' >"$ROOM/ours"
printf '21 SHA256 ASCII:they-have-this\n' >"$ROOM/theirs"
cat "$ROOM/keys" >>"$ROOM/ours"
cat "$ROOM/keys" >>"$ROOM/theirs"
# ntpd has names of its own, and reads long keys as hexadecimal digits by themselves.
sed -e 's/ AES128 / AES-128 /; s/ AES256 / AES-256 /; s/HEX://; s/ASCII://' "$ROOM/theirs" >"$ROOM/ntp.keys"

# beyond COMMAND...: what it starts, runs on the other host.
beyond() {
    local safe=("${SAFE[@]}")
    SAFE=("${there[@]}" "${SAFE[@]}")
    "$@"
    SAFE=("${safe[@]}")
}

# follow NAME [VERSION]: a source for each key, one with a key that differs, one with one they do not have.
follow() {
    {
        printf 'clock = { drift_file = "%s"; };\nsources = (\n' "$ROOM/$1.drift"
        for id in $(seq "$count") 21 22; do
            printf '  { use = "proto-ntp"; name = "k%d"; server = "10.9.2.%d"; key = %d; keys = "ours"; iburst = true;\n' \
                "$id" "$id" "$id"
            printf '    minpoll = 1; maxpoll = 1; version = %d; },\n' "${2:-4}"
        done
        printf '  { use = "proto-ntp"; name = "plain"; server = "10.9.2.30"; iburst = true; } );\n'
    } >"$ROOM/$1.conf"
    gnomond "$1" -L debug
}

# with NAME SOURCE EXPRESSION: true of that source `s`.
with() {
    tells "$1" sources "[$3 for s in v if s['name'] == '$2'][0]"
}

# all_follow NAME WORDS
all_follow() {
    local id bad=0
    for ((id = 1; id <= count; id++)); do
        check "$2: ${types[id - 1]}" await 30 with "$1" "k$id" 's["reach"] != 0' || bad=1
    done
    return $bad
}

# refused NAME SOURCE ID: nothing of it was used, and what is said of it names the key.
refused() {
    with "$1" "$2" "s['reach'] == 0 and 'it does not know our key $3' in s['detail']"
}

# --- chronyd serves ------------------------------------------------------------------------------

beyond chronyd server "local stratum 8" "allow all" "keyfile $ROOM/theirs"
for version in 4 3; do
    follow "chrony$version" $version
    all_follow "chrony$version" "chronyd answers version $version"
    check "… and without a key" await 15 with "chrony$version" plain 's["reach"] != 0'
    check "… but not with a key that differs" await 15 refused "chrony$version" k21 21
    check "… nor with one it does not have" await 15 refused "chrony$version" k22 22
    stop "chrony$version"
done
stop server

# --- chronyd asks --------------------------------------------------------------------------------

lines=()
for id in $(seq "$count") 21; do
    lines+=("server 10.9.1.$id key $id iburst minpoll 0 maxpoll 0")
done
cat >"$ROOM/serves.conf" <<EOT
clock = { drift_file = "$ROOM/serves.drift"; };
servers = ( { use = "proto-ntp"; listen = [ "0.0.0.0" ]; allow = [ "10.9.0.0/16" ]; keys = "ours"; } );
local = { stratum = 8; };
EOT
gnomond serves -L debug
for version in 4 3; do
    beyond chronyd "asks$version" "keyfile $ROOM/theirs" "${lines[@]/%/ version $version}"
    reaches() { # ADDRESS
        chronyc "asks$version" -c sources | awk -F , -v address="$1" '$3 == address && $6 >= 3 { good = 1 } END { exit !good }'
    }
    for ((id = 1; id <= count; id++)); do
        check "chronyd asks version $version: ${types[id - 1]}" await 15 reaches "10.9.1.$id"
    done
    check "… and gets nothing with a key that differs" differs reaches 10.9.1.21
    stop "asks$version"
done

# --- ntpd asks -----------------------------------------------------------------------------------

ntp_conf() { # NAME LINE...
    local name=$1
    shift
    printf '%s\n' "disable ntp" "disable kernel" "restrict default" "restrict 127.0.0.1" "driftfile $ROOM/$name.drift" \
        "keys $ROOM/ntp.keys" "trustedkey $(seq -s ' ' "$count") 21" "$@" >"$ROOM/$name.ntp"
    beyond start "$name" "$ntpd" -n -c "$ROOM/$name.ntp"
}

lines=("statsdir $ROOM/" "filegen peerstats file peerstats type none link" "statistics peerstats")
for id in $(seq "$count") 21; do
    lines+=("server 10.9.1.$id key $id iburst minpoll 3 maxpoll 3")
done
ntp_conf ntpasks "${lines[@]}"
took() { # ADDRESS: it made a sample of an answer of it
    grep -qE "^[0-9]+ [0-9.]+ ${1//./\\.} " "$ROOM/peerstats"
}
for ((id = 1; id <= count; id++)); do
    check "ntpd asks: ${types[id - 1]}" await 20 took "10.9.1.$id"
done
check "… and gets nothing with a key that differs" differs took 10.9.1.21
stop ntpasks

# --- ntpd serves ---------------------------------------------------------------------------------

ntp_conf ntpserves "tos orphan 6 orphanwait 1" "limit average 1000 burst 1000"
await 30 serves 10.9.2.1 123 'v["stratum"] == 6 and v["leap"] == 0' || bail "ntpd serves"
follow ntpsec
all_follow ntpsec "ntpd answers"
check "… and without a key" await 15 with ntpsec plain 's["reach"] != 0'
check "… but not with a key that differs" await 15 refused ntpsec k21 21
check "… nor with one it does not have" await 15 refused ntpsec k22 22
stop ntpsec
stop serves
check "requests with a wrong MAC were counted" logged serves 'requests wrong-mac: [0-9]+'
for name in chrony3 chrony4 ntpsec; do
    check "$name: no reply was refused" differs logged $name 'refused \('
done
