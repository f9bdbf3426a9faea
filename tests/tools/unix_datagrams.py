#!/usr/bin/env python3
"""unix_datagrams.py PATH: receive on a Unix datagram socket; one line of stdout for each datagram.

A newline within a datagram is written as " | ".
"""
import socket
import sys


def main():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(sys.argv[1])
    print("ready", flush=True)
    while True:
        print(sock.recv(65536).decode("utf-8", "replace").replace("\n", " | "), flush=True)


main()
