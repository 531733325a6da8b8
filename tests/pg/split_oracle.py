#!/usr/bin/env python3
"""split_oracle: does tool_split cut SQL files where psql does?

psql runs each file on a throwaway server that logs every statement it is sent (log_statement = all, csvlog); what the
server saw is compared with what tool_split prints. Files are made here: by hand (CASES) and at random from a seed.

    split_oracle.py --tool PATH --log DIR [--seed N] [--count N]

PGHOST and its like must point to the server; DIR is its csv log's folder.
"""
import argparse
import csv
import glob
import io
import os
import random
import re
import subprocess
import sys
import tempfile
import time

csv.field_size_limit(1 << 28)

CASES = [
    "select 1; select 2;\n",
    "select 1",
    "select 1;select 2",
    ";;; select 1 ;; ;select 2;;",
    "",
    "-- only a comment\n",
    "/* only */ /* comments */ -- here\n",
    "select ';';select 'a''b;c';select 'it''s;';\n",
    'select 1 as ";", 2 as "a"";""b";\nselect 3;',
    "select $$a;b$$; select $x$ $$;$$ $y$;$y$ $x$; select $x1_$;$x1_$;",
    "select 1 as a$b$, 2; select 3 as b$b$; select $b$x;$b$;",
    "select $1$2; select 4;",
    "select '$$;' , $$';$$;",
    "select /* ; */ 1; select /* /* ; */ ; */ 2; /* ; */ select 3 /*;*/;",
    "select /*/ ; /*/ ; */ */ 1; select 2;",
    "select 1 -- ;\n; select 2 --;;;\n-- ;\n;",
    "select 4 /-- ;\n2; select 1 */* ; */ 2;",
    "select 1 --+ ;\n+ 2; select - -1; select 1---1;\n;",
    "select (1;2); select 3;",
    "create table t1 (a int; b int);\nselect 1;",
    "select ((1) ; (2) ;\n) ; select 4;",
    "select 1); select 2; select ((1)));",
    "select 'unpaired ( paren'; select 2; select \"(\" ; select 3;",
    "select E'a\\';b'; select E'\\\\'; select e'\\'\\';'; select 1;",
    "select E'a''b\\';c'; select 2;",
    "select E'a' 'b\\'; select 2; -- '",
    "select U&'d\\0061t;' ; select U&\"d;\" ; select u&'\\'; select 2;",
    "select b'01;' ; select x'1f;'; select n'a;b'; select N'x'; select B'0''1;'; select 3;",
    "select '\\'; select 2; select '\\\\';",
    "set standard_conforming_strings = off;\nselect '\\';a'; select 'b\\\\'; set standard_conforming_strings = on;\n"
    "select '\\'; select 1;",
    "set standard_conforming_strings to 'off';\nselect '\\';1'; reset standard_conforming_strings;\nselect '\\'; select 2;",
    "set session standard_conforming_strings to 0;\nselect U&'\\'; select '\\';';",
    "set standard_conforming_strings to false;\ndiscard all;\nselect '\\'; select 2;",
    "set standard_conforming_strings to off;\nreset all;\nselect '\\'; select 2;",
    "set standard_conforming_strings to off; select '\\'; select '\\';\nselect '\\';'; select 2;",
    "select E'a'\n'b\\'; select 2;",
    "select E'a' -- c\n 'b\\'; select 2; select E'a\n\\';' ; select 3;",
    "select 1e10;select 1E5;select 1.5e+3;select .5e-3;select 1.;select 2;",
    "select 1e'a\\';select 2;select 1.e'\\';select 3; select 1.5E'x\\'; select 1e5e'\\';select 4;",
    "select 1e-- ;\n select 2; select 1.5E+/* ;*/ 3; select 2e-E'\\';' ; select 4;",
    "select $1e'\\'; select $1e$ || '\\'; select 2;",
    "select 0x1fe'\\'; select 2; select 123abce'\\';",
    "select 1..2; select a..b;",
    "select :x; select ':;x'; select a[1:2]; select 1::int; select :'x;'; select :\"x;\";",
    "select :'abc'';';select 2;select :\"abc\"\";\";select 3;",
    "select '{\"a\":true}'::jsonb; select a[1:n]; select f(a := 1);",
    "create function f1() returns int begin atomic select 1; select 2; end; select 3;",
    "create or replace function f2() returns int begin atomic select case when true then 1 else 2 end; end; select 3;",
    "CREATE OR REPLACE PROCEDURE p1() BEGIN ATOMIC SELECT 1; END; SELECT 2;",
    "create function f3(a int default (1)) returns int language sql begin atomic; select 1; end; select 2;",
    "create function f4() returns int language plpgsql as $$begin return 1; end$$; select 2;",
    "create function f5() returns int language plpgsql as 'begin return 1; end'; select 2;",
    "create /* x */ function /* begin */ f6() returns int -- begin ;\n begin atomic select 1; end; select 3;",
    "create temp function begin(); select 2;",
    "select 1; create function begin begin; end; end; select 4;",
    "create view begin as select 1; select 2; create or function begin select; end; select 1;",
    "create or replace view v as select 1; begin; select 2; end;",
    "begin; select 1; commit; begin work; rollback; end;",
    "do $$begin perform 1; end$$; select 2;",
    "do $do$ begin execute $$select 1;$$; end $do$;\nselect 2;",
    "create rule r as on insert to t do (select 1; select 2); select 3;",
    "select 1\r\n;\r\nselect 2 -- c\r\n;\r\nselect 'a\r\nb';\r\n",
    "select 1 -- comment;\rselect 2;\nselect 3;",
    "\ufeffselect 1;\nselect 2;",
    "select '\u00e9;\u20ac' as \u00e9$\u00e9; select $\u00e9$;$\u00e9$; select 2;",
    "select 1;\n\n\n\nselect\n2\n;\n\n",
    "\t\n  select 1  ;  \n\t",
    "select $$\n;\n$$;\n\nselect '\n;\n';\nselect \"\n;\n\";",
    "select $a$ $b$ ; $a $a$; select $a$$a$; select $a$$$$a$;",
    "select $a$x$1$a$; select $$$$; select $$ $ $$;",
    "select $a; select $ a$; select a $ ;$;",
    "select 1 where 'a' ~ '^;$' ; select 2 !=-1; select 3 @> 4;",
    "select e; select e '\\'; select 2; select E\n'\\'; select 3;",
    "select xe'\\'; select 2; select _e'\\'; select 3;",
    "select \"E\"'\\'; select 2;",
    "select 'a'\n'b;c'; select 'a'\n--x;\n'b;'; select 2;",
    "prepare transaction 'a;b'; select 1;",
    "copy (select ';') to stdout; select 2;",
    "insert into t values (';', $$;$$, E'\\';', (select 1)); select 2;",
    "/*+ hint; */ select 1; /*+ hint */ -- x\n select 2;",
    "select 1; -- @task looks like a directive\nselect 2;",
    "select '/*'; select '*/'; select '--'; select $$/*$$; select 2;",
    "select \"/*\"; select \"--;\"; select 3;",
    "select /* ' */ 1; select /* $$ */ 2; select /* \" */ 3; -- ' \" $$ /*\nselect 4;",
    "select 1;select/**/2;select/***/3;select/*/**/*/4;",
    "select '''';select '''''';select ';''';select 2;",
    "select \"\"\"\"; select \"\"\";\"; select 2;",
    "select case when 1=1 then 2 end; select 3; end; select 4;",
    "create function f() begin case end; case; end; end; select 1;",
    "create procedure p() begin (end;) end; select 1;",
    "CREATE FUNCTION a.begin() RETURNS int AS 'x' LANGUAGE sql; select 1; end; select 2; end;",
]

