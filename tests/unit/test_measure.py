#!/usr/bin/env python3
"""tests/bench/measure.py: the interval of paired ratios is the sign-flip test inverted, and ratios point the right way."""
import itertools
import math
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "../bench"), os.path.join(HERE, "../pg")]
import measure  # noqa: E402 (it needs the path above)
from tap import Tap  # noqa: E402


def sign_flip_p(logs, shift):
    """Two-sided: how many of all sign patterns give a sum as far from 0 as the one seen."""
    moved = [x - shift for x in logs]
    seen = abs(sum(moved))
    patterns = list(itertools.product((1, -1), repeat=len(moved)))
    return sum(abs(sum(s * x for s, x in zip(signs, moved))) >= seen - 1e-12 for signs in patterns) / len(patterns)


def main():
    tap, draw = Tap(), random.Random(7)
    for n in range(measure.CLAIM_FROM):
        tap.check(f"{n} pairs: no interval", measure.interval([1.1] * n) is None)
    for n in (6, 8, 10):
        pairs = [math.exp(draw.gauss(0.05, 0.1)) for _ in range(n)]
        low, high = measure.interval(pairs)
        logs = [math.log(r) for r in pairs]
        tap.check(f"{n} pairs: what lies in the interval is not refused", all(
            sign_flip_p(logs, math.log(low) + f * (math.log(high) - math.log(low))) > 0.05 for f in (0.001, 0.5, 0.999)), (low, high))
        tap.check(f"{n} pairs: what lies outside is", sign_flip_p(logs, math.log(low) - 1e-6) <= 0.05
                  and sign_flip_p(logs, math.log(high) + 1e-6) <= 0.05, (low, high, logs))
    tap.check("6 pairs: the interval is the range", measure.interval([1, 2, 3, 4, 5, 6]) == (math.exp(0), math.exp(math.log(6))))
    low, high = measure.interval([math.exp(draw.gauss(0.1, 0.1)) for _ in range(20)])
    tap.check("20 pairs: drawn subsets still hold the middle", low < math.exp(0.1) < high, (low, high))
    tap.check("a ratio of nothing has no interval", measure.interval([1, 1, 1, 1, 1, math.inf]) is None)
    ours, theirs = [{"rate": 12.0, "cpu": 2.0}] * 6, [{"rate": 10.0, "cpu": 3.0}] * 6
    line = measure.Comparison(ours, theirs, "rate").line(1.2, "1/s")
    tap.check("of a rate more is better", line["ratio"] == 1.2 and line["verdict"] == "pass", line)
    line = measure.Comparison(ours, theirs, "cpu", less_is_better=True).line(1.6, "s")
    tap.check("of a cost less is better", line["ratio"] == 1.5 and line["verdict"] == "short", line)
    line = measure.Comparison(ours, theirs, "cpu", less_is_better=True, less=1.0).line("", "s")
    tap.check("what both must pay is left out; without a target no verdict", line["ratio"] == 2 and line["verdict"] == "-", line)
    line = measure.absolute([1.0, 2.0, 9.0], 2, "s")
    tap.check("an absolute bound is for the median", line["verdict"] == "pass" and line["ours"] == 2, line)
    tap.end()


if __name__ == "__main__":
    main()
