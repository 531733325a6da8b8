"""The cases of test_script_diff.py: expressions and script fragments, by hand and at random. Standard library only."""
import collections

LEAST, MOST = "-9223372036854775808", "9223372036854775807"

# Left out, as pgbench's answer is no answer: abs(true) reads a byte as a double, a NaN as parameter of a distribution passes
# its check and yields what the conversion to an integer makes of it. Ours are errors.
CORNERS = f"""
0
1
007
{MOST}
{LEAST}
- {MOST}
-{LEAST}
--9223372036854775808
9223372036854775808
+9223372036854775808
1 - 9223372036854775808
-(9223372036854775808)
09223372036854775808
99999999999999999999
1.
.5
.
1.5.5
1e3
1E-3
1e
1e+
1.e2
.5e1
1e308
1e309
1e-400
4.9e-324
1e-320
0x10
1_000
12abc
abc
3 4
'abc'
"x"
1;
$1
:n
:neg
:r
:t
:f
:nul
:word
:undefined
:1
:1x
:scale
:default_seed
::n
: n
:
:n:n
true
FALSE
TrUe
null
NULL
on
true1
nulls
1 + 2 * 3
(1 + 2) * 3
1 - 2 - 3
100 / 7 / 2
-7 / 2
-7 % 3
7 % -3
-7 % -3
7.5 % 2
2.5 % 2
8 % 2.5
1 / 0
1 % 0
1.0 / 0
-1.0 / 0
0.0 / 0
1 % 0.0
0 / -1
{LEAST} / -1
{LEAST} % -1
{LEAST} / 1
{MOST} + 1
{MOST} + 0
{LEAST} - 1
{LEAST} + {LEAST}
{MOST} * 2
{LEAST} * -1
-1 * {LEAST}
{LEAST} * 1
3037000500 * 3037000500
3037000499 * 3037000499
{MOST} + 1.0
{MOST} * 1.0 = {MOST}
1 << 62
1 << 63
1 << 64
1 << 65
1 << -1
-1 >> 1
-1 >> 63
-1 >> 64
{LEAST} >> 3
1 >> -1
5 & 3
5 | 3
5 # 3
~5
~~5
~ 1 + 2
~1 | 2
~1 * 2
-~1
2 * ~1 + 3
- 2 * 3
-2.0
-0.0
0.0 * -1
- - 1
+ + 1
+-+-1
1 +
+
* 2
1 1
1 ** 2
1 ! 2
1 == 1
1 => 2
1 =< 2
1 <> 2
1 != 1
1 < 2
2 <= 2
2 > 1
2 >= 3
1 < 2 < 3
1 = 1 = 1
(1 = 1) = 1
1 < 2 AND 2 < 3
1 = 1 IS TRUE
1 IS NULL = TRUE
1 IS NULL IS NULL
1 < 1.5
1 = 1.0
true = true
true < false
null = null
null <> 1
true + 1
1 + null
null + true
null / 0
1 / null
null AND false
false AND null
null AND true
true AND null
null OR true
true OR null
null OR false
false OR null
null AND null
null OR null
NOT null
NOT true
NOT NOT false
NOT 1
NOT 1 = 2
NOT null IS NULL
- NOT true
2 * NOT 1 = 1
NOT 1 = 1 AND false
true AND false OR true
true OR false AND false
1 AND true
true AND 1
false AND 1
true OR 1
false OR 1
0.5 AND true
null AND 1
null OR 1
null AND 1 / 0
null OR 1 / 0
null AND null AND false
NOT (null AND 1) IS NULL
false AND 1 / 0
true OR 1 / 0
true AND 1 / 0
1 IS NULL
null IS NULL
null IS NOT NULL
1 IS NOT NULL
1 ISNULL
null ISNULL
null NOTNULL
1 NOTNULL
1 ISNULL NOTNULL
true IS TRUE
false IS TRUE
1 IS TRUE
0 IS FALSE
null IS FALSE
null IS NOT TRUE
true IS NOT FALSE
1 IS 1
1 IS NOT
1 IS
IS NULL
:undefined IS NULL
:nul IS NULL
case when true then 1 end
case when false then 1 end
case when 1 then 2 else 3 end
case when 0 then 2 else 3 end
case when 0.0 then 2 when 0.1 then 4 end
case when null then 2 else 3 end
case when true then 1 else 1 / 0 end
case when false then 1 / 0 else 5 end
case when false then 1 when true then 2 when 1 / 0 then 3 end
case when true then case when false then 1 else 2 end else 3 end
1 + case when true then 1 end * 3
case else 1 end
case when 1 end
case when 1 then end
case when 1 then 2
case 1 when 1 then 2 end
CASE WHEN TRUE THEN NULL END
case
end
(1
1)
()
((((((((((1))))))))))
abs(-5)
abs(5)
abs(-5.5)
abs({LEAST})
abs(null)
abs()
abs(1, 2)
abs
abs 1
ABS(-1)
abs (-1)
abs(,-1)
abs(-1,)
least(1, 2, 3)
least(3)
least(1, 2.5)
least(2.5, 1)
least(1, null)
least()
least(1, true)
least(,2)
least(1,,2)
least(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)
least(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17)
greatest(1, 2, 3)
greatest(1, 2.5, -7)
greatest(0.0 / 0, 1)
greatest(1, 0.0 / 0)
least(0.0 / 0, 1)
greatest({MOST}, 1.0)
greatest(true)
mod(7, 3)
mod(-7, 3)
mod(7, 0)
mod({LEAST}, -1)
mod(7.4, 3)
mod(1)
int(5.5)
int(4.5)
int(-5.5)
int(-0.4)
int(1e18)
int(9.3e18)
int(-9223372036854775808.0)
int(9223372036854775807.0)
int(0.0 / 0)
int(1.0 / 0)
int(true)
int(null)
int(5)
double(5)
double({MOST})
double(true)
double(null)
sqrt(2)
sqrt(-1)
sqrt(0)
ln(10)
ln(0)
ln(-1)
exp(1)
exp(710)
exp(-1000)
pi()
pi(1)
pow(2, 10)
power(2, 0.5)
pow(-8, 1.0 / 3)
pow(0, 0)
pow(0, -1)
pow(2)
power(null, 2)
pow(10, 400)
hash(0)
hash(1)
hash(-1)
hash(1, 0)
hash(1, 5)
hash({LEAST}, {MOST})
hash(10.5, 3)
hash(true)
hash(null, 1)
hash(1, null)
hash()
hash(1, 2, 3)
hash_fnv1a(0)
hash_fnv1a(1, 5)
hash_fnv1a({MOST}, -1)
hash_murmur2(1, 5)
hash_murmur2(-123456789, 987654321)
permute(0, 10)
permute(0, 1)
permute(5, 2)
permute(7, 10, 3)
permute(-7, 10, 3)
permute(12345, 1000000, 42)
permute({LEAST}, {MOST}, -5)
permute({MOST}, {MOST}, 0)
permute(3, 4611686018427387904, 9)
permute(1, 0)
permute(1, -5)
permute(1, 10, null)
permute(null, 0)
permute(2.5, 10, 1)
permute(1)
permute(1, 2, 3, 4)
random(1, 1)
random(5, 4)
random({LEAST}, {MOST})
random(0, {MOST})
random(-1, {MOST})
random(null, 1)
random(1.4, 1.2)
random(1)
random(true, 2)
random_gaussian(1, 1, 2.0)
random_gaussian(1, 10, 1.99)
random_gaussian(1, 1)
random_exponential(1, 1, 0.5)
random_exponential(1, 10, 0)
random_exponential(1, 10, -1)
random_zipfian(1, 1, 1.5)
random_zipfian(1, 10, 1)
random_zipfian(1, 10, 1001)
random_zipfian(2, 1, 1.5)
debug(1)
debug(null)
debug(true)
debug(1.5)
debug(debug(2) + 1)
debug(2) > debug(1)
debug()
ceil(1.5)
floor(1.5)
round(1.5)
upper(1)
coalesce(1, 2)
:n + :neg * :r
:t AND :f
:late + 1
:late + :nul
1 / :z
:r % :n
0.1 + 0.2
1.0 / 3
1e15 + 0.3
123456789012345678.0
100000.0 * 10
1e100
1.5e-7
2.0
1 / 0 > 1 % 0
:undefined > 1 / 0
1 # 2 & 3 | 4 << 1
1 + 2 << 3
1 | 2 = 3
1 < 2 | 4
-9223372036854775807 - 1
9223372036854775807 - -1
(true)
- true
~ true
~ 1.5
~ 1e300
1.5 | 1
1e300 & 1
true & 1
null & true
1 << null
3.7 * 0
"""


