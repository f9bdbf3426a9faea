#!/usr/bin/env python3
"""What our SNTP client costs beside others: memory, disk, wake-ups and processor time.

All clients run at the same time, in a network namespace of their own, without the right to set a
clock, and ask the same server of ours in a second namespace every 64 s. Root is needed for the
namespaces. A daemon that is not there, or does not run here, is left out with a note.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = os.environ.get("GNOMON_PEERS") or os.path.expanduser("~/.cache/gnomon-peers")
SERVER, CLIENT, POLL_S = "192.0.2.1", "192.0.2.2", 64
UNCAPPED = ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time"]

FLOOR = f"""#include <uv.h>
static void tick(uv_timer_t *timer) {{ (void)timer; }}
int main(void)
{{
    uv_timer_t timer;
    uv_loop_t *loop = uv_default_loop();
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, tick, 1000, {POLL_S}000);
    return uv_run(loop, UV_RUN_DEFAULT);
}}
"""


def out(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# --- what /proc says ------------------------------------------------------------------------------


def tree(pid):
    """A process and all below it."""
    pids = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path) as file:
            for child in file.read().split():
                pids += tree(int(child))
    return pids


def rollup(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        rows = re.findall(r"^(Rss|Pss|Private_Dirty): +(\d+)", file.read(), re.M)
    return {name: int(kb) for name, kb in rows}


def effort(pids):
    """Voluntary switches, and ns on a processor, of all threads."""
    switches = ns = 0
    for pid in pids:
        for task in glob.glob(f"/proc/{pid}/task/*"):
            with open(task + "/status") as file:
                switches += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M)[1])
            with open(task + "/schedstat") as file:
                ns += int(file.read().split()[0])
    return switches, ns


# --- what lies on the disk ------------------------------------------------------------------------


def stripped(path, room):
    copy = os.path.join(room, "stripped")
    subprocess.run(["strip", "-o", copy, path], check=True)
    return os.path.getsize(copy)


def libraries(path):
    found = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+) \(0x", found))


def sizes(files, room):
    """Bytes of the program with its plugins, and the same with all libraries."""
    own = sum(stripped(path, room) for path in files)
    shared = set().union(*(libraries(path) for path in files))
    return own, own + sum(os.path.getsize(os.path.realpath(path)) for path in shared)


# --- who takes part -------------------------------------------------------------------------------


class Entry:
    """One client: `words` name it, `command` runs it, `files` are what it is made of."""

    def __init__(self, words, command, files, binds=()):
        self.words, self.command, self.files, self.binds = words, command, files, binds
        self.process = self.note = None

    def start(self, network, log):
        mounts = "".join(f"mount --bind {a} {b} && " for a, b in self.binds)
        script = mounts + 'exec "$@"'
        command = ["ip", "netns", "exec", network, "sh", "-c", script, "sh", *UNCAPPED, *self.command]
        with open(log, "w") as file:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=os.path.dirname(log)
            )


def write(room, name, text):
    path = os.path.join(room, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def ours(room, build, small):
    text = (
        f'clock = {{ drift_file = "{room}/NAME.drift"; }};\n'
        f'sources = ( {{ use = "proto-sntp"; server = "{SERVER}"; poll = {POLL_S}; }} );\n'
    )
    mini = write(room, "mini.conf", text.replace("NAME", "mini"))
    full = write(room, "full.conf", text.replace("NAME", "full"))
    program, modules = f"{build}/gnomond", f"{build}/modules"
    run = [program, "-x", "-c", full, "-s", f"{room}/full.sock", "--plugin-dir", modules]
    return [
        Entry("gnomond, minimal", [f"{small}/gnomond", "-x", "-c", mini], [f"{small}/gnomond"]),
        Entry("gnomond with proto-sntp", run, [program, f"{modules}/proto-sntp.so"]),
    ]


def floor(room):
    source, program = write(room, "floor.c", FLOOR), f"{room}/floor"
    flags = out("pkg-config", "--cflags", "--libs", "libuv").split()
    subprocess.run(["cc", "-Os", "-o", program, source, *flags], check=True)
    return Entry("empty libuv loop", [program], [program])


def timesyncd(room):
    """Not as root it keeps the rights it has, which are none."""
    program = "/lib/systemd/systemd-timesyncd"
    conf = write(
        room,
        "timesyncd.conf",
        f"[Time]\nNTP={SERVER}\nFallbackNTP=\nPollIntervalMinSec={POLL_S}\nPollIntervalMaxSec={POLL_S}\n",
    )
    state = f"{room}/timesync"
    for folder in (state, f"{state}/systemd", f"{state}/systemd/timesync"):
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        shutil.chown(folder, "nobody")
    run = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", program]
    binds = [(conf, "/etc/systemd/timesyncd.conf"), (state, "/run"), (state, "/var/lib")]
    return Entry("systemd-timesyncd", run, [program], binds)


def chronyd(room):
    program = f"{PEERS}/chrony/usr/sbin/chronyd"
    text = (
        f"server {SERVER} minpoll 6 maxpoll 6\nport 0\ncmdport 0\nbindcmdaddress /\n"
        f"pidfile {room}/chronyd.pid\nuser root\ndriftfile {room}/chronyd.drift\n"
    )
    return Entry("chronyd", [program, "-x", "-d", "-f", write(room, "chrony.conf", text)], [program])


def ntpsec(room):
    program = f"{PEERS}/ntpsec/usr/sbin/ntpd"
    text = f"disable ntp\nrestrict default\nrestrict 127.0.0.1\nserver {SERVER} minpoll 6 maxpoll 6\n"
    return Entry("ntpsec", [program, "-n", "-g", "-c", write(room, "ntpsec.conf", text)], [program])


def openntpd(room):
    """It wants a user and folders of its own, and polls as it likes."""
    program = f"{PEERS}/openntpd/usr/sbin/ntpd"
    with open("/etc/passwd") as file:
        users = file.read()
    if "\nntpd:" not in users:
        users += f"ntpd:x:64321:65534::{room}/empty:/usr/sbin/nologin\n"
    os.mkdir(f"{room}/empty")
    os.mkdir(f"{room}/var")
    os.makedirs(f"{room}/var/openntpd/run")
    os.makedirs(f"{room}/var/openntpd/db")
    conf = write(room, "openntpd.conf", f"server {SERVER}\n")
    binds = [(write(room, "passwd", users), "/etc/passwd"), (f"{room}/var", "/var/lib")]
    return Entry("openntpd (all processes)", [program, "-d", "-f", conf], [program], binds)


# --- the bench ------------------------------------------------------------------------------------


class Network:
    """Two namespaces and a link between them."""

    def __init__(self):
        self.server, self.client = (f"gnomon-bench-{os.getpid()}-{side}" for side in "sc")

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True)

    def __enter__(self):
        for name in (self.server, self.client):
            self.ip("netns", "add", name)
            self.ip("-n", name, "link", "set", "lo", "up")
        self.ip("-n", self.server, "link", "add", "v0", "type", "veth", "peer", "name", "v0",
                "netns", self.client)
        for name, address in ((self.server, SERVER), (self.client, CLIENT)):
            self.ip("-n", name, "address", "add", f"{address}/24", "dev", "v0")
            self.ip("-n", name, "link", "set", "v0", "up")
        return self

    def __exit__(self, *_):
        for name in (self.server, self.client):
            subprocess.run(["ip", "netns", "del", name], check=False)


def serve(room, build):
    text = (
        'clock = { discipline = false; };\nsources = ( { use = "refclock-local"; stratum = 10; } );\n'
        f'servers = ( {{ use = "proto-ntp"; listen = [ "{SERVER}" ]; allow = [ "all" ]; }} );\n'
    )
    program = shutil.copy(f"{build}/gnomond", f"{room}/server")  # it shares no pages with those measured
    run = [program, "-x", "-c", write(room, "server.conf", text), "-s", f"{room}/server.sock"]
    return Entry("server", [*run, "--plugin-dir", f"{build}/modules"], [])


def measure(entry, before, minutes, room):
    pids = tree(entry.process.pid)
    memory = [rollup(pid) for pid in pids]
    switches, ns = (b - a for a, b in zip(before, effort(pids)))
    own, whole = sizes(entry.files, room)
    per_hour = 60 / minutes
    return [
        entry.words,
        *(sum(row[key] for row in memory) for key in ("Pss", "Rss", "Private_Dirty")),
        round(own / 1000),
        round(whole / 1000),
        round(switches * per_hour),
        round(ns * per_hour / 1e6),
    ]


HEADS = [
    "client", "PSS kB", "RSS kB", "private dirty kB", "program kB", "with libraries kB",
    "wake-ups per hour", "CPU ms per hour",
]


def table(rows):
    lines = ["| " + " | ".join(HEADS) + " |", "| --- " + "| ---: " * (len(HEADS) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def tail(path):
    with open(path, errors="replace") as file:
        return (file.read().strip().splitlines() or ["nothing said"])[-1][:160]


def document(rows, notes, arguments):
    command = f"bench/footprint.py --minutes {arguments.minutes:g} --markdown docs/footprint.md"
    return (
        "# What an SNTP client costs\n\n"
        f"Made by `{command}`,\non "
        f"{os.uname().machine}, Linux "
        f"{os.uname().release.split('-')[0]}; `./dev bench footprint` makes both builds first.\n\n"
        f"All ran at the same time, each asked the same server every {POLL_S} s (openntpd as often as it\n"
        "likes), and none could set the clock. Memory is that of all processes of a client after\n"
        f"{arguments.minutes:g} minutes; in PSS a page counts by its share where others map it too, so a library that\n"
        "no other process uses weighs whole. Sizes are of stripped files, without and with all libraries\n"
        "that `ldd` shows. Wake-ups are voluntary context switches; they and the CPU time are those of the\n"
        "second half, times what makes an hour; a gnomond that steers the clock looks every 10 s who else\n"
        "does, which is 300 wake-ups per hour more.\n\n"
        + table(rows) + "\n" + "".join(f"\n{note}\n" for note in notes)
    )


def contest(arguments, room):
    notes, entries = [], [floor(room), *ours(room, arguments.build, arguments.small)]
    for make in (timesyncd, openntpd, chronyd, ntpsec):
        entry = make(room)
        if os.path.exists(entry.files[0]):
            entries.append(entry)
        else:
            notes.append(f"{entry.words} is left out: {entry.files[0]} is not there (tests/peers).")
    running = [serve(room, arguments.build)] + entries
    with Network() as network:
        try:
            for number, entry in enumerate(running):
                place = network.client if number else network.server
                entry.start(place, f"{room}/{number}.log")
                time.sleep(0 if number else 3)
            time.sleep(arguments.minutes * 30)
            alive = []
            for number, entry in enumerate(running[1:], 1):
                if entry.process.poll() is None:
                    alive.append((entry, effort(tree(entry.process.pid))))
                else:
                    notes.append(f"{entry.words} is left out: {tail(f'{room}/{number}.log')}")
            time.sleep(arguments.minutes * 30)
            rows = [measure(*pair, arguments.minutes / 2, room) for pair in alive]
        finally:
            for entry in running:
                if entry.process is not None:
                    entry.process.terminate()
                    entry.process.wait()
    return rows, notes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=f"{TOP}/build", type=os.path.abspath)
    parser.add_argument("--small", default=f"{TOP}/build-minimal", type=os.path.abspath, help="the minimal build")
    parser.add_argument("--minutes", default=2, type=float)
    parser.add_argument("--markdown", metavar="FILE", help="write the table there as well")
    parser.add_argument("--keep", action="store_true", help="leave logs and files behind")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench/footprint.py: needs root, for its network namespaces")
    room = tempfile.mkdtemp(prefix="gnomon-bench.")
    os.chmod(room, 0o755)
    try:
        rows, notes = contest(arguments, room)
    finally:
        print(room) if arguments.keep else shutil.rmtree(room)
    print("\n".join([table(rows), *notes]))
    if arguments.markdown:
        with open(arguments.markdown, "w") as file:
            file.write(document(rows, notes, arguments))


main()
