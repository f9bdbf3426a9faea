#!/usr/bin/env python3
"""What a receiver that sends 1 MB/s of noise costs: processor time, memory, and what others notice.

For each kind of noise (tests/tools/noisy_receiver.py) a daemon of ours, without the right to set a
clock, reads it from a pseudo-terminal; beside it the daemon asks a server of ours on loopback every
second, and is asked by gnomonctl. The first row is a receiver that is silent.
"""
import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = f"{TOP}/tests/tools"
UNCAPPED = ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time"]
KINDS = ["silence", "random", "wrong", "dollars", "endless", "frames", "gsv"]
HEADS = ["the receiver sends", "MB/s", "taken", "CPU of a core", "RSS kB", "grown by kB", "server answered",
         "gnomonctl, at most ms"]


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One of ours, on a line and a server."""

    def __init__(self, build, room, line, port):
        self.control, conf = f"{room}/control", f"{room}/conf"
        self.ctl = [f"{build}/gnomonctl", "-s", self.control, "--json"]
        with open(conf, "w") as file:
            file.write(
                f'clock = {{ drift_file = "{room}/drift"; }};\n'
                f'sources = ( {{ use = "refclock-gps"; name = "gps"; device = "{line}"; }},\n'
                f'    {{ use = "proto-ntp"; name = "lan"; server = "127.0.0.1"; port = {port};\n'
                '      minpoll = 0; maxpoll = 0; } );\n'
            )
        self.log = open(f"{room}/log", "w")
        command = [f"{build}/gnomond", "-x", "-c", conf, "-s", self.control]
        rights = UNCAPPED if os.getuid() == 0 else []
        self.process = subprocess.Popen(
            [*rights, *command, "--plugin-dir", f"{build}/modules"], stdout=self.log, stderr=self.log
        )

    def ask(self, what):
        """Its answer, and how long it took in seconds."""
        start = time.monotonic()
        done = subprocess.run([*self.ctl, what], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None, time.monotonic() - start

    def read(self, name, pattern):
        with open(f"/proc/{self.process.pid}/{name}") as file:
            return int(re.search(pattern, file.read(), re.M)[1])

    def look(self):
        """Seconds on a processor, kB in memory, bytes read, and when."""
        return (
            self.read("schedstat", r"^(\d+)") / 1e9,
            self.read("status", r"^VmRSS:\s+(\d+)"),
            self.read("io", r"^rchar: (\d+)"),
            time.monotonic(),
        )

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def lan(daemon):
    """How often the server was asked, and answered."""
    sources, _ = daemon.ask("sources")
    return next(source for source in sources if source["name"] == "lan")


def measure(kind, arguments, port, room):
    seconds = arguments.seconds
    receiver = subprocess.Popen(
        [sys.executable, f"{TOOLS}/noisy_receiver.py", kind, str(arguments.rate), str(seconds + 60)],
        stdout=subprocess.PIPE, text=True,
    )
    try:
        daemon = Daemon(arguments.build, room, receiver.stdout.readline().split()[1], port)
        time.sleep(arguments.settle)
        before, slowest, reached = daemon.look(), 0, 0
        for _ in range(seconds):
            time.sleep(1)
            _, took_s = daemon.ask("tracking")
            slowest = max(slowest, took_s)
            reached += lan(daemon)["reach"] & 1
        after = daemon.look()
        daemon.end()
    finally:
        receiver.kill()
        receiver.wait()
    cpu_s, _, taken, elapsed_s = (b - a for a, b in zip(before, after))
    rate = 0 if kind == "silence" else arguments.rate / 1e6
    return [
        kind, f"{rate:g}", f"{taken / elapsed_s / 1e6:.2f}", f"{100 * cpu_s / elapsed_s:.2f} %",
        after[1], after[1] - before[1], f"{reached} of {seconds}", f"{1000 * slowest:.0f}",
    ]


def table(rows):
    lines = ["| " + " | ".join(HEADS) + " |", "| --- " + "| ---: " * (len(HEADS) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", default=f"{TOP}/build", type=os.path.abspath, help="the folder of the build")
    parser.add_argument("--rate", type=float, default=1e6, help="bytes a second (1e6)")
    parser.add_argument("--seconds", type=int, default=20, help="measured for each kind (20)")
    parser.add_argument("--settle", type=float, default=5, help="seconds before that (5)")
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], metavar="KIND", help=", ".join(KINDS))
    arguments = parser.parse_args()
    port = free_port()
    server = subprocess.Popen([sys.executable, f"{TOOLS}/stub_server.py", str(port)], stdout=subprocess.PIPE)
    try:
        server.stdout.readline()
        rows = []
        for kind in arguments.kinds or KINDS:
            with tempfile.TemporaryDirectory(prefix="gn.") as room:
                rows.append(measure(kind, arguments, port, room))
        print(table(rows))
    finally:
        server.kill()
        server.wait()


main()
