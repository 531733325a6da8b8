#!/usr/bin/env python3
"""Lines of -P and files of -l: the same shapes as those of the installed pgbench, run with the same arguments.

A shape is a line with its numbers taken out: I for an integer, F3 for one with three decimals. What pgbench writes is
the oracle; nothing of its form is written down here. Then our own figures against each other. Needs a server.
"""
import os
import re
import shutil
import subprocess
import tempfile

from tap import Tap, program
from throwaway import Server, find_bindir

PGBENCH = shutil.which("pgbench") or find_bindir() + "/pgbench"
CLASHES = """begin isolation level serializable;
select sum(n) from counter;
update counter set n = n + 1 where id = 1 + :client_id % 2;
end;
"""
STEPS = "update counter set n = n + 1 where id = 3 + :client_id;\n"
SLOW = "select pg_sleep(1.3);\n"


def shape(line):
    line = re.sub(r"\bNaN\b", "0.000", line)  # of a single value, which has no deviation
    line = re.sub(r"\d+\.(\d+)", lambda m: f"F{len(m.group(1))}", line)
    return re.sub(r"(?<![F\w])\d+", "I", line)


class Case:
    """One set of arguments, run by both programs in folders of their own."""

    def __init__(self, tap, env, folder, name, arguments):
        self.tap, self.env, self.name = tap, env, name
        self.arguments = arguments if "-j" in arguments else arguments + ["-j", "1"]  # pgbench's default
        self.places = {who: tempfile.mkdtemp(prefix=who, dir=folder) for who in ("pgbench", "ours")}

    def run(self):
        both = subprocess.run([PGBENCH, "-n", *self.arguments], env={**os.environ, **self.env}, capture_output=True,
                              text=True, cwd=self.places["pgbench"], timeout=120, check=False)
        self.tap.check(f"{self.name}: pgbench runs it", both.returncode == 0, both.stderr)
        # pgbench's threads are lanes of one process.
        ours = program(["run", "-e", "thread", "--color=never", "--db=store.db", "-n", *self.arguments], self.env,
                       cwd=self.places["ours"])
        self.tap.check(f"{self.name}: and so do we", ours.returncode in (0, 3), ours.stderr)
        self.errors = {"pgbench": both.stderr, "ours": ours.stderr}
        self.output = ours.stdout
        return self

    def progress(self, who):
        return [line for line in self.errors[who].splitlines() if line.startswith("progress: ")]

    def logs(self, who):
        """name without the pid -> lines"""
        found = {}
        for entry in sorted(os.listdir(self.places[who])):
            name = re.sub(r"\.\d+(\.\d+)?$", lambda m: ".PID" + (m.group(1) or ""), entry)
            if ".PID" in name:
                with open(os.path.join(self.places[who], entry), encoding="ascii") as file:
                    found[name] = file.read().splitlines()
        return found

    def same_shapes(self, what, lines):
        """lines: who -> lines. Ours has no shape that pgbench has not, and something to compare."""
        shapes = {who: {shape(line) for line in lines[who]} for who in lines}
        good = bool(shapes["ours"]) and shapes["ours"] <= shapes["pgbench"]
        self.tap.check(f"{self.name}: {what} have pgbench's form", good, f"ours {sorted(shapes['ours'])}\n"
                       f"pgbench {sorted(shapes['pgbench'])}")

    def compare(self):
        if "-P" in self.arguments:
            self.same_shapes("lines of -P", {who: self.progress(who) for who in self.places})
        if "-l" in self.arguments:
            logs = {who: self.logs(who) for who in self.places}
            self.tap.check(f"{self.name}: files of -l have pgbench's names",
                           bool(logs["ours"]) and logs["ours"].keys() == logs["pgbench"].keys(),
                           f"ours {sorted(logs['ours'])}, pgbench {sorted(logs['pgbench'])}")
            self.same_shapes("lines of -l", {who: [x for lines in logs[who].values() for x in lines] for who in logs})
        return self

    def processed(self):
        return int(re.search(r"actually processed: (\d+)", self.output).group(1))


def cases(folder):
    files = {}
    for name, text in (("clashes", CLASHES), ("steps", STEPS), ("slow", SLOW)):
        files[name] = f"{folder}/{name}.sql"
        with open(files[name], "w", encoding="ascii") as file:
            file.write(text)
    clashes, steps, slow = (["-f", files[n]] for n in ("clashes", "steps", "slow"))
    return [
        ("by time", [*steps, "-T", "3", "-c", "4", "-j", "2", "-P", "1", "-l"]),
        ("by count, prefix", [*steps, "-t", "200", "-c", "3", "-l", "--log-prefix=some_name"]),
        ("time stamps", [*steps, "-T", "2", "-P", "1", "--progress-timestamp"]),
        ("rate", [*steps, "-T", "3", "-c", "2", "-R", "200", "-P", "1", "-l"]),
        ("limit", [*steps, "-T", "2", "-c", "2", "-L", "50", "-P", "1", "-l"]),
        ("rate and limit", [*clashes, "-T", "2", "-c", "8", "-R", "4000", "-L", "1", "-P", "1", "-l"]),
        ("tries", [*clashes, "-T", "2", "-c", "8", "--max-tries=3", "-P", "1", "-l"]),
        ("rate, limit and tries", [*clashes, "-T", "2", "-c", "8", "-R", "4000", "-L", "1", "--max-tries=3", "-P", "1",
                                   "-l", "--failures-detailed"]),
        ("failures", [*clashes, "-T", "2", "-c", "8", "-P", "1", "-l"]),
        ("failures by kind", [*clashes, "-T", "2", "-c", "8", "-l", "--failures-detailed"]),
        ("nothing in a second", [*slow, "-t", "2", "-P", "1", "-l"]),
        ("sample", [*steps, "-T", "2", "-c", "2", "-l", "--sampling-rate=0.2"]),
        ("intervals", [*steps, "-T", "3", "-c", "2", "-l", "--aggregate-interval=1"]),
        ("intervals of all", [*clashes, "-T", "2", "-c", "8", "-R", "4000", "-L", "1", "--max-tries=2", "-l",
                              "--failures-detailed", "--aggregate-interval=1"]),
    ]


