#!/usr/bin/env python3
"""Faults of the network and of logging in, through the whole program with a misbehaving proxy and real TLS.

Needs a server of its own (a throwaway one with TLS). SOAK=1 cuts at every 37th byte.
"""
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pg"))
from faults import until
from proxy import Proxy, Way
from tap import SOAK, Tap, program
from throwaway import Server

ENGINES = ("process", "thread", "async")
WORK = "-- @task r repeat=4\nselect 7;\n"


def run(folder, env, *more, engine="async", clients=2, timeout=60, work=WORK):
    """(exit code or None when it hung, output, states of the tickets)"""
    with open(folder + "/work.sql", "w") as f:
        f.write(work)
    db = folder + "/results.db"
    for old in (db, db + "-wal", db + "-shm"):
        if os.path.exists(old):
            os.remove(old)
    try:
        end = program(["run", "-f", folder + "/work.sql", "-c", str(clients), "-e", engine, "--db", db, *more], env, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None, "hung", {}
    states = {}
    if os.path.exists(db):
        with sqlite3.connect(db) as store:
            states = dict(store.execute("select state, count(*) from v_ticket group by 1"))
    return end.returncode, end.stdout + end.stderr, states


def through(server, proxy):
    return {**server.tls_env, "PGPORT": str(proxy.port)}


def network(tap, server, folder):
    for cut in range(0, 6000, 37 if SOAK else 1499):
        with Proxy(server.port, Way(cut=cut)) as proxy:
            code, text, states = run(folder, through(server, proxy), "--reconnect-for=1s")
            good = code in (2, 3) if cut < 1000 else code in (0, 2, 3)  # so early nobody is logged in
            good = good and (code == 0) == (states == {"done": 4})
            tap.check(f"N1: connections cut after byte {cut}: an end with an honest code", good, f"{code} {states}\n{text}")
    for engine in ENGINES:
        with Proxy(server.port, Way(refuse=True)) as proxy:
            code, text, states = run(folder, through(server, proxy), "--reconnect-for=1s", engine=engine)
            tap.check(f"N4: RST on every connection, {engine}: exit 2", code == 2 and proxy.connections > 0, f"{code}\n{text}")
    with Proxy(server.port, Way(stall=True)) as proxy:
        env = {**through(server, proxy), "PGCONNECT_TIMEOUT": "2"}
        code, text, _ = run(folder, env, "--reconnect-for=1s")
        tap.check("N2: accepted, then silence: connect_timeout ends it, exit 2", code == 2, f"{code}\n{text}")
    for engine in ENGINES:
        with Proxy(server.port, Way(flip=1000)) as proxy:
            code, text, states = run(folder, through(server, proxy), "--reconnect-for=1s", engine=engine)
            tap.check(f"N5: a byte flipped in the TLS handshake, {engine}: exit 2, nothing done",
                      code == 2 and "done" not in states, f"{code} {states}\n{text}")
    with Proxy(server.port, Way(slice=(64, 0.003))) as proxy:
        code, text, states = run(folder, through(server, proxy))
        tap.check("N6: 20 KB/s in slices: slow, and it works", code == 0 and states == {"done": 4}, f"{code}\n{text}")


def cut_in_flight(tap, server, folder):
    for engine in ENGINES:
        with Proxy(server.port) as proxy:
            def strike():
                until(lambda: server.sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == ["2"])
                proxy.drop()
            striker = threading.Thread(target=strike)
            striker.start()
            code, text, states = run(folder, through(server, proxy), engine=engine,
                                     work="-- @task w repeat=2\nselect pg_sleep(20);\n")
            striker.join()
            tap.check(f"N8: TLS cut without close_notify in a statement, {engine}: unknown, not repeated, exit 3",
                      code == 3 and states == {"unknown": 2}, f"{code} {states}\n{text}")


def tls(tap, server, folder):
    other = folder + "/other.crt"
    subprocess.run(["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-keyout",
                    folder + "/other.key", "-out", other], check=True, capture_output=True)
    for engine in ENGINES:
        code, text, _ = run(folder, {**server.tls_env, "PGSSLROOTCERT": other}, "--reconnect-for=1s", engine=engine)
        tap.check(f"N9: another authority's certificate, {engine}: exit 2, certificate named",
                  code == 2 and "certificate" in text, f"{code}\n{text}")


def refusals(server, name):
    with open(server.dir + "/log", errors="replace") as f:
        return sum("FATAL" in line and name in line for line in f)


def logins(tap, server, folder):
    for state, name, setting in (("3D000", "nowhere", "PGDATABASE"), ("28000", "nobody_known", "PGUSER")):
        for engine in ENGINES:
            before = refusals(server, name)
            code, text, _ = run(folder, {**server.tls_env, setting: name}, engine=engine)
            tries = refusals(server, name) - before
            tap.check(f"S7: {state} is not tried again, {engine}: exit 2, {name} told, a login a process at most",
                      code == 2 and name in text and 1 <= tries <= 3, f"{code}, {tries} logins\n{text}")
    code, text, _ = run(folder, server.tls_env, clients=400)
    tap.check("S6: more sessions than the server allows: exit 1, both numbers", code == 1 and "400" in text and "300" in text,
              f"{code}\n{text}")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder, Server(tls=True) as server:
        code, text, states = run(folder, server.tls_env)
        tap.check("undisturbed over verify-full: done", code == 0 and states == {"done": 4}, f"{code} {states}\n{text}")
        network(tap, server, folder)
        cut_in_flight(tap, server, folder)
        tls(tap, server, folder)
        logins(tap, server, folder)
    tap.end()


main()
