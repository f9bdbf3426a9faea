#!/bin/bash
# Broadcast, multicast and manycast between two hosts: a real chronyd broadcasts to gnomond, and gnomond to gnomond by
# IPv4 and IPv6, in the same daemon that serves. Two network namespaces, one link.
. "$(dirname "$0")/../lib.sh"
need_peer chrony/chronyd
own_network

# The other host has the servers.
start other unshare -n sleep 3600
other=${PID[other]}
elsewhere() { [ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
await 10 elsewhere || bail "another network namespace is made"
there=(nsenter -t "$other" -n)
ip link add here type veth peer name there netns "$other" || skip "no pair of links may be made here"
ip address add 10.9.1.1/24 broadcast 10.9.1.255 dev here
ip -6 address add fd00:9::1/64 dev here nodad
ip link set here up
"${there[@]}" ip address add 10.9.1.2/24 broadcast 10.9.1.255 dev there
"${there[@]}" ip -6 address add fd00:9::2/64 dev there nodad
"${there[@]}" ip link set there up

# on_other COMMAND...: one of lib.sh that starts something, on the other host.
on_other() {
    local safe=("${SAFE[@]}")
    SAFE=("${there[@]}" "${SAFE[@]}")
    "$@"
    SAFE=("${safe[@]}")
}

# server NAME OPTIONS: gnomond on the other host, its own clock the reference.
server() {
    cat >"$ROOM/$1.conf" <<EOT
sources = ( { use = "refclock-local"; stratum = 3; } );
servers = ( { use = "proto-ntp"; allow = [ "10.9.0.0/16", "fd00:9::/64", "fe80::/10" ]; interface = "there"; $2 } );
EOT
    on_other gnomond "$1"
}

# listener NAME OPTIONS: gnomond here, which serves on the same port.
listener() {
    cat >"$ROOM/$1.conf" <<EOT
clock = { drift_file = "$ROOM/$1.drift"; };
sources = ( { use = "proto-ntp"; name = "ears"; interface = "here"; $2 } );
servers = ( { use = "proto-ntp"; allow = [ "10.9.0.0/16" ]; } );
EOT
    gnomond "$1" -L debug
}

# --- chronyd broadcasts --------------------------------------------------------------------------

on_other chronyd chronyd "local stratum 5" "allow 10.9.0.0/16" "broadcast 2 10.9.1.255" "port 123"
listener heard 'broadcast = "10.9.1.255"; from = [ "10.9.1.0/24" ];'
check "chronyd's broadcasts synchronise gnomond" await 40 synchronised heard
check "the way was measured" logged heard 'listening to 10\.9\.1\.2:123, a packet takes 0\.00[0-9]+ s \(measured\)'
check "stratum 6, the server's address as reference" tells heard tracking 'v["stratum"] == 6 and v["leap"] == "normal"'
check "the offset is under 1 ms, and within the bound" await 20 tells heard tracking \
    'abs(v["last_offset_s"]) < 1e-3 and abs(v["system_offset_s"]) <= v["error_bound_s"] < 0.2'
check "a warning: without a key" logged heard 'warning: .*without a key'
check "it serves on the same port" await 10 serves 127.0.0.1 123 'v["stratum"] == 6 and v["leap"] == 0'
stop chronyd
check "chronyd falls silent: the server is forgotten" await 60 logged heard '10\.9\.1\.2:123 has fallen silent'
stop heard
check "nothing was refused" differs logged heard 'broadcasts (replay|early|loop|contradiction|denied):'

# --- chronyd answers nobody ----------------------------------------------------------------------

on_other chronyd mute "local stratum 5" "broadcast 2 10.9.1.255" "port 123"
listener guess 'broadcast = "10.9.1.255"; from = [ "10.9.1.2" ]; delay = 0.01;'
check "a server that answers nobody: its broadcasts take the configured time" await 60 synchronised guess
check "… as the log says" logged guess 'takes 0\.010000 s \(as configured: it does not answer\)'
check "… and the bound" tells guess tracking '0.01 <= v["error_bound_s"] < 0.2'
stop guess
listener deaf 'broadcast = "10.9.1.255"; from = [ "10.9.1.7" ];'
sleep 6
check "a server that is not listed is not heard" unsynchronised deaf
stop deaf
check "… and counted" logged deaf 'broadcasts denied: [0-9]'
stop mute

# --- gnomond to gnomond --------------------------------------------------------------------------

server teller 'broadcast = [ "10.9.1.255", "224.0.1.1", "ff05::101", "ff02::101" ]; broadcast_interval = 2; groups = [ "239.192.0.1", "ff05::102" ];'
for address in 10.9.1.255 224.0.1.1 ff05::101 ff02::101; do
    name=at-${address//[.:]/-}
    listener "$name" "broadcast = \"$address\"; from = [ \"10.9.1.0/24\", \"fd00:9::/64\", \"fe80::/10\" ];"
    check "$address: synchronised" await 40 synchronised "$name"
    check "$address: stratum 5, locked" tells "$name" tracking 'v["stratum"] == 5 and v["state"] == "locked"'
    check "$address: the way was measured" logged "$name" 'a packet takes 0\.00[0-9]+ s \(measured\)'
    stop "$name"
done
listener here 'broadcast = "255.255.255.255"; from = [ "10.9.1.0/24" ];'
sleep 5
check "nothing comes to another broadcast address" unsynchronised here
stop here

# --- manycast ------------------------------------------------------------------------------------

for group in 239.192.0.1 ff05::102; do
    name=many-${group//[.:]/-}
    listener "$name" "manycast = \"$group\"; from = [ \"10.9.1.0/24\", \"fd00:9::/64\" ]; iburst = true; minpoll = 2; maxpoll = 2; max_sources = 2;"
    check "$group: the server is found and followed" await 20 synchronised "$name"
    check "$group: by its own address" tells "$name" sources 'any(s["address"] in ("10.9.1.2:123", "[fd00:9::2]:123") and s["reach"] for s in v)'
    stop "$name"
done
stop teller
check "no error in any log" differs grep -E ' error: ' "$ROOM"/*.log

# --- with a key ----------------------------------------------------------------------------------

printf '12 SHA256 HEX:000102030405060708090a0b0c0d0e0f1011\n13 SHA256 HEX:ffffffffffffffffffffffffffffffffffff\n' >"$ROOM/ntp.keys"
chmod 600 "$ROOM/ntp.keys"
printf '12 SHA256 HEX:ffffffffffffffffffffffffffffffffffff\n' >"$ROOM/other.keys"
chmod 600 "$ROOM/other.keys"
server sealed 'broadcast = [ "10.9.1.255" ]; broadcast_interval = 2; keys = "ntp.keys"; broadcast_key = 12;'
listener keyed 'broadcast = "10.9.1.255"; from = [ "10.9.1.0/24" ]; key = 12; keys = "ntp.keys";'
check "with a key: synchronised" await 40 synchronised keyed
check "with a key: the way was measured" logged keyed 'a packet takes 0\.00[0-9]+ s \(measured\)'
check "with a key: no warning of it" differs logged keyed 'without a key'
stop keyed
for name in ntp:13 other:12; do
    listener "forged${name#*:}" "broadcast = \"10.9.1.255\"; from = [ \"10.9.1.0/24\" ]; key = ${name#*:}; keys = \"${name%:*}.keys\";"
    sleep 5
    check "${name}: another key, not heard" unsynchronised "forged${name#*:}"
    stop "forged${name#*:}"
    check "${name}: … and counted" logged "forged${name#*:}" 'broadcasts key: [0-9]'
done
stop sealed

# --- before the server knows the time ------------------------------------------------------------

cat >"$ROOM/lost.conf" <<EOT
sources = ( { use = "proto-ntp"; server = "10.9.1.77"; } );
servers = ( { use = "proto-ntp"; allow = [ "10.9.0.0/16" ]; interface = "there"; broadcast = [ "10.9.1.255" ];
    broadcast_interval = 1; groups = [ "239.192.0.1" ]; } );
EOT
on_other gnomond lost -L debug
listener none 'broadcast = "10.9.1.255"; from = [ "10.9.1.0/24" ];'
sleep 5
stop none
stop lost
check "who knows no time broadcasts none" differs logged none 'broadcasts [a-z]+: [0-9]'
