"""Row 7a: handing out alone: 4 lanes of a worker without SQL (tool_hand_out.c) against pools of four processes.

Everybody hands out one by one and tells of each; what a pool does when it cuts the list beforehand, so that nothing is
handed out while it runs, stands beside it without a target.
"""
import re
import shutil

from measure import Comparison, Contender, interleave

# peer -> (command, tasks, target)
PEERS = {"Pool": ("hand_out.py pool {} 1", 60000, 30), "ProcessPoolExecutor": ("hand_out.py executor {}", 15000, 200),
         "xargs -P 4": ("hand_out.sh xargs {}", 1500, 1000), "parallel -j 4": ("hand_out.sh parallel {}", 250, ""),
         "Pool, cut in 16": ("hand_out.py pool {}", 1000000, "")}
TASKS = 1000000


def read(text):
    return {"rate": float(re.search(r"^tps = ([\d.]+)", text, re.M).group(1))}


def peer(context, name, command, tasks):
    script, *words = command.format(tasks).split()
    if script.endswith(".py"):
        return Contender(name, ["/usr/bin/python3", context.peer(script), *words], read=read)
    return Contender(name, [context.peer(script), *words], read=lambda _: {})


def rows(context):
    skipped = {name: f"skipped: no {name.split()[0]}: make bench-deps" for name in ("xargs -P 4", "parallel -j 4")
               if not shutil.which(name.split()[0])}
    tool = context.tools + "/tool_hand_out"
    contenders = [Contender(f"ours {n}", [tool, TASKS, n, "tell"], read=read) for n in (1, 16)]
    contenders += [Contender("ours untold", [tool, 10 * TASKS, 1, "keep"], read=read)]
    contenders += [peer(context, name, *how[:2]) for name, how in PEERS.items() if name not in skipped]
    samples = interleave(contenders, context.repeats(8), context.seed, context.say)
    for name, (_, tasks, _) in PEERS.items():
        for figures in samples.get(name, ()):
            figures.setdefault("rate", tasks / figures["wall"])  # shell peers: the whole command
    for ours, what in (("ours 1", "1 session each"), ("ours 16", "16 sessions each"), ("ours untold", "results not told")):
        for name, (_, _, target) in PEERS.items():
            line = {"row": 7, "what": f"a: tickets/s, 4 lanes, {what}", "peer": name, "mode": "free", "markers": "none (no SQL)"}
            if name in skipped:
                yield {**line, "verdict": skipped[name]}
            elif ours == "ours 1" or name == "Pool":
                yield {**line, **Comparison(samples[ours], samples[name], "rate").line(target if ours == "ours 1" else "", "1/s")}
