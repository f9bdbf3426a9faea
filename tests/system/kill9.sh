#!/bin/bash
# kill -9 at any moment: the drift file is the old one or the new one, whole; the next start uses it.
. "$(dirname "$0")/../lib.sh"
rounds=15
old='7.000000000 0.100000000'

# Ours as upstream: quicker than a stub, so that the drift is soon known.
free_port && upstream=$PORT
printf 'sources = ( { use = "refclock-local"; stratum = 5; } );\nservers = ( { use = "proto-ntp"; listen = [ "127.0.0.1" ]; port = %s; } );\n' \
    "$upstream" >"$ROOM/upstream.conf"
gnomond upstream
for i in $(seq $rounds); do
    relay_conf "d$i" "$upstream"
    mkdir "$ROOM/state$i" && echo "$old" >"$ROOM/state$i/drift"
    inode[i]=$(stat -c %i "$ROOM/state$i/drift")
    sed -i "s|$ROOM/d$i.drift|$ROOM/state$i/drift|; s/minpoll = 2; maxpoll = 4/minpoll = 0; maxpoll = 0/" "$ROOM/d$i.conf"
done

whole() { # FILE: two numbers and the line's end, nothing else
    [ "$(wc -l <"$1")" = 1 ] && grep -Eqx -- '-?[0-9]+\.[0-9]+ [0-9]+\.[0-9]+' "$1"
}

# A daemon saves the drift when it knows one and when it stops, so most are killed within
# milliseconds of a SIGTERM; the first three wherever they are.
for i in $(seq $rounds); do
    launch "d$i"
done
await 20 synchronised "d$rounds" || bail "the daemons are synchronised"
# Not all learn it soon on a busy machine; half of them will do.
half_know() {
    local i known=0
    for i in $(seq $rounds); do
        ! tells "d$i" tracking 'v["skew_ppm"] < 0.45' || known=$((known + 1))
    done
    [ $((2 * known)) -gt $rounds ]
}
known=''
! await 30 half_know || known=yes
torn=0 new=0
for i in $(seq $rounds); do
    pid=${PID[d$i]}
    if [ "$i" -gt 3 ]; then
        kill -s TERM "$pid"
        [ $((i % 4)) = 0 ] || sleep "0.00$((RANDOM % 10))$((RANDOM % 10))"
    fi
    stop "d$i" KILL
    whole "$ROOM/state$i/drift" || {
        torn=$((torn + 1))
        od -c "$ROOM/state$i/drift" | head -n 5
    }
    [ "$(stat -c %i "$ROOM/state$i/drift")" = "${inode[i]}" ] || new=$((new + 1))
done
check "no drift file is torn after $rounds × kill -9 ($new of them new)" test $torn = 0
[ -z "$known" ] || check "the moments were those of a write" test $new -gt 0

used=0
for i in $(seq $rounds); do
    launch "d$i"
done
for i in $(seq $rounds); do
    printf -v wanted '%.3f' "$(cut -d ' ' -f 1 "$ROOM/state$i/drift")"
    await 10 logged "d$i" "drift file $ROOM/state$i/drift: .* ${wanted#-} " && used=$((used + 1))
done
check "each next start uses its drift file" same $rounds $used
ends_whole() { # FILE…: the last line is the checksum
    local path
    for path; do
        tail -n 1 "$path" | grep -Eqx 'checksum [0-9a-f]{8}' || return
    done
}
saved=("$ROOM"/state*/drift.statistics)
check "no statistics file is torn (${#saved[@]} of them)" ends_whole "${saved[@]}"
refused=0
for i in $(seq $rounds); do
    ! logged "d$i" "starting without it" || refused=$((refused + 1))
done
check "and none is refused" same 0 $refused

# In order, the new value is saved; and a broken file is said and survived.
await 20 synchronised d1
stop d1
check "a stop in order ends with 0" same 0 "$STATUS"
check "it leaves a whole drift file" whole "$ROOM/state1/drift"
check "nothing else lies in the folder" same '' "$(find "$ROOM/state1" -mindepth 1 ! -name drift ! -name drift.statistics)"
printf 'garbage\377' >"$ROOM/state2/drift"
stop d2 KILL
printf 'garbage\377' >"$ROOM/state2/drift"
printf 'garbage\377' >"$ROOM/state2/drift.statistics"
gnomond d2
check "a broken drift file is named" logged d2 "warning: .*state2/drift:"
check "a broken statistics file is named with its line" logged d2 "warning: .*state2/drift.statistics:1: this is no statistics file"
check "the daemon starts without it" await 20 synchronised d2
