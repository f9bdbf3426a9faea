#!/bin/bash
# A real kernel's clock, steered for real: in a guest under QEMU, on virtual time. The guest's truth is
# its oscillator made 80 ppm faster, 37.25 s ahead of its clock, served by NTP; raw_server.c prints
# each second how far the system clock is off. First -q sets the clock, then it is set wrong by hand,
# then the daemon keeps it.
. "$(dirname "$0")/../lib.sh"

. "$(dirname "$0")/../guest.sh"

guest=$ROOM/guest
guest_make "$guest"
cat >"$guest/etc/gnomon.conf" <<'END'
clock = { drift_file = "/state/drift"; };
sources = ( { use = "proto-ntp"; name = "truth"; server = "127.0.0.1"; port = 9123;
              iburst = true; minpoll = 2; maxpoll = 5; } );
END
cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
ip link set lo up
raw_server 9123 37.25 80 300 >/tmp/errors &
server=$!
sleep 1
gnomond -q -c /etc/gnomon.conf --plugin-dir /plugins 2>/tmp/once
echo "once ended with $?"
cat /tmp/once
date -s "@$(($(date +%s) - 37))" >/dev/null
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=$!
sleep 200
gnomonctl -s /run/gnomon.sock --json tracking
wait $server
kill $daemon
wait $daemon
echo "daemon ended with $?"
cat /tmp/log /tmp/errors
echo "drift $(cat /state/drift)"
echo done
poweroff -f
END
guest_close "$guest" "$ROOM/initrd.gz"
guest_run "$ROOM/initrd.gz" "$ROOM/console.log"

check "the guest lives to its end" logged console '^done'
check "-q sets the clock once, by 37.25 s" matches 'the clock was set by \+37\.25' "$(cat "$ROOM/console.log")"
check "… and exits with 0" logged console 'once ended with 0'
check "set 37 s wrong by hand, the clock is stepped once" same 1 "$(grep -cE 'stepped by \+3[67]\.' "$ROOM/console.log")"
check "within 1 ms of the truth from the twentieth second on" below 1000000 "$(worst 20 300)"
check "within 100 us from the fortieth on" below 100000 "$(worst 40 300)"
check "nobody else is said to move the clock" differs logged console 'somebody else'
check "the drift file has the 80 ppm" matches '^drift (79\.[5-9]|80\.[0-4])' "$(grep '^drift' "$ROOM/console.log")"
check "it ends in order" logged console 'daemon ended with 0'
tracking=$(grep '^{' "$ROOM/console.log" | head -n 1)
# The way there and the way back take the guest's processor different times: that is in the bound by
# what the stamps may be late by.
check "the error bound covers the error" below \
    "$(value 'int(1e9 * v["error_bound_s"]) + 1' <<<"$tracking")" "$(worst 195 205)"
check "the root distance covers the error" below \
    "$(value 'int(1e9 * (v["root_delay_s"] / 2 + v["root_dispersion_s"])) + 1' <<<"$tracking")" \
    "$(worst 195 205)"
echo "# worst error from the fortieth second on: $(worst 40 300) ns"
