#!/usr/bin/env python3
"""The house's rules, proven from the sources and the objects: who includes whom, who calls which library, folders, file
length, banned calls, and that what a person meets is documented. Speaks TAP."""
import functools
import glob
import os
import re
import subprocess
import sys

BUILD = os.environ.get("BUILD", ".build")
PROGRAM = os.environ.get("PGPARALLEL", BUILD + "/pgparallel")
FOLDERS = ["shared", "worker", "reports", "orchestrator"]
MAY_INCLUDE = {"shared": {"shared"}, "worker": {"worker", "shared"}, "reports": {"reports", "shared"},
               "orchestrator": {"orchestrator", "shared", "reports"}}
ENTRY = "worker/worker.h"  # all of worker that orchestrator may see
TOP = {"Makefile", "README.md", "LICENSE", "orchestrator", "worker", "shared", "reports", "tests"}
# library -> (pattern of its symbols, objects that may use them)
LIBRARIES = {
    "libpq": (r"^(PQ|pg_)[A-Za-z_]+$", r"^worker/pg"),
    "SQLite": (r"^sqlite3_", r"^reports/(store|query)"),
    "msgpack": (r"^msgpack_", r"^shared/msg"),
    "jansson": (r"^json_[a-z]+_?|^jansson_", r"^reports/json"),
    "OpenSSL": (r"^(SSL_|OPENSSL_|EVP_|X509_|TLS_|CRYPTO_|SHA256|ERR_[a-z])", r"^(shared/digest|worker/pg_tls)"),
}
BANNED = ["system", "popen", "gets", "sprintf", "vsprintf", "strcpy", "strcat", "strncpy", "strncat", "mktemp", "tmpnam",
          "tempnam", "PQcancel", "PQexec", "PQexecParams", "PQconnectdb", "PQconnectdbParams", "PQsetdbLogin",
          "PQprint", "rand", "srand", "random", "alloca", "usleep", "atexit", "vfork"]
tests = []


def test(function):
    tests.append(function)
    return function


def sources(pattern="*.[ch]"):
    for folder in FOLDERS:
        yield from sorted(glob.glob(f"{folder}/{pattern}"))


@functools.lru_cache(maxsize=None)
def read(path):
    with open(path, errors="replace") as f:
        return f.read()


