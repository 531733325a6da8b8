#!/usr/bin/env python3
"""\\shell and \\setshell (--allow-shell) against pgbench: the same values, the same output, the same errors, in every
engine. And what pgbench has no answer for: many programs on one lane, deadlines, signals, what is left of them. Needs a
server.
"""
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

from faults import until
from tap import PROGRAM, Tap, program
from throwaway import Server, find_bindir

PGBENCH = shutil.which("pgbench") or find_bindir() + "/pgbench"
ENGINES = {"process": ["-e", "process"], "thread": ["-e", "thread"], "async": ["-e", "async"]}
KEEP = "insert into got values (:x);\n"

CASES = [
    ("output goes where ours goes", "\\shell echo OUT hi\n"),
    ("arguments, and a line that is continued",
     "\\set v 4\n\\shell echo OUT :v ::v a:v \"x   y\" \\\n  z :client_id :scale\n"),
    ("a double and a text", "\\set v 1.5\n\\shell echo OUT :v :word\n"),
    ("one after another", "\\shell echo OUT 1\n\\shell echo OUT 2\n\\shell echo 3 >&2\n\\shell echo OUT 4\n"),
    ("in a branch", "\\if true\n\\shell echo OUT yes\n\\else\n\\shell echo OUT no\n\\endif\n"),
    ("between statements of a block", "begin;\n\\setshell x echo 5\n" + KEEP + "\\shell echo OUT in a block\nend;\n"),
    ("standard input is empty for it", "\\shell echo OUT $(wc -c)\n"),
    ("it fails", "\\shell false\n"),
    ("it fails later", "select 1;\n\\shell echo OUT 1\n\\shell false\n\\shell echo OUT 2\n"),
    ("it is not there", "\\shell nosuchprogram a b\n"),
    ("it is killed", "\\shell kill -9 $$\n"),
    ("the error names the first word", "\\shell sh -c \"exit 3\"\n"),
    ("undefined", "\\shell echo :nope\n"),
    ("undefined as the first word", "\\shell :nope x\n"),
    ("a colon alone", "\\shell echo :\n"),
    ("as long as it may be", "\\shell echo OUT " + "x" * 245 + "\n"),
    ("too long", "\\shell echo OUT " + "x" * 246 + "\n"),
    ("too long with its values", "\\shell echo OUT " + "x" * 240 + " :word :word\n"),
    ("an integer", "\\setshell x echo 5\n" + KEEP),
    ("a negative one", "\\setshell x echo -17\n" + KEEP),
    ("with blanks", "\\setshell x echo '  7  '\n" + KEEP),
    ("without a line's end", "\\setshell x printf 8\n" + KEEP),
    ("of two lines the first", "\\setshell x printf '1\\n2\\n'\n" + KEEP),
    ("an empty line is 0", "\\setshell x echo\n" + KEEP),
    ("a status is not looked at", "\\setshell x echo 12; exit 3\n" + KEEP),
    ("computed", "\\set v 4\n\\setshell x expr :v + 38\n" + KEEP),
    ("set again", "\\set x 1\n\\setshell x echo 2\n\\set x :x * 100\n" + KEEP),
    ("two numbers", "\\setshell x echo 5 6\n" + KEEP),
    ("a word", "\\setshell x echo abc\n" + KEEP),
    ("hexadecimal", "\\setshell x echo 0x10\n" + KEEP),
    ("a double", "\\setshell x echo 1.5\n" + KEEP),
    ("nothing", "\\setshell x true\n" + KEEP),
    ("a program that is not there to set", "\\setshell x nosuchprogram\n" + KEEP),
    ("too long to set", "\\setshell x echo " + "1" * 250 + "\n" + KEEP),
]
# pgbench wraps such numbers around, or takes a piece of one.
OURS = [
    ("64 bits", "\\setshell x echo 4611686018427387904\n", "4611686018427387904"),
    ("more than 64 bits", "\\setshell x echo 99999999999999999999\n", None),
    ("more than a number can have", "\\setshell x echo " + "0" * 70 + "9\n", None),
]


