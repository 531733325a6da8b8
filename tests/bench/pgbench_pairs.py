#!/usr/bin/env python3
"""pgbench's own scripts, as `pgbench --show-script` prints them, run by both programs on the tables of `pgbench -i`.

pgbench_pairs.py --program FILE [--pairs 8] [--seconds 10] [--scale 10] [--clients 8] [--script NAME] [--layout NAME]
[--one-cpu] [--no-kills] [--out FILE.csv] [--null]

For each script and layout (one session per process, and -j 2; the same letters for both programs) interleaved pairs in
shuffled order, with the ratio of transactions per second and its exact interval. After every run the tables are held
against what the program says it did: balances of accounts, tellers and branches and the deltas of the history must have
moved alike, and the history must have a row for each transaction. Then the same with a worker killed every second:
done <= rows <= done + unknown, and the sums hold all the same. Exits 1 when a table disagrees; ratios only have verdicts.
"""
import argparse
import contextlib
import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../pg"))
import load  # noqa: E402 (it needs the path above)
from measure import Comparison, Contender, run_once, say  # noqa: E402
from throwaway import Server  # noqa: E402

# script -> tables whose sums move, and whether the history gets rows
SCRIPTS = {"tpcb-like": ("accounts", "tellers", "branches"), "simple-update": ("accounts",), "select-only": ()}
TARGETS = {"per process": 0.95, "-j 2": 1.0}  # lower end of the interval
SUMS = ("select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers),"
        " (select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history),"
        " (select count(*) from pgbench_history)")


