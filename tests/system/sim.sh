#!/bin/bash
# What gnomon-sim tells: the story, the table, JSON, drawings, many seeds, and what is wrong.
. "$(dirname "$0")/../lib.sh"

SIM=${GNOMON_SIM:-$BUILD/gnomon-sim}
cd "$ROOM" || exit 1

# One server and two clients; the first client's clock is set by hand, the link fails for a while.
world() { # DURATION [LINE]...
    local duration=$1
    shift
    cat <<END
duration = $duration;
$(printf '%s\n' "$@")
nodes = (
  { name = "server"; address = "192.0.2.1"; clock = { read_only = true; };
    config = "sources = ( { use = \"refclock-local\"; stratum = 0; } );"
             "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\" ]; } );"; },
  { name = "client"; address = "192.0.2.2"; count = 2;
    clock = { offset = 50; frequency_ppm = "10*normal"; wander = 1e-9; };
    config = "sources = ( { use = \"proto-ntp\"; server = \"192.0.2.1\"; iburst = true; } );"; }
);
links = ( { delay = "50us + 10us*exp"; } );
events = (
  { at = 1000.5; node = "client1"; step = 0.25; },
  { at = 2000; link = 0; cut = true; },
  { at = 2500; link = 0; cut = false; }
);
END
}

# sim STATUS WORDS [OPTION]...: its stdout is in FIGURES, stderr in STORY.
sim() {
    local wanted=$1 words=$2 status
    shift 2
    timeout -k 5 120 "${SAFE[@]}" "$SIM" --plugin-dir "$PLUGINS" "$@" >figures 2>story </dev/null
    status=$?
    FIGURES=$(<figures) STORY=$(<story)
    check "$words: exit status $wanted" same "$wanted" "$status" || head -n 10 story
}
tells_so() { # REGEX
    check "    … and the story says $1" matches "$1" "$STORY"
}
holds() { # WORDS EXPRESSION: of the JSON value on stdout
    check "    … $1" "$PYTHON" "$TOOLS/json_value.py" --holds "$2" <<<"$FIGURES"
}

world 6000 >world.conf
world 6000 'window = 3000.0;' 'seed = 3;' >third.conf

# --- story ---------------------------------------------------------------------------------------
sim 0 "a life" world.conf
tells_so '^ +1000\.500  world +info +client1.s clock is set by hand, by \+0\.25 s$'
tells_so '^ +2000\.000  world +info +link 0 is cut$'
tells_so '^ +2500\.000  world +info +link 0 is mended$'
tells_so '^ +0\.0[0-9]+  client1 +warning +the clock is stepped by \+(49\.9|50\.0)[0-9]+ s$'
tells_so '^ +[0-9.]+  client1 +warning +somebody else moved the system clock by \+0\.250000 s$'
tells_so '^ +0\.0[0-9]+  client2 +info +ntp0 is the system source \(offset \+'
check "the story is in order" sort -s -n -k1,1 -c story
sim 0 "the story of one node" --node client2 world.conf
tells_so ' client2 '
tells_so ' world '
check "    … leaves out the others" differs grep -Eq ' (client1|server) ' story
sim 0 "-L warning" -L warning world.conf
tells_so ' client1 +warning '
tells_so ' world '
check "    … leaves out info" differs grep -Eq ' (client[12]|server) +info' story
sim 0 "-L error" -L error world.conf
check "    … is quiet" same "" "$STORY"
sim 2 "a node that is not there" --node client9 world.conf
tells_so '--node client9: '

# --- table and JSON ------------------------------------------------------------------------------
sim 0 "the table" -L error world.conf
check "    … has a title and three nodes" same 4 "$(wc -l <figures)"
check "    … and its titles" matches \
    '^node +RMS us +max us +1 ms s +100 us s +10 us s +ppb +packets +bound % +bound us +steps +sync s$' "$FIGURES"
check "    … client1 was stepped once" matches '^client1 .* 1 +[0-9]+$' "$FIGURES"
cp figures table
sim 0 "--json" -L error --json world.conf
holds "has three nodes" 'len(v["nodes"]) == 3'
for key in rms_s max_s frequency_rms_ppm bound_kept mean_bound_s synchronised_s; do
    holds "a number $key" "all(type(n[\"$key\"]) is float for n in v[\"nodes\"])"
done
for key in sent received lost steps; do
    holds "a whole number $key" "all(type(n[\"$key\"]) is int for n in v[\"nodes\"])"
done
for key in settled_1ms_s settled_100us_s settled_10us_s; do
    holds "a number or null $key" "all(n[\"$key\"] is None or n[\"$key\"] >= 0 for n in v[\"nodes\"])"
