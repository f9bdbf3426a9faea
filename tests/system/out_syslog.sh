#!/bin/bash
# out-syslog tells a log what happens, in plain words: as RFC 3164 lines, and as the journal's fields.
. "$(dirname "$0")/../lib.sh"

mkdir "$ROOM/journal"
start lines "$PYTHON" "$TOOLS/unix_datagrams.py" "$ROOM/log"
start fields "$PYTHON" "$TOOLS/unix_datagrams.py" "$ROOM/journal/socket"
for name in lines fields; do
    await 10 logged $name '^ready' || bail "the log socket of $name is there"
done

free_port && good=$PORT
free_port && lie=$PORT
free_port && third=$PORT
stub good "$good" "$third"
stub liar "$lie:0.1"
{
    echo "clock = { drift_file = \"$ROOM/daemon.drift\"; };"
    echo 'sources = ('
    for port in "$good" "$third" "$lie"; do
        [ "$port" = "$good" ] || echo ,
        printf '{ use = "proto-ntp"; name = "on-%s"; server = "127.0.0.1"; port = %s; iburst = true; minpoll = 0; maxpoll = 0; }' \
            "$port" "$port"
    done
    echo ');'
    echo "outputs = ( { use = \"out-syslog\"; name = \"lines\"; socket = \"$ROOM/log\"; protocol = \"syslog\"; facility = \"local3\"; },"
    echo "{ use = \"out-syslog\"; name = \"fields\"; socket = \"$ROOM/journal/socket\"; },"
    echo "{ use = \"out-syslog\"; name = \"nowhere\"; socket = \"$ROOM/nobody\"; } );"
} >"$ROOM/daemon.conf"
gnomond daemon
check "synchronised" await 20 synchronised daemon

# facility local3 = 19, severity info = 6: 19 · 8 + 6 = 158
check "a line: synchronised, in plain words" await 10 logged lines \
    '^<158>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} ([^ ]+ )?gnomon(\[[0-9]+\])?: .*[Ss]ynchronised'
check "a line: the falseticker by name" await 15 logged lines "^<15[0-9]>.*on-$lie"
check "the journal: synchronised, with its fields" await 10 logged fields \
    'GNOMON_EVENT=synchronised .*MESSAGE=[^|]*[Ss]ynchronised|MESSAGE=[^|]*[Ss]ynchronised.*GNOMON_EVENT=synchronised '
check "the journal: the falseticker, with its name" await 10 logged fields \
    "GNOMON_EVENT=source-falseticker.*GNOMON_SOURCE=on-$lie|GNOMON_SOURCE=on-$lie.*GNOMON_EVENT=source-falseticker"
check "the journal: a source selected" await 10 logged fields 'GNOMON_EVENT=source-selected'
check "a log that is not there is said" logged daemon 'nowhere: '
check "… once" same 1 "$(grep -cE '(warning|error): nowhere: ' "$ROOM/daemon.log")"

stop good
stop liar
check "the loss is told" await 40 logged fields 'GNOMON_EVENT=(lost|source-unreachable)'
check "the loss is told in a line" await 10 logged lines '([Ll]ost|[Uu]nreachable|no longer|answer)'

# The log goes away and comes back: the daemon does not mind.
stop lines
check "the daemon goes on without its log" answers daemon
stop daemon
check "it ends with 0" same 0 "$STATUS"
check "the journal heard of the end" await 5 logged fields 'GNOMON_EVENT=stopping'
