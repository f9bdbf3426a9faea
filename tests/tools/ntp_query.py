#!/usr/bin/env python3
"""ntp_query.py [--from ADDRESS] [--version N] ADDRESS PORT: one exchange; the reply's fields as JSON.

Exits 1 when nothing comes within a second (asked three times).
"""
import argparse
import json
import os
import socket
import struct
import sys
import time

ERA_S = 2208988800


def seconds(raw):
    """Seconds since 1970 of an NTP timestamp of this era."""
    return raw / 2**32 - ERA_S


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source")
    parser.add_argument("--version", type=int, default=4)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    options = parser.parse_args()

    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(1)
    if options.source:
        sock.bind((options.source, 0))
    sock.connect((options.address, options.port))
    for _ in range(options.tries):
        nonce = os.urandom(8)
        sent = time.time()
        try:
            sock.send(bytes([options.version << 3 | 3]) + bytes(39) + nonce)
            reply = sock.recv(2048)
        except OSError:
            continue
        arrived = time.time()
        if len(reply) >= 48 and reply[24:32] == nonce:
            break
    else:
        sys.exit("no reply from %s port %d" % (options.address, options.port))

    first, stratum, poll, precision, delay, dispersion = struct.unpack("!BBbbII", reply[:12])
    reference, _, received, transmitted = struct.unpack("!QQQQ", reply[16:48])
    t2, t3 = seconds(received), seconds(transmitted)
    print(json.dumps({
        "leap": first >> 6, "version": first >> 3 & 7, "mode": first & 7, "stratum": stratum, "poll": poll,
        "precision": precision, "root_delay_s": delay / 65536, "root_dispersion_s": dispersion / 65536,
        "refid": reply[12:16].hex(), "reference": reference, "size": len(reply),
        "offset_s": ((t2 - sent) + (t3 - arrived)) / 2, "delay_s": (arrived - sent) - (t3 - t2),
    }))


main()
