"""The benches still run, in small; what they measure is no test's business."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bench import sharing
from tests.bench.__main__ import SECTIONS, measure
from tests.bench.scale import HEAD, scale, table
from tests.databases import Databases


def test_one_section_does_not_stop_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    """One that fails, or hangs, is told; those after it are measured."""
    python = (sys.executable, "-c")
    sections = {
        "broken": (*python, "raise SystemExit(3)"),
        "hanging": (*python, "import time; print('begun', flush=True); time.sleep(60)"),
        "good": (*python, "print('| row |')"),
    }
    assert measure(sections, limit=5) == ["broken", "hanging"]
    told = capfd.readouterr().out
    assert "FAILED: it ended with 3" in told
    assert "FAILED: not done after 5 s" in told
    assert told.count("A loop of a million steps takes") == len(sections)
    assert told.index("| row |") < told.index("FAILED: broken, hanging")


def test_every_section_is_there() -> None:
    """Each is a module that can be run."""
    assert [name for name in SECTIONS if find_spec(f"tests.bench.{name}") is None] == []


async def test_many_workspaces(tmp_path: Path) -> None:
    """Two workspaces, whose failing integrations have cards that are posted."""
    figures = await scale(tmp_path, workspaces=2, integrations=10, warm_up=3, seconds=1, answers=2)
    assert figures["polls"] > 0
    assert figures["turned_away"] == 0
    assert {row.count("|") for row in table(figures, figures)} == {len(HEAD) + 1}


async def test_several_processes(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill, a cut and a restart: nothing is lost or doubled, and nobody polls beside another."""
    monkeypatch.setattr(sharing, "QUIET", 0.5)
    url = databases.migrated("postgresql", tmp_path)
    figures = await sharing.measure(url, tmp_path, processes=2, kills=1, others=1)
    assert (figures.wrong, figures.doubled, figures.unanswered) == ([], 0, 0)
    assert figures.failures == 3 * sharing.WORKSPACES
    assert figures.polls > 0
    assert {row.count("|") for row in sharing.rows([figures] * 2, kills=1, others=1)} == {5}
