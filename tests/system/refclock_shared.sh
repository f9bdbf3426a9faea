#!/bin/bash
# Other programs give measurements through a socket and through shared memory, in every layout; they
# start before and after us, die, come back, and send nonsense.
. "$(dirname "$0")/../lib.sh"

unit=$((100 + $$ % 50)) # far from those of a gpsd of this machine
key=$(printf '%x' $((0x4e545030 + unit)))
path=$ROOM/chrony.ttyS0.sock
reference() { # NAME ARGUMENT...
    local name=$1
    shift
    start "$name" "$PYTHON" "$TOOLS/reference.py" "$@"
}
sock_conf() {
    echo "sources = ( { use = \"refclock-sock\"; name = \"gps\"; path = \"$path\"; } );" >"$ROOM/$1.conf"
}
shm_conf() {
    echo "sources = ( { use = \"refclock-shm\"; name = \"gps\"; unit = $unit; precision = 1e-4; } );" >"$ROOM/$1.conf"
}
right() { # NAME OFFSET: the measured offset, within a millisecond
    tells "$1" sources "abs(v[0]['last_offset_s'] - $2) < 1e-3 and v[0]['state'] == 'selected'"
}
says() { # NAME WORDS
    tells "$1" sources "'''$2''' in v[0]['detail']"
}

# A socket: there before its writer, ours to make and to remove.
sock_conf sock
gnomond sock
check "socket: it is there from the start" test -S "$path"
for form in wide narrow; do
    reference "$form" sock "$path" 0.25 "$form"
    check "socket: $form datagrams are taken" await 10 right sock 0.25
    stop "$form"
done
check "socket: nonsense is refused, one reason at a time" "$PYTHON" "$TOOLS/reference.py" bad "$path"
check "socket: the refusal is told" await 10 says sock 'a measurement is refused'
rm -f "$path"
reference again sock "$path" 0.25
check "socket: removed, it is made anew" await 20 logged sock 'was removed; it is made again'
check "socket: and is written to again" await 10 right sock 0.25
sock_conf second
launch second
check "socket: a second daemon does not take it away" await 10 says second 'another program has it'
check "socket: the first still has it" right sock 0.25
stop second
stop sock
check "socket: it ends with 0" same 0 "$STATUS"
check "socket: the file is gone" test ! -e "$path"
: >"$path"
gnomond sock
check "socket: a file that is none stays" await 10 says sock 'there is a file that is no socket'
check "socket: and is not touched" test -f "$path"
stop sock
stop again

# A pulse does not say which second it marks: the one that it is locked to does.
rm -f "$path"
cat >"$ROOM/pulse.conf" <<END
sources = ( { use = "refclock-sock"; name = "gps"; path = "$path"; noselect = true; precision = 1e-3; },
            { use = "refclock-sock"; name = "pulse"; path = "$path.pps"; lock = "gps"; } );
END
pulse_right() { # OFFSET
    tells pulse sources "abs(v[1]['last_offset_s'] - $1) < 1e-4 and v[1]['state'] == 'selected'"
}
pulse_says() { # WORDS
    tells pulse sources "'''$1''' in v[1]['detail']"
}
gnomond pulse
reference early pulse "$path.pps" 0.0105
check "pulse: without a second it is said" await 10 pulse_says 'which second the pulses mark is not known: gps gives no time'
reference teller sock "$path" 7.0
check "pulse: it is given its second, of seven" await 10 pulse_right 7.0105
stop early
stop teller
check "pulse: its sender dies, and it is said" await 60 pulse_says 'nobody writes to it'
reference late pulse "$path.pps" -0.0105
check "pulse: it comes back before who tells the second" await 10 pulse_says 'gives no time'
reference again_teller sock "$path" 7.0
check "pulse: … who comes back, too" await 20 pulse_right 6.9895
stop again_teller
stop late
stop pulse
check "pulse: it ends with 0" same 0 "$STATUS"

# A writer lives on while we come and go, and writes to the new socket.
reference steady sock "$path" 0.5
for life in first next; do
    gnomond sock
    check "socket: a writer that was there before us is heard, the $life time" await 10 right sock 0.5
    stop sock
done
stop steady

# Memory: of another, made before and after us.
shm_conf shm
gnomond shm
check "memory: without the other program it is said" await 10 says shm 'there is no such segment'
for size in 96 88 80; do
    reference "shm$size" shm "$key" -0.5 "$size"
    check "memory: $size bytes are read" await 45 right shm -0.5
    stop "shm$size"
    stop shm
    [ "$size" = 80 ] || gnomond shm # else it would look for a new segment after half a minute
done
check "memory: it ends with 0" same 0 "$STATUS"
