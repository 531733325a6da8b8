#!/usr/bin/env python3
"""Faults injected into whole runs on a throwaway server, one case a row: what the run does, stores and ends with.
test_faults.py NAME... runs only those groups of cases."""
import os
import signal
import socket
import subprocess
import sys
import time

from faults import Run, children, kill, until
from tap import Tap
from throwaway import Server

# All wait until the test has done what it does to the first of them.
MIXED = """-- @task r repeat=16 readonly
select wait_for('done'), pg_sleep(0.1);
-- @task w repeat=12
insert into ledger select 1 from wait_for('done'), pg_sleep(0.1);
"""
LONG = """-- @task r repeat=4 readonly
select pg_sleep(30);
"""


def agrees(server, run):
    """Rows of done writes are there, unknown ones may be; at most one row a ticket."""
    states = dict(run.rows("select state, count(*) from v_ticket where task = 'w' group by 1"))
    there = int(server.sql("select count(*) from ledger")[0])
    return states.get("done", 0) <= there <= states.get("done", 0) + states.get("unknown", 0)


def ours(server):
    return server.sql("select pid from pg_stat_activity where application_name like 'pgparallel%' "
                      "and pid <> pg_backend_pid()")


def none_left(server):
    """The observer's own session ends a moment after the run."""
    return until(lambda: not ours(server))


def worker_killed(tap, server):
    for name, number, engine in (("SIGSEGV", signal.SIGSEGV, "process"), ("SIGSEGV", signal.SIGSEGV, "async"),
                                 ("SIGKILL", signal.SIGKILL, "thread")):
        server.sql("truncate ledger, gate")
        with Run(server, MIXED, "-c", "4", "-e", engine) as run:
            run.active(4)
            kill(run.workers()[0], number)
            server.open("done")
            run.end()
            state, done, failed, unknown, not_run = run.run_row()
            good = (state, failed, not_run) == ("finished", 0, 0) and unknown <= 4 and done + unknown == 28
            good = good and run.code == (3 if unknown else 0) and agrees(server, run)
            good = good and run.events("worker died") and "was replaced" in run.text("err")
            tap.check(f"W1: a worker of engine {engine} gets {name}: its tickets judged, itself replaced", good, run.told())


def worker_stopped(tap, server):
    server.sql("truncate ledger, gate")
    with Run(server, MIXED, "-c", "4") as run:
        run.active(4)
        kill(run.workers()[0], signal.SIGSTOP)
        server.open("done")
        run.end()
        good = run.run_row()[1] + run.run_row()[3] == 28 and run.events("worker silent") and agrees(server, run)
        tap.check("W4: a worker that is stopped is killed after 10 s of silence", good, run.told())


