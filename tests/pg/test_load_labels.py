#!/usr/bin/env python3
"""The summary of a load run beside pgbench's own, for one command line after the other: the same lines with the same
labels in the same order, only the numbers differ. Against a real server. Speaks TAP."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap
import throwaway

# pgbench leaves this line out without -R, -L and -P. And it counts failures in the latency, and says so; we do not.
OURS = "latency stddev = # ms"
THEIRS = " (including failures)"

SCRIPTS = {
    "serial.sql": "\\set a random(1, 2)\nBEGIN ISOLATION LEVEL SERIALIZABLE;\n"
                  "UPDATE pgbench_tellers SET tbalance = tbalance + 1 WHERE tid = :a;\n"
                  "SELECT sum(tbalance) FROM pgbench_tellers;\nEND;\n",
    "one.sql": "select 1;\n",
    "several.sql": "\\set x 1\n\\if :x\nselect :x + 1 as y \\gset\n\\endif\n\\sleep 1 us\nselect :y;\n",
}

LINES = [
    "-S -t 20",
    "-S -T 1 -c 3 -j 2",
    "-t 10 -c 2 -j 2",
    "-N -t 10 -c 2 -j 2 -r",
    "-S -t 10 -M extended",
    "-S -t 10 -M prepared -c 2 -j 2",
    "-S -t 10 -C",
    "-S -t 10 -C -r -c 2 -j 2",
    "-S -T 1 -R 200",
    "-S -T 1 -L 100",
    "-S -T 1 -R 200 -L 100",
    "-S -T 1 -R 300 -L 50 --max-tries=3 --failures-detailed -r",
    "-f serial.sql -c 4 -j 2 -t 30",
    "-f serial.sql -c 4 -j 2 -t 30 --max-tries=100",
    "-f serial.sql -c 4 -j 2 -T 1 --max-tries=0",
    "-f serial.sql -c 4 -j 2 -t 30 --max-tries=100 -r",
    "-f serial.sql -c 4 -j 2 -t 30 --failures-detailed",
    "-f serial.sql -c 4 -j 2 -t 30 --failures-detailed --max-tries=2 -r",
    "-f several.sql -t 10 -r",
    "-f several.sql -t 10 -r -M prepared",
    "-f one.sql -f several.sql@3 -t 40",
    "-f one.sql -f several.sql@3 -t 40 -r",
    "-f one.sql@1 -f serial.sql@2 -c 4 -j 2 -t 40 -r --max-tries=100 --failures-detailed",
    "-f one.sql@5 -f several.sql@0 -t 20",
    "-b tpcb-like@2 -b simple-update@1 -b select-only@7 -t 60 -r",
    "-b select-only -f one.sql -T 1 -R 300 -L 100 -r --max-tries=2",
    "-b select-only -f one.sql -T 1 -R 300 -C",
    "-s 5 -f one.sql -t 5",
    "-D scale=7 -f one.sql -t 5",
]


def lines_of(text, ours=False):
    """The summary, line by line, with numbers as #."""
    begin = text.index("transaction type:")
    end = text.find("\n\n", begin) if ours else len(text)
    lines = []
    for line in text[begin:end].splitlines():
        line = line.rstrip()
        if re.match(r"^ {4,}\S+ ", line):  # a statement: its columns, and the text as it stands
            columns, statement = re.fullmatch(r"((?:\s+[0-9.]+)+)(?:  (.*))?", line).groups()
            lines.append("#" * len(columns.split()) + " " + " ".join((statement or "").lower().split()))
            continue
        line = re.sub(r"\b(nan|NaN)\b", "0", line.removesuffix(THEIRS))
        lines.append(re.sub(r"(?<![\w.])[0-9]+(\.[0-9]+)?", "#", line))
    return lines


def same(theirs, given):
    """Theirs in their order; ours may stand between them."""
    at, missing = 0, []
    for line in given:
        if at < len(theirs) and line == theirs[at]:
            at += 1
        elif line.removeprefix(" - ") != OURS:
            missing.append(f"only here: {line}")
    return missing + [f"only in pgbench: {line}" for line in theirs[at:]]


def exact(theirs, ours):
    """Lines that hold what was asked for and no measurement: they are the same to the letter."""
    names = ("transaction type", "scaling factor", "query mode", "number of clients", "number of threads", "duration",
             "maximum number of tries", "number of transactions per client", "SQL script", " - weight")

    def pick(text):
        return [line.rstrip() for line in text.splitlines() if line.startswith(names)]

    return [f"{a!r} and not {b!r}" for a, b in zip(pick(ours), pick(theirs)) if a != b]


def main():
    pgbench = shutil.which("pgbench") or os.path.join(throwaway.find_bindir(), "pgbench")
    version = subprocess.run([pgbench, "--version"], capture_output=True, text=True, check=False).stdout
    t = tap.Tap()
    if not re.search(r"\) (15|16|17)[.\s]", version):
        t.skip("labels", f"the labels are those of pgbench 15 to 17, this is {version.strip() or 'none'}")
        t.end()
    with throwaway.Server() as server, tempfile.TemporaryDirectory() as folder:
        for name, text in SCRIPTS.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        env = {**server.socket_env, "PGPARALLEL_DB": os.path.join(folder, "runs.db"), "HOME": folder}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        subprocess.run([pgbench, "-i", "-q", "-s", "1"], env={**clean, **env}, check=True, capture_output=True,
                       cwd=folder, timeout=100)
        for options in LINES:
            words = ["-n"] + options.split()
            theirs = subprocess.run([pgbench] + words, env={**clean, **env}, capture_output=True, text=True,
                                    cwd=folder, timeout=100, check=False)
            ours = tap.program(["run"] + words, env, cwd=folder)
            if "transaction type:" not in ours.stdout or "transaction type:" not in theirs.stdout:
                t.check(options, False, theirs.stdout + theirs.stderr + ours.stdout + ours.stderr)
                continue
            wrong = same(lines_of(theirs.stdout), lines_of(ours.stdout, True)) + exact(theirs.stdout, ours.stdout)
            t.check(options, not wrong, "\n".join(wrong + ["", theirs.stdout, ours.stdout]))
    t.end()


if __name__ == "__main__":
    sys.exit(main())