def expressions():
    cases = [line for line in CORNERS.split("\n") if line]
    cases += ["(" * 500 + "1" + ")" * 500, "- " * 999 + "1", "NOT " * 1000 + "true", "1" + " + 1" * 3000,
              "1+(" * 800 + "1" + ")" * 800, "abs(" * 600 + "-1" + ")" * 600, "(" * 12000 + "1" + ")" * 12000,
              "case when false then 0 else " * 400 + "1" + " end" * 400, "true" + " AND true" * 2000,
              "\t1\t+\t2\t", "1+2", "\u00e9(1)", "1 \u00b7 2", "true\x0band\x0cfalse", ":\u00e9"]
    return cases


INTS = ["0", "1", "2", "3", "7", "10", "63", "64", "100", "1000000007", MOST, "4611686018427387904", "3037000500"]
DOUBLES = ["0.0", "0.5", "1.5", "2.5", "3.14159", "1e10", "1e-5", "1e300", "123456.789"]
VARIABLES = [":n", ":neg", ":r", ":z", ":t", ":f", ":nul", ":late", ":scale", ":n", ":neg"]
FUNCTIONS = {"abs": 1, "int": 1, "double": 1, "sqrt": 1, "ln": 1, "exp": 1, "pow": 2, "power": 2, "mod": 2, "hash": 2,
             "hash_fnv1a": 2, "hash_murmur2": 1, "permute": 3, "least": 3, "greatest": 2}
