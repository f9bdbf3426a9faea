#!/bin/bash
# Windows clients of a domain get replies that Samba has signed; Samba that is away, slow, silent or
# talks nonsense costs their replies and nothing else. Samba is a small fake of ours.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
free_port && port=$PORT
stub stub "$upstream"
mkdir -p "$ROOM/signd"
relay_conf daemon "$upstream"
cat >>"$ROOM/daemon.conf" <<EOF
servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = $port; signd_socket = "$ROOM/signd"; } );
EOF
gnomond daemon -L debug
check "synchronised" await 20 synchronised daemon

samba() { # HOW
    start samba "$PYTHON" "$TOOLS/fake_samba.py" "$ROOM/signd" "$1"
    await 10 logged samba '^ready' || bail "the fake of Samba starts"
}
asked() { # ACCOUNT [FORM [COUNT]]
    "$PYTHON" "$TOOLS/fake_samba.py" ask "$port" "$@"
}
plain() {
    serves 127.0.0.1 "$port" 'v["size"] == 48'
}

check "no Samba: no reply" same none "$(asked 1f4)"
check "others are answered" plain
check "it is said why" logged daemon 'warning: .*/signd/socket: Samba does not sign: No such file'

samba well
check "68 bytes: signed, byte by byte" same signed "$(asked 1f4)"
check "120 bytes: signed" same signed "$(asked 1f4 extended)"
check "… with the older password" same signed "$(asked 1f4 old)"
check "an account that Samba does not know: no reply" same none "$(asked bad)"
check "… and the next one is signed" same signed "$(asked 1f5)"
check "sixteen at once are signed" same 16 "$(asked 1f4 plain 16)"
stop samba
check "Samba is away: no reply" same none "$(asked 1f4)"

samba slow
check "a slow one signs" same signed "$(asked 1f4)"
count=$(asked 1f4 plain 200)
check "200 at once: those that find room ($count)" test "$count" -ge 5 -a "$count" -le 40
check "others are answered meanwhile" plain
sleep 1
stop samba

for how in silent garbage forged hangup; do
    samba $how
    check "$how: no reply" same none "$(asked 1f4)"
    check "$how: others are answered" plain
    stop samba
done
samba well
check "Samba is back: signed" same signed "$(asked 1f4)"
check "gnomond lives" alive daemon
stop daemon
check "all is counted" logged daemon 'replies signed by Samba: [0-9]+; refused by it: 2; lost: [0-9]+'

sed -i 's/ signd_socket = [^;]*;//' "$ROOM/daemon.conf"
gnomond daemon -L debug
check "without the option: synchronised" await 20 synchronised daemon
check "… no reply" same none "$(asked 1f4)"
check "… others are answered" plain
stop daemon
check "… counted as an unknown key" logged daemon 'requests unknown-key: 1'
