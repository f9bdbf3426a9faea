#!/bin/bash
# Ten million forged replies within a day, off the path: one half blind, to any port, the other to the
# very port while a request is out. None is taken, each that arrives is counted, and memory does not grow with them.
. "$(dirname "$0")/../lib.sh"

# world FILE RATE: a client of one server for a day, and so many forged per second of each kind.
world() {
    cat >"$1" <<END
duration = 86400; look = 10;
nodes = (
  { name = "server"; address = "192.0.2.1"; clock = { read_only = true; };
    config = "sources = ( { use = \"refclock-local\"; stratum = 0; } );"
             "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\" ]; } );"; },
  { name = "client"; address = "192.0.2.100";
    clock = { offset = 0.05; frequency_ppm = 10.0; wander = 1e-9; };
    config = "sources = ( { use = \"proto-ntp\"; server = \"server\"; iburst = true; maxpoll = 6; } );"; } );
links = ( { delay = "10ms + 100us*exp"; } );
intruders = (
  { does = "forge"; as = "server"; to = "client"; knows = "addresses"; rate = $2; by = "3600"; },
  { does = "forge"; as = "server"; to = "client"; knows = "ports"; rate = $2; by = "3600"; } );
events = ( { at = 86399.5; node = "client"; stop = true; } );
END
}

# live RATE: its story in forged.RATE; prints the largest size of the process, kB.
live() {
    world "$ROOM/$1.conf" "$1"
    "$PYTHON" - "$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" -L debug "$ROOM/$1.conf" \
        >"$ROOM/$1.size" 2>"$ROOM/$1.story" <<'END'
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
END
}

# refused RATE: how many were counted.
refused() {
    sed -n 's/.*client .* \([0-9]*\) refused (bogus-origin).*/\1/p' "$ROOM/$1.story"
}

many=57.88 few=1
check "a day with 10,000,000 forged replies" live $many
check "… and one with 170,000" live $few
check "half of them arrive while a request is out, and are counted" \
    test "$(refused $many)" -gt 4900000
check "no step, no other source of time" test "$(grep -c 'clock stepped' "$ROOM/$many.story")" = 0
check "synchronised once, and never lost" \
    test "$(grep -c 'client .* synchronised' "$ROOM/$many.story")" = 1
worst=$(awk '$1 == "client" && $2 ~ /^[0-9.]+$/ { print int($3) }' "$ROOM/$many.story")
check "the clock is kept as without them: within 1 ms (${worst:-?} us)" test "$worst" -lt 1000
grown=$(($(cat "$ROOM/$many.size") - $(cat "$ROOM/$few.size")))
check "memory is flat (${grown} kB more)" test "$grown" -lt 1024
echo "# $(refused $many) refused; $(cat "$ROOM/$many.size") kB"
