#!/usr/bin/env python3
"""The short form of tests/bench/soak_load.py: memory, descriptors, processes and exact totals of load runs that go on for
some seconds; both engines at the same time. SOAK=1: 15 minutes each at 200 sessions."""
import os
import subprocess
import sys
import tempfile
import threading

from tap import PROGRAM, ROOT, SOAK, Tap
from throwaway import Server

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests/bench"))
import soak_load  # noqa: E402 (it needs the path above)

SESSIONS, SECONDS = 20, 10


def main():
    tap = Tap()
    if SOAK:
        for engine in ("process", "async"):
            answer = subprocess.run([sys.executable, os.path.join(ROOT, "tests/bench/soak_load.py"), "--program", PROGRAM, "--engine", engine],
                                    capture_output=True, text=True, check=False)
            tap.note(answer.stdout.strip())
            tap.check(f"{engine}: 15 minutes at 200 sessions", answer.returncode == 0, answer.stdout + answer.stderr)
        tap.end()
    results = {}

    def run(engine, server, folder):
        results[engine] = soak_load.soak(PROGRAM, server, engine, SESSIONS, SECONDS, folder)

    with tempfile.TemporaryDirectory() as folder, Server() as first, Server() as second:
        threads = []
        for engine, server in (("process", first), ("async", second)):
            soak_load.counters(server, SESSIONS)
            threads.append(threading.Thread(target=run, args=(engine, server, folder)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    for engine in ("process", "async"):
        told, wrong, _ = results.get(engine, ("", ["it ended with an exception"], None))
        tap.note(told)
        tap.check(f"{engine}: memory, processes, descriptors and totals hold", not wrong, "\n".join(wrong))
        if soak_load.descriptors(1) is None:
            tap.skip(f"{engine}: descriptors", "only root may count those of the program")
    tap.end()


if __name__ == "__main__":
    main()
