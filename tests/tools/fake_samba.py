#!/usr/bin/env python3
"""fake_samba.py FOLDER HOW: Samba's signing socket, in FOLDER/socket, as ntp_signd answers it.

HOW is "well" (signs for any account but 0x0bad), "slow" (after 50 ms, in single bytes), "silent" (takes
requests, says nothing), "garbage" (says what is no reply), "forged" (signs another packet), "hangup" (closes
instead of answering). The signature is MD5 over the account and the packet. Prints "ready".

fake_samba.py ask PORT KEY [extended|old] [COUNT]: ask as Windows does for an account (hexadecimal) and compare the
reply byte by byte; prints "signed", "none" or what is wrong. With COUNT so many at once: prints how many were signed.
"""
import hashlib
import os
import socket
import struct
import sys
import threading
import time


def signature(key, packet):
    return hashlib.md5(b"password of " + key + packet).digest()


def answer(request, how):
    version, op, ident, key, packet = struct.unpack("!IIHxx4s48s", request)
    assert version == 0 and op == 0, (version, op)
    if key[:3] == b"\xad\x0b\0":
        return struct.pack("!IIII", 12, 0, 4, ident)
    if how == "forged":
        packet = packet[:40] + bytes(8)
    return struct.pack("!IIII", 80, 0, 3, ident) + packet + key + signature(key, packet)


def serve(stream, how):
    rest = b""
    while True:
        more = stream.recv(4096)
        if not more or how == "hangup":
            stream.close()
            return
        rest += more
        while len(rest) >= 4 and len(rest) >= 4 + struct.unpack("!I", rest[:4])[0]:
            length = 4 + struct.unpack("!I", rest[:4])[0]
            request, rest = rest[4:length], rest[length:]
            if how == "silent":
                continue
            if how == "garbage":
                stream.sendall(b"\xff" * 300)
                continue
            reply = answer(request, how)
            if how == "slow":
                time.sleep(0.05)
                for i in range(len(reply)):
                    stream.sendall(reply[i:i + 1])
            else:
                stream.sendall(reply)


def samba(folder, how):
    path = os.path.join(folder, "socket")
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(5)
    print("ready", flush=True)
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve, args=(stream, how), daemon=True).start()


def request_of(key, form, nonce):
    head = bytes([3 << 3 | 3]) + bytes(39) + nonce
    if form == "plain":
        return head + key + bytes(16)
    return head + key + bytes([0, 1 if form == "old" else 0, 1, 1]) + bytes(64)


def judge(reply, request, key, form):
    """What is wrong with a reply; "signed" if nothing is."""
    if form == "old":
        key = key[:3] + bytes([key[3] | 0x80])
    if len(reply) != 68 or reply[0] & 0x3f != 3 << 3 | 4 or reply[24:32] != request[40:48]:
        return "not the reply: " + reply.hex()
    if reply[48:52] != key or reply[52:] != signature(key, reply[:48]):
        return "wrongly signed: " + reply.hex()
    return "signed"


def ask(port, key, form="plain", count=0):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", port))
    sock.settimeout(0.5 if count else 3)
    requests = {}
    for _ in range(count or 1):
        nonce = os.urandom(8)
        requests[nonce] = request_of(key, form, nonce)
        sock.send(requests[nonce])
    verdicts = []
    try:
        while len(verdicts) < len(requests):
            reply = sock.recv(2048)
            request = requests.get(reply[24:32], bytes(48))
            verdicts.append(judge(reply, request, key, form))
    except OSError:
        pass
    if count:
        print(verdicts.count("signed"))
    else:
        print(verdicts[0] if verdicts else "none")


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        form = sys.argv[4] if len(sys.argv) > 4 else "plain"
        ask(int(sys.argv[2]), struct.pack("<I", int(sys.argv[3], 16)), form,
            int(sys.argv[5]) if len(sys.argv) > 5 else 0)
    else:
        samba(sys.argv[1], sys.argv[2])
