#!/usr/bin/env python3
"""pgbench and our scripts compared: the same values, the same SQL, the same acceptances and refusals. Needs a server.

Expressions by hand (corners) and at random from a seed; script fragments by hand. The oracle is the installed pgbench,
run on a throwaway server; its debug() says what a value is, the server's csv log what was sent. tool_script is ours.
SEED=N takes other random expressions, SOAK=1 more of them.
"""
import concurrent.futures
import csv
import glob
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

import script_cases
from tap import SOAK, Tap
from throwaway import Server, find_bindir

csv.field_size_limit(1 << 28)
BUILD = os.environ.get("BUILD", ".build")
TOOL = BUILD + "/tests/unit/tool_script"
PGBENCH = shutil.which("pgbench") or find_bindir() + "/pgbench"
DEFINES = ["n=42", "neg=-17", "r=2.5", "z=0", "t=true", "f=off", "nul=NULL", "word=abc", "late=9223372036854775807",
           "default_seed=12345", "scale=3"]


def defines(names):
    return [word for name in names for word in ("-D", name)]


class Oracle:
    """pgbench on a server; every run has a name that the server's log carries."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.env = {**os.environ, **server.socket_env}

    def run(self, name, text, arguments=()):
        path = f"{self.folder}/{name}.sql"
        with open(path, "wb") as f:
            f.write(text.encode("utf-8", "surrogateescape"))
        return subprocess.run([PGBENCH, "-n", "-t", "1", "-f", path, *arguments], capture_output=True, check=False,
                              env={**self.env, "PGAPPNAME": name}, timeout=60)

    def statements(self):
        """name -> what the server was sent, in order: (text, parameters)."""
        self.server.sql("select 'the log ends here'")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            text = "".join(open(p, encoding="utf-8", errors="surrogateescape", newline="").read()
                           for p in sorted(glob.glob(self.server.dir + "/data/log/*.csv")))
            if "the log ends here" in text:
                break
            time.sleep(0.05)
        sent = {}
        for row in csv.reader(text.splitlines(keepends=True)):
            if len(row) < 23:
                continue
            name, message, detail, query = row[22], row[13], row[14], row[19]
            plain = re.match(r"(statement|execute [^:]*): (.*)", message, re.S)
            if plain:
                sent.setdefault(name, []).append((plain.group(2), detail))
            elif row[11] == "ERROR" and query:
                sent.setdefault(name, []).append((query, None))
        return sent


def ours(folder, name, text, arguments=()):
    path = f"{folder}/{name}.sql"
    with open(path, "wb") as f:
        f.write(text.encode("utf-8", "surrogateescape"))
    return subprocess.run([TOOL, *arguments, path], capture_output=True, check=False, timeout=60)


def text_of(output):
    return output.decode("utf-8", "surrogateescape")


def debugged(output):
    return re.findall(r"^debug\(script=\d+,command=\d+\): (.*)$", text_of(output), re.M)


def complaint(stderr):
    """pgbench's first complaint, without its own name."""
    match = re.search(r"^pgbench: (?:error|fatal): (.*)$", text_of(stderr), re.M)
    return match.group(1) if match else ""


def ours_lines(folder, expressions):
    path = folder + "/expressions"
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(e + "\n" for e in expressions))
    out = subprocess.run([TOOL, *defines(DEFINES), "--lines", path], capture_output=True, check=True, timeout=120)
    return text_of(out.stdout).split("\n")[:-1]


def one_expression(oracle, number, expression):
    """What pgbench makes of it, in the words of tool_script --lines."""
    answer = oracle.run(f"e{number}", f"\\set x debug({expression})\n", defines(DEFINES))
    values = debugged(answer.stderr)
    if answer.returncode == 1:
        return "refused: " + complaint(answer.stderr)
    if answer.returncode == 0 and values:
        return values[-1]
    return "error: " + complaint(answer.stderr)


def same(expected, got):
    """Values and errors word by word; refusals may say it otherwise."""
    if expected.startswith("refused: "):
        return re.match(r"refused: line:\d+:\d+: .*\S", got) is not None
    return expected == got


