#!/usr/bin/env python3
"""The program's statistics of paired blocks against tests/pg/checker_compare.py, which shares nothing with them: the same
ratio, interval, p and verdict for random blocks; and the checker sees a wrong claim. Speaks TAP; SOAK=1 does more."""
import json
import math
import os
import random
import subprocess
import sys

BUILD = os.environ.get("BUILD", ".build")
TOOL = os.path.join(BUILD, "tests/unit/tool_paired")
CHECKER = [sys.executable, "tests/pg/checker_compare.py"]
ROUNDS = 300 if os.environ.get("SOAK") else 25


def ratios(rng, blocks):
    shape, gain, scale = rng.randrange(4), rng.choice([0, 0, 0.5, 1, 3]), rng.choice([1e-4, 0.02, 0.3])
    for _ in range(blocks):
        x = rng.gauss(0, 1)
        if shape == 1:
            x /= math.sqrt(-math.log(1 - rng.random()))
        elif shape == 2:
            x = round(x)
        elif shape == 3:
            x += rng.choice([-4, 4])
        yield repr(math.exp(scale * (x + gain)))


def ask(values, options):
    """(what the program says, exit code and text of the checker about it)"""
    said = subprocess.run([TOOL, *options, *values], capture_output=True, text=True, check=True).stdout
    rows = "".join(json.dumps({"ratio": float(v)}) + "\n" for v in values)
    checked = subprocess.run(CHECKER + options, input=rows + said, capture_output=True, text=True)
    return json.loads(said), checked.returncode, checked.stdout + checked.stderr


def agree(options, least, most, rounds):
    for seed in range(rounds):
        rng = random.Random(seed)
        values = list(ratios(rng, rng.randint(least, most)))
        said, code, text = ask(values, options)
        if code:
            return f"seed {seed}, {' '.join(values)}: {text}"
    return ""


def all_signs():
    return agree([], 1, 12 if ROUNDS > 100 else 10, ROUNDS)


def drawn_signs():
    return agree([], 17, 24, 1 if ROUNDS < 100 else 20)


def looks_after_each_block():
    return agree(["--sequential"], 1, 25 if ROUNDS > 100 else 15, ROUNDS)


def wrong_claims_are_seen():
    values = list(ratios(random.Random(3), 9))
    rows = "".join(json.dumps({"pair": "a", "ratio": float(v)}) + "\n" for v in values)
    said, code, text = ask(values, [])
    if code:
        return text
    for name in ("ratio", "low", "high", "p"):
        claim = {**said, "pair": "a", name: said[name] * 1.001}
        if subprocess.run(CHECKER, input=rows + json.dumps(claim), capture_output=True, text=True).returncode != 1:
            return f"{name} may be wrong"
    for other in ("faster", "slower", "no difference shown", "too few blocks"):
        claim = {"pair": "a", "verdict": other}
        wrong = subprocess.run(CHECKER, input=rows + json.dumps(claim), capture_output=True, text=True).returncode
        if wrong != (other != said["verdict"]):
            return f"{other}: {wrong}"
    return ""


def csv_is_read():
    values = ["1.10", "1.20", "1.15", "1.05", "1.12", "1.18"]
    text = "pair,block,ratio\n" + "".join(f"x,{i},{v}\n" for i, v in enumerate(values)) + "x,6,\ny,0,0.5\n"
    checked = subprocess.run(CHECKER, input=text, capture_output=True, text=True)
    found = [json.loads(line) for line in checked.stdout.splitlines()]
    first, second = found
    good = first["blocks"] == 6 and first["p"] == 2 / 64 and abs(first["low"] - 1.05) < 1e-6
    good = good and abs(first["high"] - 1.2) < 1e-6 and first["verdict"] == "faster"
    return "" if good and second["verdict"] == "too few blocks" else checked.stdout


def main():
    cases = [all_signs, drawn_signs, looks_after_each_block, wrong_claims_are_seen, csv_is_read]
    failed = 0
    print(f"1..{len(cases)}")
    for number, case in enumerate(cases, 1):
        why = case()
        print(f"{'not ' if why else ''}ok {number} - {case.__name__.replace('_', ' ')}")
        if why:
            failed = 1
            print("# " + why.replace("\n", "\n# "))
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
