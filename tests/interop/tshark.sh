#!/bin/bash
# What goes over the wire, seen by another decoder: tshark has no complaint about either direction,
# requests reveal nothing, and each comes from a port of its own. In a network namespace, so that
# nothing but this test is on its loopback.
. "$(dirname "$0")/../lib.sh"
need tshark dumpcap
need_peer chrony/chronyd
chronyd_program=$PEER
own_network

upstream=20001 port=20002
chronyd chronyd "local stratum 8" allow "port $upstream"
await 10 serves 127.0.0.1 "$upstream" 'v["stratum"] == 8' || bail "chronyd serves stratum 8"

start dumpcap dumpcap -q -i lo -f "udp portrange $upstream-$port" -w "$ROOM/capture.pcapng"
await 10 test -s "$ROOM/capture.pcapng" || skip "dumpcap cannot capture here: $(tail -n 1 "$ROOM/dumpcap.log")"

cat >"$ROOM/daemon.conf" <<EOF
clock = { drift_file = "$ROOM/drift"; };
sources = (
    { use = "proto-ntp"; name = "four"; server = "127.0.0.1"; port = $upstream; iburst = true; minpoll = 0; maxpoll = 0; },
    { use = "proto-ntp"; name = "six"; server = "::1"; port = $upstream; iburst = true; minpoll = 0; maxpoll = 0; }
);
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1", "::1" ]; port = $port; } );
EOF
gnomond daemon
check "synchronised" await 15 synchronised daemon
for host in 127.0.0.1 '[::1]'; do
    run "$GNOMONCTL" query "$host:$port"
    check "query $host is answered" same 0 "$STATUS"
done
run 60 "$chronyd_program" -x -U -u "$(id -un)" -Q "server 127.0.0.1 port $port iburst" "pidfile $ROOM/once.pid"
check "chronyd takes time from it" same 0 "$STATUS"
await 15 tells daemon sources 'all(s["reach"] == 255 for s in v)'
stop dumpcap INT

# decode FILTER FIELD...: tab-separated.
decode() {
    local filter=$1 field fields=()
    shift
    for field; do
        fields+=(-e "$field")
    done
    tshark -r "$ROOM/capture.pcapng" -d "udp.port==$upstream,ntp" -d "udp.port==$port,ntp" -Y "$filter" \
        -T fields "${fields[@]}" 2>"$ROOM/tshark.log" || echo "tshark: $(tail -n 1 "$ROOM/tshark.log")"
}
tcp_or_udp=$(decode udp frame.number | wc -l)
check "the capture has packets ($tcp_or_udp)" test "$tcp_or_udp" -gt 30
check "all of them decode as NTP" same "$tcp_or_udp" "$(decode ntp frame.number | wc -l)"
check "none is malformed" same '' "$(decode '_ws.malformed' frame.number)"
check "the decoder has nothing to warn about" same '' \
    "$(decode '_ws.expert.severity >= 0x400000' frame.number _ws.expert.message)"
check "none is an ICMP error" same '' "$(decode 'icmp || icmpv6.type < 128' frame.number)"

# Our requests, to the upstream. Times and lengths are zero but for one number.
request="ntp && udp.dstport == $upstream && (ip.src == 127.0.0.1 || ipv6)"
requests=$(decode "$request" frame.number | wc -l)
four=$(decode "$request && ip" frame.number | wc -l)
six=$(decode "$request && ipv6" frame.number | wc -l)
check "there are requests over IPv4 ($four)" test "$four" -ge 5
check "there are requests over IPv6 ($six)" test "$six" -ge 5
check "every request has an answer" same "$requests" "$(decode "ntp && udp.srcport == $upstream" frame.number | wc -l)"
check "all are NTPv4, mode 3, of 48 bytes" same "4 3 56" \
    "$(decode "$request" ntp.flags.vn ntp.flags.mode udp.length | sort -u | tr '\t' ' ')"
revealing="ntp.stratum != 0 || ntp.flags.li > 0 && ntp.flags.li < 3"
revealing="$revealing || ntp.rootdelay != 0 || ntp.rootdispersion != 0 || ntp.refid != 00:00:00:00"
check "leap, stratum, root delay, root dispersion and reference id reveal nothing" same '' \
    "$(decode "$request && ($revealing)" frame.number)"
decode "$request" udp.payload >"$ROOM/payloads"
zeros=$(printf '0%.0s' {1..64})
check "reference, origin and receive timestamps are zero" same "$zeros" \
    "$(cut -c 17-80 "$ROOM/payloads" | sort -u)"
check "the first eight bytes are always the same" same 1 "$(cut -c 1-16 "$ROOM/payloads" | sort -u | wc -l)"
check "each transmit timestamp differs" same "$requests" "$(cut -c 81-96 "$ROOM/payloads" | sort -u | wc -l)"
check "no transmit timestamp is the time" "$PYTHON" - "$ROOM/payloads" <<'EOF'
import sys, time
now = time.time() + 2208988800
seconds = [int(line[80:88], 16) for line in open(sys.argv[1])]
near = [s for s in seconds if abs(s - now) < 86400]
assert len(near) <= 1, near  # a random number hits the day once in 25,000 times
EOF
check "each request comes from a port of its own" same "$four $six" \
    "$(decode "$request && ip" udp.srcport | sort -u | wc -l) $(decode "$request && ipv6" udp.srcport | sort -u | wc -l)"
ports=$(decode "$request" udp.srcport | awk 'NR > 1 && ($1 - last == 1 || last - $1 == 1) { n++ } { last = $1 } END { print n + 0 }')
check "the ports are not counted up ($ports neighbours of $requests)" test "$ports" -lt $((requests / 4))

# Our replies.
reply="ntp && udp.srcport == $port"
check "replies: version 4, mode 4, stratum 9" same "4 4 9 0" \
    "$(decode "$reply" ntp.flags.vn ntp.flags.mode ntp.stratum ntp.flags.li | sort -u | tr '\t' ' ')"
check "every query was answered" same "$(decode "ntp && udp.dstport == $port" frame.number | wc -l)" \
    "$(decode "$reply" frame.number | wc -l)"
check "replies come from the address that was asked" same '127.0.0.1 ::1' \
    "$(decode "$reply" ip.src ipv6.src | tr -d '\t' | sort -u | paste -sd ' ')"
