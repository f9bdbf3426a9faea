#!/usr/bin/env python3
"""Plays one recorded second of a receiver again and again, with the time of now.

    nmea_player.py play RECORDING LINK [LATENCY [BAUD]]
                                                    into a pseudo-terminal that LINK leads to; each
                                                    second is said LATENCY seconds late, and garbled
                                                    while the line is not set to BAUD
    nmea_player.py noise LINK RATE                  RATE random bytes a second instead
    nmea_player.py write RECORDING DELAY SECONDS    so many seconds to standard output, for another
                                                    player, from DELAY seconds from now on
"""
import fcntl
import os
import pty
import random
import select
import struct
import sys
import time
import tty

TCGETS2 = 0x802C542A
TERMIOS2 = "4I20B2I"

TIME = {"RMC": 1, "GGA": 1, "GNS": 1, "ZDA": 1, "GLL": 5}


def sentence(body):
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}\r\n"


def at(line, second):
    """The sentence, as the receiver would have said it of that second."""
    body = line.strip()[1:].partition("*")[0]
    fields = body.split(",")
    kind = fields[0][2:]
    moment = time.gmtime(second)
    if kind in TIME:
        fields[TIME[kind]] = time.strftime("%H%M%S.00", moment)
    if kind == "RMC":
        fields[9] = time.strftime("%d%m%y", moment)
    if kind == "ZDA":
        fields[2:5] = time.strftime("%d %m %Y", moment).split()
    return sentence(",".join(fields))


def whole(recording, second):
    return "".join(at(line, second) for line in recording)


def open_line(link):
    master, line = pty.openpty()
    tty.setraw(line)
    os.set_blocking(master, False)
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(os.ttyname(line), link)
    os.close(line)  # who looks for others that have it open finds none
    print("ready", flush=True)
    return master


def speed(master):
    settings = fcntl.ioctl(master, TCGETS2, bytes(struct.calcsize(TERMIOS2)))
    return struct.unpack(TERMIOS2, settings)[-1]


def send(master, data):
    try:
        os.write(master, data)
    except BlockingIOError:
        pass  # nobody reads
    try:
        while select.select([master], [], [], 0)[0]:
            os.read(master, 4096)  # what is asked of the receiver
    except OSError:
        pass  # nobody has it open


def play(recording, link, latency=0.12, baud=0):
    master = open_line(link)
    while True:
        now = time.time()
        second = int(now) + 1
        time.sleep(second + latency - now)
        data = whole(recording, second).encode()
        send(master, random.randbytes(len(data)) if baud and speed(master) != baud else data)


def noise(link, rate):
    master = open_line(link)
    while True:
        time.sleep(0.001)
        send(master, random.randbytes(rate // 1000))


def write(recording, delay, seconds):
    first = int(time.time() + delay)
    for second in range(first, first + seconds):
        sys.stdout.write(whole(recording, second))


def main():
    if sys.argv[1] == "noise":
        noise(sys.argv[2], int(sys.argv[3]))
    with open(sys.argv[2], encoding="ascii") as file:
        recording = file.readlines()
    if sys.argv[1] == "play":
        play(recording, sys.argv[3], *map(float, sys.argv[4:]))
    else:
        write(recording, float(sys.argv[3]), int(sys.argv[4]))


main()
