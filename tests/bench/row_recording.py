"""Row 9: every transaction recorded against none, server and client on one CPU, 16 sessions."""
from measure import Comparison
from row_closed import MARKERS, MODE, measured


def rows(context):
    samples = measured(context, lambda load: [load.ours("on", 16, 2, more=["--sampling-rate=1"]),
                                              load.ours("off", 16, 2, more=["--sampling-rate=0"])])
    yield {"row": 9, "what": "queries/s, 16 sessions, process -j 2", "peer": "without records", "mode": MODE,
           "markers": MARKERS, **Comparison(samples["on"], samples["off"], "rate").line(0.98, "1/s")}
