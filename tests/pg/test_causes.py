#!/usr/bin/env python3
"""Causes of verdicts on a real server (needs a server): what keeps tasks from running in parallel is named, claims are
judged, and the independent checker agrees each time."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import checker  # noqa: E402
import throwaway  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("PGPARALLEL", os.environ.get("BUILD", ".build") + "/pgparallel"))
number, failures = 0, 0


def tasks(*queries, options="repeatable"):
    return "".join(f"-- @task t{n} {options}\n{query};\n" for n, query in enumerate(queries, 1))


def sleeps(*seconds):
    return tasks(*(f"select pg_sleep({s})" for s in seconds))


def once(env, sql, options, verdict, words, peak, lanes, speedup, ceiling, code):
    """One run: (what is wrong whatever the machine does, what a loaded machine may have spoilt, what was said)."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/x.sql", "w") as f:
            f.write(sql)
        ran = subprocess.run([PROGRAM, "run", "-f", folder + "/x.sql", f"--db={folder}/store", *options], text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, env={**os.environ, **env})
        text, wrong, spoilt = " ".join((ran.stdout + ran.stderr).split()), [], []
        if ran.returncode != code:
            spoilt.append(f"exit code {ran.returncode}")
        found = {}
        if os.path.exists(folder + "/store"):
            found = checker.check(folder + "/store")
            wrong += [] if found["agrees"] else [f"the checker says {found['verdict']}, the store {found['stored']}"]
            spoilt += [] if found["stored"] == verdict else [f"{found['stored']} and not {verdict}"]
    spoilt += [f"does not say {w!r}" for w in words if w.lower() not in text.lower()]
    if peak is not None and found.get("peak") != peak:
        spoilt.append(f"peak {found.get('peak')}")
    for what, bounds in (("lanes", lanes), ("stored_speedup", speedup), ("stored_ceiling", ceiling)):
        if bounds and not bounds[0] <= (found.get(what) or 0) <= bounds[1]:
            spoilt.append(f"{what} {found.get(what)} not in {bounds}")
    return wrong, spoilt, text


def case(name, env, sql, *options, verdict, words=(), peak=None, lanes=None, speedup=None, ceiling=None, code=0):
    """Runs it and compares; numbers are (low, high). What is measured is wrong where another program had the CPU: a few
    tries, of which the checker must agree with each."""
    global number, failures
    number += 1
    for _ in range(8):
        wrong, spoilt, text = once(env, sql, options, verdict, words, peak, lanes, speedup, ceiling, code)
        if wrong or not spoilt:
            break
    wrong += spoilt
    failures += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    if wrong:
        print(f"# {'; '.join(wrong)}\n# {text}", flush=True)


def on_a_server(env):
    five = sleeps(0.4, 0.2, 0.6, 0.2, 0.4)
    case("without a serial run", env, five, verdict="OVERLAPPED", peak=5, lanes=(2.7, 3.3), words=["--baseline"])
    case("two sessions have their own ceiling", env, five, "--baseline", "-c", "2", verdict="PARALLEL", peak=2,
         speedup=(1.6, 1.9), ceiling=(1.95, 2.05), words=["2 sessions"])
    case("one session", env, five, "-c", "1", verdict="SERIAL", peak=1, words=["only one session"])
    case("one lock, unlocked by hand", env, tasks(*["select pg_advisory_lock(1); select pg_sleep(0.4);"
                                                    " select pg_advisory_unlock(1)"] * 5),
         verdict="SERIAL", peak=1, lanes=(0.9, 1.1), words=["waited for a lock"])
    case("a row for five", env, "-- @setup\ncreate table one (n int); insert into one values (1);\n"
         "-- @teardown\ndrop table one;\n" + tasks(*["update one set n = n + 1; select pg_sleep(0.3)"] * 4),
         verdict="SERIAL", lanes=(0.9, 1.1), words=["waited for a lock"])
    case("locks of their own", env, tasks(*[f"select pg_advisory_xact_lock({n}), pg_sleep(0.4)" for n in range(5)]),
         "--baseline", verdict="PARALLEL", peak=5)
    case("a long pole", env, tasks(*["select pg_sleep(1.5)"] + ["select pg_sleep(0.15)"] * 4), "--baseline",
         verdict="PARALLEL", words=["the longest query, t1, takes 1.5"], ceiling=(1.3, 1.5))
    case("a chain", env, "-- @task a repeatable\nselect pg_sleep(0.2);\n-- @task b repeatable after=a\nselect "
         "pg_sleep(0.2);\n-- @task c repeatable after=b\nselect pg_sleep(0.2);\n", "-c", "3", verdict="SERIAL",
         words=["chained by after="])
    case("some fail", env, five + "-- @task bad\nselect 1 / 0;\n", "--baseline", verdict="PARALLEL", code=3,
         words=["PARALLEL, 1 failed"])
    case("all fail", env, tasks("select 1 / 0", "selct"), verdict="FAILED", code=3, words=["22012"])
    case("one task", env, sleeps(0.1), verdict="INCONCLUSIVE", words=["only one task was done"])
    case("a claim that holds", env, five, "--require-overlap=5", verdict="OVERLAPPED")
    case("a claim that does not", env, "-- @task a repeatable\nselect pg_sleep(0.2);\n"
         "-- @task b repeatable after=a repeat=2\nselect pg_sleep(0.2);\n", "-c", "3", "--require-overlap=3",
         verdict="OVERLAPPED", peak=2, code=4)
    case("a claim under one lock", env, tasks(*["select pg_advisory_xact_lock(1), pg_sleep(0.2)"] * 5),
         "--require-overlap=2", verdict="SERIAL", code=4)


def main():
    print("1..15")
    with throwaway.Server() as server:
        on_a_server(server.socket_env)
        with throwaway.Bouncer(server, pool_size=1) as bouncer:
            case("five sleeps through one pooled connection", bouncer.env, sleeps(*[0.4] * 5), verdict="SERIAL", peak=1,
                 lanes=(0.9, 1.1), words=["shared one backend", "pooler"])
    sys.exit(failures > 0)


main()
