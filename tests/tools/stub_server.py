#!/usr/bin/env python3
"""stub_server.py [ADDRESS@]PORT[:OFFSET[:STRATUM[:LEAP[:HOLD[:HOW]]]]]...: NTP servers with wrong clocks.

They are on 127.0.0.1 unless told. OFFSET is added to the system clock, in seconds. A reply leaves HOLD
seconds after its request came; its timestamps say so. HOW is what else is wrong:

  queued   the reply says that it left when the request came: HOLD is spent on the way
  zero     its transmit timestamp is 0
  origin   it answers another request
  mode     its mode is 5
  short    it ends in the middle
  silent   there is none
  DENY, RSTR, RATE  it is that kiss-o'-death

Prints "ready" once all ports are bound, then "asked ADDRESS@PORT" for each request.
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
        place, offset, stratum, leap, hold, self.how = given + ["0", "1", "0", "0", ""][len(given) - 1:]
        self.offset_ns, self.hold_s = round(float(offset) * 1e9), float(hold)
        self.stratum, self.leap = int(stratum), int(leap)
        self.address, port = place.split("@") if "@" in place else ("127.0.0.1", place)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.address, int(port)))
        self.place = f"{self.address}@{port}"

    def fileno(self):
        return self.sock.fileno()

    def reply(self, request, arrival_ns):
        kiss = self.how in ("DENY", "RSTR", "RATE")
        leap, stratum, refid = (3, 0, self.how.encode()) if kiss else (self.leap, self.stratum, b"STUB")
        first = leap << 6 | request[0] & 0x38 | (5 if self.how == "mode" else 4)
        arrival = stamp(arrival_ns + self.offset_ns)
        origin = request[40:47] + bytes([request[47] ^ (self.how == "origin")])
        left = stamp(time.time_ns() + self.offset_ns)
        left = {"queued": arrival, "zero": 0}.get(self.how, left)
        head = struct.pack("!BBBbII4s", first, stratum, request[2], -20, 0, 16, refid)
        times = struct.pack("!Q8sQQ", arrival - (1 << 32), origin, arrival, left)
        return (head + times)[: 32 if self.how == "short" else None]


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
            print("asked", server.place, flush=True)
            if len(request) >= 48 and request[0] & 7 == 3 and server.how != "silent":
                heapq.heappush(held, (time.monotonic() + server.hold_s, count, server, request, arrival_ns, sender))
        while held and held[0][0] <= time.monotonic():
            _, _, server, request, arrival_ns, sender = heapq.heappop(held)
            server.sock.sendto(server.reply(request, arrival_ns), sender)


main()
