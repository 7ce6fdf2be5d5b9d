"""Measure what alerts find and how often they are false: `python -m tests.bench.alerts [--seeds A-B] [--write]`.

Prints the tables of docs/alert-quality.md, or writes them there. `--false` prints what was told for nothing instead, to
look into; use seeds below 100 for that, as those from 1000 on are only for the report.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from tests.bench.alerts.bot import backtest
from tests.bench.alerts.report import PAGE, Ways, measure, tables, written
from tests.bench.alerts.rivals import RIVALS
from tests.bench.alerts.score import Tally

PROCESSES = 2


def main() -> None:
    """Measure the seeds asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts", description=__doc__)
    parser.add_argument("--seeds", default="1000-1003", help="first and last, such as 0-3")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/alert-quality.md")
    parser.add_argument("--false", action="store_true", help="print what cdi-bot told for nothing")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    ways: Ways = {"cdi-bot": backtest, **({} if arguments.false else RIVALS)}
    begun = time.monotonic()
    tallies = measure(ways, seeds, PROCESSES)
    if arguments.false:
        for one in tallies["cdi-bot"].false:
            print(
                one["source"], one["integration_id"], one["opened_at"], one["reason"], one["text"], sep=" | "
            )
        return
    section = "\n".join([_said(seeds, tallies["cdi-bot"], time.monotonic() - begun), "", *tables(tallies)])
    if arguments.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")
    else:
        print(section)


def _said(seeds: Sequence[int], tally: Tally, seconds: float) -> str:
    """What was measured."""
    histories = sum(len(delays) for delays in tally.faults.values())
    kinds = len({kind for kind, _ in tally.faults})
    which = f"Seed {seeds[0]}" if len(seeds) == 1 else f"Seeds {seeds[0]} to {seeds[-1]}"
    return (
        f"{which}: {histories} histories with a failure, of {kinds} kinds in "
        f"{len(tally.faults)} strengths; {tally.months:,.0f} healthy integration-months of {len(tally.healthy)} kinds "
        f"of sources. Measured in {seconds / 60:.0f} min on 2 cores."
    )


if __name__ == "__main__":
    main()
