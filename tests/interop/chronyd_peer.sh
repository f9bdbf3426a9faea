#!/bin/bash
# Symmetric mode beside a real chronyd: each is the other's peer, and whichever has the time is followed. Two
# network namespaces, one link, over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
need_peer chrony/chronyd
own_network

# The other host: chronyd's, with a network of its own.
start other unshare -n sleep 3600
other=${PID[other]}
elsewhere() { [ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
await 10 elsewhere || bail "another network namespace is made"
there=(nsenter -t "$other" -n)
ip link add here type veth peer name there netns "$other" || skip "no pair of links may be made here"
ip address add 10.9.1.1/24 dev here
ip address add fd09::1/64 dev here nodad
ip link set here up
"${there[@]}" ip address add 10.9.1.2/24 dev there
"${there[@]}" ip address add fd09::2/64 dev there nodad
"${there[@]}" ip link set there up

# other_chronyd NAME [LINE]...: on the other host; only that differs from chronyd.
other_chronyd() {
    local safe=("${SAFE[@]}")
    SAFE=("${there[@]}" "${SAFE[@]}")
    chronyd "$@"
    SAFE=("${safe[@]}")
}

# conf NAME SOURCES [SERVERS]
conf() {
    printf 'clock = { drift_file = "%s"; };\nsources = ( %s );\nservers = ( %s );\n' \
        "$ROOM/$1.drift" "$2" "${3:-}" >"$ROOM/$1.conf"
}

peer() { # ADDRESS
    printf '{ use = "proto-ntp"; name = "peer"; peer = "%s"; minpoll = 0; maxpoll = 0; }' "$1"
}

tracks() { # NAME EXTENDED-REGEX: chronyc's tracking of it, comma-separated
    chronyc "$1" -c tracking | grep -Eq -- "$2"
}

sees() { # NAME EXTENDED-REGEX: chronyc's sources of it, comma-separated
    chronyc "$1" -c sources | grep -Eq -- "$2"
}

clock='{ use = "refclock-local"; stratum = 3; }'
serve='{ use = "proto-ntp"; allow = [ "10.9.0.0/16", "fd09::/64" ]; }'

# --- chronyd has the time; we do not even serve --------------------------------------------------

other_chronyd leads "local stratum 5" "peer 10.9.1.1 minpoll 0 maxpoll 0"
conf follows "$(peer 10.9.1.2)"
gnomond follows
check "gnomond follows its peer: stratum 6" await 40 tells follows tracking 'v["synchronised"] and v["stratum"] == 6'
check "it is called a peer, and is reached" await 20 tells follows sources \
    'v[0]["mode"] == "peer" and v[0]["state"] == "selected" and v[0]["stratum"] == 5 and v[0]["reach"] == 255'
check "the offset is under 1 ms" await 20 tells follows sources 'abs(v[0]["last_offset_s"]) < 1e-3'
check "chronyd reaches us, too" await 20 sees leads '^=,.,10\.9\.1\.1,[0-9]+,0,377,'
check "… and does not follow us" tracks leads '^7F7F0101,,5,'
stop follows
stop leads

# --- we have the time, and talk by the server's socket -------------------------------------------

conf leads "$clock, $(peer 10.9.1.2)" "$serve"
gnomond leads
other_chronyd follows "peer 10.9.1.1 minpoll 0 maxpoll 0"
check "chronyd follows us: stratum 5" await 60 tracks follows '^0A090101,10\.9\.1\.1,5,.*,Normal$'
check "we reach it, and see that it follows us" await 20 tells leads sources \
    'v[1]["mode"] == "peer" and v[1]["reason"] == "loop"'
check "we go on with our own clock" tells leads tracking 'v["synchronised"] and v["stratum"] == 4'

# --- it restarts, and we do ----------------------------------------------------------------------

stop follows
other_chronyd again "local stratum 7 distance 0.01" "peer 10.9.1.1 minpoll 0 maxpoll 0"
check "chronyd restarts: it follows us again" await 60 tracks again '^0A090101,10\.9\.1\.1,5,'
stop leads
conf leads "$(peer 10.9.1.2)" "$serve"
gnomond leads
check "we restart without a clock, and hear chronyd: it follows us, or we its own clock" await 40 tells leads sources \
    'v[0]["reason"] == "loop" or v[0]["state"] == "selected"'
# How long its clock is still ours depends on how sure it is of its own; it is told that it is not.
chronyc again local stratum 7 distance 1e-9 >/dev/null
check "chronyd reaches us again" await 60 sees again '^=,.,10\.9\.1\.1,[0-9]+,0,377,'
stop again
stop leads

# --- who is not known is told the time, and not followed -----------------------------------------

conf alone "$clock" "$serve"
gnomond alone
other_chronyd stranger "peer 10.9.1.1 minpoll 0 maxpoll 0" "local stratum 2"
check "a peer that we do not know follows us all the same" await 60 sees stranger '^=,.,10\.9\.1\.1,4,0,377,'
check "… and is no source of ours" tells alone sources 'len(v) == 1'
stop stranger
stop alone

other_chronyd alone2 "local stratum 5" "allow"
conf stranger2 "$(peer 10.9.1.2)"
gnomond stranger2
check "a chronyd that does not know us tells us the time" await 40 tells stranger2 tracking \
    'v["synchronised"] and v["stratum"] == 6'
stop stranger2
stop alone2

# --- keys ----------------------------------------------------------------------------------------

(umask 077 && echo "7 SHA1 HEX:00112233445566778899AABBCCDDEEFF" >"$ROOM/keys")
other_chronyd keyed "local stratum 5" "keyfile $ROOM/keys" "peer 10.9.1.1 minpoll 0 maxpoll 0 key 7"
conf keyed2 '{ use = "proto-ntp"; name = "peer"; peer = "10.9.1.2"; minpoll = 0; maxpoll = 0; key = 7; keys = "'"$ROOM/keys"'"; }'
gnomond keyed2
check "with a key we follow chronyd" await 40 tells keyed2 tracking 'v["synchronised"] and v["stratum"] == 6'
check "… and chronyd reaches us" await 20 sees keyed '^=,.,10\.9\.1\.1,[0-9]+,0,377,'
stop keyed2
conf keyless "$(peer 10.9.1.2)"
gnomond keyless
check "without it we do not reach each other" await 40 sees keyed '^=,.,10\.9\.1\.1,[0-9]+,0,0,'
stop keyless
stop keyed

# --- IPv6 ----------------------------------------------------------------------------------------

conf six "$clock, $(peer fd09::2)" "$serve"
gnomond six
other_chronyd six2 "peer fd09::1 minpoll 0 maxpoll 0"
check "IPv6: chronyd follows us" await 60 tracks six2 ',fd09::1,5,.*,Normal$'
check "IPv6: we reach it, and see that it follows us" await 20 tells six sources \
    'v[1]["mode"] == "peer" and v[1]["reason"] == "loop"'
check "nothing is wrong in the log" differs logged six ' error: '
