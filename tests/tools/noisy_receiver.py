#!/usr/bin/env python3
"""noisy_receiver.py KIND RATE SECONDS: a receiver on a pseudo-terminal that sends RATE bytes a second.

Prints `line PATH`, and when SECONDS are over `sent BYTES`. From then on it speaks as it should, the time
of the system clock in NMEA once a second, until it is ended. What the reader does not take in time is
lost, as on a wire. KIND is
    silence    nothing is sent at all
    random     any bytes
    wrong      whole NMEA sentences, each with a wrong sum
    dollars    beginnings of sentences
    endless    one sentence without an end
    frames     beginnings of UBX frames that claim to be of any length
    gsv        right sentences, far too many
"""
import os
import pty
import random
import sys
import time
import tty

TICK_S = 0.004  # 4 kB at 1 MB/s: what the kernel hands on at once
ROUND = 1 << 18  # so many bytes are made, and sent again and again


def nmea(body, error=0):
    total = error
    for byte in body.encode():
        total ^= byte
    return b"$%s*%02X\r\n" % (body.encode(), total)


def noise(kind):
    dice = random.Random(1)
    if kind == "random":
        return dice.randbytes(ROUND)
    if kind == "endless":
        return b"A" * ROUND
    if kind == "dollars":
        return b"$GP" * (ROUND // 3)
    if kind == "frames":
        return b"".join(b"\xb5b\x01\x07" + dice.randbytes(2) + b"\0" * 8 for _ in range(ROUND // 14))
    body = "GPGSV,2,1,08,23,38,230,44,29,71,156,47,07,29,116,41,08,09,081,36"
    return nmea(body, 1 if kind == "wrong" else 0) * (ROUND // 70)


def put(line, data):
    """How much of it was taken."""
    try:
        return os.write(line, data)
    except BlockingIOError:
        return 0


def flood(line, kind, rate, seconds):
    """Returns the number of bytes that the line took."""
    data, at, sent = noise(kind), 0, 0
    if kind == "endless":
        put(line, b"$")
    start = next_s = time.monotonic()
    while next_s < start + seconds:
        chunk = data[at:at + round(rate * TICK_S)]
        at = (at + len(chunk)) % len(data)
        sent += put(line, chunk)
        next_s += TICK_S
        time.sleep(max(0, next_s - time.monotonic()))
    return sent


def speak(line):
    while True:
        time.sleep(1 - time.time() % 1)
        now = time.strftime("%H%M%S.00,A,4717.11437,N,00833.91522,E,0.004,77.52,%d%m%y,,,A", time.gmtime())
        put(line, nmea("GPRMC," + now))
        put(line, nmea(time.strftime("GPZDA,%H%M%S.00,%d,%m,%Y,00,00", time.gmtime())))


def main():
    kind, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    line, reader = pty.openpty()  # the reader's end stays open here, so a reader may come and go
    tty.setraw(line)
    os.set_blocking(line, False)
    print("line", os.ttyname(reader), flush=True)
    if kind == "silence":
        time.sleep(seconds)
    print("sent", 0 if kind == "silence" else flood(line, kind, rate, seconds), flush=True)
    speak(line)


main()
