"""The documentation keeps up with the program, and the locks with the documentation."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cdi_bot.cli.main import app
from cdi_bot.core.commands.table import OPTIONS, WORDS
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.subscription import Topic
from cdi_bot.settings.environment import VARIABLES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOCKS = ("requirements.txt", "requirements-dev.txt")


def table_rows(first_cell: str) -> list[str]:
    """The README's table rows whose first cell matches."""
    return re.findall(rf"^\| {first_cell}[^|]*\|.*$", README, re.MULTILINE)


def cli_commands() -> list[str]:
    """Every command of the program, groups resolved: `run`, `db upgrade`."""
    group: Any = typer.main.get_command(app)
    return [
        f"{name} {inner}".strip()
        for name, command in group.commands.items()
        for inner in getattr(command, "commands", {"": None})
    ]


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
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)(?:\[[a-z,]+\])?==(\S+) \\$", text, re.MULTILINE))


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_setting_is_in_the_readme(variable: str) -> None:
    """Each variable that is read has its row in the README."""
    assert table_rows(f"`{variable}`")


def test_the_readme_names_no_other_setting() -> None:
    """A variable in the README's table is one that is read."""
    rows = re.findall(r"^\| `([A-Z][A-Z_]+)` \|", README, re.MULTILINE)
    assert set(rows) == set(VARIABLES)


def test_the_example_file_names_only_settings() -> None:
    """Each line of .env.example sets a variable that is read."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) <= set(VARIABLES)


@pytest.mark.parametrize("command", WORDS)
def test_each_slash_command_is_in_the_readme(command: str) -> None:
    """Each word of /cdi has its row in the README."""
    assert table_rows(f"`/cdi {command}")


@pytest.mark.parametrize("word", [*(f"{option}:" for option in OPTIONS), *Topic])
def test_each_option_is_in_the_readme(word: str) -> None:
    """Each option of `subscribe`, and each word that `on:` takes, is named."""
    assert word in README


@pytest.mark.parametrize("kind", Kind)
def test_each_incident_kind_is_in_the_readme(kind: Kind) -> None:
    """Each kind of incident is explained in the README."""
    assert table_rows(f"`{kind.value}`")


@pytest.mark.parametrize("command", cli_commands())
def test_each_cli_command_is_in_the_readme(command: str) -> None:
    """Each command of the program has its row in the README."""
    assert table_rows(f"`cdi-bot {command}")


def test_each_dependency_earns_its_place_in_the_readme() -> None:
    """Each runtime dependency stands in the README's table of them."""
    table = README[README.index("| dependency |") :]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    told = {name for cell in cells for name in cell.split(", ")}
    assert names(project()["dependencies"]) - told == set()


def test_the_changelog_has_an_open_section() -> None:
    """There is a place for the next change."""
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    """Each file that the README links to is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


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
