"""Load runs as contenders: the program, pgbench and sysbench on the same script, and what they print, read."""
import os
import re
import shutil

from measure import Contender
from throwaway import find_bindir

SELECT = "select 1;\n"


def pipelined(n):
    return "\\startpipeline\n" + SELECT * n + "\\endpipeline\n"


def read_pgbench(text, per_transaction=1):
    """Both programs print these labels. A transaction of a script with a pipeline counts as so many queries."""
    rate = re.search(r"^tps = ([\d.]+)(?: \(without initial connection time\))?", text, re.M).group(1)
    done = re.search(r"^number of transactions actually processed: (\d+)", text, re.M).group(1)
    return {"rate": float(rate) * per_transaction, "transactions": int(done) * per_transaction}


def read_sysbench(text):
    queries, rate = re.search(r"^\s*queries:\s+(\d+)\s+\(([\d.]+) per sec", text, re.M).groups()
    return {"rate": float(rate), "transactions": int(queries)}


def pgbench_program():
    beside = find_bindir() + "/pgbench"
    return beside if os.path.exists(beside) else shutil.which("pgbench")


class Load:
    """The contenders of one server: files lie in a folder of the row's own."""

    def __init__(self, context, server, folder, cpu=None):
        self.context, self.env, self.folder, self.cpu = context, server.socket_env, folder, cpu

    def script(self, text):
        path = os.path.join(self.folder, f"script-{abs(hash(text)):x}.sql")
        with open(path, "w") as f:
            f.write(text)
        return path

    def common(self, script, sessions, lanes):
        return ["-n", "-f", self.script(script), "-c", sessions, "-j", lanes, "-M", "prepared", "-T", self.context.seconds]

    def ours(self, name, sessions, lanes, engine="process", script=SELECT, per_transaction=1, more=()):
        if self.context.null:
            script = pipelined(100) if "--pipeline=100" in more else pipelined(10) if "--pipeline=10" in more else script
            per_transaction = script.count("select") if script.startswith("\\") else per_transaction
            return self.pgbench(name, sessions, 1 if self.cpu is not None else lanes, script, per_transaction)
        command = [self.context.program, "run", "--db", os.path.join(self.folder, "runs.db"), "-e", engine,
                   *self.common(script, sessions, lanes), *more]
        return Contender(name, command, self.env, lambda text: read_pgbench(text, per_transaction), self.cpu)

    def pgbench(self, name, sessions, lanes, script=SELECT, per_transaction=1):
        command = [pgbench_program(), *self.common(script, sessions, lanes)]
        return Contender(name, command, self.env, lambda text: read_pgbench(text, per_transaction), self.cpu)

    def sysbench(self, name, sessions):
        command = ["sysbench", self.context.peer("select.lua"), "--db-driver=pgsql", f"--pgsql-host={self.env['PGHOST']}",
                   f"--pgsql-port={self.env['PGPORT']}", f"--pgsql-user={self.env['PGUSER']}",
                   f"--pgsql-db={self.env['PGDATABASE']}", f"--threads={sessions}", f"--time={self.context.seconds}",
                   "--events=0", "run"]
        return Contender(name, command, self.env, read_sysbench, self.cpu)


def missing(program):
    """Why a peer is not measured, None when it can be."""
    there = pgbench_program() if program == "pgbench" else shutil.which(program)
    return None if there else f"skipped: no {program}: make bench-deps"
