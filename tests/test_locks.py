"""The locks: everything that is asked for, with hashes for every platform, and no word of where it came from."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")


def project() -> dict[str, Any]:
    """The `project` table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def names(requirements: list[str]) -> set[str]:
    """The packages that requirements name, in the form that registries compare them in."""
    return {re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-") for line in requirements}


def locked(lock: str) -> dict[str, str]:
    """What a lock pins: package to version."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)(?:\[[a-z,-]+\])?==(\S+) \\$", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock: str) -> None:
    """A lock says what is installed, never from where: neither an option, nor an address or path."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.search(r"://|^-|^\s*--(?!hash=sha256:)|@ ", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_for_everything(lock: str) -> None:
    """Each pinned package lists hashes, compiled ones those of several platforms."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    counts = {block.split("==")[0]: block.count("--hash=sha256:") for block in blocks}
    assert min(counts.values()) >= 1
    assert min(counts[name] for name in ("aiohttp", "pydantic-core", "psycopg-binary", "greenlet")) > 20


def test_the_locks_cover_what_the_project_asks_for() -> None:
    """Every dependency is locked, and both locks agree on what the bot runs on."""
    wanted = project()
    runtime, development = locked("requirements.txt"), locked("requirements-dev.txt")
    assert names(wanted["dependencies"]) - runtime.keys() == set()
    assert names(wanted["optional-dependencies"]["dev"]) - development.keys() == set()
    assert runtime.items() - development.items() == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_keeps_extras(lock: str) -> None:
    """What is asked for with extras is pinned with them: pip would look for a newer one, which has no hash."""
    asked = {line.split(">")[0] for line in project()["dependencies"] if "[" in line}
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert asked
    assert [name for name in asked if f"\n{name}==" not in text] == []
