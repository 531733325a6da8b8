#!/usr/bin/env python3
"""Generated workloads on a real server (needs a server): what the program says against the reference scheduler's truth
and against the independent checker. No false PARALLEL, no false SERIAL, effective lanes within 10 % of the truth in
95 %. 10 workloads, with SOAK=1 40. The workloads and the truth come from tests/unit/test_generated --emit and --truth.
test_generated.py SEED... runs those seeds only and shows each.

The server has one CPU, and burners share it as the truth says only while nobody else uses it: two of them get two
thirds of a CPU that a third program wants as well, and are really faster together. So the CPU's other work is measured
during each run; with more than a little the run is made again, and after some tries it is no evidence (skipped)."""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import checker  # noqa: E402
import quiet  # noqa: E402
import throwaway  # noqa: E402

BUILD = os.environ.get("BUILD", ".build")
PROGRAM = os.path.abspath(os.environ.get("PGPARALLEL", BUILD + "/pgparallel"))
MODEL = os.path.join(BUILD, "tests/unit/test_generated")


def calibrate(server):
    """Rows a burner counts in a second, from the best of five."""
    query = "select count(*) from (select generate_series(1, 300000)) s"
    best = min(float(server.sql("select extract(epoch from clock_timestamp() - statement_timestamp()) from "
                                f"({query} offset 0) q")[0]) for _ in range(5))
    return 300000 / best


def times_of(store, run):
    """ALONE@BEGIN of each task in the order of the file: its time in the serial run, its begin in this one."""
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    return [f"{alone}@{begin}" for alone, begin in db.execute(
        "SELECT s.server_end_unix_us - s.server_start_unix_us, a.server_start_unix_us - (SELECT min("
        "server_start_unix_us) FROM v_attempt WHERE run = r.run) FROM v_run r JOIN v_run b ON b.experiment = "
        "r.experiment AND b.role = 'baseline' JOIN v_attempt a ON a.run = r.run JOIN v_attempt s ON s.run = b.run AND "
        "s.ticket = a.ticket WHERE r.run = ? ORDER BY a.ticket", (run,))]


def shown_numbers(store, run):
    """What the program itself says about the run, by name."""
    text = subprocess.run([PROGRAM, "report", str(run), "--db=" + store, "-F", "json"], capture_output=True, text=True,
                          check=True).stdout
    return {e["name"]: e["value"] for e in json.loads(text)["estimates"]}


def one(seed, rows, server, folder):
    """(problem or None, lanes within 10 %, what was seen). A false verdict or wrong lanes may come from another program
    that had the CPU during one of the runs: a few tries. The checker must agree with each."""
    for _ in range(4):
        problem, near, seen = once(seed, rows, server, folder)
        if (near and not problem) or (problem and not problem.startswith("false")):
            break
        print(f"# again: {problem}: {seen}", flush=True)
    return problem, near, seen


def once(seed, rows, server, folder):
    sql = subprocess.run([MODEL, "--emit", str(seed)], capture_output=True, text=True, check=True).stdout
    path, store = f"{folder}/{seed}.sql", f"{folder}/{seed}.db"
    with open(path, "w") as f:
        f.write(sql.replace("@BURN@", str(int(rows))))
    for _ in range(4):
        with quiet.Watch(server) as watch:
            ran = subprocess.run([*quiet.AWAY, PROGRAM, "run", "--baseline", "-q", "-f", path, "--db=" + store],
                                 capture_output=True, env={**os.environ, **server.socket_env}, text=True,
                                 stdin=subprocess.DEVNULL)
        if ran.returncode != 0:
            return f"exit code {ran.returncode}: {ran.stderr.strip()}{ran.stdout.strip()}", False, ""
        if "generate_series" not in sql or watch.quiet:
            break
    found = checker.check(store)
    truth = json.loads(subprocess.run([MODEL, "--truth", str(seed)] + times_of(store, found["run"]), text=True,
                                      capture_output=True, check=True).stdout)
    seen = (f"{truth['kind']}: {found['stored']}, truth {truth['least']} to {truth['most']}; "
            f"lanes {found['lanes']:.3f}, truth {truth['lanes']:.3f}")
    near = abs(found["lanes"] - truth["lanes"]) <= 0.1 * truth["lanes"]
    if not found["agrees"]:
        return f"the checker says {found['verdict']}, the store {found['stored']}", near, seen
    shown = shown_numbers(store, found["run"])
    for name in ("speedup", "ceiling", "peak_active", "mean_active"):
        mine = found[name.replace("peak_active", "peak")]
        if abs(mine - (shown[name] or 0)) > (0 if name == "peak_active" else 0.01 * max(mine, 1)):
            return f"{name} {shown[name]}, the checker says {mine:.3f}", near, seen
    if "generate_series" in sql and not watch.quiet:
        return f"# SKIP other programs used {100 * watch.others:.0f} % of the CPU", True, seen
    if found["stored"] == "PARALLEL" and truth["most"] != "PARALLEL":
        return "false PARALLEL", near, seen
    if found["stored"] == "SERIAL" and truth["least"] != "SERIAL":
        return "false SERIAL", near, seen
    return None, near, seen


def main():
    seeds = [int(a) for a in sys.argv[1:]] or range(1, 41 if os.environ.get("SOAK") else 11)
    near, total = 0, 0
    with throwaway.Server(cpu=quiet.CPU) as server, tempfile.TemporaryDirectory() as folder:
        print(f"1..{len(seeds) + 1}", flush=True)
        for number, seed in enumerate(seeds, 1):
            problem, within, seen = one(seed, calibrate(server), server, folder)
            near, total = near + within, total + 1
            print(f"# {seen}")
            if problem and problem.startswith("#"):
                print(f"ok {number} {problem}", flush=True)
                continue
            print(f"{'not ok' if problem else 'ok'} {number} - workload {seed}{': ' + problem if problem else ''}",
                  flush=True)
    enough = total - near <= int(0.05 * total + 0.5)
    print(f"{'ok' if enough else 'not ok'} {total + 1} - effective lanes within 10 % in {near} of {total}")


main()