BINARY = ["+", "-", "*", "/", "%", "|", "&", "#", "<<", ">>"]
COMPARE = ["=", "<>", "!=", "<", "<=", ">", ">="]


def number(rng, depth):
    """A number, most of the time; parentheses are left out where the grammar may do as it likes."""
    roll = rng.random()
    if depth <= 0 or roll < 0.15:
        return rng.choice([rng.choice(INTS), rng.choice(INTS), rng.choice(DOUBLES), rng.choice(VARIABLES),
                           str(rng.randrange(1000)), LEAST if rng.random() < 0.2 else "5",
                           "null" if rng.random() < 0.2 else "2"])
    if roll < 0.60:
        text = f"{number(rng, depth - 1)} {rng.choice(BINARY)} {number(rng, depth - 1)}"
        return f"({text})" if rng.random() < 0.4 else text
    if roll < 0.70:
        return rng.choice(["-", "~", "+", "- -"]) + " " + number(rng, depth - 1)
    if roll < 0.90:
        name = rng.choice(sorted(FUNCTIONS))
        return f"{name}({', '.join(number(rng, depth - 1) for _ in range(FUNCTIONS[name]))})"
    return (f"case when {truth(rng, depth - 1)} then {number(rng, depth - 1)} "
            + (f"else {number(rng, depth - 1)} " if rng.random() < 0.7 else "") + "end")


def truth(rng, depth):
    roll = rng.random()
    if depth <= 0 or roll < 0.1:
        return rng.choice(["true", "false", ":t", ":f", "null", "1 < 2"])
    if roll < 0.55:
        return f"({number(rng, depth - 1)}) {rng.choice(COMPARE)} ({number(rng, depth - 1)})"
    if roll < 0.75:
        text = f"{truth(rng, depth - 1)} {rng.choice(['AND', 'or'])} {truth(rng, depth - 1)}"
        return f"({text})" if rng.random() < 0.4 else text
    if roll < 0.85:
        return "NOT " + truth(rng, depth - 1)
    return f"({number(rng, depth - 1)}) " + rng.choice(
        ["IS NULL", "IS NOT NULL", "isnull", "notnull", "IS TRUE", "IS NOT FALSE"])


def random_expression(rng):
    if rng.random() < 0.05:  # words in any order: what the grammar refuses
        words = BINARY + COMPARE + ["(", ")", "1", "2.5", ":n", "NOT", "AND", "IS", "NULL", "-", "~", "case", "when", "then", "end", "abs", ","]
        return " ".join(rng.choice(words) for _ in range(rng.randrange(2, 7)))
    return (truth if rng.random() < 0.3 else number)(rng, rng.randrange(1, 5))


