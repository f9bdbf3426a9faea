# shellcheck shell=bash
# What the scripts of tests/system and tests/interop share; sourced first. See tests/README.md.
#
# A script checks with `ok`, `not_ok` or `check WORDS COMMAND…`, and ends by running off its end:
# the trap set here stops every process it started, by pid, and turns the count into exit status.
#
# No daemon started here can move a clock: `start` drops CAP_SYS_TIME, and this file refuses to go
# on when a probe shows that it did not work.

set -u

SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${GNOMON_BUILD:-$SRC/build}
GNOMOND=${GNOMOND:-$BUILD/gnomond}
GNOMONCTL=${GNOMONCTL:-$BUILD/gnomonctl}
PLUGINS=${GNOMON_PLUGIN_DIR:-${GNOMON_PLUGINS:-$BUILD/modules}}
PEERS=${PEERS:-${GNOMON_PEERS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/gnomon-peers}}
TOOLS=$SRC/tests/tools
machine=$(uname -m)
PYTHON=python3
[ ! -x /usr/bin/python3 ] || PYTHON=/usr/bin/python3 # where Debian's modules are
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8

failures=0
declare -A PID=()
SAFE=()

# --- verdicts ------------------------------------------------------------------------------------

ok() {
    printf 'ok - %s\n' "$*"
}

not_ok() {
    printf 'not ok - %s\n' "$*"
    failures=$((failures + 1))
}

# check WORDS COMMAND...: ok when the command succeeds; its output is shown when it does not.
check() {
    local words=$1 output
    shift
    if output=$("$@" 2>&1); then
        ok "$words"
    else
        not_ok "$words"
        printf '%s\n' "${output:-(no output of: $*)}" | head -n 30 | sed 's/^/    /'
        return 1
    fi
}

skip() {
    echo "SKIP $*"
    failures=skip
    exit 77
}

# Nothing below makes sense without this.
bail() {
    not_ok "$*"
    exit 1
}

need() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

same() { # EXPECTED ACTUAL
    [ "$1" = "$2" ] || {
        printf 'expected: %s\nactual:   %s\n' "$1" "$2"
        return 1
    }
}

matches() { # EXTENDED-REGEX TEXT: some line of the text matches
    grep -Eq -- "$1" <<<"$2" || {
        printf 'expected to match: %s\nactual: %s\n' "$1" "$2"
        return 1
    }
}

differs() {
    ! "$@"
}

# --- processes -----------------------------------------------------------------------------------

