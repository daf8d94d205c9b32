"""``python -m tests.chaos.storms``: play the storms, each on a system of its own, and print one table."""

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from runtime import log
from tests.bench.table import machine
from tests.chaos.storms.result import Result, shown, table
from tests.chaos.storms.scenarios import SCENARIOS, Scenario
from tests.chaos.storms.storm import Storm


async def play(scenario: Scenario, home: Path, events: int, seed: int, options: tuple[str, ...] = ()) -> Result:
    """Play one storm in ``home`` and close its books; ``options`` are of `borderlands up`."""
    async with Storm(home, f"{scenario.name}-{seed}", options) as storm:
        await scenario.play(storm, events, seed)
        return await storm.result(scenario.name, scenario.done)


def main() -> int:
    """Play what is named, or all; 1 where anything was lost, doubled, or otherwise not as it must be."""
    options = _arguments()
    log.configure("storms", "text", level=logging.WARNING, libraries=logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    print(f"Measured on {machine()}, seed {options.seed}.\n", flush=True)
    results: dict[str, Result] = {}
    kept: list[Path] = []
    for name in options.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        folder = Path(tempfile.mkdtemp(prefix=f"borderlands-{name}-", dir=options.home))
        results[name] = result = asyncio.run(
            play(scenario, folder / "system", options.events or scenario.events, options.seed)
        )
        _tell(result, lambda line: print(line, flush=True))
        if result.failures or options.home:
            kept.append(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(table(result.row(SCENARIOS[name].alertmanager) for name, result in results.items())))
    if kept:
        print(f"\nhomes with their logs: {', '.join(map(str, kept))}")
    return 1 if any(result.failures for result in results.values()) else 0


def _tell(result: Result, say: Callable[[str], None]) -> None:
    say(f"{result.scenario}: {'as it must be' if not result.failures else f'{len(result.failures):,} failures'}")
    for line in result.remarks():
        say(f"  {line}")
    for line in shown(result.failures):
        say(f"  ✗ {line}")
    say("")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.storms", description=__doc__)
    parser.add_argument("--scenario", nargs="+", choices=list(SCENARIOS), metavar="NAME",
                        help=f"these only: {', '.join(SCENARIOS)}")  # fmt: skip
    parser.add_argument("--events", type=int, help="events of each storm; default: 5,000 or 10,000, as Alertmanager's")
    parser.add_argument("--seed", type=int, default=1, help="which party reports which event")
    parser.add_argument("--home", type=Path, help="keep the systems there; default: only those that failed are kept")
    options = parser.parse_args()
    if options.events is not None and not 10 <= options.events <= 200_000:
        parser.error("--events is 10 to 200000")
    return options


if __name__ == "__main__":
    sys.exit(main())
