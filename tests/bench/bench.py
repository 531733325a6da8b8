#!/usr/bin/env python3
"""make bench: the program next to its peers, row by row. It is no test and gates nothing.

bench.py --program FILE [--row N] [--repeats N] [--seconds S] [--seed N] [--out DIR] [--null]: prints ratio, range,
interval, target and pass or short, and writes bench.csv and bench.md into DIR. All rows take about 20 minutes. A further
row is one more module with rows(context) in ROWS. A row whose program fails is told as failed, the others are measured
all the same, and the exit code is 1. With --null pgbench stands in for the program in load rows: what the frame then finds different
is its own noise.
"""
import argparse
import csv
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../pg"))
import measure  # noqa: E402 (it needs the path above)
import row_closed  # noqa: E402
import row_connect  # noqa: E402
import row_free  # noqa: E402
import row_hand_out  # noqa: E402
import row_pipeline  # noqa: E402
import row_recording  # noqa: E402
import row_report  # noqa: E402
import row_sleeps  # noqa: E402
import row_tasks  # noqa: E402
from throwaway import find_bindir  # noqa: E402

# Some rows come out of the same runs, and one of two programs.
ROWS = {1: [row_sleeps.rows], 2: [row_sleeps.rows], 3: [row_closed.rows_shared], 4: [row_closed.rows_alone],
        5: [row_pipeline.rows], 6: [row_free.rows], 7: [row_hand_out.rows, row_tasks.rows], 8: [row_connect.rows],
        9: [row_recording.rows], 10: [row_report.rows]}
COLUMNS = ["row", "what", "peer", "mode", "unit", "ours", "theirs", "ratio", "lowest", "highest", "interval_low",
           "interval_high", "repeats", "target", "markers", "verdict", "note"]


class Context:
    def __init__(self, arguments):
        self.program = os.path.abspath(arguments.program)
        self.asked_repeats, self.seed, self.null = arguments.repeats, arguments.seed, arguments.null
        self.seconds = arguments.seconds
        self.here = os.path.dirname(os.path.abspath(__file__))
        self.root = os.path.dirname(os.path.dirname(self.here))
        self.tools = os.path.join(os.path.dirname(self.program), "tests/bench")
        self.say = measure.say

    def repeats(self, usual):
        return self.asked_repeats or usual

    def peer(self, name):
        return os.path.join(self.here, "peers", name)


def shown(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def facts(program):
    """What the figures belong to, and whether somebody else is at work here."""
    versions = [subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
                for command in ([program, "version"], [find_bindir() + "/postgres", "--version"])]
    cpus, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    busy = f"; load average {load:.1f} at the start: others are at work here" if load > cpus / 2 else ""
    return f"{', '.join(versions)}, {cpus} CPUs, Linux {os.uname().release}{busy}"


def measured(parts, context):
    """The lines of each part; of one that cannot be measured, a line that says why."""
    for part in parts:
        try:
            yield from part(context)
        except (SystemExit, RuntimeError, OSError) as trouble:
            rows = [row for row, its in ROWS.items() if part in its]
            context.say(str(trouble))
            yield {"row": rows[0], "what": "", "verdict": "failed: " + str(trouble).split("\n", 1)[0]}


def write(lines, folder, head):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "bench.csv"), "w", newline="") as f:
        table = csv.DictWriter(f, COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(lines)
    with open(os.path.join(folder, "bench.md"), "w") as f:
        f.write(head + "\n\n| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS) + "\n")
        for line in lines:
            f.write("| " + " | ".join(shown(line.get(c, "")).replace("|", "\\|") for c in COLUMNS) + " |\n")


def printed(line):
    head = f"{line['row']:>3}  {line['what']:<44} {line.get('peer', ''):<19}"
    if "ours" not in line:
        return f"{head} {line['verdict']}"
    text = f"{head} {shown(line['ours']):>9} {shown(line.get('theirs', '')):>9} {line['unit']:<7}"
    if "ratio" in line:
        text += f" {line['ratio']:7.3g} [{line['lowest']:.3g}-{line['highest']:.3g}]"
        if line["interval_low"] != "":
            text += f" sure {line['interval_low']:.3g}-{line['interval_high']:.3g}"
    elif "lowest" in line:
        text += f"         [{shown(line['lowest'])}-{shown(line['highest'])}]"
    return f"{text:<132} {line['target']!s:>7}  {line['verdict']}" + (f" ({line['note']})" if line.get("note") else "")


def arguments_of(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--row", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=0, help="for every row; each has a number of its own otherwise")
    parser.add_argument("--seconds", type=int, default=2, help="of one load run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=".build/bench")
    parser.add_argument("--null", action="store_true")
    arguments = parser.parse_args(words)
    if arguments.row and arguments.row not in ROWS:
        raise SystemExit(f"bench: no row {arguments.row}; there are: {', '.join(map(str, ROWS))}")
    return arguments


def main():
    arguments = arguments_of(sys.argv[1:])
    context = Context(arguments)
    lines = []
    begin = time.monotonic()
    wanted = [arguments.row] if arguments.row else list(ROWS)
    parts = dict.fromkeys(part for row in wanted for part in ROWS[row])
    head = facts(context.program)
    print(head)
    print(f"{'row':>3}  {'what':<44} {'peer':<19} {'ours':>9} {'peer':>9} {'unit':<7}   ratio [lowest-highest]"
          " sure: 95 % interval          target  verdict")
    for line in measured(parts, context):
        if arguments.row in (0, line["row"]) or line["verdict"].startswith("failed"):
            print(printed(line), flush=True)
            lines.append(line)
            write(lines, arguments.out, head)
    print(f"written: {arguments.out}/bench.csv, {arguments.out}/bench.md after {time.monotonic() - begin:.0f} s")
    return 1 if any(line["verdict"].startswith("failed") for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