ended() { # PID
    [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

alive() { # NAME
    ! ended "${PID[$1]}"
}

# await SECONDS COMMAND...: until it succeeds; false when it never does.
await() {
    local deadline=$((SECONDS + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# start NAME COMMAND...: in the background, without the right to set the clock; output in NAME.log.
start() {
    local name=$1
    shift
    : >"$ROOM/$name.log" # at once: what an earlier one of this name has said is not this one's
    "${SAFE[@]}" "$@" >"$ROOM/$name.log" 2>&1 </dev/null &
    PID[$name]=$!
}

# stop NAME [SIGNAL]: end it, at worst by force; STATUS is its exit status.
stop() {
    local pid=${PID[$1]} signal=${2:-TERM}
    kill -s "$signal" "$pid" 2>/dev/null
    await 15 ended "$pid" || {
        not_ok "$1 ends on SIG$signal"
        kill -s KILL "$pid" 2>/dev/null
    }
    { wait "$pid"; } 2>/dev/null
    # shellcheck disable=SC2034 # for the caller
    STATUS=$?
    unset "PID[$1]"
}

# run [SECONDS] COMMAND...: in the foreground, bounded; OUTPUT is both streams, STATUS the exit status.
run() {
    local limit=30
    case $1 in
    [0-9]*) limit=$1 && shift ;;
    esac
    # shellcheck disable=SC2034 # for the caller
    OUTPUT=$(timeout -k 5 "$limit" "${SAFE[@]}" "$@" 2>&1 </dev/null)
    # shellcheck disable=SC2034
    STATUS=$?
}

finish() {
    local status=$? name log
    [ "$BASHPID" = $$ ] || exit "$status" # a child that a signal met before it became its command
    trap - EXIT
    for name in "${!PID[@]}"; do
        kill "${PID[$name]}" 2>/dev/null
    done
    for name in "${!PID[@]}"; do
        await 5 ended "${PID[$name]}" || kill -s KILL "${PID[$name]}" 2>/dev/null
    done
    { wait; } 2>/dev/null
    if grep -lE 'ERROR: (Address|Leak)Sanitizer|runtime error:|assertion .*failed' "$ROOM"/*.log 2>/dev/null; then
        not_ok "no sanitizer and no assertion complains"
    fi
    if [ "$failures" != skip ] && [ "$failures" != 0 ]; then
        for log in "$ROOM"/*.log; do
            [ -s "$log" ] && echo "--- ${log##*/}" && tail -n 15 "$log" | cut -c 1-300 | tr -d '\000'
        done
        status=1
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$ROOM"
    exit "$status"
}

# --- our daemon ----------------------------------------------------------------------------------

# gnomond NAME [OPTION]...: start one that leaves the clock alone, on NAME.conf; await its socket.
gnomond() {
    launch "$@"
    await 20 answers_or_ended "$1"
    answers "$1" >/dev/null 2>&1 || bail "gnomond $1 starts and answers on its control socket"
}

answers_or_ended() {
    answers "$1" || ended "${PID[$1]}"
}

# launch NAME [OPTION]...: the same without waiting.
launch() {
    local name=$1
    shift
    start "$name" "$GNOMOND" -x -c "$ROOM/$name.conf" -s "$ROOM/$name.sock" --plugin-dir "$PLUGINS" "$@"
}

answers() {
    ctl "$1" --json tracking
}

ctl() { # NAME ARGUMENT...
    local name=$1
    shift
    timeout -k 5 20 "$GNOMONCTL" -s "$ROOM/$name.sock" "$@"
}

logged() { # NAME EXTENDED-REGEX
    grep -Eq -- "$2" "$ROOM/$1.log"
}

# value EXPRESSION: of the JSON value `v` on stdin, in Python.
value() {
    "$PYTHON" "$TOOLS/json_value.py" "$1"
}

# tells NAME COMMAND EXPRESSION: the daemon's answer makes the Python expression true.
tells() {
    ctl "$1" --json "$2" >"$ROOM/answer.json" || return 1
    "$PYTHON" "$TOOLS/json_value.py" --holds "$3" <"$ROOM/answer.json"
}

synchronised() { # NAME
    tells "$1" tracking 'v["synchronised"]'
}

unsynchronised() { # NAME
    tells "$1" tracking 'not v["synchronised"]'
}

# One SNTP exchange of our own: ntp_query.py prints the reply's fields as JSON.
ntp_query() { # [OPTION]... ADDRESS PORT
    "$PYTHON" "$TOOLS/ntp_query.py" "$@"
}

serves() { # ADDRESS PORT EXPRESSION
    ntp_query "$1" "$2" >"$ROOM/reply.json" || return 1
    "$PYTHON" "$TOOLS/json_value.py" --holds "$3" <"$ROOM/reply.json"
}

# stub NAME PORT[:OFFSET[:STRATUM]]...: servers of ours in one process; OFFSET in seconds makes liars.
stub() {
    local name=$1
    shift
    start "$name" "$PYTHON" "$TOOLS/stub_server.py" "$@"
    await 10 logged "$name" '^ready' || bail "stub server $name starts"
}

# relay_conf NAME UPSTREAM-PORT [PORT]: follow one server on loopback, serve on PORT.
relay_conf() {
    {
        printf 'clock = { drift_file = "%s"; };\n' "$ROOM/$1.drift"
        printf 'sources = ( { use = "proto-ntp"; name = "upstream"; server = "127.0.0.1"; port = %s;\n' "$2"
        printf '    iburst = true; minpoll = 2; maxpoll = 4; } );\n'
        [ -z "${3:-}" ] ||
            printf 'servers = ( { use = "proto-ntp"; listen = [ "127.0.0.1", "::1" ]; port = %s; } );\n' "$3"
    } >"$ROOM/$1.conf"
}

# free_port: PORT is a UDP port that nobody has, on any address, and that was not given out before.
free_port() {
    local hex
    while :; do
        PORT=$((20000 + RANDOM % 12000))
        printf -v hex ':%04X ' "$PORT"
        case $given in
        *" $PORT "*) continue ;;
        esac
        grep -qs "$hex" /proc/net/udp /proc/net/udp6 || break
    done
    given="$given$PORT "
}
given=' '

# --- real peers ----------------------------------------------------------------------------------

# need_peer PACKAGE/PROGRAM: PEER is its path among the unpacked peers; skips when it is not there.
need_peer() {
    PEER=$(find "$PEERS/${1%/*}" -path "*bin/${1#*/}" -print -quit 2>/dev/null)
    [ -n "$PEER" ] || skip "$1 is not unpacked in $PEERS (tests/peers does it)"
    # Libraries that the system lacks lie beside the peers.
    export LD_LIBRARY_PATH=$PEERS/libs/usr/lib/$machine-linux-gnu
    export PYTHONPATH=$PEERS/python3-ntp/usr/lib/python3/dist-packages
}

# chronyd NAME [LINE]...: a real one, which leaves the clock alone; cmdport off, chronyc by socket.
chronyd() {
    local name=$1
    shift
    need_peer chrony/chronyd
    (umask 077 && mkdir -p "$ROOM/$name")
    {
        printf '%s\n' "$@"
        printf 'cmdport 0\npidfile %s\nbindcmdaddress %s\n' "$ROOM/$name/pid" "$ROOM/$name/chronyd.sock"
        printf 'driftfile %s\n' "$ROOM/$name/drift"
    } >"$ROOM/$name/chrony.conf"
    start "$name" "$PEER" -x -d -U -u "$(id -un)" -f "$ROOM/$name/chrony.conf"
}

chronyc() { # NAME ARGUMENT...
    local name=$1
    shift
    need_peer chrony/chronyc
    timeout 10 "$PEER" -h "$ROOM/$name/chronyd.sock" "$@"
}

# --- namespaces ----------------------------------------------------------------------------------

# own_network: run this script again in a network namespace of its own, with only loopback up, and
# with what else `namespaces` names: -m mounts, -i shared memory.
namespaces=()
own_network() {
    if [ -z "${GNOMON_OWN_NETWORK:-}" ]; then
        local how=(unshare -n "${namespaces[@]}")
        [ "$(id -u)" = 0 ] || how=(unshare -Urn "${namespaces[@]}")
        "${how[@]}" true 2>/dev/null || skip "no network namespace may be made here"
        rm -rf "$ROOM" # the new run makes its own
        GNOMON_OWN_NETWORK=1 exec "${how[@]}" bash "$0"
    fi
    ip link set lo up || skip "ip cannot set up loopback"
}

# --- set-up --------------------------------------------------------------------------------------

# The clock is out of reach: verified, not believed.
drop_rights() {
    local name mask
    [ "$(id -u)" != 0 ] || SAFE=(setpriv --bounding-set -sys_time --inh-caps -sys_time)
    while read -r name mask; do
        case $name in
        CapBnd:) [ "$(id -u)" = 0 ] || continue ;; # without root it is out of reach anyway
        Cap*) ;;
        *) continue ;;
        esac
        if [ $((16#$mask & 1 << 25)) != 0 ]; then
            echo "not ok - CAP_SYS_TIME can be dropped here ($name $mask); nothing is started"
            failures=1
            exit 1
        fi
    done < <("${SAFE[@]}" cat /proc/self/status)
}

room_parent=${TMPDIR:-/tmp}
[ ${#room_parent} -lt 60 ] || room_parent=/tmp # a socket's path has 107 bytes
ROOM=$(mktemp -d "$room_parent/gn.XXXXXX") || exit 1
trap finish EXIT
trap 'exit 1' INT TERM HUP
drop_rights
if [ ! -x "$GNOMOND" ] || [ ! -x "$GNOMONCTL" ]; then
    bail "gnomond and gnomonctl are built ($GNOMOND, $GNOMONCTL)"
fi
