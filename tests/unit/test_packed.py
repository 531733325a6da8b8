#!/usr/bin/env python3
"""Packed histograms and records of load runs, read as the manual describes them by code that shares nothing with the
program: they say the same as the plain columns and as the program's own CSV."""
import csv
import io
import os
import sqlite3
import struct
import subprocess
import tempfile

BUILD = os.environ.get("BUILD", ".build")
PROGRAM = os.path.abspath(os.environ.get("PGPARALLEL", BUILD + "/pgparallel"))
WRITER = os.path.join(BUILD, "tests/unit/test_store_load")
OUTCOMES = ("done", "failed", "skipped", "unknown")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def varints(data):
    at, values = 0, []
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def begin_of(bucket):
    return bucket if bucket < 128 else (64 + bucket % 64) * 2 ** (bucket // 64 - 1)


def histogram(data):
    """{bucket: values} and the numbers before them."""
    version, kind, count, total, squares, low, high, *pairs = varints(data)
    assert (version, kind) == (1, 6), (version, kind)
    bucket, buckets = -1, {}
    for distance, values in zip(pairs[::2], pairs[1::2]):
        bucket += distance
        buckets[bucket] = values
    return buckets, count, total, struct.unpack("d", struct.pack("Q", squares))[0], low - 1, high


def records(data):
    assert data[0] == 1
    at, end, session, script = 1, 0, 0, 0
    while at < len(data):
        bits, at = data[at], at + 1
        signed, at = varint(data, at)
        end += signed // 2 if signed % 2 == 0 else -(signed + 1) // 2
        latency, at = varint(data, at)
        lag = retries = 0
        sqlstate = ""
        if bits & 16:
            lag, at = varint(data, at)
        if bits & 4:
            session, at = varint(data, at)
        if bits & 8:
            script, at = varint(data, at)
        if bits & 32:
            retries, at = varint(data, at)
        if bits & 64:
            sqlstate = data[at + 1:at + 1 + data[at]].decode()
            at += 1 + data[at]
        yield script, session, OUTCOMES[bits & 3], end, latency, lag, retries, sqlstate


def histograms_agree(db):
    for row in db.execute("SELECT * FROM load_script"):
        for name in ("service", "schedule", "lag"):
            buckets, count, total, squares, low, high = histogram(row[name])
            mean = total / count / 1000
            assert sum(buckets.values()) == count
            assert count == row["done"] and begin_of(min(buckets)) <= low < begin_of(min(buckets) + 1)
            assert begin_of(max(buckets)) <= high < begin_of(max(buckets) + 1)
            assert abs(mean - row[name + "_mean_us"]) <= 0.5, (mean, row[name + "_mean_us"])
            assert abs((squares / count - mean ** 2) ** 0.5 - row[name + "_stddev_us"]) <= 0.5
            assert round(high / 1000) == row[name + "_max_us"]
            below, rank = 0, -(-count // 2)
            for bucket in sorted(buckets):
                below += buckets[bucket]
                if below >= rank:
                    break
            assert begin_of(bucket) / 1000 - 1 <= row[name + "_p50_us"] <= begin_of(bucket + 1) / 1000 + 1


def records_agree(db, path):
    names = [row["name"] for row in db.execute("SELECT name FROM load_script ORDER BY script")]
    own = [(names[r[0]], str(r[1]), r[2], str(r[3] // 1000), "" if r[2] == "skipped" else str((r[4] + 500) // 1000),
            str((r[5] + 500) // 1000), str(r[6]), r[7])
           for chunk in db.execute("SELECT packed FROM load_chunk ORDER BY chunk") for r in records(chunk["packed"])]
    text = subprocess.run([PROGRAM, "report", "--db=" + path, "-F", "csv", "--csv-table=load_records", "--csv-raw"],
                          capture_output=True, text=True, check=True).stdout
    theirs = [tuple(row)[1:] for row in csv.reader(io.StringIO(text))][1:]
    assert len(own) == 2500 and own == theirs, next(((a, b) for a, b in zip(own, theirs) if a != b), len(theirs))


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/runs.db"
        subprocess.run([WRITER, "--write", path], check=True)
        db = sqlite3.connect(path)
        db.row_factory = sqlite3.Row
        tests = (("packed histograms say what the columns say", lambda: histograms_agree(db)),
                 ("packed records say what the CSV says", lambda: records_agree(db, path)))
        print(f"1..{len(tests)}")
        for number, (name, check) in enumerate(tests, 1):
            try:
                check()
                print(f"ok {number} - {name}")
            except AssertionError as e:
                print(f"not ok {number} - {name}\n# {e}")
        db.close()


main()
