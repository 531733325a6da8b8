#!/usr/bin/env python3
"""The independent checker (tests/pg/checker.py) and proof see the same in generated runs: verdict, speed-up, ceiling,
peak and mean active sessions. 60 runs, with SOAK=1 300; test_checker.py SEED... those seeds only."""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/pg")
sys.dont_write_bytecode = True
import checker  # noqa: E402

MODEL = os.path.join(os.environ.get("BUILD", ".build"), "tests/unit/test_generated")
TABLES = """
CREATE TABLE v_run (run, experiment, role, sessions, verdict, speedup, ceiling, makespan_us, done);
CREATE TABLE v_attempt (run, ticket, task, session, outcome, backend_pid, flags, taken_us, sent_us, done_us,
    before_sent_us, before_received_us, server_start_unix_us, after_sent_us, after_received_us, server_end_unix_us);
CREATE TABLE v_sample (run, backend_pid, first_unix_us, last_unix_us, wait_type, query_start_unix_us,
    lock_wait_unix_us, blockers);
CREATE TABLE v_task (run, task, after_task);
CREATE TABLE v_session (run, backend_pid);
CREATE TABLE v_environment (run, name, value);
"""


def differences(seed):
    dump = subprocess.run([MODEL, "--dump", str(seed)], capture_output=True, text=True, check=True).stdout
    proof = json.loads(dump.splitlines()[0][3:])
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(folder + "/store")
        db.executescript(TABLES + dump)
        db.commit()
        found = checker.check(folder + "/store")
    proof["speedup"], proof["ceiling"] = found["stored_speedup"], found["stored_ceiling"]
    wrong = [] if found["agrees"] else [f"verdict {found['stored']}, checker {found['verdict']}"]
    for name in ("peak", "mean_active", "lanes", "speedup", "ceiling"):
        if abs(proof[name] - found[name]) > (0.01 * found[name] if name != "peak" else 0):
            wrong.append(f"{name} {proof[name]:.3f}, checker {found[name]:.3f}")
    return proof["kind"] + ": " + "; ".join(wrong) if wrong else ""


def main():
    seeds = [int(a) for a in sys.argv[1:]] or range(1, 301 if os.environ.get("SOAK") else 61)
    print(f"1..{len(seeds)}")
    for number, seed in enumerate(seeds, 1):
        wrong = differences(seed)
        print(f"{'not ok' if wrong else 'ok'} {number} - generated run {seed}{': ' + wrong if wrong else ''}")


main()