PIECES = [
    "select", "1", "a", "b$c", "from", "t", "'", "''", '"', '""', "$$", "$a$", "$b$", "$", "E'", "e'", "x'", "U&'",
    "(", ")", ";", ";", ";", ",", "/*", "*/", "--", "\n", "\n", " ", " ", " ", "::", ":x", ":'x'", ':"x"', "+", "-", "*", "/",
    "create", "function", "procedure", "or", "replace", "begin", "end", "case", "atomic", "1.5", "1e", "e", "[", "]", "\r\n",
    "\u00e9", "'a;b'", "$$;$$", "$1", "=", "<", ">", "@", ".", "_", "0",
]
INSIDE = ["\\'", "\\\\", "\\n", "\\x41"]


def soup(rng):
    out = []
    for _ in range(rng.randint(3, 40)):
        out.append(rng.choice(PIECES) if rng.random() < 0.97 else rng.choice(INSIDE))
        if rng.random() < 0.5:
            out.append(" ")
    return "".join(out)


def gap(rng):
    return rng.choice([" ", " ", " ", "\n", "\t", " /* ; */ ", " -- ;\n", " /* /* ' */ ; */ ", "\r\n", " /*\n;*/ ", " --'\n"])


def literal(rng):
    body = "".join(rng.choice([";", "a", "(", ")", "--", "/*", "*/", "$$", " ", "\n", "begin", '"', "\u20ac", ":x"])
                   for _ in range(rng.randint(0, 6)))
    kind = rng.randrange(6)
    if kind == 0:
        return "'" + body + rng.choice(["", "''", "'';''"]) + "'"
    if kind == 1:
        return "E'" + body + rng.choice(["", "\\'", "\\\\", "''", "\\';\\'"]) + "'"
    if kind == 2:
        tag = rng.choice(["$q$", "$_1$", "$Q$", "$q2$"])
        return tag + body + rng.choice(["", "'", "$$;$$", "$w$"]) + tag
    if kind == 3:
        return 'a."' + body.replace('"', '""').replace("\u20ac", "") + 'x"'
    if kind == 4:
        return "U&'" + body.replace("\\", "") + "'"
    return rng.choice(["1", "1.5", "2e3", ".5", "1e-1", "$1", "x'1f'", "b'1'", ":name", "c[1:2]", "d::int"])