def batch(oracle, name, expressions):
    answer = oracle.run(name, "".join(f"\\set x debug({e})\n" for e in expressions), defines(DEFINES))
    return debugged(answer.stderr), complaint(answer.stderr)


def compare_one_by_one(tap, oracle, pool, expressions, got, title):
    expected = list(pool.map(lambda pair: one_expression(oracle, *pair), enumerate(expressions)))
    for expression, wanted, had in zip(expressions, expected, got):
        tap.check(f"{title}: {expression[:90]}", same(wanted, had), f"pgbench: {wanted}\nours:    {had}")


def compare_random(tap, oracle, pool, folder, seed, count):
    """Those that ours finds a value for go through pgbench in one script, the others one by one."""
    rng = random.Random(seed)
    expressions = [script_cases.random_expression(rng) for _ in range(count)]
    pairs = zip(expressions, ours_lines(folder, expressions))
    # abs(true) is one of the cases left out
    pairs = [(e, g) for e, g in pairs if "abs(" not in e or g != "error: cannot coerce boolean to double"]
    expressions, got = [e for e, _ in pairs], [g for _, g in pairs]
    good = [(e, g) for e, g in zip(expressions, got) if not g.startswith(("error: ", "refused: "))]
    bad = [(e, g) for e, g in zip(expressions, got) if g.startswith(("error: ", "refused: "))][:count // 5]
    for start in range(0, len(good), 100):
        part = good[start:start + 100]
        values, problem = batch(oracle, f"b{start}", [e for e, _ in part])
        wrong = [f"{e}\n  pgbench: {v}\n  ours:    {g}" for (e, g), v in zip(part, values) if v != g]
        if len(values) != len(part):
            wrong.append(f"pgbench stopped at {part[len(values)][0]}: {problem}")
        tap.check(f"{len(part)} random expressions have pgbench's values (seed {seed})", not wrong, "\n".join(wrong[:10]))
    expected = list(pool.map(lambda pair: one_expression(oracle, f"r{pair[0]}", pair[1][0]), enumerate(bad)))
    wrong = [f"{e}\n  pgbench: {w}\n  ours:    {g}" for (e, g), w in zip(bad, expected) if not same(w, g)]
    tap.check(f"{len(bad)} random expressions fail as in pgbench (seed {seed})", not wrong, "\n".join(wrong[:10]))


def sent_by_ours(stdout):
    """[(text, parameters)] of the lines that tool_script prints."""
    sent = []
    for match in re.finditer(r"^SQL (simple|extended): (.*?)\n(?=SQL |debug\(|\Z)", text_of(stdout), re.M | re.S):
        kind, rest = match.groups()
        if kind == "simple":
            sent.append((rest, ""))
            continue
        parts = re.split(r"\n  \$\d+ = ", rest)
        shown = [f"${i} = " + ("NULL" if v == "(none)" else "'" + v.replace("'", "''") + "'")
                 for i, v in enumerate(parts[1:], 1)]
        sent.append((parts[0], "parameters: " + ", ".join(shown) if shown else ""))
    return sent


def is_empty(text):
    return re.fullmatch(r"(\s|;|/\*.*?\*/)*", text, re.S) is not None


def same_statements(theirs, had, complete):
    """What failed in the server's parser has no parameters in the log; what is empty may not be in the log at all."""
    theirs = [t for t in theirs if not is_empty(t[0])]
    had = [h for h in had if not is_empty(h[0])]
    if len(theirs) > len(had) or (complete and len(theirs) != len(had)):
        return False
    return all(t[0] == h[0] and t[1] in (None, h[1]) for t, h in zip(theirs, had))


def compare_fragment(tap, case, theirs, had, sent):
    """kind: "same" in everything, "parse" only accepted or refused alike (ours has no server to answer \\gset), "earlier":
    ours refuses when it is parsed what pgbench refuses only when it gets there, "fails": both at run time, in other words, "ours": an addition of ours."""
    detail = (f"{case.text}\npgbench: {theirs.returncode} {complaint(theirs.stderr)}\nours: {had.returncode} "
              f"{text_of(had.stderr)}")
    refused = text_of(had.stderr)
    if case.kind == "earlier":
        good = theirs.returncode == 2 and had.returncode == 1
    elif case.kind == "fails":
        good = theirs.returncode == 2 and had.returncode == 2
    elif case.kind == "ours":
        good = theirs.returncode == 1 and had.returncode == 0
    elif theirs.returncode == 1 or had.returncode == 1:
        good = theirs.returncode == had.returncode
    elif case.kind == "parse":
        good = True
    else:
        meta = theirs.returncode == 2 and "query" not in text_of(theirs.stderr)
        mine = sent_by_ours(had.stdout)
        good = same_statements(sent, mine, theirs.returncode == 0 or meta) and \
            debugged(theirs.stderr) == debugged(had.stdout)[:len(debugged(theirs.stderr))] and \
            (not meta or f"error: {complaint(theirs.stderr)}\n" == refused)
        detail += f"\npgbench sent: {sent}\nours:         {mine}\n{debugged(theirs.stderr)} {debugged(had.stdout)}"
    if good and had.returncode == 1:
        place = re.match(r"refused: \S+\.sql:(\d+):(\d+): \S", refused)
        line = re.search(r"\.sql:(\d+): ", complaint(theirs.stderr))
        good = place is not None and (line is None or line.group(1) == place.group(1))
    tap.check(f"{case.kind}: {case.title}", good, detail)


def compare_fragments(tap, oracle, pool, folder, cases):
    theirs = list(pool.map(lambda pair: oracle.run(f"f{pair[0]}", pair[1].text, pair[1].arguments), enumerate(cases)))
    sent = oracle.statements()
    for number, case in enumerate(cases):
        had = ours(folder, f"f{number}", case.text, case.arguments + (["--allow-shell"] if case.shell else []))
        compare_fragment(tap, case, theirs[number], had, sent.get(f"f{number}", []))


def compare_options(tap, oracle, pool, folder):
    """Weights, names of built-ins and definitions: refused or not, the file itself being harmless."""
    with open(folder + "/plain.sql", "w", encoding="utf-8") as f:
        f.write("\\sleep 0\n")
    cases = script_cases.option_cases(folder + "/plain.sql")

    def theirs(words):
        return subprocess.run([PGBENCH, "-n", "-t", "1", *words], env=oracle.env, capture_output=True, check=False).returncode == 1
    for (title, pg, mine), wanted in zip(cases, pool.map(lambda case: theirs(case[1]), cases)):
        had = subprocess.run([TOOL, *mine], capture_output=True, check=False)
        tap.check(f"option: {title}", wanted == (had.returncode == 1), f"pgbench refuses: {wanted}\n{text_of(had.stderr)}")


def main():
    tap = Tap()
    version = subprocess.run([PGBENCH, "--version"], capture_output=True, text=True, check=True).stdout
    if " 15." not in version:
        tap.skip("pgbench compared", "the language is that of pgbench 15, this is " + version.strip())
        tap.end()
    settings = ["log_statement=all", "logging_collector=on", "log_destination=csvlog", "log_directory=log"]
    with Server(settings) as server, tempfile.TemporaryDirectory(prefix="pgparallel-script-") as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        server.sql("create table numbers as select i from generate_series(1, 3) i")
        oracle = Oracle(server, folder)
        by_hand = script_cases.expressions()
        compare_one_by_one(tap, oracle, pool, by_hand, ours_lines(folder, by_hand), "expression")
        compare_random(tap, oracle, pool, folder, int(os.environ.get("SEED", "1")), 20000 if SOAK else 500)
        seed = int(os.environ.get("SEED", "1"))
        compare_fragments(tap, oracle, pool, folder, script_cases.fragments() + list(
            script_cases.random_fragments(random.Random(seed), 5000 if SOAK else 100)))
        compare_options(tap, oracle, pool, folder)
    tap.end()


if __name__ == "__main__":
    main()
