#!/usr/bin/env python3
"""checker_compare.py [--sequential]: works out again what a comparison says, from the ratios of its blocks alone.

Reads CSV with a header or JSON lines on stdin. A row with `ratio` (speed of the candidate over the reference) is a block,
in the order measured; `pair` names what is compared, when there is more than one. A JSON line with `p` or `verdict` is
what somebody claims about its pair: any of ratio, low, high, p, verdict. Prints one JSON line for each pair; exits 1
when a claim is wrong. Shares nothing with the program: signs are flipped one by one and the interval is found by asking
the test, or the bettors, about one value after the other.
"""
import csv
import json
import math
import random
import sys

LEAST, EXACT, DRAWN = 6, 16, 65535
PLAYERS = [(math.inf, 0.16), (2, 0.24), (1, 0.24), (0.5, 0.18), (0.25, 0.18)]


def sign_flip_p(logs, rng=random.Random(1)):
    """Two-sided: the share of sign assignments whose sum is as far out as the observed one."""
    observed, near = abs(sum(logs)), 1e-11 * sum(map(abs, logs)) + 1e-13
    if len(logs) <= EXACT:
        sums = [0.0]
        for x in logs:
            sums = [s + x for s in sums] + [s - x for s in sums]
        return sum(abs(s) >= observed - near for s in sums) / len(sums)
    far = 1
    for _ in range(DRAWN):
        signs = rng.getrandbits(len(logs))
        far += abs(sum(x if signs >> i & 1 else -x for i, x in enumerate(logs))) >= observed - near
    return far / (DRAWN + 1)


def bisect(refused, outside, inside, steps=60):
    """The end of the interval between a value that is refused and one that is not."""
    for _ in range(steps):
        middle = (outside + inside) / 2
        if refused(middle):
            outside = middle
        else:
            inside = middle
    return inside


def sign_flip_interval(logs):
    """All values that, taken off each block, leave nothing to claim."""
    def refused(value):
        return sign_flip_p([x - value for x in logs], random.Random(1)) <= 0.05

    middle, span = sum(logs) / len(logs), max(logs) - min(logs) + 1e-9
    steps = 60 if len(logs) <= 12 else 34 if len(logs) <= EXACT else 12
    return (bisect(refused, middle - span, middle, steps), bisect(refused, middle + span, middle, steps))


def capital(logs, value, side):
    """The most that bettors on this side of the value ever had together, who began with 1."""
    own, most = [share for _, share in PLAYERS], 1.0
    for n, x in enumerate(logs):
        away, earlier = side * (x - value), logs[:n]
        scale = None
        if n >= 2:
            gaps = [abs(a - b) for i, a in enumerate(earlier) for b in earlier[:i]]
            scale = math.sqrt(math.pi) / 2 * sum(gaps) / len(gaps)
            scale = 0 if scale < 1e-12 else scale
        for k, (strength, _) in enumerate(PLAYERS):
            sign = (away > 0) - (away < 0)
            if strength == math.inf or scale == 0:
                bet = sign
            else:
                bet = sign * math.tanh(strength) if scale is None else math.tanh(strength * away / scale)
            own[k] *= 1 + bet
        most = max(most, sum(own))
    return most


def sequential(logs):
    """(p, low, high); low and high are None before there is an interval."""
    p = min(1, 2 / max(capital(logs, 0, 1), capital(logs, 0, -1)))
    span = max(logs) - min(logs) + 1
    far = 1e6 * span
    if capital(logs, min(logs) - far, 1) < 40:
        return p, None, None
    low = bisect(lambda v: capital(logs, v, 1) >= 40, min(logs) - far, max(logs), 90)
    high = bisect(lambda v: capital(logs, v, -1) >= 40, max(logs) + far, min(logs), 90)
    return p, low, high


def judge(logs, look):
    found = {"blocks": len(logs), "ratio": math.exp(sum(logs) / len(logs)), "verdict": "too few blocks"}
    if len(logs) < LEAST:
        return found
    if look:
        p, low, high = sequential(logs)
        if low is None or low > high:
            return found
        found["ratio"] = math.exp(min(max(sum(logs) / len(logs), low), high))
    else:
        p = sign_flip_p(logs)
        low, high = sign_flip_interval(logs)
    found.update(p=p, low=math.exp(low), high=math.exp(high), verdict="no difference shown")
    if p <= 0.05:
        found["verdict"] = "faster" if sum(logs) > 0 else "slower"
    return found


def differs(name, claimed, found, sampled):
    if name not in found:
        return True
    if name == "verdict":
        return claimed != found[name]
    # Drawn assignments differ from drawing to drawing: five standard deviations of p, and what that does to the ends.
    if name == "p":
        return abs(claimed - found[name]) > (10 * math.sqrt(found[name] / 2 / DRAWN) + 1e-4 if sampled else 1e-9)
    width = math.log(found["high"] / found["low"]) if "low" in found else 0
    return abs(math.log(claimed / found[name])) > (0.05 * width if sampled and name != "ratio" else 1e-6 * width + 1e-9)


def read(stream):
    lines = stream.read().splitlines()
    if lines and lines[0].lstrip().startswith("{"):
        return [json.loads(line) for line in lines if line.strip()]
    return list(csv.DictReader(lines))


def main():
    blocks, claims, wrong = {}, [], 0
    for row in read(sys.stdin):
        pair = row.get("pair", "")
        if "p" in row or "verdict" in row:
            claims.append((pair, row))
            continue
        ratio = float(row["ratio"] or "nan")
        if ratio > 0 and math.isfinite(ratio):
            blocks.setdefault(pair, []).append(math.log(ratio))
    found = {pair: judge(logs, "--sequential" in sys.argv) for pair, logs in blocks.items()}
    for pair, what in found.items():
        print(json.dumps({"pair": pair, **what}))
    for pair, row in claims:
        for name in ("ratio", "low", "high", "p", "verdict"):
            here = found.get(pair, {})
            sampled = here.get("blocks", 0) > EXACT and "--sequential" not in sys.argv
            if row.get(name) is not None and differs(name, row[name], here, sampled):
                print(f"{pair or 'the pair'}: {name} is said to be {row[name]}, and is {here.get(name)}")
                wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