Fragment = collections.namedtuple("Fragment", "kind title text arguments shell")


def fragment(kind, title, text, *arguments, shell=False):
    return Fragment(kind, title, text, list(arguments), shell)


X = ("-D", "x=5")
EXTENDED = ("-D", "x=5", "-M", "extended")


def sql_fragments():
    cases = [
        ("a comment behind", "select 1 -- c\n ; -- d\nselect 2;"),
        ("a comment before", "-- lead\n  -- more\nselect 1;"),
        ("block comments", "/* a */ select 1 /* b */; /* c; */"),
        ("only a block comment", "/* a */"),
        ("only comments", "-- nothing\n\n"),
        ("empty", ""),
        ("only semicolons", ";;"),
        ("a compound", "select 1\\; select :x; select 3"),
        ("a compound from nothing", "\\; select 1;"),
        ("a compound to nothing", "select 1\\;;"),
        ("an escaped colon", "select ' :x' \\:x;"),
        ("variables everywhere", "select ':x', :x, :y, a.b, $$:x$$, \":x\", E':x' -- :x\n, 1 /* :x */;"),
        ("casts", "select '1'::int, :x::text, :::x, ::::x;"),
        ("times", "select '12:34:56'::time, :1x, '0:x';"),
        ("psql's quoted variables", "select :'x', :\"x\";"),
        ("slices", "select (array[1,2,3])[1:x];"),
        ("names side by side", "select :x:x;"),
        ("a longer name", "select :xx, :x_1, :x;"),
        ("a name in UTF-8", "select :x\u00e9;"),
        ("an undefined one", "select :nothing;"),
        ("a dollar quote", "select $a$;$a$, $$;$$; select 2;"),
        ("an E string with escapes", "select E'\\';', 'b\\';\nselect E'\\\\'; select 2;"),
        ("an E string over two lines", "select E'a'\n'b\\';', 2; select 3;"),
        ("an E string over two lines with a comment", "select E'a' -- x'y\n -- z\n 'b\\';', 2; select 3;"),
        ("a string over two lines", "select 'a'\n'b\\'; select 3;"),
        ("a function with a body", "create function pg_temp.f() returns int begin atomic select 1; select 2; end; select 3;"),
        ("parentheses", "create or replace rule r as on insert to numbers do instead (select 1; select 2); select 3;"),
        ("a statement without an end", "select 1\n\n"),
        ("white space before the end", "select 1  \n\n  ;\n"),
        ("CRLF", "select 1;\r\n\\set a 1 + \\\r\n 2\r\nselect :a,\r\n :x;\r\n"),
        ("a quote with a backslash command", "select '\\set';"),
        ("a name with a quote", "select 1 as \"a;b\\\";"),
    ]
    for title, text in cases:
        yield fragment("same", title, text, *X)
        yield fragment("same", title + ", extended", text, *EXTENDED)


