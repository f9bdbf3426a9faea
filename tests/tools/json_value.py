#!/usr/bin/env python3
"""json_value.py [--holds] EXPRESSION: evaluate Python on the one JSON value `v` of stdin.

Prints the result; with --holds says nothing and exits 1 where it is false.
"""
import json
import math
import sys


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a key twice: %s" % names)
    return dict(pairs)


def main():
    arguments = sys.argv[1:]
    holds = arguments[0] == "--holds"
    text = sys.stdin.buffer.read().decode("utf-8")
    v = json.loads(text, object_pairs_hook=unique)
    try:
        result = eval(arguments[-1], {"v": v, "math": math, "text": text})
    except (KeyError, IndexError, TypeError) as error:
        sys.exit("%s: %r in %s" % (arguments[-1], error, text.strip()[:2000]))
    if holds and not result:
        sys.exit("not so: %s in %s" % (arguments[-1], text.strip()[:2000]))
    if not holds:
        print(result if isinstance(result, str) else json.dumps(result))


main()
