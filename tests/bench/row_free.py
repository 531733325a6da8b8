"""Row 6: `select 1` prepared with every CPU free to use."""
import tempfile

from load import Load, missing
from measure import Comparison, interleave
from throwaway import Server


def rows(context):
    head = {"row": 6, "mode": "free", "markers": "off (load run)"}
    absent = {"pgbench": missing("pgbench"), "sysbench": missing("sysbench")}

    def contenders(load):
        for n in (16, 64):
            yield load.ours(f"ours {n}", n, 2)
            if not absent["pgbench"]:
                yield load.pgbench(f"pgbench {n}", n, 2)
        if not absent["sysbench"]:
            yield load.sysbench("sysbench 64", 64)

    with Server() as server, tempfile.TemporaryDirectory(prefix="pgparallel-bench-") as folder:
        samples = interleave(list(contenders(Load(context, server, folder))), context.repeats(10), context.seed, context.say)
    for n, peer, target in ((16, "pgbench", 1.08), (64, "pgbench", 1.1), (64, "sysbench", 2)):
        line = {**head, "what": f"queries/s, {n} sessions, process -j 2", "peer": peer + (" -j2" if peer == "pgbench" else "")}
        if absent[peer]:
            yield {**line, "verdict": absent[peer]}
        else:
            yield {**line, **Comparison(samples[f"ours {n}"], samples[f"{peer} {n}"], "rate").line(target, "1/s")}