def meta_fragments():
    cases = [
        ("set and send", "\\set a :x * 2\nselect :a;"),
        ("send null", "\\set a null\nselect :a;"),
        ("send true", "\\set a 1 = 1\nselect :a;"),
        ("send doubles", "\\set a 0.1 + 0.2\n\\set b 1e20\n\\set c 1.0 / 3\n\\set d -2.50\nselect :a, :b, :c, :d;"),
        ("send the least", "\\set a -9223372036854775808\nselect :a;"),
        ("set in capitals", "\\SET a 1\nselect :a;"),
        ("set behind white space", "  \t \\set a 1\nselect :a;"),
        ("set behind SQL", "select 1 \\set a 2\nselect :a;"),
        ("a blank behind the backslash", "\\ set a 1\nselect :a;"),
        ("a lone backslash", "\\\nselect 1;"),
        ("continued", "\\set a \\\n 1 + \\\n 2\nselect :a;"),
        ("continued words", "\\sleep \\\n 0 \\\n us\nselect 1;"),
        ("continued name", "\\set a\\\n 1\nselect :a;"),
        ("no name", "\\set\nselect 1;"),
        ("no expression", "\\set a\nselect 1;"),
        ("no expression before the end", "select 1;\n\\set a"),
        ("two expressions", "select 1;\n\n\\set a 1 2"),
        ("a semicolon", "\\set a 1;"),
        ("a comment", "\\set a 1 -- 2\nselect :a;"),
        ("unknown command", "select 1;\n\\foo"),
        ("psql's command", "\\echo hello"),
        ("unknown function", "\\set a nofunc(1)"),
        ("wrong number of arguments", "\\set a abs(1, 2)"),
        ("a constant too large", "\\set a 99999999999999999999"),
        ("undefined at run time", "select 1;\n\\set a :nothing + 1\nselect 2;"),
        ("division by zero at run time", "\\set a 1 / 0\nselect 2;"),
        ("not run, not failed", "\\if false\n\\set a 1 / 0\n\\endif\nselect 2;"),
        ("a text that is no number", "\\set a :w + 1", "-D", "w=abc"),
        ("a text with blanks before", "\\set a debug(:w)\nselect :w;", "-D", "w= 7"),
        ("a text with blanks behind", "\\set a debug(:w)", "-D", "w=7 "),
        ("a text in hexadecimal", "\\set a debug(:w)\nselect :w;", "-D", "w=0x1F"),
        ("a text with a plus", "\\set a debug(:w)\nselect :w;", "-D", "w=+7"),
        ("a text with leading zeroes", "\\set a debug(:w)\nselect ':w';", "-D", "w=007"),
        ("a text like e", "\\set a debug(:w)\nselect :w;", "-D", "w=1e3"),
        ("a text that is a dot", "\\set a debug(:w)", "-D", "w=."),
        ("a text inf", "\\set a debug(:w)", "-D", "w=inf"),
        ("a text nan", "\\set a debug(:w)", "-D", "w=nan"),
        ("a text t", "\\set a debug(:w)", "-D", "w=t"),
        ("a text yE", "\\set a debug(:w)", "-D", "w=yE"),
        ("a text of", "\\set a debug(:w)", "-D", "w=of"),
        ("a text o", "\\set a debug(:w)", "-D", "w=o"),
        ("a text nUll", "\\set a debug(:w)\nselect ':w';", "-D", "w=nUll"),
        ("a text n", "\\set a debug(:w)", "-D", "w=n"),
        ("a text falsely", "\\set a debug(:w)", "-D", "w=falsely"),
        ("a text 1e999", "\\set a debug(:w)", "-D", "w=1e999"),
        ("a name in UTF-8", "\\set \u00e9t\u00e9 7\nselect :\u00e9t\u00e9;"),
        ("client_id", "\\set a debug(:client_id)\nselect :client_id;"),
    ]
    for title, text, *more in cases:
        yield fragment("same", title, text, *X, *more)


def condition_fragments():
    cases = [
        ("if", "\\if 1\nselect 1;\n\\endif\nselect 2;"),
        ("if false", "\\if 0\nselect 1;\n\\endif\nselect 2;"),
        ("if null", "\\if null\nselect 1;\n\\else\nselect 2;\n\\endif"),
        ("if a double", "\\if 0.1\nselect 1;\n\\else\nselect 2;\n\\endif"),
        ("if nan", "\\if 0.0 / 0\nselect 1;\n\\else\nselect 2;\n\\endif"),
        ("if, elif, else", "\\if :x = 4\nselect 4;\n\\elif :x = 5\nselect 5;\n\\elif :x = 5\nselect 6;\n\\else\nselect 7;\n\\endif"),
        ("no branch", "\\if false\nselect 4;\n\\elif false\nselect 5;\n\\endif\nselect 1;"),
        ("the first branch only", "\\if true\nselect 4;\n\\elif 1 / 0 = 1\nselect 5;\n\\else\nselect 6;\n\\endif\nselect 1;"),
        ("an elif that fails", "\\if false\nselect 4;\n\\elif 1 / 0 = 1\nselect 5;\n\\else\nselect 6;\n\\endif\nselect 1;"),
        ("nested", "\\if true\n\\if false\nselect 1;\n\\else\n\\if true\nselect 2;\n\\endif\n\\endif\n\\else\n\\if true\nselect 3;\n\\endif\n\\endif\nselect 4;"),
        ("nested in what is not run", "\\if false\n\\if true\nselect 1;\n\\elif true\nselect 2;\n\\else\nselect 3;\n\\endif\n\\else\nselect 4;\n\\endif"),
        ("else without if", "select 1;\n\\else\n"),
        ("elif without if", "\\elif 1\n"),
        ("endif without if", "\\endif"),
        ("if without endif", "select 1;\n\\if 1\nselect 2;"),
        ("nested if without endif", "\\if 1\n\\if 1\n\\endif\nselect 2;"),
        ("if, else without endif", "\\if 1\n\\else\nselect 2;"),
        ("else after else", "\\if 1\n\\else\n\\else\n\\endif"),
        ("elif after else", "\\if 1\n\\else\n\\elif 1\n\\endif"),
        ("an argument of endif", "\\if 1\n\\endif x"),
        ("an argument of else", "\\if 1\n\\else 1\n\\endif"),
        ("no condition", "\\if\n\\endif"),
        ("no condition of elif", "\\if 1\n\\elif\n\\endif"),
        ("SQL ended by a condition", "\\if 1\nselect 1\n\\endif\nselect 2"),
    ]
    for title, text in cases:
        yield fragment("same", title, text, *X)


