#!/usr/bin/env python3
"""packet_ear.py PORT...: tells of each datagram that comes to these ports of 127.0.0.1:
"PORT from ADDRESS:PORT class DSCP". Prints "ready" once all are bound. Answers nothing.

packet_ear.py --ask PORT: asks the NTP server there once and tells of its reply.
"""
import select
import socket
import sys


def ear(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def tell(sock):
    _, ancillary, _, (address, port) = sock.recvmsg(2048, 256)
    service = next((data[0] for level, kind, data in ancillary
                    if (level, kind) == (socket.IPPROTO_IP, socket.IP_TOS)), 0)
    print(f"{sock.getsockname()[1]} from {address}:{port} class {service >> 2}", flush=True)


if sys.argv[1] == "--ask":
    client = ear(0)
    client.settimeout(3)
    client.sendto(b"\x23" + bytes(39) + b"12345678", ("127.0.0.1", int(sys.argv[2])))
    tell(client)
    sys.exit()
ears = [ear(int(port)) for port in sys.argv[1:]]
print("ready", flush=True)
while True:
    for one in select.select(ears, [], [])[0]:
        tell(one)
