#!/usr/bin/env python3
"""What the renderers write, read by other programs: the page by an HTML parser and a real browser, JSON by its schema,
CSV by another reader, the zoom data by another decoder. The runs are made up (tests/unit/fixture_run). Speaks TAP."""
import base64
import csv
import html.parser
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, ".build")))
TOOL = os.path.join(BUILD, "tests/cli/tool_render")
ARMS_TOOL = os.path.join(BUILD, "tests/cli/tool_arms")
LOADS = ["scripts", "outage", "long", "wrong", "never"]
ARMS = ["scale", "scale-few", "scale-load", "scale-none", "scale-alone", "scale-wrong", "compare", "compare-few",
        "compare-load"]
KINDS = ["sleeps", "alone", "locked", "failing", "hostile", "many", "load", "empty"] + LOADS
BROWSER = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]

ELEMENTS = set("""html head meta link title style body header nav main section h1 h2 h3 p a strong ul li b span details
    summary pre code figure figcaption div svg desc g path text rect table thead tbody tr th td script""".split())
ATTRIBUTES = set("""lang charset http-equiv content name rel href class aria-label aria-labelledby aria-hidden id role
    xmlns width height viewbox font-family font-size x y d fill stroke stroke-width stroke-dasharray stroke-linejoin stroke-opacity fill-opacity
    text-anchor data-top data-height data-left data-right data-from data-to data-t scope type""".split())
VOID = {"meta", "link"}
tests = []


def test(function):
    tests.append(function)
    return function


def render(kind, form, number=None):
    command = [ARMS_TOOL if kind in ARMS else TOOL, kind, form] + ([str(number)] if number else [])
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.problems, self.scripts, self.styles, self.links, self.ids = [], [], [], [], [], []
        self.text, self.policy = [], ""
        self.feed(text)
        self.close()
        if self.open:
            self.problems.append(f"left open: {self.open}")

    def handle_starttag(self, tag, attrs):
        if tag not in ELEMENTS:
            self.problems.append(f"element {tag}")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.problems.append(f"attribute {name} of {tag}")
            if name == "href" and not re.fullmatch(r"data:,|#doubts|index\.html|run-\d+\.html", value or ""):
                self.problems.append(f"link {value}")
            if name == "id":
                self.ids.append(value)
            if value and "Content-Security-Policy" in value:
                self.policy = dict(attrs).get("content", "")
        if tag == "script":
            self.scripts.append([dict(attrs).get("type"), ""])
        if tag == "style":
            self.styles.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts[-1][1] += data
        elif self.open[-1:] == ["style"]:
            self.styles[-1] += data
        else:
            self.text.append(data)

    def handle_comment(self, data):
        self.problems.append("a comment")


@test
def pages_hold_only_elements_and_attributes_of_a_known_list():
    for kind in KINDS + ARMS:
        page = Page(render(kind, "html").decode())
        check(not page.problems, f"{kind}: {page.problems[:5]}")
        check(len(page.ids) == len(set(page.ids)), f"{kind}: an id stands twice")
        check(len(page.styles) == 1, f"{kind}: {len(page.styles)} style elements")


@test
def no_script_comes_from_data():
    own = [s for s in Page(render("sleeps", "html").decode()).scripts if s[0] is None]
    for kind in KINDS + ARMS:
        page = Page(render(kind, "html").decode())
        check([s for s in page.scripts if s[0] is None] == own, f"{kind}: another script")
        for form, text in page.scripts:
            if form is not None:
                check(form == "application/octet-stream" and re.fullmatch(r"[A-Za-z0-9+/=]*", text), f"{kind}: {form}")