def sleep_fragments():
    for text in ("0", "0 us", "0 US", "0ms", "1ms", "-1", "-", "+0", "5x", "0 x", "0 s s", "", "abc", "us", ":x us", ":x:y", ":nothing",
                 ":w us", "0 :x", "0us us", ":z ms", "0.5", "1.5 s", "0\tms", ": us"):
        yield fragment("same", f"sleep {text}", f"\\sleep {text}\nselect 1;", *X, "-D", "w=abc", "-D", "z=0")


def other_fragments():
    yield from [
        fragment("fails", "a text too large", "\\set a debug(:w)", "-D", "w=9223372036854775808"),
        fragment("fails", "a text that is a sign", "\\set a debug(:w)", "-D", "w=-"),
        fragment("parse", "gset", "select 1 as a \\gset\nselect :a;"),
        fragment("parse", "gset with a prefix", "select 1 as a \\gset p_\nselect :p_a;"),
        fragment("parse", "gset behind a semicolon", "select 1 as a; \\gset\nselect :a;"),
        fragment("parse", "gset behind a compound", "select 1\\; select 2 as a \\gset\nselect :a;"),
        fragment("parse", "aset", "select 1 as a\\; select 2 as b \\aset\nselect :a, :b;"),
        fragment("parse", "gset alone", "\\gset"),
        fragment("parse", "gset twice", "select 1 as a \\gset\n\\gset"),
        fragment("parse", "gset behind set", "\\set a 1\n\\gset"),
        fragment("parse", "gset with two prefixes", "select 1 as a \\gset b c"),
        fragment("parse", "gset with a bad prefix", "select 1 as a \\gset -"),
        fragment("parse", "aset alone", "\\aset"),
        fragment("parse", "aset behind gset", "select 1 as a \\gset\n\\aset"),
        fragment("parse", "gset and SQL on one line", "select 1 as a \\gset select 2;"),
        fragment("parse", "a pipeline", "\\startpipeline\nselect 1;\nselect 2;\n\\endpipeline", "-M", "extended"),
        fragment("parse", "a pipeline with an argument", "\\startpipeline x\n\\endpipeline", "-M", "extended"),
        fragment("parse", "a pipeline without end", "\\startpipeline\nselect 1;", "-M", "extended"),
        fragment("parse", "an end without pipeline", "\\endpipeline", "-M", "extended"),
        fragment("parse", "255 references", "select 1" + ", :x" * 255 + ";", *EXTENDED),
        fragment("parse", "256 references", "select 1" + ", :x" * 256 + ";", *EXTENDED, ),
        fragment("parse", "256 references, simple", "select 1" + ", :x" * 256 + ";", *X),
        fragment("parse", "shell", "\\shell true\n", shell=True),
        fragment("parse", "shell without a command", "\\shell\n", shell=True),
        fragment("parse", "setshell", "\\setshell a echo 1\n", shell=True),
        fragment("parse", "setshell without a command", "\\setshell a\n", shell=True),
        fragment("parse", "setshell without anything", "\\setshell\n", shell=True),
        fragment("ours", "syncpipeline", "\\startpipeline\nselect 1;\n\\syncpipeline\nselect 2;\n\\endpipeline", "-M", "extended"),
        fragment("earlier", "gset in a pipeline", "\\startpipeline\nselect 1 as a \\gset\n\\endpipeline", "-M", "extended"),
        fragment("earlier", "aset in a pipeline", "\\startpipeline\nselect 1 as a \\aset\n\\endpipeline", "-M", "extended"),
        fragment("earlier", "a bad name", "\\set a-b 1\n"),
        fragment("earlier", "a name that begins with a digit", "\\set 1a 1\n"),
        fragment("earlier", "an open quote", "select 1;\nselect 'abc;\n"),
        fragment("earlier", "an open name", "select \"abc;\n"),
        fragment("earlier", "an open dollar quote", "select $a$ abc;\n"),
        fragment("earlier", "an open comment", "select 1 /* abc;\n"),
        fragment("earlier", "an open parenthesis", "select (1;\n"),
        fragment("earlier", "an open parenthesis before a command", "select (1 \\set a 1\n"),
        fragment("earlier", "COPY FROM STDIN", "select 1;\ncopy numbers from stdin;\n"),
    ]