def expression(rng, depth=0):
    if depth < 3 and rng.random() < 0.3:
        inner = gap(rng).join([expression(rng, depth + 1), rng.choice(["+", ",", "||", ";"]), expression(rng, depth + 1)])
        return "(" + inner + ")"
    return literal(rng)


def statement(rng):
    kind = rng.randrange(8)
    if kind < 5:
        return "select" + gap(rng) + gap(rng).join(
            expression(rng) + ("," if rng.random() < 0.8 else " ||") for _ in range(rng.randint(0, 3))) + expression(rng)
    if kind == 5:
        body = "".join("select " + expression(rng) + ";" + gap(rng) for _ in range(rng.randint(0, 3)))
        word = rng.choice(["function", "procedure", "FUNCTION"])
        return rng.choice(["create ", "create or replace ", "CREATE\nOR /*;*/ REPLACE "]) + word + " f" + \
            rng.choice(["()", "(a int)", "(a text default ';')"]) + gap(rng) + "begin atomic " + body + \
            rng.choice(["", "select case a when 1 then 2 end; "]) + "end"
    if kind == 6:
        return rng.choice(["begin", "commit", "rollback", "end", "vacuum (t", "create table x(a int;b int)", "(select 1;)"]) \
            .replace("vacuum (t", "vacuum t")
    return rng.choice(["create view v as select begin", "do $$begin; end;$$", "with a as (select ';';) select 1",
                       "create rule r as on update to t do also (select 1; select 2)"])


def script(rng):
    out = [gap(rng)] if rng.random() < 0.3 else []
    for _ in range(rng.randint(1, 6)):
        out.append(statement(rng) + rng.choice(["", " ", gap(rng)]) + rng.choice([";", ";", ";", ";;", "; ;"]) +
                   rng.choice(["", "\n", gap(rng)]))
    if rng.random() < 0.3:
        out.append(statement(rng))
    return "".join(out)


