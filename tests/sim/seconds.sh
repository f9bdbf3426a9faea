#!/bin/bash
# Receivers whose messages come late in every manner, each with a pulse: whole daemons, life after life
# ($GNOMON_SECONDS of them), and the number of a pulse is never a second off; where nobody can know it,
# there is none.
. "$(dirname "$0")/../lib.sh"

lives=${GNOMON_SECONDS:-12}

# node NAME LATE KEYS [SOURCE]: a receiver whose messages are so late, with a pulse.
node() {
    local tty="path = \"/dev/ttyS0\"; kind = \"tty\"; late = \"$2\"; $3"
    hosts=$((hosts + 1))
    cat <<END
  { name = "$1"; address = "192.0.2.$hosts";
    clock = { offset = "6*uniform - 3"; frequency_ppm = "100*uniform - 50"; wander = 1e-9; };
    devices = ( { $tty },
                { path = "/dev/pps0"; kind = "pps"; jitter = "1us*normal"; } );
    config = "sources = ( { use = \"refclock-gps\"; device = \"/dev/ttyS0\"; pps = \"/dev/pps0\"; }${4:-} );"; },
END
}

world() {
    local hosts=1 fast='baud = 115200;' ntp=', { use = \"proto-ntp\"; server = \"server\"; iburst = true; }'
    echo 'duration = 300; window = 200; nodes = ('
    node steady "300ms + 300ms*uniform" ''
    node even "999ms*uniform" "$fast"
    node two "pick(0.2, 1.1, 0.2)" "$fast"
    node growing "550ms + 50ms*uniform" 'later_ppm = 3000;'
    node damaged "300ms + 300ms*uniform" 'damage = 0.004;'
    node slow "250ms + 100ms*uniform" \
        'baud = 4800; sentences = "GGA RMC ZDA"; bursts = ( { sentences = "GSV GSA"; late = "400ms"; every = 3; } );'
    node ubx "50ms + 100ms*uniform" 'sentences = "TIM-TP NAV-PVT";'
    node beside "300ms + 300ms*uniform" '' "$ntp"
    node next "200ms*uniform - 700ms" '' "$ntp"
    node astride "900ms + 200ms*uniform" ''
    cat <<END
  { name = "server"; address = "192.0.2.1"; clock = { read_only = true; };
    config = "sources = ( { use = \"refclock-local\"; stratum = 0; } );"
             "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\" ]; } );"; } );
links = ( { delay = "10ms + 1ms*exp"; } );
END
}

# judge: of each node how many lives ended numbered, and what is wrong.
judge() {
    "$PYTHON" - "$1" <<'END'
import json, sys
lives = json.load(open(sys.argv[1]))["lives"]
wrong = 0
for at, name in enumerate(node["name"] for node in lives[0]["nodes"]):
    nodes = [life["nodes"][at] for life in lives]
    synchronised = [node for node in nodes if node["synchronised_s"] > 100]
    off = [life["seed"] for life, node in zip(lives, nodes)
           if node in synchronised and (node["max_s"] > 0.01 or node["steps"] > 1)]
    wrong += len(off)
    # By its messages alone, that come on both sides of a pulse, it is not known.
    least = 0 if name == "astride" else len(lives)
    most = 0 if name == "astride" else len(lives)
    if not least <= len(synchronised) <= most:
        print("not as expected:", end=" ")
        wrong += 1
    worst = max((node["max_s"] for node in synchronised), default=0)
    print(f"{name}: {len(synchronised)} of {len(lives)} in time, at worst {worst * 1e6:.1f} us off,"
          f" wrong: {' '.join(off) if off else 'none'}")
sys.exit(wrong > 0)
END
}

world >"$ROOM/seconds.conf"
"$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" -L error --seeds "$lives" --json "$ROOM/seconds.conf" \
    >"$ROOM/lives.json" || bail "the worlds cannot be lived in"
judge "$ROOM/lives.json" >"$ROOM/verdict"
verdict=$?
sed 's/^/# /' "$ROOM/verdict"
check "$lives lives of ten receivers, none a second off" test $verdict = 0
"$BUILD/gnomon-sim" --plugin-dir "$PLUGINS" "$ROOM/seconds.conf" >"$ROOM/story" 2>&1
check "who cannot know it says so" grep -q 'astride .*ambiguous: the messages' "$ROOM/story"
check "… and who is contradicted by others" \
    grep -q 'next .*ambiguous: the other sources number the seconds otherwise' "$ROOM/story"
