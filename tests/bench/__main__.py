"""`make bench`: measure, and print the tables of docs/performance.md; `python -m tests.bench scale storm`: only these.

Each section is a module of this folder, run as a process of its own, so that none disturbs another or stops it. Before
each it is told how quick the machine is: one that it shares with others can be half as quick a minute later.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import time
import timeit
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tests.bench.processes import ROOT, median

SECTIONS = (
    "whole",
    "polls",
    "delivery",
    "scale",
    "detection",
    "storm",
    "storm_told",
    "outages",
    "guard",
    "takeover",
    "sharing",
)
LIMIT = 1200.0
"""Seconds after which a section is ended, with all that it started."""


def measure(sections: Mapping[str, Sequence[str]], *, limit: float = LIMIT) -> list[str]:
    """Run the command of each section, one after the other; gives the names of those that failed."""
    failed, begun = [], time.monotonic()
    for name, command in sections.items():
        print(f"\n### {name}\n\n{_pace()}\n", flush=True)
        started = time.monotonic()
        why = _failure(command, limit)
        print(f"\n{name} took {_minutes(started)}{why and f' and FAILED: {why}'}", flush=True)
        failed += [name] * bool(why)
    print(f"\nAll took {_minutes(begun)}. {'FAILED: ' + ', '.join(failed) if failed else 'Nothing failed.'}")
    return failed


def _pace() -> str:
    loops = [1000 * each for each in timeit.repeat("for _ in range(1_000_000): pass", number=1, repeat=100)]
    return f"A loop of a million steps takes {median(loops):.0f} ms, the quickest of 100 {min(loops):.0f} ms."


def _failure(command: Sequence[str], limit: float) -> str:
    """Run a command; gives why it failed, if it did."""
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return f"not done after {limit:.0f} s"
        finally:
            with suppress(ProcessLookupError):  # what it has left, too
                os.killpg(process.pid, signal.SIGKILL)
    return f"it ended with {code}" if code else ""


def _minutes(since: float) -> str:
    minutes, seconds = divmod(round(time.monotonic() - since), 60)
    return f"{minutes} min {seconds} s"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("section", nargs="*", help=f"one of {', '.join(SECTIONS)}; all where none is named")
    chosen = parser.parse_args().section or SECTIONS
    if unknown := {*chosen} - {*SECTIONS}:
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    sys.exit(bool(measure({name: (sys.executable, "-m", f"tests.bench.{name}") for name in chosen})))
