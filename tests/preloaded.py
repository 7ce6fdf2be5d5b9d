"""What the process that tests fork from loads: the program and what tests put around it, counted for the coverage."""

import gc
import importlib
import json
import os
from pathlib import Path

from slipcover import FileMatcher, ImportManager, Slipcover

from tests.forks import ROOT

_FOLDER = os.environ.get("SLIPCOVER_COVERAGE_DIR")
"""Where the test processes leave their counts to be added up; none where nothing is measured."""

_LATER = ("httpcore", "anyio._backends._asyncio")
"""What the program loads only once it runs."""

_counts = Slipcover(branch=True)
if _FOLDER:
    ImportManager(_counts, FileMatcher(sources=[ROOT / "cdi_bot"])).__enter__()
for name in ("pytest", "cdi_bot.cli.main", *_LATER, "tests.forked", "tests.e2e.crashing"):
    importlib.import_module(name)
gc.freeze()  # a fork that looks for garbage does not copy all of this


def write_counts() -> None:
    """Leave this fork's counts, where they are measured."""
    if _FOLDER:
        os.chdir(ROOT)  # the files are named from there
        Path(_FOLDER, f"coverage-gw-fork-{os.getpid()}.json").write_text(json.dumps(_counts.get_coverage()))