def fragments():
    return [*sql_fragments(), *meta_fragments(), *condition_fragments(), *sleep_fragments(), *other_fragments()]


ATOMS = ["1", ":x", "':x'", "':x;'", "'it''s :y'", "'\\'", "E'\\';:x'", "E'a'\n'\\';'", "$$;:x$$", "$a$ $$; $a$", "(1)", "((:x))",
         "'1'::int", ":x::text", "'12:34:56'::time", "(array[1,2])[1:2]", "1 /* ; :x ' */", "2 -- ; ' :x\n", "/* /* ; */ ' */ 3",
         "'a'\n'b'", "U&'d\\0061;'", "b'01'", "1.5e3", ".5", "(select ':x' -- )\n)", "1 as \"x;:x'\"", "1e0"]


def random_script(rng):
    """SQL that the server takes, with meta-commands between; whatever can mislead a splitter is in it."""
    text, depth = rng.choice(["", "-- lead ; '\n", "\n\n", "/* lead */ "]), 0
    for _ in range(rng.randrange(2, 9)):
        roll = rng.random()
        if roll < 0.6:
            text += rng.choice(["select ", "SELECT\n ", "select/**/", " select -- ;\n"]) + ", ".join(rng.sample(ATOMS, rng.randrange(1, 4)))
            text += rng.choice([";", ";", ";\n", "\n;", " ; ", "\\; select :y;", " -- end ;\n;", ";;"])
        elif roll < 0.8:
            text += f"\n\\set {rng.choice('xyz')} {rng.choice(['1', ':x + 1', '2 * (3 - 1)', 'null', '0.5 / 3', '1 <' + chr(92) + chr(10) + ' 2'])}\n"
        elif roll < 0.9:
            text += f"\n\\if {rng.choice(['1', '0', ':y > 1', 'null', ':x = :x'])}\n"
            depth += 1
        elif depth:
            text += rng.choice(["\n\\endif\n", "\n\\endif\n", "\n\\else\nselect 8;\n\\endif\n", "\n\\elif :y\nselect 9;\n\\endif"]) + "\n"
            depth -= 1
    return text + "\n" + "\\endif\n" * depth + "select 'last', :x, :y, :z\n"


def random_fragments(rng, count):
    for number in range(count):
        yield fragment("same", f"random script {number}", random_script(rng), "-D", "x=5", "-D", "y=6", "-D", "z=7")


def option_cases(path):
    """(title, pgbench's words, ours): both refuse or neither does."""
    for spec in ("@1", "@0", "@-1", "@a", "@", "@1x", "@ 2", "@+2", "@2147483647", "@2147483648", "@99999999999999999999"):
        yield f"-f FILE{spec}", ["-f", path + spec], [path + spec]
    yield "-f FILE@0 -f FILE@1", ["-f", path + "@0", "-f", path + "@1"], [path + "@0", path + "@1"]
    yield "-f NOTHING", ["-f", path + ".none"], [path + ".none"]
    for name in ("s", "x", "", "Select-only", "tpcb-like2", "tpcb@x"):
        yield f"-b {name}", ["-b", name, "-f", path], ["-b", name, path]
    for definition in ("a=1", "a", "=1", "a=", "a-b=1", "1=2", "a1=2", "_=1", "\u00e9=1", "a=b=c", "a =1", " a=1"):
        yield f"-D {definition}", ["-D", definition, "-f", path], ["-D", definition, path]