def check_lines(tap, case):
    """Every transaction has its line; a session's are numbered and in order of time."""
    lines = [line.split() for log in case.logs("ours").values() for line in log]
    tap.check(f"{case.name}: every transaction has its line", len(lines) == case.processed(),
              f"{len(lines)} lines, {case.processed()} transactions")
    by_session = {}
    for line in lines:
        by_session.setdefault(line[0], []).append((int(line[1]), int(line[4]) * 10**6 + int(line[5])))
    tap.check(f"{case.name}: a session's lines are numbered in order of time",
              all([number for number, _ in of] == list(range(1, len(of) + 1)) and of == sorted(of, key=lambda x: x[1])
                  for of in by_session.values()))
    tap.check(f"{case.name}: microseconds are less than a second", all(int(line[5]) < 10**6 for line in lines))
    mean = sum(int(line[2]) for line in lines) / len(lines) / 1000
    told = float(re.search(r"latency average = ([\d.]+) ms", case.output).group(1))
    tap.check(f"{case.name}: their mean is the latency average", abs(mean - told) <= 0.002, f"{mean} and {told}")


def check_progress(tap, case):
    """The lines' rates and times give the number of transactions, but for the part after the last line."""
    at = count = 0.0
    for line in case.progress("ours"):
        seconds, tps = map(float, re.match(r"progress: ([\d.]+) s, ([\d.]+) tps", line).groups())
        count += tps * (seconds - at)
        at = seconds
    done = case.processed()
    tap.check(f"{case.name}: rates of -P add up to the transactions", 0.6 * done <= count <= 1.1 * done,
              f"{count:.0f} of {done}")


def check_intervals(tap, case):
    columns = [list(map(int, line.split())) for log in case.logs("ours").values() for line in log]
    tap.check(f"{case.name}: intervals add up to the transactions", sum(c[1] for c in columns) == case.processed(),
              f"{sum(c[1] for c in columns)} of {case.processed()}")
    tap.check(f"{case.name}: one begins where the one before it ends",
              [c[0] for c in columns] == list(range(columns[0][0], columns[0][0] + len(columns))))
    tap.check(f"{case.name}: means lie between least and most",
              all(c[1] == 0 or c[4] <= c[2] / c[1] <= c[5] for c in columns))


def check_sample(tap, case):
    lines = [line.split() for log in case.logs("ours").values() for line in log]
    highest = {}
    for line in lines:
        highest[line[0]] = max(highest.get(line[0], 0), int(line[1]))
    done, most = case.processed(), sum(highest.values())
    tap.check(f"{case.name}: about a fifth of the transactions", 0.1 * done < len(lines) < 0.3 * done,
              f"{len(lines)} of {done}")
    tap.check(f"{case.name}: with the numbers they have among all", 0.5 * done < most <= done, f"{most} of {done}")


def main():
    tap = Tap()
    if not os.path.exists(PGBENCH):
        tap.skip("lines of -P and files of -l", "pgbench is not installed")
        tap.end()
    with Server() as server, tempfile.TemporaryDirectory(prefix="pgparallel-format-") as folder:
        server.sql("create table counter (id int primary key, n bigint not null)")
        server.sql("insert into counter select g, 0 from generate_series(1, 100) g")
        special = {"by time": (check_lines, check_progress), "by count, prefix": (check_lines,),
                   "intervals": (check_intervals,), "sample": (check_sample,)}
        for name, arguments in cases(folder):
            case = Case(tap, server.socket_env, folder, name, arguments).run().compare()
            for check in special.get(name, ()):
                check(tap, case)
        place = tempfile.mkdtemp(dir=folder)
        refused = program(["run", "-S", "-t", "1", "-l", "--log-prefix=/nonexistent/x", "--db=r.db"], server.socket_env,
                          cwd=place)
        tap.check("a log file that cannot be made: refused before anything runs",
                  refused.returncode == 1 and "/nonexistent/x" in refused.stderr and not os.path.exists(place + "/r.db"),
                  f"{refused.returncode} {refused.stderr} {os.listdir(place)}")
    tap.end()


if __name__ == "__main__":
    main()
