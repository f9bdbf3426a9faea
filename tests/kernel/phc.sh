#!/bin/bash
# A real kernel's /dev/ptp0, of a network card that QEMU emulates (e1000e, with the kernel's own driver): it
# is opened, named, read by PTP_SYS_OFFSET_EXTENDED, and found to stand still, which is how QEMU 7.2
# emulates it. Nobody follows it. The card's stamps are switched on (SIOCSHWTSTAMP) and its clock goes with them.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../guest.sh"

module=$PEERS/kernel/modules/e1000e.ko
[ -e "$module" ] || skip "no e1000e.ko in ${module%/*} (tests/peers fetches it)"
guest=$ROOM/guest
guest_make "$guest"
cp "$module" "$guest/"
ln -s busybox "$guest/bin/insmod"
cat >"$guest/etc/gnomon.conf" <<'END'
clock = { drift_file = "/state/drift"; };
network = { hwtimestamp = [ "eth0", "lo" ]; };
sources = ( { use = "proto-ntp"; name = "lan"; server = "127.0.0.1"; port = 9123; iburst = true; maxpoll = 6; },
            { use = "refclock-phc"; name = "card"; device = "/dev/ptp0"; scale = "utc"; },
            { use = "refclock-phc"; name = "found"; } );
END
cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
insmod /e1000e.ko
ip link set lo up
ip link set eth0 up
sleep 3
raw_server 9123 200.4 20 120 >/tmp/errors &
server=$!
sleep 1
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=$!
sleep 60
echo "SOURCES $(gnomonctl -s /run/gnomon.sock --json sources)"
wait $server
kill $daemon
wait $daemon
echo "daemon ended with $?"
cat /tmp/log
echo done
poweroff -f
END
guest_close "$guest" "$ROOM/initrd.gz"
guest_net=(-netdev "user,id=net,restrict=on" -device "e1000e,netdev=net,romfile=")
guest_run "$ROOM/initrd.gz" "$ROOM/console.log"
said() { # LABEL EXPRESSION: of the JSON that the guest printed
    sed -n "s/^$1 //p" "$ROOM/console.log" | "$PYTHON" "$TOOLS/json_value.py" --holds "$2"
}

check "the guest lives to its end" logged console '^done'
check "the clock is read as the kernel offers it" logged console 'card: /dev/ptp0.*: extended readings'
check "it is told that the clock stands still" logged console 'warning: card: /dev/ptp0 stands still'
check "in one line" test "$(grep -c 'warning: card' "$ROOM/console.log")" = 1
check "nobody follows it" said SOURCES 'all(s["state"] != "selected" for s in v if s["name"] == "card")'
check "the server is followed" said SOURCES 'any(s["name"] == "lan" and s["state"] == "selected" for s in v)'
check "no card's clock is taken unasked" logged console 'found: no clock of a virtual machine is here'
check "the card stamps packets" logged console 'eth0 stamps what it receives and sends, by /dev/ptp0'
check "the loopback does not" logged console 'network.hwtimestamp: lo: Operation not supported; it has no hardware for it'
check "the daemon ends well" logged console 'daemon ended with 0'