@test
def the_policy_allows_only_what_the_page_brings():
    import hashlib
    page = Page(render("hostile", "html").decode())
    for name, text in (("style-src", page.styles[0]), ("script-src", [s for f, s in page.scripts if f is None][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        check(f"{name} 'sha256-{digest}'" in page.policy, f"{name} is not {digest}: {page.policy}")
    check("default-src 'none'" in page.policy and "unsafe" not in page.policy, page.policy)


@test
def hostile_text_is_shown_as_text():
    page = Page(render("hostile", "html").decode())
    text = "".join(page.text)
    for part in ("</script><script>alert(1)</script><img src=x onerror=alert(2)>", "=HYPERLINK(", "=1+1",
                 "<svg onload=alert(4)>"):
        check(part in text, f"{part} is missing")
    check(not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), "a control character is left")


class Decoder:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


def zoom_data(kind, number=None):
    page = Page(render(kind, "html", number).decode())
    d = Decoder(base64.b64decode(next(t for f, t in page.scripts if f)))
    unit, wall, flags, count = (d.number() for _ in range(4))
    lanes = []
    for _ in range(count):
        lane = {"number": d.number(), "pid": d.number(), "connect": d.number(), "ready": d.number(), "go": d.number()}
        lane["attempts"], at = [], 0
        for _ in range(d.number()):
            taken = at + d.number()
            begin = taken + d.number()
            end = begin + d.number()
            at = end + d.number()
            meta = d.number()
            blocked = (d.number(), d.number()) if meta & 4 else None
            lane["attempts"].append((taken, begin, end, at, meta >> 3, meta & 3, blocked))
        lanes.append(lane)
    check(d.at == len(d.data), f"{len(d.data) - d.at} bytes are left over")
    return unit, wall, flags, lanes


@test
def zoom_data_hold_what_the_run_holds():
    for kind in ("sleeps", "locked", "failing", "many", "load"):
        run = json.loads(render(kind, "json"))
        unit, wall, flags, lanes = zoom_data(kind)
        drawn = [a for lane in lanes for a in lane["attempts"]]
        check(len(drawn) == len(run["attempts"]), f"{kind}: {len(drawn)} of {len(run['attempts'])}")
        check(not flags & 2, f"{kind}: sampled")
        for zoomed, attempt in zip(drawn, run["attempts"]):
            for mine, name in ((zoomed[1], "active_from_us"), (zoomed[2], "active_to_us")):
                check(abs(mine * unit - attempt[name]) <= 2 * unit, f"{kind}: {name} {mine * unit} {attempt[name]}")
            check(zoomed[5] == {"done": 1, "failed": 2, "unknown": 3}[attempt["outcome"]], f"{kind}: outcome")


@test
def sampled_zoom_data_keep_every_failure():
    unit, wall, flags, lanes = zoom_data("load", 100000)
    drawn = [a for lane in lanes for a in lane["attempts"]]
    check(flags & 2 and 18000 <= len(drawn) <= 22500, f"{len(drawn)} attempts")
    check(sum(a[5] == 2 for a in drawn) == 100000 // 227, "a failure is missing")
    check("pale stretches hold the others" in render("load", "html", 100000).decode(), "the caption does not say so")


def validate(value, schema, path="$"):
    """The part of JSON Schema that run.schema.json uses."""
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "number": (int, float),
             "integer": int}
    known = {"$schema", "title", "description", "type", "properties", "required", "items", "enum", "const", "pattern",
             "minimum", "additionalProperties"}
    check(set(schema) <= known, f"{path}: the schema uses {set(schema) - known}")
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        fits = any(isinstance(value, types[n]) and (n == "boolean" or not isinstance(value, bool)) for n in names)
        check(fits, f"{path}: {value!r} is no {names}")
    check("const" not in schema or value == schema["const"], f"{path}: {value!r}")
    check("enum" not in schema or value in schema["enum"], f"{path}: {value!r}")
    if isinstance(value, str) and "pattern" in schema:
        check(re.search(schema["pattern"], value), f"{path}: {value!r}")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and "minimum" in schema:
        check(value >= schema["minimum"], f"{path}: {value!r}")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            check(name in value, f"{path}: {name} is missing")
        for name, member in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if inner is not None:
                validate(member, inner, f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            validate(item, schema["items"], f"{path}[{i}]")


def schema():
    with open(os.path.join(ROOT, "reports/run.schema.json")) as f:
        return json.load(f)


def refuse_constant(name):
    raise AssertionError(f"{name} in JSON")


@test
def json_documents_fit_their_schema():
    for kind in KINDS + ["scripts"]:
        document = json.loads(render(kind, "json", 3000), parse_constant=refuse_constant)
        validate(document, schema())
        check(set(document) == set(schema()["properties"]), "a member is missing in the schema")


@test
def the_schema_refuses_what_is_wrong():
    for spoil in (lambda d: d.pop("run"), lambda d: d["attempts"][0].pop("try_no"),
                  lambda d: d["attempts"][0].update(outcome="maybe"), lambda d: d["attempts"][0].update(rows=None),
                  lambda d: d.update(schema="pgparallel.run/2"), lambda d: d["run"].update(done=-1)):
        document = json.loads(render("sleeps", "json"))
        spoil(document)
        try:
            validate(document, schema())
        except AssertionError:
            continue
        check(False, "a wrong document was accepted")


@test
def csv_tables_read_back():
    for kind in KINDS + ["scripts"]:
        for table in ("attempts", "runs", "tasks", "sessions", "errors", "samples", "events", "environment", "load",
                      "load_scripts", "load_commands", "load_seconds", "load_errors", "load_records"):
            data = render(kind, "csv:" + table, 3000)
            check(b"\r\n" not in data and data.endswith(b"\n"), f"{kind} {table}: line ends")
            rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
            check(len({len(r) for r in rows}) == 1, f"{kind} {table}: ragged")
            check(rows[0][0] == "run" and all(re.fullmatch(r"[a-z0-9_]+", c) for c in rows[0]), f"{table}: {rows[0]}")
    run = json.loads(render("failing", "json"))
    rows = list(csv.DictReader(io.StringIO(render("failing", "csv").decode())))
    check([r["task"] for r in rows] == [a["task"] for a in run["attempts"]], "CSV and JSON differ")
    run = json.loads(render("scripts", "json"))["load"]
    rows = list(csv.DictReader(io.StringIO(render("scripts", "csv:load_scripts").decode())))
    check([r["service_p99_us"] for r in rows] == [str(s["service"]["p99_us"]) for s in run["scripts"]], "they differ")
    rows = list(csv.DictReader(io.StringIO(render("scripts", "csv:load_records").decode())))
    check(len(rows) == run["records"], f"{len(rows)} records")


def arms(kind, form):
    return subprocess.run([ARMS_TOOL, kind, form], capture_output=True, check=True, timeout=60).stdout.decode()


def compare_schema():
    with open(os.path.join(ROOT, "reports/compare.schema.json")) as f:
        return json.load(f)


@test
def documents_of_comparisons_fit_their_schema():
    for kind in ("compare", "compare-few", "compare-load"):
        document = json.loads(arms(kind, "json"), parse_constant=refuse_constant)
        validate(document, compare_schema())
        for part, rows in (("experiment", [document["experiment"]]), ("arms", document["arms"]),
                           ("pairs", document["pairs"]), ("cells", document["cells"])):
            inner = compare_schema()["properties"][part]
            names = set(inner.get("items", inner)["properties"])
            check(rows and all(set(row) == names for row in rows), f"{kind}: members of {part} and the schema differ")


@test
def comparisons_in_json_claim_what_their_blocks_show():
    document = json.loads(arms("compare", "json"))
    verdicts = [p["verdict"] for p in document["pairs"]]
    check(verdicts == ["slower", "faster", "no difference shown"], f"{verdicts}")
    check(all(p["low"] <= p["ratio"] <= p["high"] and p["blocks"] == 9 for p in document["pairs"]), "no interval")
    few = json.loads(arms("compare-few", "json"))
    check(few["experiment"]["claims"] is False and few["pairs"][0]["low"] is None, "four blocks allow no interval")
    left = [c for c in json.loads(arms("compare-load", "json"))["cells"] if not c["complete"]]
    check(len(left) == 1 and left[0]["left_out"] == "it is stopped", f"{left}")


@test
def csv_tables_of_comparisons_agree_with_the_json():
    for kind in ("compare", "compare-few", "compare-load"):
        document = json.loads(arms(kind, "json"))
        for table in ("arms", "pairs", "cells"):
            rows = list(csv.DictReader(io.StringIO(arms(kind, "csv-" + table), newline=""), strict=True))
            check(len(rows) == len(document[table]), f"{kind} {table}: {len(rows)} rows")
            for row, member in zip(rows, document[table]):
                check(None not in row and None not in row.values(), f"{kind} {table}: ragged")
                for name in set(row) & set(member) - {"reference", "complete", "label", "setting", "bounds", "left_out"}:
                    value = member[name]
                    same = row[name] == "" if value is None else row[name] == value if isinstance(value, str) else \
                        abs(float(row[name]) - value) <= 1e-5 * abs(value) + 1e-9
                    check(same, f"{kind} {table}.{name}: {row[name]!r} and {value!r}")


# A real browser

class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pages-")

    def page(self, name, content):
        path = os.path.join(self.folder, name + ".html")
        with open(path, "wb") as f:
            f.write(content)
        return "file://" + path

    def run(self, url, *flags):
        profile = tempfile.mkdtemp(dir=self.folder)
        done = subprocess.run([BROWSER, *FLAGS, "--user-data-dir=" + profile, "--enable-logging=stderr", *flags, url],
                              capture_output=True, timeout=100)
        shutil.rmtree(profile, ignore_errors=True)
        console = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
        return done.stdout.decode(errors="replace"), console

    def dom(self, url, *flags):
        return self.run(url, "--dump-dom", "--virtual-time-budget=2000", *flags)

    def picture(self, url, width, height, *flags):
        path = os.path.join(self.folder, "picture.png")
        self.run(url, f"--window-size={width},{height}", "--screenshot=" + path, *flags)
        with open(path, "rb") as f:
            return pixels(f.read())


def pixels(data):
    """Rows of an 8-bit RGB or RGBA picture."""
    check(data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG")
    at, packed, width, height, kind = 8, b"", 0, 0, 0
    while at < len(data):
        size, = struct.unpack(">I", data[at:at + 4])
        name, body = data[at + 4:at + 8], data[at + 8:at + 8 + size]
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack(">IIBB", body[:10])
            check(depth == 8 and kind in (2, 6), "another kind of PNG")
        packed += body if name == b"IDAT" else b""
        at += 12 + size
    raw, step = zlib.decompress(packed), 3 if kind == 2 else 4
    rows, before = [], bytearray(width * step)
    for y in range(height):
        line = raw[y * (width * step + 1):(y + 1) * (width * step + 1)]
        method, row = line[0], bytearray(line[1:])
        for x in range(len(row)):
            left = row[x - step] if x >= step else 0
            up, corner = before[x], before[x - step] if x >= step else 0
            if method == 1:
                row[x] = (row[x] + left) & 255
            elif method == 2:
                row[x] = (row[x] + up) & 255
            elif method == 3:
                row[x] = (row[x] + (left + up) // 2) & 255
            elif method == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
                row[x] = (row[x] + near) & 255
        rows.append([tuple(row[i:i + 3]) for i in range(0, len(row), step)])
        before = row
    return rows


@test
def browser_opens_pages_without_a_complaint(browser):
    for kind in ("scale", "scale-wrong", "compare", "compare-load"):
        dom, console = browser.dom(browser.page(kind, render(kind, "html")))
        check(not console, f"{kind}: {console[:3]}")
        check(dom.count("<script") == 1, f"{kind}: {dom.count('<script')} scripts")
    for kind in ("sleeps", "hostile", "load", "outage", "wrong"):
        dom, console = browser.dom(browser.page(kind, render(kind, "html")))
        check(not console, f"{kind}: {console[:3]}")
        scripts = 1 if kind in LOADS else 2
        ran = 'class="tip"' if kind in LOADS else "zoom in</button>"
        check(ran in dom, f"{kind}: the script did not run")
        check(dom.count("<script") == scripts, f"{kind}: {dom.count('<script')} scripts")


@test
def browser_zooms_in(browser):
    url = browser.page("zoom", render("failing", "html"))
    dom, console = browser.dom(url + "#t=0.3,0.4")
    check(not console, console)
    layer = re.search(r'<g id="zoomed">(.*?)</g>', dom, re.S)
    check(layer and "p-execute" in layer.group(1), "nothing was drawn")
    bars = re.search(r'<g id="bars"[^>]*>', dom).group(0)
    check('display="none"' in bars, bars)
    # Three of five still run between 0.3 and 0.4 of the wall, two of them until its end.
    bars = re.search(r'class="p-execute"[^>]* d="([^"]*)"', layer.group(1)).group(1)
    check(bars.count("M") == 5, bars)
    check(re.findall(r"H([\d.]+)", bars).count("988.0") == 3, bars)


def blue(rows, color=(0x17, 0x69, 0xb8)):
    return sum(p == color for row in rows for p in row)


@test
def browser_shows_the_charts_without_scripts_and_without_a_style_sheet(browser):
    page = render("sleeps", "html")
    still = re.sub(rb"<script.*?</script>", b"", page, flags=re.S)
    rows = browser.picture(browser.page("still", still), 1100, 1000)
    check(blue(rows) > 5000, f"no script: {blue(rows)} pixels of execute")
    bare = re.sub(rb"<style>.*?</style>", b"", page, flags=re.S)
    rows = browser.picture(browser.page("bare", bare), 1100, 2000)
    check(blue(rows) > 5000, f"no style sheet: {blue(rows)} pixels of execute")


@test
def browser_refuses_a_foreign_script(browser):
    page = render("sleeps", "html").replace(b"</main>", b"<script>document.title='broken'</script></main>")
    dom, console = browser.dom(browser.page("foreign", page))
    check("<title>broken" not in dom, "it ran")
    check(any("Content Security Policy" in line for line in console), f"nobody complained: {console}")


@test
def charts_of_experiments_have_titles_and_stand_beside_tables():
    for kind in ARMS:
        page = render(kind, "html").decode()
        charts = re.findall(r'<svg [^>]*class="chart"[^>]*>\s*<title id="([a-z]+)-t">[^<]+</title><desc id="\1-d">[^<]+<',
                            page)
        check(len(charts) == page.count('class="chart"'), f"{kind}: {charts}")
        check(len(charts) == len(set(charts)), f"{kind}: {charts}")
        check(page.count("<table") >= len(charts), f"{kind}: {page.count('<table')} tables for {len(charts)} charts")
        for number in re.findall(r' (?:d|x|y|width|height)="([^"]*)"', page):
            check("nan" not in number and "inf" not in number, f"{kind}: {number[:60]}")


@test
def browser_shows_curves_and_dots_on_paper_in_the_dark_and_on_a_phone(browser):
    for kind, color, night in (("scale", (0x17, 0x69, 0xb8), (0x58, 0xa6, 0xf2)),
                               ("compare", (0x8e, 0x3b, 0x8e), (0xd5, 0x8b, 0xd8))):
        page = render(kind, "html")
        url = browser.page(kind, page)
        light = browser.picture(url, 1100, 1700)
        check(blue(light, color) > 150, f"{kind}: {blue(light, color)} pixels")
        check(light[3][3] == (255, 255, 255), f"{kind}: {light[3][3]}")
        dark = browser.picture(url, 1100, 1700, "--force-dark-mode")
        check(blue(dark, night) > 150 and sum(dark[3][3]) < 120, f"{kind}: {blue(dark, night)} pixels, {dark[3][3]}")
        phone = browser.picture(url, 500, 3000)
        check(blue(phone, color) > 60, f"{kind}: {blue(phone, color)} pixels on a phone")
        bare = re.sub(rb"<style>.*?</style>", b"", page, flags=re.S)
        rows = browser.picture(browser.page("bare", bare), 1100, 3000)
        check(blue(rows, color) > 150, f"{kind}: {blue(rows, color)} pixels without a style sheet")


@test
def browser_pictures_are_not_blank_and_follow_the_dark(browser):
    url = browser.page("picture", render("sleeps", "html"))
    light = browser.picture(url, 1100, 1000)
    dark = browser.picture(url, 1100, 1000, "--force-dark-mode")
    check(light[3][3] == (255, 255, 255) and sum(dark[3][3]) < 120, f"{light[3][3]} {dark[3][3]}")
    for rows, color in ((light, (0x17, 0x69, 0xb8)), (dark, (0x58, 0xa6, 0xf2))):
        check(blue(rows, color) > 5000, f"{blue(rows, color)} pixels of execute")
        check(len({p for row in rows for p in row}) > 50, "almost blank")


def main():
    for tool in (TOOL, ARMS_TOOL):
        if not os.path.exists(tool):
            subprocess.run(["make", "-s", "B=" + BUILD, tool], cwd=ROOT, check=True)
    browser, failed = Browser(), 0
    print(f"1..{len(tests)}")
    for number, function in enumerate(tests, 1):
        name = function.__name__.replace("_", " ")
        wants = function.__code__.co_argcount > 0
        if wants and BROWSER is None:
            print(f"ok {number} - {name} # SKIP no chromium here")
            continue
        try:
            function(*([browser] if wants else []))
            print(f"ok {number} - {name}", flush=True)
        except Exception as problem:  # each test has one reason to fail; the rest still run
            failed += 1
            print(f"not ok {number} - {name}\n# {type(problem).__name__}: {str(problem)[:600]}", flush=True)
    shutil.rmtree(browser.folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
