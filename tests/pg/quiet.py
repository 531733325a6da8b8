"""How much of a CPU something else used while a throwaway server had it: tests about burners are evidence only while
nothing else wants the server's CPU (two burners get two thirds of a CPU that a third program wants as well, and are
then really faster together). Standard library only."""
import os
import time

CPU = 0  # the server's
MOST = 0.04  # share of others from which on a run is no evidence
_OTHERS = os.sched_getaffinity(0) - {CPU}
AWAY = ["taskset", "-c", ",".join(map(str, sorted(_OTHERS)))] if _OTHERS else []  # puts the client on other CPUs


def _ticks(server):
    with open("/proc/stat") as f:
        cpu = next(line.split() for line in f if line.startswith(f"cpu{CPU} "))
    with open(f"/proc/{server.process.pid}/stat") as f:
        postmaster = f.read().rsplit(")", 1)[1].split()
    return sum(int(cpu[n]) for n in (1, 2, 3, 6, 7, 8)), sum(int(n) for n in postmaster[11:15])


class Watch:
    """`with Watch(server) as w: ...`, then w.others: the share of the CPU that others used. Backends count once the
    postmaster has reaped them, so the sessions must have ended."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.ticks, self.begin = _ticks(self.server), time.monotonic()
        return self

    def __exit__(self, *_):
        seconds = time.monotonic() - self.begin
        time.sleep(0.05)  # the postmaster's own time to reap
        after = _ticks(self.server)
        ticks = (after[0] - self.ticks[0]) - (after[1] - self.ticks[1])
        self.others = ticks / os.sysconf("SC_CLK_TCK") / seconds
        self.quiet = self.others < MOST
