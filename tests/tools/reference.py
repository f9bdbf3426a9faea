#!/usr/bin/env python3
"""A receiver's program: measures the system clock against "true" time, which is that clock plus an
offset, and gives it to others each 0.25 s, until it is ended.

    reference.py sock PATH OFFSET [narrow]      datagrams as gpsd sends to chrony's SOCK
    reference.py pulse PATH OFFSET              pulses, as ts2phc and others send to it: of which
                                                second, they do not say
    reference.py shm KEY OFFSET [80|88|96]      a segment as of ntpd's driver 28, made by us
    reference.py bad PATH                       datagrams of every wrong kind, once
"""
import ctypes
import os
import signal
import socket
import struct
import sys
import time

INTERVAL_S = 0.25
MAGIC = 0x534F434B
IPC_CREAT, IPC_RMID = 0o1000, 0
LAYOUTS = {  # mode count clock receive leap precision nsamples valid, nanoseconds, dummy
    96: "=iiqi4xqiiiiiII36x",
    88: "=iiqiqiiiiiII32x",
    80: "=iiiiiiiiiiII32x",
}


def sock_sample(ns, offset, narrow, pulse=0, leap=0, magic=MAGIC):
    form = "=iidiiii" if narrow else "=qqdiiii"
    return struct.pack(form, ns // 10**9, ns % 10**9 // 1000, offset, pulse, leap, 0, magic)


def run_sock(path, offset, narrow):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        while True:
            try:
                out.sendto(sock_sample(time.time_ns(), offset, narrow), path)
            except OSError:
                pass  # not there yet, or not any more
            time.sleep(INTERVAL_S)


def run_pulse(path, offset):  # chronyd takes the offset of a pulse with the other sign
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        while True:
            try:
                out.sendto(sock_sample(time.time_ns(), -offset, False, pulse=1), path)
            except OSError:
                pass
            time.sleep(1)


def run_bad(path):
    now = time.time_ns()
    good = sock_sample(now, 0.25, False)
    bad = [b"", b"x", good[:-1], good + b"x", sock_sample(now, 0.25, False, magic=1),
           sock_sample(now, float("nan"), False), sock_sample(now, float("inf"), False),
           sock_sample(now, 1e300, False), sock_sample(now, 0.25, False, leap=7),
           sock_sample(now, 0.25, False, leap=3), sock_sample(now, 0.25, False, pulse=1),
           sock_sample(now - 3600 * 10**9, 0.25, False), struct.pack("=qqdiiii", -5, 0, 0, 0, 0, 0, MAGIC),
           os.urandom(40), os.urandom(32)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        for data in bad:
            out.sendto(data, path)


def segment(size, count, ns, offset):
    clock = ns + int(offset * 1e9)
    return struct.pack(LAYOUTS[size], 1, count, clock // 10**9, clock % 10**9 // 1000, ns // 10**9,
                       ns % 10**9 // 1000, 0, -20, 3, 1, clock % 10**9, ns % 10**9)


def run_shm(key, offset, size):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    ident = libc.shmget(ctypes.c_int(key), ctypes.c_size_t(size), IPC_CREAT | 0o600)
    if ident < 0:
        sys.exit(f"shmget: {os.strerror(ctypes.get_errno())}")
    at = libc.shmat(ident, None, 0)
    valid = {96: 48, 88: 44, 80: 36}[size]

    def end(*_):
        libc.shmctl(ident, IPC_RMID, None)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    count = 0
    while True:  # as gpsd: not valid while it is written
        ctypes.memset(at + valid, 0, 4)
        data = bytearray(segment(size, count + 2, time.time_ns(), offset))
        data[valid:valid + 4] = bytes(4)
        ctypes.memmove(at, bytes(data), size)
        ctypes.memmove(at + valid, struct.pack("=i", 1), 4)
        count += 2
        time.sleep(INTERVAL_S)


def main():
    kind, where, *rest = sys.argv[1:]
    if kind == "sock":
        run_sock(where, float(rest[0]), rest[1:] == ["narrow"])
    elif kind == "pulse":
        run_pulse(where, float(rest[0]))
    elif kind == "bad":
        run_bad(where)
    else:
        run_shm(int(where, 16), float(rest[0]), int(rest[1]) if rest[1:] else 96)


main()
