"""The documentation keeps up with the program, and the locks with the documentation."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cdi_bot.cli.main import app
from cdi_bot.core.commands.parser import OPTIONS, WORDS
from cdi_bot.core.model.incident import EXPECTABLE, Kind, Topic
from cdi_bot.settings.environment import VARIABLES
from cdi_bot.slack.api.directory import NEEDED, OPTIONAL
from cdi_bot.store.portable import Base

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOCKS = ("requirements.txt", "requirements-dev.txt")
PAGES = (
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
)
"""The pages for contributors."""

OF_A_CHECKOUT = (".venv/", "/")
"""How paths begin that are no part of the repository."""

MADE_UP = re.compile(r"XX|NNNN|\*|\bcostly\b")
"""What paths hold that a contributor is to choose a name for."""


def table_rows(first_cell: str) -> list[str]:
    """The README's table rows whose first cell matches."""
    return re.findall(rf"^\| {first_cell}[^|]*\|.*$", README, re.MULTILINE)


SECURITY = (ROOT / "docs/security.md").read_text(encoding="utf-8")


def security_rows(first_cell: str) -> list[str]:
    """The rows of tables in docs/security.md whose first cell names this."""
    return re.findall(rf"^\| [^|]*`{first_cell}`[^|]*\|.*$", SECURITY, re.MULTILINE)


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
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)(?:\[[a-z,-]+\])?==(\S+) \\$", text, re.MULTILINE))


def paths_in(text: str) -> list[str]:
    """Every path between backticks, commands taken apart."""
    words = [word for span in re.findall(r"`([^`\n]+)`", text) for word in span.split()]
    return [
        word
        for word in words
        if re.fullmatch(r"[\w./-]+/[\w./-]*|[\w.-]+\.(py|md|toml|txt|yml|json)", word)
        and not word.startswith(OF_A_CHECKOUT)
        and not MADE_UP.search(word)
    ]


def exists(path: str) -> bool:
    """Whether a path is there; a name alone may be anywhere in the package."""
    roots = (ROOT, ROOT / "cdi_bot")
    return any((root / path).exists() for root in roots) or (
        "/" not in path and any((ROOT / "cdi_bot").rglob(path))
    )


def is_source(path: Path) -> bool:
    """Whether a file makes its folder one of the architecture: code, not what the tools or translations left."""
    return path.suffix in {".py", ".js"} and "__pycache__" not in path.parts


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


@pytest.mark.parametrize("reason", EXPECTABLE)
def test_what_is_expected_is_explained(reason: str) -> None:
    """Each reason that rests on what is usual has a row: when it is known, how long it has to last, how it ends."""
    text = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| [^|]*`{reason}`[^|]*\|.*$", text, re.MULTILINE)
    assert row.count("|") == 6


@pytest.mark.parametrize("command", cli_commands())
def test_each_cli_command_is_in_the_readme(command: str) -> None:
    """Each command of the program has its row in the README."""
    assert table_rows(f"`cdi-bot {command}")


def test_each_scope_of_the_manifest_is_explained() -> None:
    """What it is used for, and what is lost without it; those that are optional are so in the manifest too."""
    bot = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))["oauth_config"]["scopes"]
    assert set(bot["bot"]) == {*NEEDED, *OPTIONAL}
    assert set(bot["bot_optional"]) == set(OPTIONAL)
    assert all(len(security_rows(scope)) == 1 for scope in bot["bot"])


@pytest.mark.parametrize("table", [table.name for table in Base.metadata.sorted_tables])
def test_what_each_table_keeps_is_told(table: str) -> None:
    """What it holds about people, and for how long."""
    assert len(security_rows(table)) == 1


def test_each_dependency_earns_its_place_in_the_readme() -> None:
    """Each runtime dependency stands in the README's table of them."""
    table = README[README.index("| dependency |") :]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    told = {name for cell in cells for name in cell.split(", ")}
    assert names(project()["dependencies"]) - told == set()


def test_the_changelog_has_an_open_section() -> None:
    """There is a place for the next change."""
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", *PAGES])
def test_links_lead_somewhere(page: str) -> None:
    """Each file that a page links to is there, and each heading within the page too."""
    text = (ROOT / page).read_text(encoding="utf-8")
    files = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [file for file in files if not (ROOT / page).parent.joinpath(file).exists()] == []
    headings = {
        heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ ([\w -]+)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) - headings == set()


@pytest.mark.parametrize("page", PAGES)
def test_each_path_exists(page: str) -> None:
    """Each file and folder that a page names is there, below the package or at the top level."""
    paths = paths_in((ROOT / page).read_text(encoding="utf-8"))
    assert [path for path in paths if not exists(path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_left_to_fill_in(page: str) -> None:
    """No page holds a placeholder."""
    assert re.findall(r"@@\w*|\bTODO\b|\bTBD\b", (ROOT / page).read_text(encoding="utf-8")) == []


def test_each_folder_is_in_the_architecture() -> None:
    """Each folder of the package, and each module beside them, has its row; so have no others."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([\w/.]+)` \|", text, re.MULTILINE))
    package = ROOT / "cdi_bot"
    folders = {f"{path.parent.relative_to(package)}/" for path in package.rglob("*.*") if is_source(path)}
    modules = {path.name for path in package.glob("*.py") if not path.name.startswith("__")}
    assert rows == (folders - {"./"}) | modules | {"locale/"}


def test_the_contributors_page_knows_every_verb_of_make() -> None:
    """Each verb that `make help` shows has its row, and each row is a verb."""
    verbs = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `make ([a-z-]+)` \|", text, re.MULTILINE)) == sorted(verbs)


def test_the_makefile_names_tests_that_exist() -> None:
    """Each file of tests that a verb runs is there."""
    named = re.findall(r"\btests/[\w/]+\.py\b", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_each_decision_is_listed() -> None:
    """The list of decisions names each of them."""
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\S+\.md)\) \|", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")


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
