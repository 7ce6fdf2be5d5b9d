"""Coverage of the processes that tests fork: loaded in the one they are forked from, before the program is."""

import json
import os
from pathlib import Path

from slipcover import FileMatcher, ImportManager, Slipcover

ROOT = Path(__file__).parent.parent

_FOLDER = os.environ.get("SLIPCOVER_COVERAGE_DIR")
"""Where the test processes leave their counts to be added up; none where nothing is measured."""

_counts = Slipcover(branch=True)
if _FOLDER:
    ImportManager(_counts, FileMatcher(sources=[ROOT / "cdi_bot"])).__enter__()


def write() -> None:
    """Leave this fork's counts, where they are measured."""
    if _FOLDER:
        os.chdir(ROOT)  # the files are named from there
        Path(_FOLDER, f"coverage-gw-fork-{os.getpid()}.json").write_text(json.dumps(_counts.get_coverage()))
