#!/usr/bin/env python3
"""checker.py STORE [RUN]: derives peak, mean active sessions and verdict again from the store's documented views, with
no code of the program, prints them as JSON and exits 1 when the stored verdict disagrees. All on the server's clock."""
import itertools, json, sqlite3, statistics, sys

def clock(attempts):
    """(fits, offset): one server and one client clock within 200 ppm of each other, by Cristian's bounds."""
    marks = sorted((a[s], a[s] - a[k + "_received_us"] - 3, a[s] - a[k + "_sent_us"] + 3) for a in attempts
                   for k, s in (("before", "server_start_unix_us"), ("after", "server_end_unix_us"))
                   if None not in (a[s], a[k + "_sent_us"], a[k + "_received_us"]))
    fits, up, down = bool(marks), float("-inf"), float("inf")
    for at, low, high in marks:  # every earlier bound against this one, moved by the drift between
        drift = (at - marks[0][0]) * 200e-6
        fits = fits and up <= high + drift and low - drift <= down and low <= high
        up, down = max(up, low + drift), min(down, high - drift)
    return fits if marks else None, sum(min(marks, key=lambda m: m[2] - m[1], default=(0, 0, 0))[1:]) / 2

def intervals(attempts, offset):
    for a in attempts:
        begin, end = a["server_start_unix_us"], a["server_end_unix_us"]
        if a["sent_us"] is not None and (end or (a["done_us"] is not None and (a["outcome"] == "done" or not a["flags"] & 12))):
            yield {"lane": a["backend_pid"] or -1 - a["session"], "server": bool(begin and end),
                   "from": begin or a["sent_us"] + offset, "to": end or a["done_us"] + offset}

def waits(i, samples, every, ours):  # each run of samples that shows the same wait for a lock of a session of the run
    seen = (s for s in samples if s["backend_pid"] == i["lane"] and s["last_unix_us"] >= i["from"]
            and s["first_unix_us"] <= i["to"])
    blockers = lambda s: [int(p) for p in (s["blockers"] or "").split(",") if p and int(p) in ours - {i["lane"]}]
    runs, clear = [(k, list(g)) for k, g in itertools.groupby(seen, lambda s: s["wait_type"] == "Lock" and blockers(s)
                   and (s["lock_wait_unix_us"] or s["query_start_unix_us"]) or 0)], i["from"]
    for (key, run), (_, after) in zip(runs, runs[1:] + [(0, None)]):
        last, limit = max(run[-1]["last_unix_us"], run[-1]["lock_wait_unix_us"] or 0), i["to"]
        if key:
            start = run[0]["lock_wait_unix_us"] or max(clear, run[0]["query_start_unix_us"] or 0)
            if start - i["from"] <= max(1000, (i["to"] - i["from"]) / 100):  # only on its way to the lock
                start = i["from"]
            for t in (after[0][c] for c in ("query_start_unix_us", "lock_wait_unix_us", "first_unix_us") if after):
                limit = min(limit, t) if t and t >= last else limit  # the first evidence against the wait
            ends = lambda p: [k for k in every if k["lane"] == p and k["to"] >= last] or [i]
            last = max(h["to"] if h["from"] <= last and h["to"] <= limit and h != i else limit
                       for p in blockers(run[-1]) for h in [min(ends(p), key=lambda k: k["to"])])
            yield start, last
        clear = last

def activity(parts, least):  # (sum, peak, time with two or more): spans of one backend are one, ends before beginnings
    lanes, last, line = {}, 0, []
    for at, step, lane in sorted(e for l, a, b in parts if b > a for e in ((a, 1, l), (b, -1, l))):
        line.append((at - last, sum(d > 0 for d in lanes.values())))
        lanes[lane], last = lanes.get(lane, 0) + step, at
    held = lambda k: max(sum(s[0] for s in g) for _, g in itertools.groupby([(0, k)] + line, lambda s: s[1] >= k) if _)
    peak = max(k for k in range(len(lanes) + 1) if k == 0 or held(k) >= least)
    return sum(us * n for us, n in line), peak, sum(us for us, n in line if n > 1)

