#!/usr/bin/env python3
"""Does `pgparallel compare` claim what is there, and nothing else?

A/A: one way against itself on a short workload. At a level of 5 % and 8 blocks at most 28 of 400 experiments may claim a
difference (the exact rate is 12 of 256; more than 28 come by chance in fewer than one of 50 series). A/B: the second way
sleeps longer; the truth is the geometric mean of 200 blocks, and at least 34 of 40 intervals of 8 blocks must hold it.
SOAK=1: all of that; else two small experiments, whose claims must be those of their own ratios."""
import math
import os
import re
import sqlite3
import sys
import tempfile

from tap import SOAK, Tap, program
from throwaway import Server

sys.dont_write_bytecode = True
CLAIMS = ("FASTER", "FASTEST", "NO DIFFERENCE SHOWN", "NO CLAIM")
SLEEP, LONGER = 0.004, 0.0048


def write(folder, name, seconds):
    path = os.path.join(folder, name + ".sql")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"-- @task s readonly repeat=2\nselect pg_sleep({seconds});\n")
    return path


def experiment(server, folder, vary, blocks, seed):
    """(its verdict, what was printed, its ratios, block by block)."""
    db = os.path.join(folder, "noise.db")
    if os.path.exists(db):
        os.remove(db)
    done = program(["compare", "--db=" + db, "--vary", vary, f"--repeat={blocks}", f"--random-seed={seed}", "--color=never",
                    *(["-f", os.path.join(folder, "a.sql")] if vary.startswith("clients") else ["-c", "2"])],
                   server.socket_env, timeout=3000)
    verdict = next((c for c in CLAIMS if done.stdout.startswith(c)), None) if done.returncode == 0 else None
    with sqlite3.connect(db) as file:
        ratios = [r for r, in file.execute(
            "SELECT cast(a.last_end_us - a.go_us AS real) / (b.last_end_us - b.go_us) FROM run a JOIN run b USING "
            "(experiment, block) WHERE a.arm = 0 AND b.arm = 1 ORDER BY block")]
    return verdict, done.stdout + done.stderr, ratios


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def interval(text):
    """(low, high) of the second arm's ratio, its speed over the first's."""
    found = re.search(r"(faster by|slower by|no difference shown:) [\d.]+x \[([\d.]+)x, ([\d.]+)x\]", " ".join(text.split()))
    if not found:
        return None
    low, high = float(found[2]), float(found[3])
    return (1 / high, 1 / low) if found[1] == "slower by" else (low, high)


def short(tap, server, folder):
    more = f"file={write(folder, 'a', SLEEP)},{write(folder, 'b', 0.02)}"
    for name, vary in (("one way against itself", "clients=2,2"), ("a way that does more", more)):
        verdict, text, ratios = experiment(server, folder, vary, 6, 5)
        tap.check(f"{name}: it ends with a verdict", verdict is not None, text)
        tap.check(f"{name}: six blocks have a ratio each", len(ratios) == 6, str(ratios))
        held = interval(text)
        tap.check(f"{name}: the mean of its own ratios lies in its interval",
                  held is not None and held[0] - 0.01 <= mean(ratios) <= held[1] + 0.01, f"{ratios}\n{text}")
        tap.check(f"{name}: a claim is made exactly when the interval leaves 1 out",
                  held is not None and (verdict == "NO DIFFERENCE SHOWN") == (held[0] <= 1 <= held[1]), text)


def long(tap, server, folder):
    count = int(os.environ.get("EXPERIMENTS", "400"))
    most = 28 * count // 400
    claims = broken = 0
    for i in range(count):
        verdict, _, _ = experiment(server, folder, "clients=2,2", 8, i + 1)
        broken += verdict is None
        claims += verdict in ("FASTER", "FASTEST")
    tap.note(f"A/A: {claims} of {count} experiments of 8 blocks claimed a difference")
    tap.check(f"every one of {count} experiments ended", broken == 0, f"{broken} did not")
    tap.check(f"at most {most} of {count} experiments of one way against itself claim a difference", claims <= most, f"{claims}")
    vary = f"file={os.path.join(folder, 'a.sql')},{write(folder, 'b', LONGER)}"
    _, _, ratios = experiment(server, folder, vary, 200, 1)
    truth, held = mean(ratios), 0
    for i in range(40):
        _, text, _ = experiment(server, folder, vary, 8, 1000 + i)
        found = interval(text)
        held += found is not None and found[0] <= truth <= found[1]
    tap.note(f"A/B: the truth is {truth:.4f} (200 blocks); {held} of 40 intervals of 8 blocks hold it")
    tap.check("at least 34 of 40 intervals hold the truth of 200 blocks", held >= 34, f"{held}, truth {truth}")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        write(folder, "a", SLEEP)
        (long if SOAK else short)(tap, server, folder)
    tap.end()


if __name__ == "__main__":
    main()