def skip_comments(text):
    """The text behind leading white space and comments."""
    i = 0
    while i < len(text):
        if text[i] in " \t\r\n\f\v\ufeff":
            i += 1
        elif text.startswith("--", i):
            m = re.compile("[\r\n]").search(text, i)
            i = m.end() if m else len(text)
        elif text.startswith("/*", i):
            depth, i = 1, i + 2
            while depth and i < len(text):
                if text.startswith("/*", i):
                    depth, i = depth + 1, i + 2
                elif text.startswith("*/", i):
                    depth, i = depth - 1, i + 2
                else:
                    i += 1
        else:
            break
    return text[i:]


def same(seen, ours):
    """psql keeps the semicolon, comments before a statement and some behind it, which the tool does not; and it drops
    empty lines outside of quotes."""
    seen, ours = (re.sub("\n+", "\n", skip_comments(s)) for s in (seen, ours))
    return seen.startswith(ours) and skip_comments(seen[len(ours):]) in ("", ";")


def read_log(folder):
    text = ""
    for path in sorted(glob.glob(os.path.join(folder, "*.csv"))):
        with open(path, encoding="utf-8", newline="") as f:
            text += f.read()
    return text


def statements_by_marker(folder, last):
    """What the server saw, in lists that `select 'marker N'` parts."""
    deadline = time.monotonic() + 60
    while True:
        text = read_log(folder)
        if "marker %s end" % last in text or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    seen, current = {}, None
    for row in csv.reader(io.StringIO(text, newline="")):
        if len(row) < 20:
            continue
        tag, level, message, query = row[7], row[11], row[13], row[19]
        if level == "LOG" and message.startswith("statement: "):
            sql = message[len("statement: "):]
        elif level == "ERROR" and query and tag.startswith("idle"):
            sql = query  # it was no SQL for the server's parser, so the statement itself was not logged
        else:
            continue
        marker = re.fullmatch(r"select 'marker (\d+)( end)?';?", sql)
        if marker:
            current = None if marker.group(2) else int(marker.group(1))
            if current is not None:
                seen[current] = []
        elif current is not None:
            seen[current].append(sql)
    return seen


def run_psql(files, folder):
    command = ["psql", "-X", "-q", "-o", "/dev/null"]
    for number, path in files:
        command += ["-c", "select 'marker %d'" % number, "-f", path, "-c", "select 'marker %d end'" % number,
                    "-c", "rollback", "-c", "discard all"]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return statements_by_marker(folder, files[-1][0])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tool", required=True)
    p.add_argument("--log", required=True)
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("--count", type=int, default=200)
    args = p.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)
    texts = list(CASES)
    texts += [script(rng) if i % 2 else soup(rng) for i in range(args.count)]
    made, skipped, bad = [], 0, 0
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        for number, text in enumerate(texts):
            path = os.path.join(work, "%d.sql" % number)
            with open(path, "wb") as f:
                f.write(text.encode())
            done = subprocess.run([args.tool, path], capture_output=True, check=False)
            if done.returncode == 0:
                made.append((number, path, done.stdout.decode().split("\0")[:-1]))
            elif number < len(CASES) or done.returncode != 1:
                print("refused: %r\n  %s" % (text, done.stderr.decode()))
                bad += 1
            else:
                skipped += 1
        for at in range(0, len(made), 100):
            batch = made[at:at + 100]
            seen = run_psql([(n, path) for n, path, _ in batch], args.log)
            for number, _, ours in batch:
                theirs = [s for s in seen.get(number, ["nothing logged"]) if skip_comments(s) not in ("", ";")]
                if len(theirs) != len(ours) or not all(same(a, b) for a, b in zip(theirs, ours)):
                    bad += 1
                    print("differs: %r\n  psql: %r\n  ours: %r" % (texts[number], theirs, ours))
    print("seed %d: %d files compared, %d refused at random, %d wrong" % (seed, len(made), skipped, bad))
    if not made or skipped > args.count * 3 // 4:
        print("too few random files were accepted")
        bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
