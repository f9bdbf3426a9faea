#!/bin/bash
# What a server says without a source: leap 3, stratum 0; with `local` the stratum configured.
# Who may ask: nobody but loopback, unless allowed; the longest prefix decides.
. "$(dirname "$0")/../lib.sh"
own_network
for address in 192.0.2.1 192.0.2.2 198.51.100.1; do
    ip addr add "$address/32" dev lo || skip "no address can be added in a namespace"
done
ip addr add 2001:db8::1/128 dev lo nodad 2>/dev/null
ip addr add 2001:db8::2/128 dev lo nodad 2>/dev/null

conf() { # NAME LINE...
    local name=$1
    shift
    printf '%s\n' "clock = { drift_file = \"$ROOM/$name.drift\"; };" "$@" >"$ROOM/$name.conf"
}
conf bare 'sources = ( );' \
    'servers = ( { use = "proto-ntp"; listen = [ "0.0.0.0", "::" ]; port = 20001; } );'
conf orphan 'sources = ( );' 'local = { stratum = 10; };' \
    'servers = ( { use = "proto-ntp"; listen = [ "0.0.0.0", "::" ]; port = 20002; allow = [ "192.0.2.0/24", "2001:db8::/32" ]; deny = [ "192.0.2.2", "2001:db8::2/128" ]; } );'
conf dead 'sources = ( { use = "proto-ntp"; server = "127.0.0.1"; port = 20009; iburst = true; } );' \
    'local = { stratum = 7; };' \
    'servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = 20003; } );'
conf wide 'sources = ( );' 'local = { stratum = 5; };' \
    'servers = ( { use = "proto-ntp"; listen = [ "0.0.0.0" ]; port = 20004; allow = [ "0.0.0.0/0" ]; deny = [ "192.0.2.0/24" ]; } );'
for name in bare orphan dead wide; do
    launch $name
done
for name in bare orphan dead wide; do
    await 20 answers $name || bail "gnomond $name starts"
done

check "without a source: leap 3, stratum 0" serves 127.0.0.1 20001 'v["leap"] == 3 and v["stratum"] == 0 and v["mode"] == 4'
check "without a source, over IPv6" serves ::1 20001 'v["leap"] == 3 and v["stratum"] == 0'
check "tracking says unsynchronised" tells bare tracking 'not v["synchronised"] and v["leap"] == "unsynchronised"'

check "with local: stratum 10" await 15 serves 127.0.0.1 20002 'v["leap"] == 0 and v["stratum"] == 10'
check "with local, the time is the clock's" await 10 serves 127.0.0.1 20002 'abs(v["offset_s"]) < 1e-3 + v["delay_s"] / 2'
check "with local and a dead source: stratum 7" await 15 serves 127.0.0.1 20003 'v["leap"] == 0 and v["stratum"] == 7'

silent() { # FROM TO PORT
    differs ntp_query --tries 1 --from "$1" "$2" "$3"
}
heard() {
    ntp_query --tries 2 --from "$1" "$2" "$3"
}
check "default: another address gets no reply" silent 192.0.2.1 192.0.2.1 20001
check "default: nor does one that asks 127.0.0.1" silent 192.0.2.1 127.0.0.1 20001
check "default: loopback gets one" heard 127.0.0.1 127.0.0.1 20001
check "an allowed network gets replies" heard 192.0.2.1 192.0.2.1 20002
check "loopback still does" heard 127.0.0.1 127.0.0.1 20002
check "the denied host within it does not" silent 192.0.2.2 192.0.2.1 20002
check "another network does not" silent 198.51.100.1 192.0.2.1 20002
check "allowed everywhere: an address gets a reply" heard 198.51.100.1 198.51.100.1 20004
check "allowed everywhere but in one network: silence there" silent 192.0.2.1 198.51.100.1 20004
if ip -6 addr show dev lo | grep -q 2001:db8::1; then
    check "IPv6: default, another address gets no reply" silent 2001:db8::1 2001:db8::1 20001
    check "IPv6: an allowed network gets replies" heard 2001:db8::1 2001:db8::1 20002
    check "IPv6: the denied host within it does not" silent 2001:db8::2 2001:db8::1 20002
fi
