#!/usr/bin/env python3
"""random_packets.py ADDRESS PORT [SEED]: packets of every length 0 … 1500, random and nearly right.

Each goes out from a socket of its own, so that a reply belongs to its request. Exits 1 when a reply
is larger than its request, or answers what must not be answered. Prints a summary with the seed.
"""
import random
import select
import socket
import sys
import time

BATCH = 120
PATIENCE_S = 0.15


def packets(rng):
    """Pairs of words and bytes."""
    for length in range(1501):
        data = bytearray(rng.randbytes(length))
        yield "random", bytes(data)
        if length > 0:
            data[0] = rng.randrange(8) << 3 | rng.randrange(8)
            yield "any mode and version", bytes(data)
    for mode in range(8):
        for version in range(8):
            for length in (1, 4, 8, 12, 47, 48, 49, 52, 64, 68, 72, 1020, 1500):
                data = bytearray(length)
                data[0] = version << 3 | mode
                yield "empty", bytes(data)
    # What amplifies elsewhere: mode 7 monlist, mode 6 readvar and readstat.
    yield "monlist", bytes([0x17, 0x00, 0x03, 0x2A]) + bytes(4)
    yield "monlist, padded", bytes([0x17, 0x00, 0x03, 0x2A]) + bytes(188)
    yield "readvar", bytes([0x16, 0x02, 0x00, 0x01]) + bytes(8)
    yield "readstat", bytes([0x16, 0x01, 0x00, 0x01]) + bytes(8)
    # Extension fields whose lengths lie.
    for claimed in (0, 1, 3, 4, 15, 16, 17, 24, 1448, 1452, 1456, 65535):
        for room in (4, 16, 20, 24, 28, 100, 1452):
            body = bytes([0x01, 0x04]) + claimed.to_bytes(2, "big") + rng.randbytes(room - 4)
            yield "extension field", bytes([4 << 3 | 3]) + bytes(39) + rng.randbytes(8) + body


def problem(request, reply):
    if len(reply) > len(request):
        return "larger than its request"
    if len(request) < 48:
        return "to less than a header"
    mode, version = request[0] & 7, request[0] >> 3 & 7
    if mode not in (1, 3) and not (mode == 0 and version == 1):
        return "to mode %d version %d" % (mode, version)
    if not 1 <= version <= 4:
        return "to version %d" % version
    if reply[0] & 7 not in (2, 4):
        return "of mode %d" % (reply[0] & 7)
    if reply[24:32] != request[40:48]:
        return "with another origin"
    return None


def main():
    address, port = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else time.time_ns() & 0xFFFFFFFF
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    rest = list(packets(random.Random(seed)))
    sent, answered, problems = len(rest), 0, []
    while rest:
        batch, rest = rest[:BATCH], rest[BATCH:]
        waiting = {}
        for words, data in batch:
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.connect((address, port))
            sock.send(data)
            waiting[sock] = (words, data)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for sock in select.select(list(waiting), [], [], deadline - time.monotonic())[0]:
                words, data = waiting[sock]
                try:
                    reply = sock.recv(4096)
                except ConnectionRefusedError:
                    sys.exit("seed %d: nobody listens any more, after: %s, %s" % (seed, words, data[:64].hex()))
                answered += 1
                wrong = problem(data, reply)
                if wrong:
                    problems.append("%s: a reply of %d bytes %s: %s (%d bytes)" % (
                        words, len(reply), wrong, data[:48].hex(), len(data)))
        for sock in waiting:
            sock.close()
    print("seed %d: %d sent, %d answered" % (seed, sent, answered))
    for line in problems[:20]:
        print(line)
    sys.exit(1 if problems else 0)


main()
