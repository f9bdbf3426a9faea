#!/usr/bin/env python3
"""refuse_sockets.py inet6[,netlink] -- COMMAND...: run it where socket() refuses these families.

A seccomp filter answers EAFNOSUPPORT, as a kernel without them, a container or a simulator would.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

FAMILIES = {"inet6": 10, "netlink": 16}
SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
LD, JEQ, RET = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2


def program(families):
    """Classic BPF over struct seccomp_data: nr at 0, arch at 4, the low half of args[0] at 16."""
    arch, number = SOCKET[platform.machine()]
    count = len(families)
    code = [(LD, 0, 0, 4), (JEQ, 0, count + 3, arch), (LD, 0, 0, 0), (JEQ, 0, count + 1, number), (LD, 0, 0, 16)]
    for i, family in enumerate(families):
        code.append((JEQ, count - i, 0, family))
    code += [(RET, 0, 0, ALLOW), (RET, 0, 0, ERRNO | errno.EAFNOSUPPORT)]
    return b"".join(struct.pack("=HBBI", *line) for line in code), len(code)


def main():
    families = [FAMILIES[word] for word in sys.argv[1].split(",")]
    command = sys.argv[3:]
    code, length = program(families)
    buffer = ctypes.create_string_buffer(code, len(code))
    fprog = struct.pack("@HP", length, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, fprog, 0, 0) != 0:
        sys.exit("cannot set a filter: %s" % os.strerror(ctypes.get_errno()))
    os.execvp(command[0], command)


main()
