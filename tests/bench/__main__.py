"""``python -m tests.bench [names…]``: measure, and print one table. A missed goal is printed, and fails nothing."""

import argparse
import sys
from collections.abc import Callable

from tests.bench.answers import bench_answers
from tests.bench.figures import Figure
from tests.bench.flow import bench_end_to_end
from tests.bench.keeping import bench_keeping
from tests.bench.kills import bench_kills
from tests.bench.ladders import bench_ladders
from tests.bench.lanes import bench_lanes
from tests.bench.memory import bench_memory
from tests.bench.notifying import bench_notifier
from tests.bench.ordering import bench_dispatcher
from tests.bench.rendering import bench_texts
from tests.bench.routers import bench_router
from tests.bench.routing import bench_profile, bench_route
from tests.bench.searching import bench_searching
from tests.bench.smpp import bench_smpp
from tests.bench.starting import bench_start
from tests.bench.table import machine, markdown, show
from tests.bench.tracing import bench_tracing
from tests.bench.transactions import bench_transactions
from tests.bench.whatif import bench_whatif

BENCHES: dict[str, Callable[[], list[Figure]]] = {
    "route": bench_route,
    "router": bench_router,
    "texts": bench_texts,
    "notifier": bench_notifier,
    "smpp": bench_smpp,
    "lanes": bench_lanes,
    "ladders": bench_ladders,
    "answers": bench_answers,
    "end_to_end": bench_end_to_end,
    "transactions": bench_transactions,
    "dispatcher": bench_dispatcher,
    "whatif": bench_whatif,
    "tracing": bench_tracing,
    "searching": bench_searching,
    "keeping": bench_keeping,
    "kills": bench_kills,
    "memory": bench_memory,
    "start": bench_start,
    "profile": bench_profile,
}
ON_DEMAND = frozenset({"profile"})
"""Run only when named: they print something other than figures."""


def main() -> None:
    """Run the benchmarks that are named, or all but those on demand."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of: {', '.join(BENCHES)}")
    parser.add_argument("--markdown", action="store_true", help="print the table as it stands in docs/performance.md")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    measured_on = machine()
    figures: list[Figure] = []
    for name in given.names or [name for name in BENCHES if name not in ON_DEMAND]:
        print(f"measuring {name}…", file=sys.stderr, flush=True)
        figures += BENCHES[name]()
    if not figures:
        return
    if given.markdown:
        print("\n".join(markdown(figures, measured_on)))
    else:
        show(figures, measured_on)


if __name__ == "__main__":
    main()
