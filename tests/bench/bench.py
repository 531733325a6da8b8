#!/usr/bin/env python3
"""make bench: the program next to its peers, row by row. It is no test and gates nothing.

bench.py --program FILE [--row N] [--repeats N] [--seed N] [--out DIR]: prints ratio, range, target and pass or short,
and writes bench.csv and bench.md into DIR. A further row is one more module with rows(context) in ROWS.
"""
import argparse
import csv
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../pg"))
import row_sleeps  # noqa: E402 (it needs the path above)

ROWS = {1: row_sleeps, 2: row_sleeps}  # rows 1 and 2 come out of the same runs
COLUMNS = ["row", "what", "peer", "ours_ms", "peer_ms", "ratio", "low", "high", "repeats", "target", "markers", "verdict"]


class Context:
    def __init__(self, arguments):
        self.program = os.path.abspath(arguments.program)
        self.repeats, self.seed = arguments.repeats, arguments.seed
        self.here = os.path.dirname(os.path.abspath(__file__))
        self.root = os.path.dirname(os.path.dirname(self.here))

    @staticmethod
    def say(text):
        print(text, file=sys.stderr, flush=True)


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def write(lines, folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "bench.csv"), "w", newline="") as f:
        table = csv.DictWriter(f, COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(lines)
    with open(os.path.join(folder, "bench.md"), "w") as f:
        f.write("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS) + "\n")
        for line in lines:
            f.write("| " + " | ".join(shown(line.get(c, "")) for c in COLUMNS) + " |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--row", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=".build/bench")
    arguments = parser.parse_args()
    if arguments.row and arguments.row not in ROWS:
        raise SystemExit(f"bench: no row {arguments.row}; there are: {', '.join(map(str, ROWS))}")
    context = Context(arguments)
    lines = []
    wanted = [arguments.row] if arguments.row else list(ROWS)
    for module in dict.fromkeys(ROWS[n] for n in wanted):
        lines += list(module.rows(context))
    print(f"{'row':>3}  {'what':<38} {'peer':<11} {'ours':>9} {'peer':>9}  ratio [lowest-highest]  target  verdict")
    for line in lines:
        if "ratio" not in line:
            print(f"{line['row']:>3}  {line['what']:<38} {line['peer']:<11} {line['verdict']}")
            continue
        print(f"{line['row']:>3}  {line['what']:<38} {line['peer']:<11} {line['ours_ms']:>6.1f} ms {line['peer_ms']:>6.1f} ms"
              f"  {line['ratio']:5.1f} [{line['low']:.1f}-{line['high']:.1f}]".ljust(102) +
              f"{line['target']:>5}x  {line['verdict']}")
    write(lines, arguments.out)
    print(f"written: {arguments.out}/bench.csv, {arguments.out}/bench.md")


if __name__ == "__main__":
    main()
