#!/bin/bash
# The own clock as a reference, beside a real chronyd: it follows our `local` server, and both form a group of
# orphans, whichever of them has the smaller reference id. Two network namespaces, one link.
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
ip address add 10.9.2.2/24 dev here
ip link set here up
"${there[@]}" ip address add 10.9.1.2/24 dev there
"${there[@]}" ip address add 10.9.2.1/24 dev there
"${there[@]}" ip link set there up

# other_chronyd NAME [LINE]...: on the other host; only that differs from chronyd.
other_chronyd() {
    local safe=("${SAFE[@]}")
    SAFE=("${there[@]}" "${SAFE[@]}")
    chronyd "$@"
    SAFE=("${safe[@]}")
}

# conf NAME PEER LOCAL: ask PEER every second, serve all.
conf() {
    cat >"$ROOM/$1.conf" <<EOT
clock = { drift_file = "$ROOM/$1.drift"; };
sources = ( { use = "proto-ntp"; name = "peer"; server = "$2"; minpoll = 0; maxpoll = 0; iburst = true; } );
servers = ( { use = "proto-ntp"; listen = [ "0.0.0.0" ]; allow = [ "10.9.0.0/16" ]; } );
local = { stratum = 10; $3 };
EOT
}

tracks() { # NAME EXTENDED-REGEX: chronyc's tracking of it, comma-separated
    chronyc "$1" -c tracking | grep -Eq -- "$2"
}

alone="wait_unsynced = 0.0; distance = 0.0; wait_synced = 3.0;"

# --- a client ------------------------------------------------------------------------------------

conf served 10.9.1.77 ""
gnomond served
check "gnomond serves its own clock: stratum 10, leap 0" await 10 serves 10.9.1.1 123 \
    'v["stratum"] == 10 and v["leap"] == 0 and v["refid"] == "7f7f0101" and v["root_delay_s"] == 0'
check "it is not synchronised, and says why" tells served tracking \
    'not v["synchronised"] and v["local"]["stratum"] == 10 and "no source" in v["local"]["reason"]'
other_chronyd client "server 10.9.1.1 iburst minpoll 0 maxpoll 0"
check "chronyd follows it, stratum 11" await 40 tracks client '^0A090101,10\.9\.1\.1,11,.*,Normal$'
stop client
stop served

# --- our reference id is the smaller one ----------------------------------------------------------

conf smaller 10.9.1.2 "orphan = true; $alone"
other_chronyd larger "server 10.9.1.1 iburst minpoll 0 maxpoll 0" "local stratum 10 orphan" allow
gnomond smaller
check "10.9.1.1, gnomond, leads 10.9.1.2, chronyd" await 40 tracks larger '^0A090101,10\.9\.1\.1,11,.*,Normal$'
check "gnomond serves stratum 10" serves 10.9.1.1 123 'v["stratum"] == 10 and v["refid"] == "7f7f0101"'
check "of chronyd it knows that it follows" await 10 tells smaller sources 'v[0]["reason"] == "loop"'
stop smaller
stop larger

# --- chronyd's is the smaller one -----------------------------------------------------------------

conf larger 10.9.2.1 "orphan = true; $alone"
other_chronyd leader "server 10.9.2.2 iburst minpoll 0 maxpoll 0" "local stratum 10 orphan" allow
gnomond larger
check "10.9.2.1, chronyd, leads 10.9.2.2, gnomond" await 40 tells larger tracking \
    'v["stratum"] == 11 and v["reference_id"] == "0A090201" and v["synchronised"] and v["local"] is None'
check "gnomond serves stratum 11" serves 10.9.2.2 123 'v["stratum"] == 11 and v["refid"] == "0a090201"'
check "chronyd stays local, and does not follow" tracks leader '^7F7F0101,,10,'
stop leader
check "chronyd dies: gnomond leads" await 60 tells larger tracking \
    'v["stratum"] == 10 and v["reference_id"] == "7F7F0101" and not v["synchronised"] and v["local"] is not None'
other_chronyd again "server 10.9.2.2 iburst minpoll 0 maxpoll 0" "local stratum 10 orphan" allow
check "chronyd is back: gnomond follows" await 60 tells larger tracking \
    'v["stratum"] == 11 and v["reference_id"] == "0A090201"'
check "nothing is wrong in the log" differs logged larger ' error: '
