"""Row 5: `select 1` in pipelines of 100 and of 10, 4 sessions, server and client on one CPU.

The targets are for the same script in both programs (\\startpipeline, 100 queries, \\endpipeline: one transaction, one
sync). What --pipeline=N does stands beside it: there every execution is a transaction of its own with its own sync, for
each of which the server sends an answer of its own: more work, and an outcome for each.
"""
from load import missing, pipelined
from measure import Comparison
from row_closed import MARKERS, MODE, measured

SESSIONS = 4


def rows(context):
    head = {"row": 5, "mode": MODE, "markers": MARKERS}
    if missing("pgbench"):
        yield {**head, "what": "pipelines", "peer": "pgbench", "verdict": missing("pgbench")}
        return

    def contenders(load):
        yield load.pgbench("pgbench", SESSIONS, 1)
        for n in (100, 10):
            yield load.ours(f"ours {n}", SESSIONS, 2, script=pipelined(n), per_transaction=n)
            yield load.ours(f"each {n}", SESSIONS, 2, more=[f"--pipeline={n}"])
            yield load.pgbench(f"pgbench {n}", SESSIONS, 1, pipelined(n), n)

    samples = measured(context, lambda load: list(contenders(load)))
    for n, own, plain in ((100, 1.05, 5), (10, 1.0, 3.3)):
        line = {**head, "what": f"queries/s, {n} in a pipeline"}
        yield {**line, "peer": "pgbench, same script",
               **Comparison(samples[f"ours {n}"], samples[f"pgbench {n}"], "rate").line(own, "1/s")}
        yield {**line, "peer": "pgbench unpipelined",
               **Comparison(samples[f"ours {n}"], samples["pgbench"], "rate").line(plain, "1/s")}
        yield {**head, "what": f"transactions/s, --pipeline={n}", "peer": "pgbench unpipelined",
               **Comparison(samples[f"each {n}"], samples["pgbench"], "rate").line("", "1/s"),
               "note": "a sync for each"}
