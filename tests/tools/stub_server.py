#!/usr/bin/env python3
"""stub_server.py PORT[:OFFSET[:STRATUM[:LEAP[:HOLD]]]]...: NTP servers on 127.0.0.1 with wrong clocks.

OFFSET is added to the system clock, in seconds. A reply leaves HOLD seconds after its request came;
its timestamps say so. Prints "ready" once all ports are bound.
"""
import heapq
import select
import socket
import struct
import sys
import time

ERA_NS = 2208988800 * 10**9


def stamp(ns):
    """An NTP timestamp of an instant in ns since 1970."""
    ns += ERA_NS
    seconds, rest = divmod(ns, 10**9)
    return ((seconds & 0xFFFFFFFF) << 32) | (rest << 32) // 10**9


class Server:
    def __init__(self, argument):
        given = argument.split(":")
        port, offset, stratum, leap, hold = given + ["0", "1", "0", "0"][len(given) - 1:]
        self.offset_ns, self.hold_s = round(float(offset) * 1e9), float(hold)
        self.stratum, self.leap = int(stratum), int(leap)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", int(port)))

    def fileno(self):
        return self.sock.fileno()

    def reply(self, request, arrival_ns):
        first = self.leap << 6 | request[0] & 0x38 | 4
        arrival = stamp(arrival_ns + self.offset_ns)
        head = struct.pack("!BBBbII4s", first, self.stratum, request[2], -20, 0, 16, b"STUB")
        times = struct.pack("!Q8sQ", arrival - (1 << 32), request[40:48], arrival)
        return head + times + struct.pack("!Q", stamp(time.time_ns() + self.offset_ns))


def main():
    servers = [Server(argument) for argument in sys.argv[1:]]
    held = []  # (when to send, running number, server, request, arrival, sender)
    count = 0
    print("ready", flush=True)
    while True:
        wait_s = max(0, held[0][0] - time.monotonic()) if held else None
        for server in select.select(servers, [], [], wait_s)[0]:
            request, sender = server.sock.recvfrom(2048)
            arrival_ns = time.time_ns()
            count += 1
            if len(request) >= 48 and request[0] & 7 == 3:
                heapq.heappush(held, (time.monotonic() + server.hold_s, count, server, request, arrival_ns, sender))
        while held and held[0][0] <= time.monotonic():
            _, _, server, request, arrival_ns, sender = heapq.heappop(held)
            server.sock.sendto(server.reply(request, arrival_ns), sender)


main()
