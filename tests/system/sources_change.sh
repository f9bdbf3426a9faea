#!/bin/bash
# Sources that are added, deleted, taken offline and online by gnomonctl, and names resolved anew.
. "$(dirname "$0")/../lib.sh"
need "$PYTHON"

free_port && one=$PORT
free_port && two=$PORT
free_port && dead=$PORT
stub stubs "$one" "$two"
relay_conf daemon "$one"
gnomond daemon
socket=$ROOM/daemon.sock

control() { # STATUS WORDS COMMAND...: what gnomonctl answers, and its exit status
    local status=$1 words=$2
    shift 2
    run "$GNOMONCTL" -s "$socket" "$@"
    check "gnomonctl $*: exit status $status" same "$status" "$STATUS"
    check "gnomonctl $*: says so" matches "$words" "$OUTPUT"
}
names() {
    ctl daemon --json sources | value '" ".join(s["name"] for s in v)'
}
has_names() {
    same "$1" "$(names)"
}
reason() { # NAME REASON
    tells daemon sources "[s for s in v if s[\"name\"] == \"$1\"][0][\"reason\"] == \"$2\""
}
answered() { # NAME
    tells daemon sources "[s for s in v if s[\"name\"] == \"$1\"][0][\"reach\"] > 0"
}

check "the configured source answers" await 20 answered upstream

# --- add -----------------------------------------------------------------------------------------
control 0 '^second is added' add server 127.0.0.1 "port=$two" name=second iburst=true minpoll=2 maxpoll=4
check "the added source answers" await 20 answered second
control 0 '^ntp0 is added' add server 127.0.0.1 "port=$dead" offset=-0.5
check "all are there" has_names 'upstream second ntp0'
control 1 '"second" is already in use' add server 127.0.0.1 name=second "port=$dead"
control 1 'minpol: unknown key, did you mean "minpoll"' add server 127.0.0.1 minpol=4
control 1 'minpoll: must be a whole number.*, not a string' add server 127.0.0.1 minpoll=four
control 1 'iburst: must be true or false, not a whole number' add server 127.0.0.1 iburst=1
control 1 'minpoll: 18 is out of range' add server 127.0.0.1 minpoll=18
control 1 'family: "ipx" is not known, allowed is' add server 127.0.0.1 family=ipx
control 1 'family: ::1 is an address of the other one' add server ::1 family=ipv4
control 1 'no host name or address' add server 'two words'
control 1 'a port goes into the key' add pool 'a:123'
control 1 'exclude each other' add server a pool=b
control 1 'server: set twice' add server a server=b
control 1 'allowed is server, pool or peer' add clock a
control 1 'server: unknown key' add server a use=refclock-local
control 1 'nonsense' add server a use=nonsense
control 2 '"port" is no KEY=VALUE' add server a port
control 2 'port: set twice' add server a port=1 port=2
control 2 'add needs' add server
control 1 'port: must be a whole number' add server a 'port="123"'
check "nothing of all that stayed" has_names 'upstream second ntp0'
# Two entries of one address: the second waits for it.
control 0 '^twin is added' add server 127.0.0.1 "port=$two" name=twin
check "its address is the other's" await 10 reason twin duplicate

# --- offline and online --------------------------------------------------------------------------
control 0 'not asked' offline second
check "it is offline" reason second offline
control 0 '^ +3 online' activity
check "activity counts" tells daemon activity 'v == {"online": 3, "offline": 1, "unresolved": 0}'
control 1 'second: it is offline' burst second
control 1 'no source "secon", did you mean "second"' offline secon
control 1 'no source "nobody"' online nobody
control 0 'asked again' online "127.0.0.1:$two"
check "it is online" differs reason second offline
control 0 'not asked' offline
check "all are offline" tells daemon activity 'v["online"] == 0 and v["offline"] == 4'
control 0 'asked again' online
check "none is offline" tells daemon activity 'v["offline"] == 0'
check "the first answers again" await 20 synchronised daemon

# --- refresh -------------------------------------------------------------------------------------
control 0 'resolved anew' refresh
control 2 'too many arguments' refresh all

# --- delete --------------------------------------------------------------------------------------
control 0 'not from the configuration' delete second
check "it is gone" has_names 'upstream ntp0 twin'
control 1 'no source "second"' delete second
control 1 'no source "nobody"' delete nobody
control 2 'delete needs' delete
control 0 'deleted' delete "127.0.0.1:$dead"
control 0 'deleted' delete twin
control 0 'deleted' delete upstream
check "nothing is left" has_names ''
check "the clock is held over" await 10 unsynchronised daemon
ctl daemon --json add server 127.0.0.1 "port=$one" name=again iburst=true >"$ROOM/added.json"
check "--json add prints the name" "$PYTHON" "$TOOLS/json_value.py" --holds 'v == {"name": "again"}' <"$ROOM/added.json"
check "the new one is followed" await 20 synchronised daemon
for command in online offline refresh; do
    ctl daemon --json $command >"$ROOM/done.json"
    check "--json $command prints one JSON value" "$PYTHON" "$TOOLS/json_value.py" --holds 'v["ok"]' <"$ROOM/done.json"
done
stop daemon
check "the daemon ends with 0" same 0 "$STATUS"
check "the log tells of it" logged daemon 'second is deleted'
