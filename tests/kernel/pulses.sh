#!/bin/bash
# A real /dev/pps0: in a guest under QEMU a parallel port is pulsed at the beginning of each true second, the
# kernel stamps the interrupt, refclock-pps reads it, and a server names the second. Kept so for five
# minutes; then pulses and server are gone, and the clock is held for two more. Beside it, the
# hardware clock of that machine, forty minutes wrong, is set by the kernel and compared.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../guest.sh"

modules=$PEERS/kernel/modules
[ -e "$modules/pps_parport.ko" ] || skip "no modules in $modules (tests/peers fetches them)"
guest=$ROOM/guest
guest_make "$guest"
cp "$modules"/*.ko "$guest/"
ln -s busybox "$guest/bin/insmod"
ln -s busybox "$guest/bin/hwclock"
cat >"$guest/etc/gnomon.conf" <<'END'
clock = { drift_file = "/state/drift"; };
sources = ( { use = "proto-ntp"; name = "lan"; server = "127.0.0.1"; port = 9123;
              iburst = true; minpoll = 2; maxpoll = 4; noselect = true; },
            { use = "refclock-pps"; name = "pps0"; lock = "lan"; },
            { use = "refclock-rtc"; name = "rtc0"; poll = 5; noselect = true; } );
END
cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
ip link set lo up
insmod /parport.ko
insmod /parport_pc.ko io=0x378 irq=7
insmod /pps_parport.ko clear_wait=0
raw_server 9123 2400.4 20 1320 pulses=1200 >/tmp/errors &
server=$!
sleep 1
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=$!
sleep 400
echo "SOURCES $(gnomonctl -s /run/gnomon.sock --json sources)"
sleep 790
echo "BEFORE $(gnomonctl -s /run/gnomon.sock --json sources)"
sleep 118
echo "HELD $(gnomonctl -s /run/gnomon.sock --json tracking)"
hwclock -r -u
date -u
wait $server
kill $daemon
wait $daemon
echo "daemon ended with $?"
cat /tmp/log /tmp/errors
echo done
poweroff -f
END
guest_close "$guest" "$ROOM/initrd.gz"
guest_run "$ROOM/initrd.gz" "$ROOM/console.log"
said() { # LABEL EXPRESSION: of the JSON that the guest printed
    sed -n "s/^$1 //p" "$ROOM/console.log" | "$PYTHON" "$TOOLS/json_value.py" --holds "$2"
}

check "the guest lives to its end" logged console '^done'
check "the pulse is the system source" said SOURCES \
    'any(s["name"] == "pps0" and s["state"] == "selected" and s["reach"] == 255 for s in v)'
check "within 50 us of the truth for five minutes" below 50000 "$(worst 60 360)"
check "… and until the pulses end" below 50000 "$(worst 360 1200)"
held=$(sed -n 's/^HELD //p' "$ROOM/console.log" | value 'int(1e9 * v["error_bound_s"])')
check "held for two minutes within the bound that is told" below "$held" "$(worst 1300 1312)"
check "it says that it holds over" said HELD 'v["state"] == "holdover" and not v["synchronised"]'
check "the hardware clock, 40 minutes wrong, was set by the kernel" \
    logged console 'rtc0: /dev/rtc0 is [-+]0\.[0-4]'
# It drifts by 20 ppm, which its samples do not yet know, for up to eleven minutes since the kernel set it.
check "… and is known as well as its drift allows" said BEFORE \
    'any(s["name"] == "rtc0" and abs(s["last_offset_s"]) < 20e-6 * 1320 + 1e-3 for s in v)'
check "it ends in order" logged console 'daemon ended with 0'
echo "# worst error with pulses: $(worst 60 1200) ns; after two minutes without: $(worst 1300 1312) of $held ns"
