#!/bin/bash
# Servers that lie: one of three is outvoted; two against two is no majority, and is said.
. "$(dirname "$0")/../lib.sh"

# voters NAME PORT...: a daemon with these servers, named s0, s1, …
voters() {
    local name=$1 port i=0 separator=''
    shift
    {
        echo "clock = { drift_file = \"$ROOM/$name.drift\"; };"
        echo 'sources = ('
        for port; do
            printf '%s{ use = "proto-ntp"; name = "s%s"; server = "127.0.0.1"; port = %s; iburst = true; minpoll = 2; maxpoll = 4; }' \
                "$separator" $i "$port"
            separator=', ' i=$((i + 1))
        done
        echo ');'
    } >"$ROOM/$name.conf"
    launch "$name"
}
for i in 0 1 2 3 4 5 6; do
    free_port && p[i]=$PORT
done
# 0 and 1 are right, 2 to 4 are wrong at once, 5 is right and late, 6 is wrong and later.
stub stubs "${p[0]}" "${p[1]}:0.00002" "${p[2]}:0.1" "${p[3]}:0.1" "${p[4]}:-0.5" "${p[5]}:0:1:0:0.3" "${p[6]}:0.1:1:0:0.6"
voters three "${p[0]}" "${p[1]}" "${p[2]}"
voters split "${p[0]}" "${p[1]}" "${p[2]}" "${p[3]}"
voters five "${p[0]}" "${p[1]}" "${p[2]}" "${p[3]}" "${p[4]}"
voters pair "${p[0]}" "${p[2]}"
voters late-pair "${p[5]}" "${p[2]}"
voters late-split "${p[0]}" "${p[5]}" "${p[2]}" "${p[6]}"
voters late-three "${p[0]}" "${p[5]}" "${p[2]}"
for name in three split five pair late-pair late-split late-three; do
    await 20 answers $name || bail "gnomond $name starts"
done
state() { # NAME SOURCE STATE...: as Python
    printf '[s for s in v if s["name"] == "%s"][0]["state"] in (%s)' "$1" "$2"
}

check "one liar of three: synchronised" await 20 synchronised three
check "the liar is a falseticker" await 20 tells three sources "$(state s2 '"falseticker"')"
check "a truechimer is selected" tells three sources \
    '[s["state"] for s in v if s["name"] in ("s0", "s1")].count("selected") == 1'
check "the liar's reason is a word" tells three sources '[s for s in v if s["name"] == "s2"][0]["reason"] not in ("", "ok")'
for _ in 1 2 3 4 5 6; do
    sleep 0.5
    tells three sources "$(state s2 '"falseticker", "unusable"')" || not_ok "the liar is never selected"
    tells three tracking 'abs(v["system_offset_s"]) < 0.01' || not_ok "the liar has no influence"
done
ok "the liar was watched for three seconds"
check "the liar never was the system source" differs logged three 's2 is the system source'

all_heard() {
    tells "$1" sources 'all(s["reach"] for s in v) and all(s["reason"] not in ("starting", "waiting", "few-samples") for s in v)'
}
check "two against two: all are heard" await 20 all_heard split
check "two against two: not synchronised" unsynchronised split
check "two against two: none is selected" tells split sources 'not [s for s in v if s["state"] in ("selected", "combined")]'
check "two against two: the reason is said" tells split sources \
    'any("majority" in s["reason"] or "disagree" in s["reason"] for s in v)'
check "one against one: all are heard" await 20 all_heard pair
check "one against one: not synchronised" unsynchronised pair

# 0, 20 µs | 100 ms, 100 ms | −500 ms: nobody has three of five.
check "two, two and one: all are heard" await 20 all_heard five
check "two, two and one: not synchronised" unsynchronised five

# Who answers first decides nothing: the liar is quick, the honest are slow.
check "a quick liar of three: synchronised" await 20 synchronised late-three
check "a quick liar of three: never the system source" differs logged late-three 's2 is the system source'
for name in late-pair late-split; do
    check "$name: all are heard" await 20 all_heard $name
    check "$name: not synchronised" unsynchronised $name
    check "$name: never was" differs logged $name 'is the system source'
done

# The human form tells it too.
run "$GNOMONCTL" -s "$ROOM/split.sock" sources
check "sources, for people: exit status 0" same 0 "$STATUS"
run "$GNOMONCTL" -s "$ROOM/split.sock" tracking
check "tracking, for people: Synchronised : no" matches '^Synchronised +: no' "$OUTPUT"
