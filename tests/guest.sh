# shellcheck shell=bash
# What the scripts of tests/kernel share, after lib.sh: a guest under QEMU on virtual time, with a
# real kernel whose clock may be set. Its truth is served by raw_server.c, which prints each second
# how far the system clock is off, and what the kernel tells of it.

need qemu-system-x86_64 cpio busybox cc
kernel=$(find "$PEERS/kernel/boot" -name 'vmlinuz-*' -print -quit 2>/dev/null)
[ -n "$kernel" ] || skip "no kernel in $PEERS/kernel (tests/peers fetches it)"
case $machine in x86_64) ;; *) skip "the guest is x86_64" ;; esac
ldd "$GNOMOND" | grep -q asan && skip "a guest has no room for an instrumented build"

# guest_make FOLDER [PROGRAM...]: our programs and plugins, and the truth; then guest_close.
guest_make() {
    local guest=$1 applet
    shift
    mkdir -p "$guest"/{bin,proc,sys,dev,etc,tmp,plugins,state,run} || bail "the guest's files"
    cp "$(command -v busybox)" "$guest/bin/busybox"
    for applet in sh mount ip sleep poweroff cat kill date adjtimex; do
        ln -s busybox "$guest/bin/$applet"
    done
    cp "$GNOMOND" "$GNOMONCTL" "$@" "$guest/bin/"
    cp -L "$PLUGINS"/*.so "$guest/plugins/"
    cc -O1 -o "$guest/bin/raw_server" "$SRC/tests/kernel/raw_server.c" -lm ||
        bail "raw_server.c does not compile"
}

# guest_close FOLDER IMAGE: with the libraries that its programs load, as an initial file system.
guest_close() {
    local guest=$1 file
    for file in "$guest"/bin/* "$guest"/plugins/*.so; do
        [ -L "$file" ] || ldd "$file" 2>/dev/null
    done | awk '/=> \// { print $3 } /^\t\/lib/ { print $1 }' | sort -u | while read -r library; do
        mkdir -p "$guest${library%/*}" && cp -L "$library" "$guest$library"
    done
    chmod +x "$guest/init"
    (cd "$guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$2"
}

guest_net=(-net none)
guest_serial=() # more serial lines
guest_pace=auto # an instruction takes 2^this ns of the guest's time; auto: as this machine does

# guest_run IMAGE CONSOLE [DATE]: the guest lives until it powers off. Its console goes to a file: it
# ends its lines with a carriage return. Its hardware clock shows DATE at first. Its processor is
# $cpu; to one by AMD Linux writes the hardware clock in another way.
cpu=max
guest_run() {
    timeout 240 qemu-system-x86_64 -accel tcg -cpu "$cpu" -m 512 -display none -serial stdio \
        "${guest_serial[@]}" -parallel null "${guest_net[@]}" -no-reboot -icount "shift=$guest_pace,sleep=off" \
        -rtc base="${3:-2026-01-01T00:00:00}",clock=vm -kernel "$kernel" -initrd "$1" \
        -append "console=ttyS0 quiet gnomon-guest" </dev/null 2>"$ROOM/qemu.log" | tr -d '\r' >"$2"
}

# worst FROM TO [CONSOLE]: the largest error in ns of those seconds.
worst() {
    awk -v from="$1" -v to="$2" '$1 == "error" && $2 >= from && $2 <= to {
        e = $3 < 0 ? -$3 : $3
        if (e > worst) worst = e
        n++
    } END { print n == to - from + 1 ? worst : 1e18 }' "${3:-$ROOM/console.log}"
}

# rms FROM TO CONSOLE: their root mean square, ns.
rms() {
    awk -v from="$1" -v to="$2" '$1 == "error" && $2 >= from && $2 <= to { s += $3 * $3; n++ }
        END { printf "%.0f\n", (n > 0 ? sqrt(s / n) : 1e18) }' "$3"
}

# reached LIMIT CONSOLE: from this second on the error stays below the limit, ns.
reached() {
    awk -v limit="$1" '$1 == "error" { if ($3 >= limit || -$3 >= limit) last = $2 }
        END { print last + 1 }' "$2"
}

below() { # LIMIT VALUE
    awk -v limit="$1" -v value="$2" 'BEGIN { exit !(value < limit) }' || {
        echo "$2 is not below $1"
        return 1
    }
}
