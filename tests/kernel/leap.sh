#!/bin/bash
# A leap second in a real kernel: a guest under QEMU, on virtual time, in the last minute of a year at
# whose end its list of leap seconds has one. Its server says nothing of it, and leaps. The kernel must
# be ordered to leap, repeat the second, and count TAI.
. "$(dirname "$0")/../lib.sh"

need qemu-system-x86_64 cpio busybox cc
kernel=$(find "$PEERS/kernel/boot" -name 'vmlinuz-*' -print -quit 2>/dev/null)
[ -n "$kernel" ] || skip "no kernel in $PEERS/kernel (tests/peers fetches it)"
case $machine in x86_64) ;; *) skip "the guest is x86_64" ;; esac
ldd "$GNOMOND" | grep -q asan && skip "a guest has no room for an instrumented build"

guest=$ROOM/guest
mkdir -p "$guest"/{bin,proc,sys,dev,etc,tmp,plugins,state,run} || bail "the guest's files"
cp "$(command -v busybox)" "$guest/bin/busybox"
for applet in sh mount ip sleep poweroff cat kill; do
    ln -s busybox "$guest/bin/$applet"
done
cp "$GNOMOND" "$GNOMONCTL" "$guest/bin/"
cp -L "$PLUGINS"/*.so "$guest/plugins/"
for program in raw_server leap_watch; do
    check "the guest's $program compiles" cc -O1 -o "$guest/bin/$program" "$(dirname "$0")/$program.c" -lm || exit 1
done
# With the libraries that they load.
for file in "$guest"/bin/gnomon* "$guest"/bin/{raw_server,leap_watch} "$guest"/plugins/*.so; do
    ldd "$file"
done | awk '/=> \// { print $3 } /^\t\/lib/ { print $1 }' | sort -u | while read -r library; do
    mkdir -p "$guest${library%/*}" && cp -L "$library" "$guest$library"
done

# 2017-01-01 and 2027-01-01, valid until June 2027.
cat >"$guest/etc/leap-seconds.list" <<'END'
#@	4023129600
3692217600	37	# 1 Jan 2017
4007750400	38	# 1 Jan 2027
END
cat >"$guest/etc/gnomon.conf" <<'END'
clock = { drift_file = "/state/drift"; leap_list = "/etc/leap-seconds.list"; };
sources = ( { use = "proto-ntp"; name = "truth"; server = "127.0.0.1"; port = 9123;
              iburst = true; minpoll = 2; maxpoll = 3; } );
END
cat >"$guest/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
ip link set lo up
raw_server 9123 0.02 80 80 leap=1798761600 >/tmp/errors &
server=$!
leap_watch 80 >/tmp/leap &
sleep 1
gnomond -c /etc/gnomon.conf --plugin-dir /plugins -s /run/gnomon.sock 2>/tmp/log &
daemon=$!
wait $server
gnomonctl -s /run/gnomon.sock --json tracking
kill $daemon
wait $daemon
echo "daemon ended with $?"
cat /tmp/log /tmp/errors /tmp/leap
echo done
poweroff -f
END
chmod +x "$guest/init"
(cd "$guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$ROOM/initrd.gz"
# Output to files of ours: the guest's console ends its lines with a carriage return.
timeout 240 qemu-system-x86_64 -accel tcg -cpu max -m 512 -display none -serial stdio -parallel null \
    -net none -no-reboot -icount shift=auto,sleep=off -rtc base=2026-12-31T23:59:05,clock=vm \
    -kernel "$kernel" -initrd "$ROOM/initrd.gz" -append "console=ttyS0 quiet" \
    </dev/null 2>"$ROOM/qemu.log" | tr -d '\r' >"$ROOM/console.log"

# worst FROM TO: the largest error in ns of those seconds.
worst() {
    awk -v from="$1" -v to="$2" '$1 == "error" && $2 >= from && $2 <= to {
        e = $3 < 0 ? -$3 : $3
        if (e > worst) worst = e
        n++
    } END { print n == to - from + 1 ? worst : 1e18 }' "$ROOM/console.log"
}
below() { # LIMIT VALUE
    awk -v limit="$1" -v value="$2" 'BEGIN { exit !(value < limit) }' || {
        echo "$2 is not below $1"
        return 1
    }
}
states=$(grep '^leap' "$ROOM/console.log")

check "the guest lives to its end" logged console '^done'
check "the list orders a leap second" logged console 'will be inserted at the end of 2026-12-31 \(UTC\), by the leap second list'
check "who does not announce it is named" logged console 'not announced by truth'
check "it is told at the second" same 1 "$(grep -c 'the leap second was inserted' "$ROOM/console.log")"
check "TAI is 37 s before it, and a leap is ordered" matches '^leap state INS tai 37 ordered 1 ' "$states"
check "the kernel repeats the last second of the year" matches '^leap back to 1798761599' "$states"
check "it counts TAI as it does" matches '^leap state OOP tai 38 ' "$states"
check "when it is over, nothing is ordered any more" matches '^leap state (WAIT|OK) tai 38 ordered 0 at 1798761600\.' "$states"
check "tracking tells TAI" matches '"tai_offset_s": ?38' "$(grep '^{' "$ROOM/console.log" | head -n 1)"
check "nobody steps the clock" differs logged console 'stepped'
check "nobody else is said to move it" differs logged console 'somebody else'
check "within 1 ms of the truth before" below 1000000 "$(worst 20 40)"
check "… and after" below 1000000 "$(worst 60 80)"
check "it ends in order" logged console 'daemon ended with 0'
while read -r line; do
    echo "# $line"
done <<<"$states"