ABORT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
/* The first to come (the observer) gets through. */
void *PQconnectStartParams(const char *const *keys, const char *const *values, int expand)
{
	void *(*real)(const char *const *, const char *const *, int);
	if (open(getenv("FIRST"), O_CREAT | O_EXCL | O_WRONLY, 0600) < 0)
		abort();
	*(void **)&real = dlsym(RTLD_NEXT, "PQconnectStartParams");
	return real(keys, values, expand);
}
"""


def workers_die_young(tap, server):
    name = "W3: every worker dies at its start: three tries each, then exit 2 with the cause"
    if subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", server.dir + "/abort.so", "-ldl"], input=ABORT,
                      text=True, check=False).returncode:
        tap.skip(name, "no compiler")
        return
    environment = {**server.socket_env, "LD_PRELOAD": server.dir + "/abort.so", "FIRST": server.dir + "/first"}
    with Run(server, LONG, "-c", "3", env=environment) as run:
        run.end()
        deaths = len(run.events("worker died"))
        tap.check(name, run.code == 2 and 3 <= deaths <= 9 and "signal 6" in run.text("err"), run.told())


def signals(tap, server):
    for engine in ("process", "thread", "async"):
        with Run(server, LONG, "-c", "2", "-e", engine, "--grace=1s") as run:
            run.active(2)
            run.process.send_signal(signal.SIGTERM)
            run.end()
            good = run.code == 143 and run.run_row() == ("stopped", 0, 2, 0, 2) and none_left(server)
            tap.check(f"P2: SIGTERM once, engine {engine}: grace, cancel, stored, nothing left", good, run.told())
    with Run(server, LONG, "-c", "2", "--grace=200s") as run:
        run.active(2)
        run.process.send_signal(signal.SIGINT)
        until(lambda: "a second signal stops at once" in run.text("err"))  # those that come together are one
        begin = time.monotonic()
        for _ in range(99):
            run.process.send_signal(signal.SIGINT)
        run.end()
        good = run.code == 130 and run.run_row()[0] == "stopped" and time.monotonic() - begin < 20 and none_left(server)
        tap.check("P3: a hundred signals stop the run at once, with what there was stored", good, run.told())
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        nobody = {**server.socket_env, "PGHOST": "127.0.0.1", "PGPORT": str(silent.getsockname()[1])}
        with Run(server, LONG, env=nobody) as run:
            until(lambda: children(run.process.pid))
            run.process.send_signal(signal.SIGINT)
            run.end()
            tap.check("P2: Ctrl-C while a server that says nothing is asked: ends by the signal", run.code == 130 and
                      "before anything ran" in run.text("err"), run.told())


def shutdown_hangs(tap, server):
    with Run(server, LONG, "-c", "2", "--grace=1s") as run:
        run.active(2)
        kill(run.workers()[0], signal.SIGSTOP)
        kill(children(run.process.pid)[0], signal.SIGSTOP)
        run.process.send_signal(signal.SIGINT)
        run.end()
        good = run.code == 130 and run.run_row()[0] == "stopped" and run.events("not swept")
        tap.check("P4: Ctrl-C with a stopped worker and a stopped observer still stores the run", good, run.told())
    with Run(server, LONG + "-- @teardown\nselect pg_sleep(40);\n", "-c", "2", "--grace=1s") as run:
        run.active(2)
        run.process.send_signal(signal.SIGINT)
        run.end()
        good = run.code == 130 and run.run_row()[0] == "stopped" and "@teardown did not succeed" in run.text("err")
        tap.check("P4: Ctrl-C, then a @teardown without an end: it is cancelled, the run is stored", good, run.told())


def parent_stopped(tap, server):
    with Run(server, "-- @task r repeat=60 readonly\nselect pg_sleep(0.4);\n", "-c", "4", "--timeout=3s") as run:
        run.active(4)
        everybody = [run.process.pid] + children(run.process.pid)
        for pid in everybody:
            kill(pid, signal.SIGSTOP)
        time.sleep(6)  # past the deadline of every task: what is tested is time itself
        for pid in everybody:
            kill(pid, signal.SIGCONT)
        run.end()
        good = run.code == 0 and run.run_row()[1] == 60 and run.events("parent paused")
        tap.check("P6: all stopped for 6 s and continued: no false timeouts, the pause is told", good, run.told())


def backends(tap, server):
    server.sql("truncate ledger, gate")
    with Run(server, MIXED, "-c", "4", "--retries=20") as run:
        run.active(4)
        for number in range(30):
            if number == 5:
                server.open("done")
            server.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and "
                       "application_name like 'pgparallel%' order by random() limit 1")
        run.end()
        state, done, failed, unknown, _ = run.run_row()
        codes = {row[0] for row in run.rows("select sqlstate from v_attempt where outcome <> 'done'")}
        good = state == "finished" and failed == 0 and done + unknown == 28 and codes == {"57P01"} and agrees(server, run)
        tap.check("S1: backends terminated over and over: reads repeated, writes by the unknown rule", good, run.told())
    server.sql("truncate ledger, gate")
    with Run(server, MIXED, "-c", "4") as run:
        kill(run.active(4)[0])
        server.open("done")
        run.end()
        codes = {row[0] for row in run.rows("select sqlstate from v_attempt where outcome <> 'done'")}
        good = run.run_row()[1] + run.run_row()[3] == 28 and agrees(server, run) and codes <= {"", "57P02"}
        tap.check("S2: a backend killed, the server restarts itself: the run resumes alone", good, run.told())
    with Run(server, "-- @task w\ninsert into ledger select 1 from pg_sleep(60);\n-- @task r readonly\nselect pg_sleep(60);\n",
             "--timeout=4s", "--retries=0") as run:
        pids = run.active(2)
        for pid in pids:
            kill(pid, signal.SIGSTOP)
        until(lambda: run.process.poll() is not None or run.text("log").count("the session was dropped") == 2, 120)
        for pid in pids:
            kill(pid, signal.SIGCONT)
        run.end()
        states = dict(run.rows("select task, state from v_ticket"))
        good = run.code == 3 and states == {"w": "unknown", "r": "failed"}
        tap.check("S8: stopped backends: deadline, cancel, session dropped; the write is unknown", good, run.told())


def refused(tap, server):
    server.sql("create role few login connection limit 3")
    few = {**server.socket_env, "PGUSER": "few"}
    with Run(server, LONG, "-c", "10", env=few) as run:
        run.end()
        good = run.code == 1 and "connection limit of role few" in run.text("err") and "-c 2" in run.text("err")
        tap.check("S6: more sessions than the role may have: exit 1, wanted and allowed, whose limit it is", good, run.told())
    server.sql("truncate gate")
    with Run(server, "-- @task r repeat=40 readonly\nselect wait_for('done'), pg_sleep(0.1);\n", "-c", "2", env=few) as run:
        pids = run.active(2)
        server.sql("alter role few connection limit 1")
        server.sql(f"select pg_terminate_backend({pids[0]})")
        until(lambda: "too many connections" in run.text("log"))
        server.sql("alter role few connection limit 9")
        server.open("done")
        run.end()
        tap.check("S6: too many connections in the middle: the session comes back later", run.run_row()[1] == 40, run.told())
    for name, change in (("28000", {"PGUSER": "nosuch"}), ("3D000", {"PGDATABASE": "nosuch"})):
        with Run(server, LONG, "-c", "10", env={**server.socket_env, **change}) as run:
            run.end()
            good = run.code == 2 and run.text("err").count("\n") == 1 and name in run.text("err")
            tap.check(f"S7: {name}: exit 2 and one message", good, run.told())
    with Run(server, "-- @session\nselect 1/0;\n" + LONG.replace("4", "20"), "-c", "10") as run:
        run.end()
        good = run.code == 2 and run.text("err").count("\n") == 1 and "@session: division by zero" in run.text("err")
        tap.check("S7: a wrong @session: exit 2 and one message, however many sessions", good, run.told())


def storms(tap, server):
    server.sql("truncate ledger; insert into ledger values (1), (2)")
    def crosswise(between, repeat=""):
        return "".join(f"-- @task {name} {repeat} transaction\nupdate ledger set n = n where n = {a};\nselect {between};\n"
                       f"update ledger set n = n where n = {b};\n" for name, a, b in (("x", 1, 2), ("y", 2, 1)))
    # Two that meet between their updates: there is a deadlock.
    with Run(server, crosswise("meet(2)"), "-c", "2", "--retries=30") as run:
        run.end()
        retried = run.rows("select count(*) from v_attempt where sqlstate = '40P01'")[0][0]
        tap.check("S10: deadlocks are repeated whole", run.code == 0 and run.run_row()[1] == 2 and retried > 0, run.told())
    server.sql("alter sequence meetings restart")
    with Run(server, crosswise("meet(2)"), "-c", "2", "--retries=0") as run:
        run.end()
        good = run.code == 3 and run.run_row()[1:3] == (1, 1)
        tap.check("S10: with --retries=0 a deadlock is a failure", good, run.told())
    with Run(server, crosswise("pg_sleep(0.03)", "repeat=6"), "-c", "4", "--retries=30") as run:
        run.end()
        tap.check("S10: many at once all come through", run.code == 0 and run.run_row()[1] == 12, run.told())
    with Run(server, "-- @task big repeat=40 readonly\nselect count(*) from (select g from generate_series(1, 300000) g "
             "order by g desc) x;\n", "-c", "4") as run:
        run.end()
        good = run.code == 3 and run.run_row()[0] == "aborted" and run.run_row()[4] > 20
        tap.check("S14: the server runs out of a resource for three workers in a row: the run stops", good, run.told())
    with Run(server, "-- @task flood\ndo $$ begin for i in 1..20000 loop raise notice '%', repeat('x', 100); end loop; end $$;\n"
             "-- @task big readonly\nselect (E'\\x1b[31m' || repeat('y', 10000000))::int;\n") as run:
        run.end()
        longest = max(len(row[0] or "") for row in run.rows("select message from v_attempt"))
        said = run.text("out") + run.text("err") + run.text("log")
        good = run.code == 3 and run.run_row()[1:3] == (1, 1) and longest <= 8192 and "\x1b" not in said and len(said) < 40000
        tap.check("S17: a flood of notices, 10 MB of error with escape codes: short and harmless", good, run.told())


def crew_small(tap, server):
    server.sql("truncate gate")
    with Run(server, "-- @task r repeat=60 readonly\nselect wait_for('done'), pg_sleep(0.02);\n", "-c", "3") as run:
        run.active(3)
        kill(children(run.process.pid)[0])
        until(lambda: "the observer (pid" in run.text("log"))
        server.open("done")
        run.end()
        good = run.code == 0 and run.events("observer died")
        tap.check("the observer killed: another one takes over", good, run.told())


def main():
    tap = Tap()
    with Server(["deadlock_timeout=50ms", "temp_file_limit=1MB", "work_mem=64kB"]) as server:
        server.sql("create table ledger (n int)")
        server.gates()
        server.sql("grant all on ledger to public")
        for cases in (worker_killed, worker_stopped, workers_die_young, signals, shutdown_hangs, parent_stopped, backends,
                      refused, storms, crew_small):
            if not sys.argv[1:] or cases.__name__ in sys.argv[1:]:
                cases(tap, server)
    tap.end()


if __name__ == "__main__":
    os.umask(0o022)
    main()
