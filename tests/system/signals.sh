#!/bin/bash
# SIGTERM and SIGINT stop in order, SIGHUP is said, nothing else is lost.
. "$(dirname "$0")/../lib.sh"

free_port && upstream=$PORT
stub stub "$upstream"
for name in term int hup early; do
    relay_conf $name "$upstream"
done
gnomond term
gnomond int
gnomond hup

kill -s HUP "${PID[hup]}"
check "SIGHUP is logged" await 5 logged hup 'SIGHUP|reload|hangup|Hangup'
check "the daemon goes on" await 10 answers hup
check "it becomes synchronised all the same" await 20 synchronised hup
await 20 synchronised term
for name in term int hup; do
    signal=TERM
    [ $name != int ] || signal=INT
    stop $name $signal
    check "$name: SIG$signal ends it with 0" same 0 "$STATUS"
    check "$name: the stop is logged" logged $name 'stopping'
    check "$name: the control socket's file is gone" differs test -e "$ROOM/$name.sock"
done

# A signal that comes while it is starting: before it is ready to hear of it, or after.
is_gnomond() {
    grep -q '^gnomond' "/proc/${PID[$1]}/comm"
}
for delay in 0 0.005 0.01 0.02 0.05; do
    launch early
    await 10 is_gnomond early
    sleep $delay
    stop early
    case $STATUS in
    0 | 143) ;;
    *) not_ok "SIGTERM $delay s after the start ends it in order (status $STATUS)" ;;
    esac
done
ok "SIGTERM during the start"
