"""Interleaved measurement: every repeat runs every contender once, in shuffled order; ratios are paired per repeat.

Only ratios of one interleaved run count. CPU is that of the whole client tree (wait4 of the reaped child counts the
children it reaped itself).
"""
import os
import random
import statistics
import subprocess
import time


class Sample:
    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu


def run_once(command, env):
    """Wall seconds and client CPU seconds of one command; a failing command ends the benchmark."""
    begin = time.monotonic()
    child = subprocess.Popen(command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"bench: {' '.join(command)} ended with {child.returncode}: {errors.decode(errors='replace')}")
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def interleave(contenders, repeats, seed, progress):
    """contenders: name -> (command, env). Returns name -> list of Sample, one a repeat; repeat 0 warms up, unmeasured."""
    draw = random.Random(seed)
    samples = {name: [] for name in contenders}
    for repeat in range(repeats + 1):
        names = list(contenders)
        draw.shuffle(names)
        for name in names:
            command, env = contenders[name]
            sample = run_once(command, env)
            progress(f"repeat {repeat}/{repeats} {name}: {sample.wall:.3f} s, CPU {sample.cpu * 1000:.0f} ms"
                     + (" (warm-up)" if repeat == 0 else ""))
            if repeat:
                samples[name].append(sample)
    return samples


def ratio(numerators, denominators):
    """Paired ratios as (median, lowest, highest)."""
    pairs = [a / b if b > 0 else float("inf") for a, b in zip(numerators, denominators)]
    return statistics.median(pairs), min(pairs), max(pairs)
