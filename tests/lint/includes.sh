#!/bin/bash
# Include direction: api <- base <- {pipeline, os, sim} <- host <- main, ctl and api <- plugins.
# pipeline and os never meet; a plugin knows the public headers, its own files and plugins/shared; ctl
# and sim may also use the NTP codec of plugins/proto-ntp, and host the map of PTP clocks of
# plugins/shared. Pure parts touch no libuv, libconfig or system call header.
cd "$GNOMON_SRC" || exit 1

# shellcheck disable=SC2016 # awk's own $
find core plugins -name '*.[ch]' -printf '%p\n' | sort | xargs awk '
function layer(file) {
    if (file ~ /^plugins\//) return "plugin"
    if (file ~ /^core\/main/) return "main"
    if (file ~ /^core\/sim\/(node|main)\./) return "node"   # a whole daemon in the simulator
    split(file, part, "/")
    return part[2]
}
function refuse(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, name, why
    bad = 1
}
BEGIN {
    allowed["api"] = " gnomon "
    allowed["base"] = " gnomon base "
    allowed["pipeline"] = " gnomon base pipeline "
    allowed["os"] = " gnomon base os "
    allowed["sim"] = " gnomon base os sim "   # of os only os/os.h, the interfaces
    allowed["node"] = " gnomon base os sim host "
    allowed["host"] = " gnomon base pipeline os host "
    allowed["main"] = " gnomon base pipeline os host "
    allowed["ctl"] = " gnomon base ctl "
    allowed["plugin"] = " gnomon shared "
}
/^[ \t]*#[ \t]*include/ {
    here = layer(FILENAME)
    quoted = $0 ~ /"/
    name = $0
    sub(/^[^"<]*["<]/, "", name)
    sub(/[">].*/, "", name)
    head = name
    sub(/\/.*/, "", head)
    if (name == "jansson.h" && FILENAME ~ /^plugins\/refclock-gps\/gpsd/)
        next # gpsd speaks JSON
    if (name ~ /^(uv|libconfig|jansson|dlfcn)\.h$/ && here ~ /^(api|base|pipeline|plugin)$/)
        refuse("not in " here)
    if (here == "pipeline" && name ~ /^(sys\/|unistd|fcntl|time\.h|net|arpa|poll|signal|pthread)/)
        refuse("the pipeline is pure")
    if (!quoted && head !~ /^(gnomon|base|pipeline|os|sim|host|ctl|plugins|shared)$/)
        next
    if ((here == "ctl" || here == "sim") && name ~ /(^|\/)plugins\/proto-ntp\/wire\.h$/)
        next
    if (here == "host" && name ~ /^shared\/phc(_map)?\.h$/)
        next
    if (name ~ /\.\.\//)
        refuse("a path upwards")
    else if (name !~ /\//) {
        own = FILENAME
        sub(/[^\/]*$/, name, own)
        if ((getline line < own) < 0)
            refuse("a file of the same folder, or folder/file.h")
        close(own)
    } else if (index(allowed[here], " " head " ") == 0)
        refuse(here " may include only:" allowed[here])
    else if (here == "sim" && head == "os" && name != "os/os.h")
        refuse("of os only os/os.h")
}
END { exit bad }'
