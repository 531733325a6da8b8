"""Interleaved measurement: every repeat runs every contender once, in shuffled order; ratios are paired per repeat.

Only ratios of one interleaved run count. CPU is that of the whole client tree (wait4 of the reaped child counts the
children it reaped itself). Figures of a contender: wall and cpu in seconds, and what its `read` finds in its output.
"""
import itertools
import math
import os
import random
import selectors
import statistics
import subprocess
import sys
import time

CLAIM_FROM = 6  # repeats: with fewer there is a range and no interval
DOUBT_FROM = 1.5  # repeats of one contender that differ by more say nothing
LONGEST_S = 300  # one command: for what hangs
EXACT_MOST = 16  # above so many, subsets are drawn


class Contender:
    """One program as it is run: read(stdout) gives a dictionary of figures, cpu the only CPU it may use."""

    def __init__(self, name, command, env=None, read=None, cpu=None):
        self.name, self.env, self.read = name, env or {}, read
        self.command = (["taskset", "-c", str(cpu)] if cpu is not None else []) + [str(word) for word in command]


def run_once(contender):
    """Its figures; a failing command ends the benchmark."""
    begin = time.monotonic()
    child = subprocess.Popen(contender.command, env={**os.environ, **contender.env}, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = drain(child, begin + LONGEST_S)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"bench: {' '.join(contender.command)} ended with {child.returncode}: {errors[-2000:]}")
    figures = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}
    if contender.read:
        try:
            figures.update(contender.read(out))
        except (ValueError, AttributeError, KeyError, IndexError) as trouble:
            raise SystemExit(f"bench: {' '.join(contender.command)} printed what cannot be read ({trouble}):\n{out[-2000:]}")
    for name, value in list(figures.items()):
        if name == "transactions" and value:
            figures["cpu_us"] = figures["cpu"] / value * 1e6
    return figures


def drain(child, until):
    """Both outputs to their ends, without reaping: wait4 must find the child. It is killed when that takes too long."""
    with child.stdout, child.stderr:
        parts = {child.stdout: b"", child.stderr: b""}
        with selectors.DefaultSelector() as both:
            for stream in parts:
                both.register(stream, selectors.EVENT_READ)
            while both.get_map():
                ready = both.select(max(0, until - time.monotonic()))
                if not ready:
                    child.kill()
                    child.wait()
                    raise SystemExit(f"bench: {' '.join(child.args)} did not end in {LONGEST_S} s")
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    parts[key.fileobj] += data
                    if not data:
                        both.unregister(key.fileobj)
        return tuple(parts[s].decode(errors="replace") for s in (child.stdout, child.stderr))


def interleave(contenders, repeats, seed, say):
    """name -> list of figures, one a repeat; repeat 0 warms up and is not measured."""
    draw = random.Random(seed)
    samples = {c.name: [] for c in contenders}
    for repeat in range(repeats + 1):
        order = list(contenders)
        draw.shuffle(order)
        for contender in order:
            figures = run_once(contender)
            say(f"repeat {repeat}/{repeats} {contender.name}: "
                + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()) + (" (warm-up)" if repeat == 0 else ""))
            if repeat:
                samples[contender.name].append(figures)
    return samples


def subset_means(logs, seed):
    n = len(logs)
    if n <= EXACT_MOST:
        for size in range(1, n + 1):
            for subset in itertools.combinations(logs, size):
                yield sum(subset) / size
        return
    draw = random.Random(seed)
    for _ in range(1 << EXACT_MOST):
        subset = [x for x in logs if draw.random() < 0.5]
        if subset:
            yield sum(subset) / len(subset)


def interval(pairs, seed=1):
    """95 % interval of paired ratios: the exact sign-flip test of their logarithms inverted. None for fewer than 6."""
    n = len(pairs)
    if n < CLAIM_FROM or min(pairs) <= 0 or math.inf in pairs:
        return None
    means = sorted(subset_means([math.log(r) for r in pairs], seed))
    k = max(1, int(0.05 * 2 ** min(n, EXACT_MOST) / 2))
    return math.exp(means[k - 1]), math.exp(means[-k])


def spread(values):
    return max(values) / min(values) if min(values) > 0 else math.inf


class Comparison:
    """Paired ratios of one figure, always so that more is better for us: ours/theirs of a rate, theirs/ours of a cost."""

    def __init__(self, ours, theirs, figure, less_is_better=False, less=0.0, scale=1.0):
        self.ours = [s[figure] - less for s in ours]
        self.theirs = [s[figure] * scale - less for s in theirs]
        high, low = (self.theirs, self.ours) if less_is_better else (self.ours, self.theirs)
        self.pairs = [a / b if b > 0 else math.inf for a, b in zip(high, low)]

    def line(self, target, unit, factor=1.0):
        """The columns of the result table."""
        sure = interval(self.pairs)
        median = statistics.median(self.pairs)
        doubt = max(map(spread, (self.ours, self.theirs)))
        return {"unit": unit, "note": f"repeats differ by {doubt:.1f}x" if doubt > DOUBT_FROM else "",
                "ours": statistics.median(self.ours) * factor,
                "theirs": statistics.median(self.theirs) * factor,
                "ratio": median, "lowest": min(self.pairs), "highest": max(self.pairs),
                "interval_low": sure[0] if sure else "", "interval_high": sure[1] if sure else "",
                "repeats": len(self.pairs), "target": target,
                "verdict": "-" if target == "" else "pass" if median >= target else "short"}


def absolute(values, most, unit):
    """A figure of ours alone that may be at most so much."""
    median = statistics.median(values)
    return {"unit": unit, "ours": median, "lowest": min(values), "highest": max(values), "repeats": len(values),
            "target": f"<= {most:g}", "verdict": "pass" if median <= most else "short"}


def say(text):
    print(text, file=sys.stderr, flush=True)
