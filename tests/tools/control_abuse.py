#!/usr/bin/env python3
"""control_abuse.py SOCKET KIND: behave badly towards the control socket.

Kinds: flood (1 MiB without a newline), half (half a line, then hang; prints "hanging"), idle (say
nothing, hang), garbage, binary, deep, empty, deaf (ask much and never read), crowd (100 connections;
prints "crowded" while it holds them), cut (half a line and away). Where something is to be
answered, exits 1 unless each answer is one line of JSON with "ok": false and words.
"""
import json
import random
import socket
import sys
import time

HANG_S = 60


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(path)
    return sock


def refusals(sock, least):
    """Read to the end or to a pause; every line must be a refusal in words."""
    data = b""
    sock.settimeout(1.5)
    try:
        while True:
            chunk = sock.recv(65536)
            if not chunk:
                break
            data += chunk
    except (TimeoutError, ConnectionError):
        pass
    lines = data.decode("utf-8").splitlines()
    for line in lines:
        answer = json.loads(line)
        if answer.get("ok") is not False or not answer.get("error"):
            sys.exit("no refusal: %r" % line[:200])
    if len(lines) < least:
        sys.exit("%d answers, at least %d were due: %r" % (len(lines), least, data[:300]))
    print("%d refusals, e.g.: %s" % (len(lines), lines[0] if lines else "-"))


def send_all(sock, data):
    """Send as much as the other side takes."""
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        pass


def main():
    path, kind = sys.argv[1:]
    if kind == "crowd":
        crowd = []
        for _ in range(100):
            try:
                crowd.append(connect(path))
            except (BlockingIOError, TimeoutError, ConnectionError):
                break
        print("crowded", flush=True)
        time.sleep(HANG_S)
        return
    sock = connect(path)
    if kind == "flood":
        send_all(sock, b"x" * (1 << 20))
        refusals(sock, 1)
    elif kind in ("half", "idle"):
        sock.send(b'{"command": "tra' if kind == "half" else b"")
        print("hanging", flush=True)
        time.sleep(HANG_S)
    elif kind == "garbage":
        lines = [b"hello", b"{}", b"[]", b"null", b"1e999", b'"tracking"', b'{"command": 7}', b'{"command": null}',
                 b'{"command": "tracking"', b'{"command": "no-such-thing"}', b'{"command": "trackin"}',
                 b'{"command": "tracking", "command": "shutdown"}', b'{"command": "tracking", "surplus": 1}',
                 b'{"command": "' + b"x" * 60000 + b'"}', b"\xff\xfe\xfd", b'{"command": "\xc3"}']
        sock.sendall(b"\n".join(lines) + b"\n")
        refusals(sock, len(lines))
    elif kind == "deep":
        sock.sendall(b"[" * 60000 + b"\n")
        refusals(sock, 1)
    elif kind == "binary":
        send_all(sock, random.Random(1).randbytes(200000))
        refusals(sock, 0)
    elif kind == "empty":
        sock.sendall(b"\n" * 1000)
        refusals(sock, 0)
    elif kind == "deaf":
        sock.settimeout(2)
        for _ in range(20000):
            try:
                sock.sendall(b'{"command": "tracking"}\n' * 10)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                break
        time.sleep(1)
    elif kind == "cut":
        sock.send(b'{"command": "shut')
        sock.close()
    else:
        sys.exit("no such kind")


main()
