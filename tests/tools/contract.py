#!/usr/bin/env python3
"""contract.py tracking|sources < JSON: the keys and types that design.md §7 promises."""
import json
import math
import re
import sys

TRACKING = {
    "reference_id": str, "reference_name": str, "stratum": int, "ref_time": str, "system_offset_s": float,
    "last_offset_s": float, "rms_offset_s": float, "frequency_ppm": float, "residual_frequency_ppm": float,
    "skew_ppm": float, "root_delay_s": float, "root_dispersion_s": float, "update_interval_s": float,
    "leap": ("normal", "insert", "delete", "unsynchronised"), "synchronised": bool, "error_bound_s": float,
    "error_bound_1h_s": float, "error_bound_24h_s": float,
    "state": ("unset", "stepping", "locked", "holdover", "free-running"),
    "tai_offset_s": int, "leap_smear_s": float,
}
SOURCE = {
    "name": str, "plugin": str, "address": str, "mode": ("server", "peer", "refclock"),
    "state": ("selected", "combined", "unselected", "unusable", "falseticker", "jittery"), "reason": str,
    "stratum": int, "poll_log2s": int, "reach": int, "last_rx_s": float, "last_offset_s": float, "error_s": float,
}
problems = []


def check(where, value, keys, nullable=()):
    for key, kind in keys.items():
        got = value.get(key, "absent")
        if key in nullable and got is None:
            continue
        if isinstance(kind, tuple):
            good = got in kind
        elif kind is float:
            good = isinstance(got, (int, float)) and not isinstance(got, bool) and math.isfinite(got)
        elif kind is int:
            good = isinstance(got, int) and not isinstance(got, bool)
        else:
            good = isinstance(got, kind) and got != "absent"
        if not good:
            problems.append("%s: %s is %r" % (where, key, got))


def main():
    # NaN and Infinity are no JSON.
    value = json.load(sys.stdin, parse_constant=lambda word: problems.append("%s is no JSON" % word))
    if sys.argv[1] == "tracking":
        check("tracking", value, TRACKING, nullable=("tai_offset_s", "error_bound_1h_s", "error_bound_24h_s"))
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", str(value.get("reference_id"))):
            problems.append("reference_id is no hex string: %r" % value.get("reference_id"))
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", str(value.get("ref_time"))):
            problems.append("ref_time is not RFC 3339: %r" % value.get("ref_time"))
    else:
        for source in value:
            check(source.get("name"), source, SOURCE, nullable=("last_rx_s", "last_offset_s", "error_s"))
            if not 0 <= source.get("reach", -1) <= 255:
                problems.append("reach is %r" % source.get("reach"))
    sys.exit("\n".join(problems) or 0)


main()