done
holds "strings for 64 bits" 'v["seed"] == "1" and len(v["hash"]) == 16'
holds "measures the second half" 'v["duration_s"] == 6000 and v["window_s"] == 3000'
holds "client1 settles after it was set" 'v["nodes"][1]["settled_1ms_s"] > 1000 > v["nodes"][2]["settled_1ms_s"]'
holds "client1 stepped its clock" 'v["nodes"][1]["steps"] == 1 and v["nodes"][0]["steps"] == 0'
holds "all synchronised nearly all the time" 'all(5900 <= n["synchronised_s"] <= 6000 for n in v["nodes"])'
cp figures whole.json
world 6000 'window = 10;' >early.conf
sim 0 "window = 10" -L error --json early.conf
holds "measures from then on" 'v["window_s"] == 10 and v["nodes"][1]["max_s"] > 0.2'
world 6000 'window = 6000;' >late.conf
sim 2 "a window beyond the end" late.conf
tells_so '^late.conf:2: .*window: 0 ≤'

# --- the same again ------------------------------------------------------------------------------
sim 0 "--hash" -L error --hash world.conf
hash=$(tail -n 1 figures)
check "    … is 16 digits, last" matches '^[0-9a-f]{16}$' "$hash"
check "    … after the same table" same "$(<table)" "$(head -n -1 figures)"
sim 0 "--hash once more, with another story and a drawing" --hash --plot again.svg world.conf
check "    … is the same" same "$hash" "$(tail -n 1 figures)"
check "    … as in the JSON" same "$hash" "$(value 'v["hash"]' <whole.json)"
sim 0 "another seed" -L error --hash --seed 2 world.conf
check "    … is another life" differs same "$hash" "$(tail -n 1 figures)"

# --- seeds ---------------------------------------------------------------------------------------
for seed in 3 4 5 6; do
    sim 0 "--seed $seed alone" -L error --json --seed $seed world.conf
    cat figures
done >single.json 2>&1
grep '^ok\|^not ok' single.json
grep '^{' single.json >single.lines
sim 0 "--seeds 4" --json --seeds 4 --jobs 3 third.conf
check "    … tells no story" same "" "$STORY"
check "    … equals four single lives" same "$(value 'v' <<<"[$(paste -sd, single.lines)]")" \
    "$(value 'v["lives"]' <figures)"
holds "the median lies between" 'all(n["least"]["rms_s"] <= n["median"]["rms_s"] <= n["most"]["rms_s"] for n in v["nodes"])'
holds "the median is of the four" 'abs(v["nodes"][1]["median"]["rms_s"] - sum(sorted(l["nodes"][1]["rms_s"] for l in v["lives"])[1:3]) / 2) < 1e-12'
holds "the least and the most are theirs" '[v["nodes"][2]["least"]["max_s"], v["nodes"][2]["most"]["max_s"]] == [f(l["nodes"][2]["max_s"] for l in v["lives"]) for f in (min, max)]'
cp figures four.json
sim 0 "--seeds 4, one after the other" --json --seeds 4 --jobs 1 third.conf
check "    … gives the same" cmp figures four.json
sim 0 "--seeds 4 as a table" --seeds 4 --hash third.conf
check "    … has three rows for each node, and four hashes" same 14 "$(wc -l <figures)"
check "    … with their seeds last" matches '^[0-9a-f]{16}  seed 6$' "$(tail -n 1 figures)"

# A daemon that cannot start: its port is taken by its own other server.
mkdir -p "it's here"
cat >"it's here/fails.conf" <<'END'
nodes = ( { name = "a"; address = "192.0.2.1";
    config = "servers = ( { use = \"proto-ntp\"; }, { use = \"proto-ntp\"; } );"; } );
