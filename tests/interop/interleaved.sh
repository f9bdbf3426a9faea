#!/bin/bash
# Interleaved mode with a real chronyd, both directions, and without it beside them: how much shorter
# the delay is when the instants are those of the kernel.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && port=$PORT
printf '7 SHA256 HEX:%064d\n' 7 >"$ROOM/keys"
chmod 600 "$ROOM/keys"
chronyd chronyd "local stratum 8" allow "port $upstream" "clientloglimit 1000000" "keyfile $ROOM/keys"
await 10 serves 127.0.0.1 "$upstream" 'v["stratum"] == 8' || bail "chronyd serves stratum 8"

# follower NAME XLEAVE PORT [OPTIONS]: a gnomond that asks chronyd every second, and serves.
follower() {
    cat >"$ROOM/$1.conf" <<CONF
clock = { drift_file = "$ROOM/$1.drift"; };
sources = ( { use = "proto-ntp"; name = "upstream"; server = "127.0.0.1"; port = $upstream; iburst = true;
              minpoll = 0; maxpoll = 0; xleave = $2; ${4:-} } );
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1", "::1" ]; port = $3; keys = "$ROOM/keys"; } );
CONF
    launch "$1" -L debug
}

free_port && other=$PORT
follower leaving true "$port"
follower basic false "$other"
free_port && third=$PORT
follower keyed true "$third" "keys = \"$ROOM/keys\"; key = 7;"
check "with xleave: synchronised" await 20 synchronised leaving
check "without: synchronised" await 20 synchronised basic
check "chronyd's replies become interleaved" await 10 logged leaving '127\.0\.0\.1:[0-9]+: interleaved mode'

check "… authenticated ones, too" await 10 logged keyed '127\.0\.0\.1:[0-9]+: interleaved mode'

chronyd asking "server 127.0.0.1 port $port iburst minpoll 0 maxpoll 0 xleave" \
    "server ::1 port $port iburst minpoll 0 maxpoll 0"
chronyd keyholder "server 127.0.0.1 port $port iburst minpoll 0 maxpoll 0 xleave key 7" "keyfile $ROOM/keys"
interleaved() { # ADDRESS [CHRONYD]
    chronyc "${2:-asking}" -n ntpdata "$1" >"$ROOM/ntpdata.$1" 2>&1
    grep -q '^Interleaved *: Yes' "$ROOM/ntpdata.$1"
}
check "chronyd gets interleaved replies of us" await 25 interleaved 127.0.0.1
check "… with a key, too" await 10 interleaved 127.0.0.1 keyholder
check "… none where it does not ask for them" differs interleaved ::1
sleep 20
interleaved 127.0.0.1
interleaved ::1
check "all packet tests passed" matches '^NTP tests +: 111 111 1111' "$(<"$ROOM/ntpdata.127.0.0.1")"
field() { # ADDRESS FIELD
    sed -n "s/^$2 *: *\([-+0-9.e]*\).*/\1/p" "$ROOM/ntpdata.$1"
}
for what in 'Peer delay' 'Response time'; do
    printf '# chronyd of us: %s %s interleaved, %s basic\n' "$what" "$(field 127.0.0.1 "$what")" "$(field ::1 "$what")"
done

stop leaving
stop basic
stop keyed
check "most with a key were interleaved" logged keyed ' [0-9]{2,} good replies, [0-9]{2,} of them interleaved'
check "most replies were interleaved" logged leaving ' [0-9]{2,} good replies, [0-9]{2,} of them interleaved'
check "nothing of chronyd's was refused" differs logged leaving 'refused \('
check "without xleave none was" logged basic ' good replies, 0 of them interleaved'
check "we gave chronyd interleaved replies" logged leaving 'replies interleaved: [0-9]{2,}'
check "nobody asked the other for them" logged basic 'replies interleaved: 0'