class Bench:
    def __init__(self, arguments, server, folder):
        self.a, self.server, self.folder, self.wrong = arguments, server, folder, []
        self.env = server.socket_env
        self.db = os.path.join(folder, "runs.db")
        self.cpu = 0 if arguments.one_cpu else None
        self.pgbench = load.pgbench_program()
        self.files = {}
        for name in SCRIPTS:
            shown = subprocess.run([self.pgbench, f"--show-script={name}"], capture_output=True, text=True, check=True)
            self.files[name] = os.path.join(folder, name + ".sql")
            with open(self.files[name], "w") as f:
                f.write(shown.stdout + shown.stderr)

    def initialise(self):
        subprocess.run([self.pgbench, "-i", "-q", "-s", str(self.a.scale)], env={**os.environ, **self.env}, check=True,
                       capture_output=True)

    def words(self, script, layout):
        jobs = self.a.clients if layout == "per process" else 2
        return ["-n", "-f", self.files[script], "-s", self.a.scale, "-c", self.a.clients, "-j", jobs, "-T", self.a.seconds]

    def contender(self, name, script, layout):
        if name == "pgbench" or self.a.null:
            return Contender(name, [self.pgbench, *self.words(script, layout)], self.env, load.read_pgbench, self.cpu)
        command = [self.a.program, "run", "--db", self.db, "-e", "process", *self.words(script, layout)]
        return Contender(name, command, self.env, load.read_pgbench, self.cpu)

    def state(self):
        values = self.server.sql(SUMS)[0].split("|")
        return dict(zip(("accounts", "tellers", "branches", "history", "rows"), map(int, values)))

    def settle(self):
        """Every run meets tables without the dead rows of the one before."""
        for statement in ("vacuum pgbench_branches", "vacuum pgbench_tellers", "vacuum pgbench_accounts",
                          "vacuum pgbench_history", "checkpoint"):
            self.server.sql(statement)

    def moved(self, before, script):
        """What changed since; sums that ought to have moved alike and did not are kept as wrong."""
        after = self.state()
        change = {name: after[name] - before[name] for name in after}
        for table in ("accounts", "tellers", "branches"):
            ought = change["history"] if table in SCRIPTS[script] else 0
            if change[table] != ought:
                self.wrong.append(f"{script}: {table} moved by {change[table]}, not by {ought}")
        return change

    def run(self, name, script, layout):
        self.settle()
        before = self.state()
        figures = run_once(self.contender(name, script, layout))
        rows = self.moved(before, script)["rows"]
        ought = figures["transactions"] if SCRIPTS[script] else 0
        if rows != ought:
            self.wrong.append(f"{script}, {layout}, {name}: {rows} rows of history, {ought} transactions")
        return figures

    def pairs(self, script, layout, draw):
        samples = {"pgparallel": [], "pgbench": []}
        for pair in range(self.a.pairs):
            order = list(samples)
            draw.shuffle(order)
            for name in order:
                figures = self.run(name, script, layout)
                say(f"{script}, {layout}, pair {pair + 1}/{self.a.pairs}, {name}: {figures['rate']:.0f} tps,"
                    f" {figures['cpu_us']:.1f} us of CPU each")
                samples[name].append(figures)
        return samples

    def alone(self):
        """Waits for the backends of killed workers: what they do last counts."""
        until = time.monotonic() + 30
        while time.monotonic() < until and self.server.sql("select 1 from pg_stat_activity where backend_type = 'client backend'"
                                                           " and pid <> pg_backend_pid()"):
            time.sleep(0.05)

    def killed(self, script, layout, draw):
        """One run of ours with a worker killed every second: what was killed, and what the tables and the store say."""
        self.settle()
        before = self.state()
        command = self.contender("pgparallel", script, layout).command
        child = subprocess.Popen(command, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        kills, at = 0, time.monotonic() + 1
        while child.poll() is None:
            time.sleep(0.05)
            if time.monotonic() < at:
                continue
            at += 1
            workers = children(child.pid)[1:]  # the observer is the first
            if workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(draw.choice(workers), signal.SIGKILL)
                    kills += 1
        errors = child.stderr.read().decode(errors="replace")
        self.alone()
        with contextlib.closing(sqlite3.connect(self.db)) as store:
            done, failed, unknown = store.execute("select done, failed, unknown from load order by run desc limit 1").fetchone()
        rows = self.moved(before, script)["rows"]
        if SCRIPTS[script] and not done <= rows <= done + unknown:
            self.wrong.append(f"{script}, {layout}, killed: {rows} rows of history, {done} done and {unknown} unknown: {errors[-500:]}")
        say(f"{script}, {layout}: {kills} workers killed: {done} done, {failed} failed, {unknown} unknown,"
            f" {rows} rows, exit {child.returncode}")
        if kills < self.a.seconds - 2:
            self.wrong.append(f"{script}, {layout}: only {kills} workers were killed: {errors[-500:]}")
        return {"kills": kills, "done": done, "unknown": unknown, "rows": rows}


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def arguments_of():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    for name, usual in (("pairs", 8), ("seconds", 10), ("scale", 10), ("clients", 8), ("seed", 1)):
        parser.add_argument("--" + name, type=int, default=usual)
    parser.add_argument("--script", choices=list(SCRIPTS))
    parser.add_argument("--layout", choices=list(TARGETS))
    parser.add_argument("--out")
    for flag in ("one-cpu", "no-kills", "null"):
        parser.add_argument("--" + flag, action="store_true")
    return parser.parse_args()


def report(lines, path):
    columns = ["script", "layout", "ours", "theirs", "unit", "ratio", "lowest", "highest", "interval_low", "interval_high",
               "repeats", "target", "verdict", "note", "kills", "done", "unknown", "rows"]
    with open(path, "w", newline="") if path else contextlib.nullcontext(sys.stdout) as f:
        table = csv.DictWriter(f, columns, restval="", lineterminator="\n")
        table.writeheader()
        for line in lines:
            table.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in line.items()})


def main():
    arguments = arguments_of()
    if load.missing("pgbench"):
        raise SystemExit("pgbench_pairs: " + load.missing("pgbench"))
    draw, lines = random.Random(arguments.seed), []
    settings = ["shared_buffers=512MB", "max_wal_size=4GB", f"max_connections={arguments.clients + 20}"]
    with Server(settings, cpu=0 if arguments.one_cpu else None) as server, \
            tempfile.TemporaryDirectory(prefix="pgparallel-pairs-") as folder:
        bench = Bench(arguments, server, folder)
        bench.initialise()
        for script in [arguments.script] if arguments.script else SCRIPTS:
            for layout in [arguments.layout] if arguments.layout else TARGETS:
                samples = bench.pairs(script, layout, draw)
                line = Comparison(samples["pgparallel"], samples["pgbench"], "rate").line(TARGETS[layout], "1/s")
                if line["interval_low"] != "":  # the claim is about its lower end
                    line["verdict"] = "pass" if line["interval_low"] >= TARGETS[layout] else "short"
                lines.append({"script": script, "layout": layout, **line})
                if not arguments.no_kills and not arguments.null:
                    lines.append({"script": script, "layout": layout + ", killed", **bench.killed(script, layout, draw)})
        report(lines, arguments.out)
        for wrong in bench.wrong:
            print("wrong: " + wrong, file=sys.stderr)
        print(f"tables {'disagree' if bench.wrong else 'agree'} with what was reported", file=sys.stderr)
        return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
