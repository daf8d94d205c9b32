"""``python -m tests.chaos``: hurt the running system round by round, and balance its books against what arrived."""

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

from runtime import log
from tests.chaos.faults import FAULTS, SHORT
from tests.chaos.run import Run, deck, run
from tests.chaos.summary import table

SHOWN = 40
"""Failures that are printed at the end."""


def main() -> int:
    """Play, print the table, and return 1 where anything was lost, doubled, stuck or otherwise wrong."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    log.configure("chaos", "text", level=logging.CRITICAL, libraries=logging.CRITICAL)
    names = options.fault or (list(FAULTS) if options.rounds else list(SHORT))
    cards = deck(names, options.rounds or len(names), options.seed)
    began = time.monotonic()
    print(f"{len(cards)} rounds, seed {options.seed}", flush=True)
    whole = asyncio.run(
        run(cards, options.seed, lambda line: print(line, flush=True), home=options.home, only=options.only_round)
    )
    print(f"\n{table(whole)}\n\n{len(whole.rounds)} rounds in {(time.monotonic() - began) / 60:.0f} min")
    return _verdict(whole, options)


def _verdict(whole: Run, options: argparse.Namespace) -> int:
    if not whole.failures:
        print("✓ nothing lost, nothing doubled, nothing stuck")
        return 0
    print(f"✗ {len(whole.failures)} failures; the systems' homes with their logs: {', '.join(map(str, whole.homes))}")
    chosen = "".join(f" --fault {name}" for name in options.fault or ())
    for number in sorted({one.number for one in whole.rounds if one.failures}):
        rounds = f" --rounds {options.rounds}" if options.rounds else ""
        print(f"  again: python -m tests.chaos --seed {options.seed}{rounds}{chosen} --only-round {number}")
    for line in whole.failures[:SHOWN]:
        print(f"  ✗ {line}")
    if len(whole.failures) > SHOWN:
        print(f"  … and {len(whole.failures) - SHOWN} more")
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"default: {len(SHORT)} chosen ones, once each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", action="append", choices=sorted(FAULTS), metavar="NAME", help="these only")
    parser.add_argument("--only-round", type=int, help="of the run that the other options describe")
    parser.add_argument("--home", type=Path, help="keep the systems there; default: a directory that is removed")
    parser.add_argument("--list", action="store_true", help="print the names of all faults and end")
    options = parser.parse_args()
    if options.list:
        print("\n".join(FAULTS))
        sys.exit(0)
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds is at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