END
sim 1 "seeds that fail" --seeds 2 --seed 7 "it's here/fails.conf"
tells_so '^gnomon-sim: seed 7 failed \(exit status 1\); again: '
tells_so '^gnomon-sim: seed 8 failed '
tells_so '^gnomon-sim: 2 of 2 seeds failed$'
again=$(sed -n 's/.*seed 8 failed .*again: gnomon-sim //p' story)
run bash -c "'$SIM' $again"
check "    … the command repeats it" same 1 "$STATUS"
check "    … and says why" matches 'port 123 is in use' "$OUTPUT"
world 1e9 >eternal.conf
start eternal "$SIM" --plugin-dir "$PLUGINS" --seeds 2 --jobs 2 eternal.conf
children() {
    # shellcheck disable=SC2046 # a list of pids
    set -- $(cat "/proc/${PID[eternal]}/task/${PID[eternal]}/children")
    [ $# = 2 ] && echo "$@"
}
check "two lives are lived at once" await 20 children
# shellcheck disable=SC2046
kill -s KILL $(children)
await 10 ended "${PID[eternal]}"
check "killed lives are named" logged eternal 'seed [12] failed \(signal 9, Killed\)'
check "    … both" logged eternal '^gnomon-sim: 2 of 2 seeds failed$'
stop eternal
check "    … exit status 1" same 1 "$STATUS"
start eternal "$SIM" --plugin-dir "$PLUGINS" --seeds 2 --jobs 2 eternal.conf
await 20 children
read -r -a orphans <<<"$(children)"
stop eternal
check "who is stopped leaves no life behind" await 10 ended "${orphans[0]}"
check "    … neither of them" await 10 ended "${orphans[1]}"

# --- drawings ------------------------------------------------------------------------------------
# elements FILE CLASS: how many well-formed XML holds of that class.
elements() {
    "$PYTHON" - "$1" "$2" <<'END'
import sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("viewBox")
text = open(sys.argv[1], encoding="utf-8").read()
assert "nan" not in text and "inf" not in text and "href" not in text
print(sum(e.get("class") == sys.argv[2] for e in root.iter()))
END
}
sim 0 "--plot" -L error --plot all.svg world.conf
check "    … a panel for each client, none for a clock without error" same 2 "$(elements all.svg panel)"
check "    … in each the three events" same 6 "$(elements all.svg event)"
check "    … and the step of each daemon" same 2 "$(elements all.svg step)"
check "    … nothing lies beside it" same all.svg "$(echo all.svg*)"
sim 0 "--plot --node" -L error --plot one.svg --node client2 world.conf
check "    … one panel" same 1 "$(elements one.svg panel)"
check "    … three events" same 3 "$(elements one.svg event)"
sim 0 "--plot with --json" -L error --plot one.svg --node server --json world.conf
holds "are both there" 'len(v["nodes"]) == 3'
check "    … whom one names is drawn" same 1 "$(elements one.svg panel)"
for option in '--plot -' --text-plot; do
    # shellcheck disable=SC2086 # an option and its value
    sim 0 "$option" -L error $option --node client1 world.conf
    sed 1,4d figures >drawing
    check "    … 20 lines, a step and three events" same 24 "$(wc -l <drawing)"
    check "    … of 80 characters at most" same "" "$(head -n 20 drawing | grep -E '.{81}')"
    check "    … says a 1000.500 s" matches '^  a +1000\.500 s  client1.s clock is set by hand' "$(<drawing)"
    check "    … marks events and steps" matches '^ +S-+a-+b-+c-+$' "$(<drawing)"
done

# --- what is wrong -------------------------------------------------------------------------------
sim 1 "a drawing that cannot be written" -L error --plot nowhere/a.svg world.conf
tells_so '^gnomon-sim: --plot nowhere/a.svg: No such file or directory$'
check "    … the table stands" same "$(<table)" "$FIGURES"
sim 1 "a drawing on a full disk" -L error --plot /dev/full world.conf
tells_so '^gnomon-sim: --plot /dev/full: No space left on device$'
wrong() { # REGEX [OPTION]...
    local says=$1
    shift
    sim 2 "$*" "$@"
    tells_so "$says"
    check "    … and nothing else" same "" "$FIGURES"
}
wrong '--seed x: a whole number from 0 to 18446744073709551615 ' --seed x world.conf
wrong '--seed -1: ' --seed -1 world.conf
wrong '--seed 18446744073709551616: ' --seed 18446744073709551616 world.conf
wrong '--seeds 0: a whole number from 1 to 100000 ' --seeds 0 world.conf
wrong '--jobs 2k: a whole number from 1 to 256 ' --seeds 2 --jobs 2k world.conf
wrong '--jobs: only with --seeds' --jobs 2 world.conf
wrong '--seeds: without --plot' --seeds 2 --plot a.svg world.conf
wrong '--text-plot: not with --json' --text-plot --json world.conf
wrong '--plot: the name of a file' --plot '' world.conf
wrong '-L loud: no such level; error, warning, info or debug' -L loud world.conf
wrong 'one WORLD.conf is expected' --json
wrong 'one WORLD.conf is expected' world.conf third.conf
wrong 'no-such-option' --no-such-option world.conf
wrong 'missing.conf: ' missing.conf
sed 's/name = "client"/name = "world"/; s/ count = 2;//; /events/,$d' world.conf >named.conf
wrong 'named.conf:[0-9]+: .*name: "world"' named.conf
timeout 60 "${SAFE[@]}" "$SIM" --plugin-dir "$PLUGINS" world.conf >/dev/full 2>story
check "stdout that is full: exit status 1" same 1 $?
check "    … and it says so" matches '^gnomon-sim: standard output: No space left on device$' "$(<story)"
sim 0 "--help" --help
for option in --seed --seeds --jobs --plugin-dir -L --node --plot --text-plot --json --hash --version; do
    matches "(^|[^-a-z])$option\b" "$FIGURES" >/dev/null || not_ok "--help names $option"
done
sim 0 "--version" --version
check "    … names it" matches '^gnomon-sim [0-9]+\.[0-9]+' "$FIGURES"
