#!/usr/bin/env python3
"""gps_log.py SECONDS: a recording of refclock-gps, as `log` writes it: a receiver that says RMC, GGA
and GSV 0.4 s after each second of 2026-05-01, and pulses.
"""
import sys

BEGIN = 1777593600  # 2026-05-01T00:00:00Z


def sentence(body):
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}\\r\\n"


def main():
    print(f"gnomon-raw 1 {BEGIN}.000000000 /dev/gps0")
    print("0.000000000 = 9600")
    for second in range(1, int(sys.argv[1]) + 1):
        clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}.00"
        print(f"{second}.002000000 ^ {second}.000000000 0.000001000")
        print(f"{second}.400000000 < " + sentence(f"GPRMC,{clock},A,4807.0,N,01131.0,E,0.0,0.0,010526,,,A"))
        print(f"{second}.500000000 < " + sentence(f"GPGGA,{clock},4807.0,N,01131.0,E,1,08,0.9,545.4,M,46.9,M,,"))
        print(f"{second}.600000000 < " + sentence("GPGSV,1,1,02,05,45,120,43,12,30,210,38"))


main()
