#!/usr/bin/env python3
"""digests.py KIND [TAG] < a JSON array of arrays: the digest that --verify-results should have of these rows (and of the
tag of their command), worked out by another program in another language. Values are strings or null; they belong to
statement 0, without --data."""
import hashlib
import json
import struct
import sys


def digest(kind, statement, data_row, values):
    text = struct.pack("<IIII", ord(kind), statement, data_row, len(values))
    for value in values:
        if value is None:
            text += struct.pack("<Q", 2**64 - 1)
        else:
            text += struct.pack("<Q", len(value.encode())) + value.encode()
    return int.from_bytes(hashlib.sha256(text).digest(), "little")


def main():
    kind = sys.argv[1]
    total = sum(digest(kind, 0, 2**32 - 1, row) for row in json.load(sys.stdin))
    total += sum(digest("T", 0, 2**32 - 1, [tag]) for tag in sys.argv[2:])
    print(f"{total % 2**256:064x}")


main()
