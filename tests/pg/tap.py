"""TAP for the Python tests, and where the program under test is. Standard library only."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("PGPARALLEL", os.path.join(ROOT, ".build", "pgparallel"))
SOAK = bool(os.environ.get("SOAK"))


class Tap:
    """Counts checks: one line `ok N - name` or `not ok N - name` each, with the detail below a failure."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, name, good, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good:
            for line in str(detail).splitlines():
                print("#   " + line, flush=True)
        return good

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}", flush=True)

    def note(self, text):
        print("# " + text, flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)


def program(arguments, env, timeout=120, **more):
    """Runs the program under test; returns the finished process with its text outputs."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG") or k == "PGPARALLEL"}
    return subprocess.run([PROGRAM] + arguments, env={**clean, **env}, stdin=subprocess.DEVNULL, text=True, errors="replace",
                          capture_output=True, timeout=timeout, check=False, **more)