@functools.lru_cache(maxsize=None)
def code_of(path):
    """The text without comments and string literals."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"', lambda m: "" if m.group(0)[0] == "/" else '""', read(path),
                  flags=re.S)


@functools.lru_cache(maxsize=None)
def undefined(path):
    """Undefined symbols of an object, our own functions left out."""
    out = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines() if line.strip()}


@functools.lru_cache(maxsize=None)
def defined(path):
    out = subprocess.run(["nm", "--defined-only", "-g", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line.strip()}


def objects():
    """(source without .c, object) of every file of the product."""
    for source in sources("*.c"):
        path = os.path.join(BUILD, source[:-2] + ".o")
        if os.path.exists(path):
            yield source[:-2], path


def documents():
    def run(*words):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True).stdout
    return {"README.md": read("README.md"), "the man page": run("help", "man").replace("\\-", "-")}


@test
def includes_are_written_from_the_root_and_go_one_way():
    for path in sources():
        folder = path.split("/")[0]
        for name in re.findall(r'^#include "([^"]+)"', read(path), re.M):
            if name.endswith(".inc"):
                continue
            target = name.split("/")[0]
            if "/" not in name or not os.path.exists(name):
                yield f"{path} includes {name}, which is no path from the root"
            elif target not in MAY_INCLUDE[folder] and not (folder == "orchestrator" and name == ENTRY):
                yield f"{path} includes {name}"


@test
def objects_call_only_what_their_folder_may():
    owner = {}
    for source, path in objects():
        for symbol in defined(path):
            owner[symbol] = source
    entries = set(re.findall(r"\b(\w+)\(", code_of(ENTRY)))
    for source, path in objects():
        folder = source.split("/")[0]
        for symbol in undefined(path):
            target = owner.get(symbol, "").split("/")[0]
            if not target or target in MAY_INCLUDE[folder]:
                continue
            if folder == "orchestrator" and target == "worker" and symbol in entries:
                continue
            yield f"{source}.o calls {symbol} of {owner[symbol]}"


@test
def libraries_are_called_only_where_they_may_be():
    ours = set()
    for _, path in objects():
        ours |= defined(path)
    for source, path in objects():
        for symbol in sorted(undefined(path) - ours):
            for library, (pattern, place) in LIBRARIES.items():
                if re.match(pattern, symbol) and not re.match(place, source):
                    yield f"{source}.o calls {library}'s {symbol}"


@test
def nothing_calls_what_is_banned():
    for source, path in objects():
        for symbol in sorted(undefined(path) & set(BANNED)):
            yield f"{source}.o calls {symbol}"
    for path in sources():
        for name in re.findall(r"\b(\w+)\s*\(", code_of(path)):
            if name in BANNED:
                yield f"{path} calls {name}"


@test
def only_the_spawner_forks():
    """And programs that scripts ask for are spawned: a worker may have threads."""
    for source, path in objects():
        for symbol in undefined(path) & {"fork", "clone", "posix_spawn", "posix_spawnp"}:
            if not re.match(r"^orchestrator/(spawn|sandbox)", source) and \
                    (source, symbol) != ("worker/shell", "posix_spawn"):
                yield f"{source}.o calls {symbol}"


@test
def no_source_file_is_longer_than_600_lines():
    for path in list(sources()) + sorted(glob.glob("tests/*/*.[ch]")):
        lines = read(path).count("\n")
        if lines > 600:
            yield f"{path} has {lines} lines"


@test
def each_source_file_begins_with_what_it_is_for():
    for path in sources():
        if not read(path).startswith("/*\n * "):
            yield f"{path} does not begin with a comment"


@test
def nothing_else_lies_at_the_top():
    try:
        tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True)
        names = tracked.stdout.split() if tracked.returncode == 0 else []
    except FileNotFoundError:
        names = []
    names = names or [name for name in os.listdir(".") if os.path.isdir(name)]  # no git: files may be the user's own
    for name in sorted({n.split("/")[0] for n in names}):
        if name not in TOP and not name.startswith("."):
            yield f"{name} lies at the top"


@test
def no_marks_of_unfinished_work_are_left():
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for path in list(sources()) + sorted(glob.glob("tests/*/*.*")) + ["README.md", "Makefile"]:
        if os.path.isfile(path) and mark.search(re.sub(r"mktemp\S* \S+", "", read(path))):
            yield f"{path} has one"


@test
def no_bats_test_negates_in_vain():
    for path in sorted(glob.glob("tests/*/*.bats") + glob.glob("tests/*/*.bash")):  # set -e does not see `! command`
        for line in re.findall(r"^(\t+! [^\n|]*(?:\|[^\n|]+)*)\n(?!})", read(path), re.M):
            yield f"{path}: {line.strip()}"


@test
def every_option_is_documented():
    table = read("orchestrator/options_table.c") + read("orchestrator/options_table_load.c")
    options = re.findall(r'\.name = "([a-z-]+)"', table)
    if len(options) < 40:
        yield f"only {len(options)} options found in the table"
    helps = "".join(subprocess.run([PROGRAM, "help", c], capture_output=True, text=True).stdout
                    for c in re.findall(r'^\s+\{"([a-z]+)",', table, re.M))
    for where, text in list(documents().items()) + [("--help", helps)]:
        for option in options:
            if f"--{option}" not in text:
                yield f"--{option} is not in {where}"


@test
def every_environment_variable_is_documented():
    with open(PROGRAM, "rb") as f:
        program = f.read()  # what only test hooks read is not in it
    for where, text in documents().items():
        for source in sources("*.c"):
            for name in re.findall(r'getenv\("(PGPARALLEL_\w+|XDG_\w+|STATE_\w+|NO_COLOR)"\)', read(source)):
                if name not in text and name.encode() in program:
                    yield f"{name} of {source} is not in {where}"


@test
def every_exit_code_is_documented():
    for where, text in documents().items():
        for name, number in re.findall(r"\b(EXIT_\w+) = (\d+)", read("shared/err.h")):
            if not re.search(rf"^(\| `?{number}`? \||\.B {number}$)", text, re.M):
                yield f"{name} ({number}) is not in {where}"


@test
def every_directive_is_documented():
    names = set()
    for source in glob.glob("orchestrator/workload*.c"):
        names |= set(re.findall(r'"@([a-z]+)"', read(source)))
        names |= set(re.findall(r'\{"(workload|run|task|setup|teardown|session|gate)"', read(source)))
    names |= {"workload", "run", "task", "setup", "teardown", "session", "gate"}
    for where, text in documents().items():
        for name in sorted(names):
            if f"@{name}" not in text:
                yield f"@{name} is not in {where}"


@test
def every_table_and_column_is_documented():
    text = read("README.md")
    schema = re.sub(r"--[^\n]*", "", read("reports/schema.sql"))
    for table, body in re.findall(r"create table (?:if not exists )?(\w+)\s*\((.*?)\)\s*(?:strict|without|;)", schema,
                                  re.S | re.I):
        section = re.search(rf"^\| `{table}` \|(.*)$", text, re.M)
        if not section:
            yield f"table {table} is not in README.md"
            continue
        for line in body.split("\n"):
            column = re.match(r"\s*(\w+)\s+(integer|text|real|blob|any)\b", line, re.I)
            if column and f"`{column.group(1)}`" not in section.group(1):
                yield f"column {table}.{column.group(1)} is not in README.md"
    for view in re.findall(r"create view (?:if not exists )?(\w+)", schema, re.I):
        if f"`{view}`" not in text:
            yield f"view {view} is not in README.md"


@test
def the_option_section_of_the_readme_is_the_tables():
    made = subprocess.run([PROGRAM, "help", "options"], capture_output=True, text=True).stdout.strip()
    if made not in read("README.md"):
        yield "README.md's options differ from `pgparallel help options`: run `make readme`"


def main():
    print(f"1..{len(tests)}")
    failed = 0
    for number, function in enumerate(tests, 1):
        try:
            found = list(function())
        except Exception as problem:  # a rule that cannot be checked is not kept
            found = [f"{type(problem).__name__}: {problem}"]
        name = function.__name__.replace("_", " ")
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for line in found[:40]:
            print(f"# {line}")
        failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