def compare(rows, r, base, attempts):  # (speed-up, ceiling) over the tickets done in both runs
    theirs, alone = rows("SELECT * FROM v_attempt WHERE run = ? ORDER BY taken_us", base["run"]), {}
    for n, a in enumerate(theirs):  # with the wait before a try on the same session
        end = theirs[n + 1]["taken_us"] if a["flags"] & 2 and n + 1 < len(theirs) else a["done_us"]
        alone[a["ticket"]] = alone.get(a["ticket"], 0) + end - a["taken_us"]
    both = set.intersection(*({a["ticket"] for a in x if a["outcome"] == "done"} for x in (attempts, theirs)))
    work, task = {t: us for t, us in alone.items() if t in both}, {a["ticket"]: a["task"] for a in theirs}
    after = {t["task"]: t["after_task"] for t in rows("SELECT * FROM v_task WHERE run = ?", r["run"])}
    chain = lambda n: max([work[t] for t in work if task[t] == n], default=0) + chain(after[n]) if n else 0
    least = max(max(map(chain, after)), sum(work.values()) / r["sessions"]) if work else 0
    left_out = sum(alone.values()) - sum(work.values())
    return ((base["makespan_us"] - left_out) / r["makespan_us"], sum(work.values()) / least) if least else (0, 0)

def check(store, run=None):
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    db.row_factory, rows = sqlite3.Row, lambda sql, *args: db.execute(sql, args).fetchall()
    r = rows("SELECT * FROM v_run WHERE role NOT IN ('baseline', 'confirm') AND ifnull(run = ?, 1) ORDER BY run DESC", run)[0]
    run = r["run"]
    base = rows("SELECT * FROM v_run WHERE experiment = ? AND role = 'baseline' AND run <> ?", r["experiment"], run)
    attempts, rtt = rows("SELECT * FROM v_attempt WHERE run = ?", run), rows(
        "SELECT max(value + 0) FROM v_environment WHERE run = ? AND name = 'rtt_us'", run)[0][0] or 1000
    (fits, offset), parts, active = clock(attempts), [], [0]
    found = list(intervals(attempts, offset))
    ours = {i["lane"] for i in found} | {s[0] for s in rows("SELECT backend_pid FROM v_session WHERE run = ?", run)}
    samples = rows("SELECT * FROM v_sample WHERE run = ? ORDER BY first_unix_us", run) if fits is not None else []
    for i in found:
        at, own = i["from"], 0
        for begin, end in [*waits(i, samples, found, ours), (i["to"], i["to"])]:
            parts.append((i["lane"], at, max(begin, at)))
            own, at = own + max(begin, at) - at, max(at, end)
        active.append(own)
    total, peak, two = activity(parts, min(1000, statistics.median(active[1:] or [0]) / 10))
    length = max((i["to"] for i in found), default=0) - min((i["from"] for i in found), default=0)
    possible, lengths = min(total - max(active), length), sorted(i["to"] - i["from"] for i in found) or [0]
    speedup, ceiling = compare(rows, r, base[0], attempts) if base and found else (0, 0)
    blind = not any(i["server"] for i in found) and lengths[len(found) // 2] < 2 * rtt
    verdict = ("FAILED" if not r["done"] else "INCONCLUSIVE" if r["done"] < 2 or fits is False or blind else
               "SERIAL" if possible <= 0 or two < 0.05 * possible else
               "OVERLAPPED" if not ceiling else "OVERLAPPED, NOT FASTER" if speedup < 1.1 else
               "PARALLEL" if speedup - 1 >= (ceiling - 1) / 2 else "PARTLY PARALLEL")
    return {"run": run, "verdict": verdict, "stored": r["verdict"], "agrees": verdict == r["verdict"], "peak": peak,
            "mean_active": total / (r["makespan_us"] or 1), "lanes": total / (length or 1), "speedup": speedup,
            "ceiling": ceiling, "stored_speedup": r["speedup"], "stored_ceiling": r["ceiling"]}

if __name__ == "__main__":
    answer = check(sys.argv[1], *map(int, sys.argv[2:]))
    sys.exit(print(json.dumps(answer)) or not answer["agrees"])