class Pair:
    """pgbench and ours on one server."""

    def __init__(self, server, folder):
        self.server, self.folder, self.db = server, folder, folder + "/runs.db"

    def file(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def kept(self):
        rows = self.server.sql("select x from got order by x")
        self.server.sql("truncate got")
        return rows

    def theirs(self, text):
        return subprocess.run([PGBENCH, "-n", "-t", "1", "-D", "word=abc", "-f", self.file("s.sql", text)], text=True,
                              env={**os.environ, **self.server.socket_env}, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=120)

    def words(self, text, *arguments):
        return ["run", "-n", "-D", "word=abc", "--allow-shell", "--db", self.db, "-f", self.file("s.sql", text),
                *arguments]

    def ours(self, text, *arguments, **env):
        return program(self.words(text, *arguments), {**self.server.socket_env, **env})

    def begin(self, text, *arguments):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return subprocess.Popen([PROGRAM, *self.words(text, *arguments)], env={**clean, **self.server.socket_env},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def one(self, query):
        with sqlite3.connect(self.db) as store:
            return store.execute(query + " order by run desc limit 1").fetchone()


def printed(stdout):
    return [line for line in stdout.splitlines() if line.startswith("OUT ")]


def complaint(stderr, pattern):
    match = re.search(pattern, stderr, re.M)
    return match.group(1) if match else ""


def same_as_pgbench(tap, pair):
    """The error too, up to the detail that ours adds and but for the quoted line's end."""
    for title, text in CASES:
        theirs, kept = pair.theirs(text), pair.kept()
        wanted = complaint(theirs.stderr, r"^pgbench: error: (.*)$")
        place = complaint(theirs.stderr, r"aborted in (command \d+) ")
        for name, engine in ENGINES.items():
            had = pair.ours(text, "-t", "1", *engine)
            mine = complaint(had.stderr, r"of script 0; (.*)$")
            good = (had.returncode == 0) == (theirs.returncode == 0) and printed(had.stdout) == printed(theirs.stdout) \
                and pair.kept() == kept and (wanted == "") == (mine == "") and mine.startswith(wanted) and \
                place == complaint(had.stderr, r"aborted in (command \d+) ")
            tap.check(f"{title}: {name}", good, f"{text}\npgbench {theirs.returncode} {printed(theirs.stdout)}\n"
                      f"{theirs.stderr}\nours {had.returncode} {printed(had.stdout)}\n{had.stderr}")


def numbers_of_ours(tap, pair):
    for title, text, value in OURS:
        had = pair.ours(text + KEEP, "-t", "1")
        tap.check(title, pair.kept() == ([value] if value else []) and
                  (value is not None or "must return an integer" in had.stderr), had.stderr)


def programs_run_at_once(tap, pair):
    """Each program waits for all the others: a lane that waited for one would wait for ever."""
    meet = pair.file("meet.sh", 'touch "$0.$1.$2"; while [ $(ls "$0.$1".* | wc -l) -lt 6 ]; do sleep 0.05; done\n')
    for title, layout in (("process", ["-e", "process"]), ("two processes", ["-j", "2"]), ("thread", ["-e", "thread"]),
                          ("two threads", ["-e", "thread", "-j", "2"]), ("async", ["-e", "async"])):
        had = pair.ours(f"\\shell sh {meet} {title.replace(' ', '-')} :client_id\n", "-c", "6", "-t", "1", *layout)
        tap.check(f"six programs at once: {title}", had.returncode == 0, had.stdout + had.stderr)


def alive(path):
    """The process whose number stands in the file, once it does."""
    until(lambda: os.path.exists(path) and open(path).read().endswith("\n"))
    return int(open(path).read())


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def deadlines(tap, pair):
    """At --timeout the program ends with all it started, and its block is rolled back."""
    late = pair.file("late.sh", 'sleep 86400 & echo $! >"$0.pid"; wait\n')
    text = f"begin;\ninsert into got values (1);\n\\shell sh {late}\nend;\n"
    for name, engine in ENGINES.items():
        had = pair.ours(text, "-t", "2", "--timeout=1s", "--continue-on-error", "--verbose-errors", *engine)
        tap.check(f"timeout: {name}", had.returncode == 3 and pair.kept() == [] and
                  had.stderr.count("shell command did not end within 1.000 s (--timeout)") == 2 and
                  pair.one("select done, failed, unknown from load") == (0, 2, 0), had.stdout + had.stderr)
        until(lambda: gone(alive(late + ".pid")))
        os.unlink(late + ".pid")


def signals(tap, pair):
    """Once: what runs gets its grace and is then ended; twice: at once. No program is left."""
    late = pair.file("last.sh", 'sleep 86400 & echo $! >"$0.pid"; wait\n')
    for name, engine in ENGINES.items():
        for times, more in ((1, ["--grace=1s"]), (2, [])):
            run = pair.begin(f"\\shell sh {late}\n", "-T", "600", *engine, *more)
            pid = alive(late + ".pid")
            for _ in range(times):
                run.send_signal(signal.SIGINT)
                time.sleep(0.2)  # two of the same at once are one
            text = run.communicate(timeout=60)[0]
            until(lambda: gone(pid))
            tap.check(f"signal, {times}: {name}", run.returncode == -signal.SIGINT, text)
            os.unlink(late + ".pid")


def nothing_is_left(tap, pair):
    """No zombie of it while the run goes on, and so few descriptors that one left by each would end it."""
    limit = ["sh", "-c", 'ulimit -n 80; exec "$@"', "sh"]
    text = "\\setshell x ps -o stat= --ppid $PPID | grep -c Z; true\n" + KEEP + "\\shell true\n"
    for name, engine in ENGINES.items():
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        had = subprocess.run(limit + [PROGRAM] + pair.words(text, "-c", "2", "-t", "60", *engine), text=True, check=False,
                             env={**clean, **pair.server.socket_env}, capture_output=True, timeout=300,
                             stdin=subprocess.DEVNULL)
        tap.check(f"nothing is left: {name}", had.returncode == 0 and set(pair.kept()) <= {"0", "1"}, had.stderr)


def the_rest(tap, pair):
    had = pair.ours("\\shell sleep 0.2\nselect 1;\n", "-t", "2", "-r")
    latency = complaint(had.stdout, r"^ *([\d.]+) .*\\shell sleep 0.2")
    tap.check("-r shows its time", latency != "" and float(latency) >= 200, had.stdout)
    end = pair.file("end.sh", 'psql -X -q -c "select pg_terminate_backend($1, 60000)" >/dev/null\n')
    text = f"select pg_backend_pid() as pid \\gset\n\\shell sh {end} :pid\nselect 1;\n"
    for name, engine in ENGINES.items():
        had = pair.ours(text, "-t", "3", *engine)
        done, lost = pair.one("select done, failed + unknown from load")
        tap.check(f"the connection is lost meanwhile: {name}", had.returncode == 3 and (done, lost) == (0, 3), had.stderr)
    had = pair.ours('\\shell test "$PGPASSWORD $PGPASSFILE" = "secret /nowhere"\n', "-t", "1", PGPASSWORD="secret",
                    PGPASSFILE="/nowhere")
    tap.check("its environment is the user's", had.returncode == 0, had.stderr)
    plain = program(["run", "-n", "-t", "1", "--db", pair.db, "-f", pair.file("s.sql", "select 1;\n  \\shell true\n")],
                    pair.server.socket_env)
    tap.check("not without --allow-shell", plain.returncode == 1 and "s.sql:2:3: \\shell: " in plain.stderr and
              "--allow-shell" in plain.stderr, plain.stderr)


def main():
    tap = Tap()
    version = subprocess.run([PGBENCH, "--version"], capture_output=True, text=True, check=True).stdout
    with Server() as server, tempfile.TemporaryDirectory(prefix="pgparallel-shell-") as folder:
        server.sql("create table got (x bigint)")
        pair = Pair(server, folder)
        if " 15." in version:
            same_as_pgbench(tap, pair)
        else:
            tap.skip("pgbench compared", "the language is that of pgbench 15, this is " + version.strip())
        for part in (numbers_of_ours, programs_run_at_once, deadlines, signals, nothing_is_left, the_rest):
            part(tap, pair)
    tap.end()


if __name__ == "__main__":
    main()
