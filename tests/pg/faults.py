"""What the fault tests share: a run in the background, its processes, its rows. Standard library only."""
import os
import signal
import sqlite3
import subprocess
import tempfile
import time

from tap import PROGRAM


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def until(condition, seconds=60):
    """Waits for a condition; its last answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01)
    return condition()


class Run:
    """One run in a folder of its own: `with Run(server, text, "-c", "4") as r:` starts it, r.end() waits for it."""

    def __init__(self, server, workload, *arguments, env=None, prefix=()):
        self.server, self.folder = server, tempfile.mkdtemp(prefix="pgfaults.")
        self.db = self.folder + "/runs.db"
        with open(self.folder + "/w.sql", "w") as f:
            f.write(workload)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self.environment = {**clean, **(env or server.socket_env)}
        self.out, self.err = open(self.folder + "/out", "w+"), open(self.folder + "/err", "w+")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, PROGRAM, "run", "-f", self.folder + "/w.sql", "--db", self.db, "--log-file", self.folder + "/log",
             *arguments], stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=self.environment)
        self.code = None

    def __enter__(self):
        return self

    def active(self, n=1):
        """Waits until n of the run's queries are active on the server; their backends' pids. A workload for which this
        is asked waits at a gate, or runs for so long that nothing can be in time."""
        query = ("select pid from pg_stat_activity where application_name like 'pgparallel%' and state = 'active' "
                 "and pid <> pg_backend_pid() and query not like '%pg_stat_activity%'")

        def look():
            rows = self.server.sql(query)
            return rows if len(rows) >= n else None
        rows = until(lambda: look() or self.process.poll() is not None, 120)
        if not isinstance(rows, list):
            raise RuntimeError(f"{n} queries were never active at once: exit {self.process.poll()}\n{self.text('err')}")
        return [int(pid) for pid in rows]

    def workers(self):
        """The observer is the first child."""
        return children(self.process.pid)[1:]

    def end(self, seconds=300):
        """Waits for the end; the seconds since the start. The code is 128 + n after signal n, as in a shell."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
            self.note = "did not end"
        self.took = time.monotonic() - self.began
        self.code = 128 - code if code < 0 else code
        return self.took

    def text(self, name):
        with open(self.folder + "/" + name, errors="replace") as f:
            return f.read()

    def rows(self, query):
        with sqlite3.connect(self.db) as connection:
            return connection.execute(query).fetchall()

    def run_row(self):
        """state, done, failed, unknown, not_run of the newest run."""
        return self.rows("select state, done, failed, unknown, not_run from v_run order by run desc limit 1")[0]

    def events(self, kind=None):
        return self.rows("select kind, text from v_event" + (f" where kind = '{kind}'" if kind else ""))

    def told(self):
        """Everything there is to say about a run that went wrong."""
        try:
            stored = f"{self.run_row()}\n{self.rows('select task, outcome, sqlstate, message, try_no from v_attempt')[:30]}"
        except sqlite3.Error as error:
            stored = str(error)
        return f"exit {self.code}\n{self.text('err')[-3000:]}\n{stored}"

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()
        self.err.close()
        subprocess.run(["rm", "-rf", self.folder], check=False)


def stopped(pid):
    """True while a process is stopped by a signal."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "T"
    except OSError:
        return False


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
