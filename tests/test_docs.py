"""The documentation keeps up with the program: each page names what there is, and nothing else."""

import ast
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cdi_bot.cli.execution import FAILED, MISUSED
from cdi_bot.cli.main import app
from cdi_bot.core.commands.parser import BY_COMMAND, OPTIONS, SPECIFICATIONS, parse
from cdi_bot.core.commands.specification import Mistake, Right, Specification
from cdi_bot.core.model.incident import EXPECTABLE, SPIKE, Kind, LateReason, Topic
from cdi_bot.core.rules.small_losses import ALWAYS_LOSES
from cdi_bot.settings.environment import VARIABLES, load_settings
from cdi_bot.slack.api.directory import NEEDED, OPTIONAL
from cdi_bot.slack.render.kinds.table import RENDERERS
from cdi_bot.slack.render.kit import runs
from cdi_bot.store.portable import Base
from tests.store.samples import incident

ROOT = Path(__file__).parent.parent
PAGES = (
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
)

LONGEST_README = 140
"""Lines: more than somebody with a minute reads."""

OF_A_CHECKOUT = (".venv/", "/")
"""How paths begin that are no part of the repository."""

MADE_UP = re.compile(r"XX|NNNN|\*|\bcostly\b|\bHOST/|\bprod/|^cdi_bot\.db$")
"""What paths hold that a reader is to choose a name for, or that the program makes."""

RIGHTS = {Right.READ: "*Everybody.*", Right.CHANGE: "*Members.*", Right.ADMIN: "*Admins.*"}
"""How docs/commands.md says who may use a command."""


@cache
def page(path: str) -> str:
    """The text of a page."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def headings(path: str) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    told = re.sub(r"^```.*?^```$", "", page(path), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#+ (.+)$", told, re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found)


def section(path: str, heading: str) -> str:
    """What stands below a heading, up to the next one; fails where there is none, or more than one."""
    (found,) = re.findall(
        rf"^##+ {re.escape(heading)}$(.*?)(?=^##? |^### |\Z)", page(path), re.MULTILINE | re.DOTALL
    )
    return str(found)


def rows(path: str, cell: str) -> list[str]:
    """The rows of a page's tables whose first cell names this."""
    return re.findall(rf"^\| [^|]*`{re.escape(cell)}`[^|]*\|.*$", page(path), re.MULTILINE)


def cli_commands() -> list[str]:
    """Every command of the program, groups resolved: `run`, `db upgrade`."""
    group: Any = typer.main.get_command(app)
    return [
        f"{name} {inner}".strip()
        for name, command in group.commands.items()
        for inner in getattr(command, "commands", {"": None})
    ]


def paths_in(text: str) -> list[str]:
    """Every path between backticks, commands taken apart."""
    words = [word for span in re.findall(r"`([^`\n]+)`", text) for word in span.split()]
    return [
        word
        for word in words
        if re.fullmatch(r"[\w.-]+/[\w./-]*|[\w.-]+\.(py|md|toml|txt|ya?ml|json|service)", word)
        and not word.startswith(OF_A_CHECKOUT)
        and not MADE_UP.search(word)
    ]


def exists(path: str, folder: Path) -> bool:
    """Whether a path is there, seen from a page's folder too; a name alone may be anywhere in the package."""
    roots = (ROOT, ROOT / "cdi_bot", folder)
    return any((root / path).exists() for root in roots) or (
        "/" not in path and any((ROOT / "cdi_bot").rglob(path))
    )


def is_source(path: Path) -> bool:
    """Whether a file makes its folder one of the architecture: code, not what the tools or translations left."""
    return path.suffix in {".py", ".js"} and "__pycache__" not in path.parts


# ------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_setting_is_documented(variable: str) -> None:
    """Each variable that is read has its row in docs/settings.md."""
    assert len(rows("docs/settings.md", variable)) == 1


def test_no_other_setting_is_documented() -> None:
    """A variable in the table is one that is read."""
    told = re.findall(r"^\| `([A-Z][A-Z_]+)` \|", page("docs/settings.md"), re.MULTILINE)
    assert set(told) == set(VARIABLES)


def test_each_default_is_the_documented_one() -> None:
    """What a row gives as default changes nothing."""
    needed = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "BRAZE_API_KEY": "key",
        "BRAZE_BASE_URL": "https://rest.iad-03.braze.com",
    }
    told = re.findall(r"^\| `([A-Z_]+)` \| `(\S+)`[ ;]", page("docs/settings.md"), re.MULTILINE)
    told = [
        (variable, default) for variable, default in told if variable != "CDI_BOT_LOG_FORMAT"
    ]  # it depends
    assert len(told) >= len(VARIABLES) // 2
    assert load_settings({**needed, **dict(told)}, env_file=None) == load_settings(needed, env_file=None)


def test_the_example_file_names_only_settings() -> None:
    """Each line of .env.example sets a variable that is read."""
    assert set(re.findall(r"^([A-Z_]+)=", page(".env.example"), re.MULTILINE)) <= set(VARIABLES)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_names_a_setting_that_is_none(path: str) -> None:
    """Every `CDI_BOT_…` that a page names is read, but for one that CONTRIBUTING makes up."""
    told = set(re.findall(r"\bCDI_BOT_[A-Z_]+[A-Z]\b", page(path)))
    assert told - set(VARIABLES) - {"CDI_BOT_MESSAGES_AT_ONCE", "CDI_BOT_WRITE_GOLDEN"} == set()


# ------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("command", SPECIFICATIONS, ids=lambda command: command.word)
def test_each_slash_command_is_documented(command: Specification[Any]) -> None:
    """Its section says who may use it, by which other words it is known, and which options it takes."""
    told = section("docs/commands.md", f"`/cdi {command.word}`")
    assert [right for right in RIGHTS.values() if right in told] == [RIGHTS[command.right]]
    assert [alias for alias in command.aliases if f"`{alias}`" not in told] == []


@pytest.mark.parametrize("path", ["docs/commands.md", "docs/alerts.md", "README.md"])
def test_each_example_of_a_command_is_understood(path: str) -> None:
    """As the command that it is an example of."""
    for typed in re.findall(r"^(?:    |\| `)/cdi ([^`\n]+)", page(path), re.MULTILINE):
        escaped = re.sub(r"#([\w-]+)", r"<#C1|\1>", re.sub(r"@[\w-]+", "<@U1>", typed))
        read = parse(escaped, now=datetime.now(UTC))
        assert not isinstance(read, Mistake), typed
        assert BY_COMMAND[type(read)].word == typed.split()[0]


def test_no_other_slash_command_is_documented() -> None:
    """A section about a command is about one that there is."""
    told = re.findall(r"^### `/cdi (\w+)`$", page("docs/commands.md"), re.MULTILINE)
    assert sorted(told) == sorted(command.word for command in SPECIFICATIONS)


def test_each_option_is_documented() -> None:
    """Each option of a command has its row, and no other; the row of `in:` names every command that takes it."""
    told = re.findall(r"^\| `(\w+):` \|", page("docs/commands.md"), re.MULTILINE)
    assert sorted(told) == sorted(set(OPTIONS))
    (row,) = rows("docs/commands.md", "in:")
    takes = {command.word for command in SPECIFICATIONS if command.takes_channel}
    assert takes - {"subscribe"} == set(re.findall(r"`(\w+)`", row))


def test_each_type_of_alert_is_documented() -> None:
    """The row of `on:` names each word that it takes, and no other."""
    (row,) = rows("docs/commands.md", "on:")
    assert set(re.findall(r"`(\w+)`", row)) == set(Topic)


@pytest.mark.parametrize("command", cli_commands())
def test_each_cli_command_is_documented(command: str) -> None:
    """Each command of the program has its row, with each of its options."""
    (row,) = re.findall(rf"^\| `cdi-bot {command}[^|]*\|.*$", page("docs/commands.md"), re.MULTILINE)
    found: Any = typer.main.get_command(app)
    for word in command.split():
        found = found.commands[word]
    options = {name for each in found.params for name in each.opts if name.startswith("--")}
    assert options - {"--help"} == set(re.findall(r"--[a-z-]+", row))


def test_each_exit_code_is_documented() -> None:
    """0, and those of failures."""
    told = re.findall(r"^\| (\d) \|", page("docs/commands.md"), re.MULTILINE)
    assert [int(code) for code in told] == [0, FAILED, MISUSED]


# ------------------------------------------------------------------------------------- alerts


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_of_incident_is_documented(kind: Kind) -> None:
    """Its section says what it means, when it is posted, how it ends, and gives an example."""
    told = section("docs/alerts.md", f"`{kind.value}`")
    assert re.findall(r"^\*\*(Means|Posted|Ends|Example)\.\*\*", told, re.MULTILINE) == [
        "Means",
        "Posted",
        "Ends",
        "Example",
    ]


@pytest.mark.parametrize("reason", EXPECTABLE)
def test_what_is_expected_is_explained(reason: str) -> None:
    """Each reason that rests on what is usual has a row: when it is known, how long it has to last, how it ends."""
    told = re.findall(
        rf"^\| [^|]*`{reason}`[^|]*\|.*$", section("docs/alerts.md", "What is usual"), re.MULTILINE
    )
    assert [row.count("|") for row in told] == [6]


def test_each_other_reason_is_explained() -> None:
    """Where it is told of."""
    assert all(f"| `{reason.value}` |" in section("docs/alerts.md", "`late`") for reason in LateReason)
    assert f"`{ALWAYS_LOSES}`" in section("docs/alerts.md", "`sync_failed`")
    assert f"| `{SPIKE}` |" in section("docs/alerts.md", "Notices")


def test_each_sign_is_explained() -> None:
    """Those of runs, and those of the kinds of incidents."""
    told = re.findall(r"^\| (\S+) \|", section("docs/alerts.md", "Signs and colours"), re.MULTILINE)
    of_kinds = {renderer.sign(replace(incident(1), kind=kind)) for kind, renderer in RENDERERS.items()}
    of_runs = {runs.GOOD, runs.BAD, runs.SOME, runs.ODD, runs.BUSY, runs.DUBIOUS, runs.UNSEEN}
    assert set(told) - {"sign", "---"} == of_kinds | of_runs


def test_the_readme_repeats_what_was_measured() -> None:
    """How good alerts are stands in docs/alert-quality.md; the README's two numbers are those."""
    (row,) = re.findall(r"^\| cdi-bot \| (\d+)% \| ([\d.]+) \|", page("docs/alert-quality.md"), re.MULTILINE)
    told = re.search(r"(\d+) % of made-up failures are named in time, with ([\d.]+) false", page("README.md"))
    assert told
    assert told.groups() == row


# ------------------------------------------------------------------------------------- security


def test_each_scope_of_the_manifest_is_explained() -> None:
    """What it is used for, and what is lost without it; those that are optional are so in the manifest too."""
    bot = yaml.safe_load(page("manifest.yml"))["oauth_config"]["scopes"]
    assert set(bot["bot"]) == {*NEEDED, *OPTIONAL}
    assert set(bot["bot_optional"]) == set(OPTIONAL)
    assert all(len(rows("docs/security.md", scope)) == 1 for scope in bot["bot"])


@pytest.mark.parametrize("table", [table.name for table in Base.metadata.sorted_tables])
def test_what_each_table_keeps_is_told(table: str) -> None:
    """What it holds about people, and for how long."""
    assert len(rows("docs/security.md", table)) == 1


def test_each_dependency_earns_its_place() -> None:
    """Each runtime dependency stands in ARCHITECTURE's table of them."""
    cells = re.findall(r"^\| ([^|]+) \|", section("ARCHITECTURE.md", "Dependencies"), re.MULTILINE)
    told = {name for cell in cells for name in cell.split(", ")}
    asked = tomllib.loads(page("pyproject.toml"))["project"]["dependencies"]
    assert {re.split(r"[\[<>=!~; ]", line)[0] for line in asked} - told == set()


# ------------------------------------------------------------------------------------- messages


@cache
def texts() -> tuple[re.Pattern[str], ...]:
    """Every text in the program that says something, as a pattern in which what is filled in may be anything."""
    sources = [
        path for path in (ROOT / "cdi_bot").rglob("*.py") if "sandbox" not in path.relative_to(ROOT).parts
    ]
    said = {
        text
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (text := text_of(node)) and len(re.sub(r"\{[^{}]*\}", "", text)) > 10
    }
    return tuple(
        re.compile(".*".join(map(re.escape, re.split(r"\{[^{}]*\}", text))), re.DOTALL) for text in said
    )


def text_of(node: ast.AST) -> str:
    """A text as the program has it, with braces where something is filled in; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    return ""


@pytest.mark.parametrize("message", re.findall(r"^ *> (.+)$", page("docs/troubleshooting.md"), re.MULTILINE))
def test_each_quoted_message_is_one_of_the_program(message: str) -> None:
    """People look for what they see: somewhere the program says just what docs/troubleshooting.md quotes."""
    assert any(text.fullmatch(message) for text in texts())


# ------------------------------------------------------------------------------------- pages


def test_the_readme_is_short() -> None:
    """For somebody who has a minute."""
    assert page("README.md").count("\n") <= LONGEST_README


def test_the_changelog_has_an_open_section() -> None:
    """There is a place for the next change."""
    assert "\n## Unreleased\n" in page("CHANGELOG.md")


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(path: str) -> None:
    """Each file and picture that a page links to is there, and each heading."""
    folder = (ROOT / path).parent
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page(path))
    pictures = [(picture, "") for picture in re.findall(r'src="(?!https?:)([^"]+)"', page(path))]
    for file, anchor in [*links, *pictures]:
        target = (folder / file).resolve() if file else ROOT / path
        assert target.exists(), file
        assert not anchor or anchor in headings(str(target.relative_to(ROOT))), f"{file}#{anchor}"


def test_each_page_can_be_found() -> None:
    """From the README, over links alone."""
    found, new = set[str](), {"README.md"}
    while new:
        found |= new
        linked = {
            str((ROOT / path).parent.joinpath(file).resolve().relative_to(ROOT))
            for path in new
            for file in re.findall(r"\]\((?!https?:)([^)#]+\.md)", page(path))
        }
        new = linked - found
    assert set(PAGES) - found == set()


@pytest.mark.parametrize("path", PAGES)
def test_each_path_exists(path: str) -> None:
    """Each file and folder that a page names is there, below the package or at the top level."""
    assert [each for each in paths_in(page(path)) if not exists(each, (ROOT / path).parent)] == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_left_to_fill_in(path: str) -> None:
    """No page holds a placeholder."""
    assert re.findall(r"@@\w*|\bTODO\b|\bTBD\b", page(path)) == []


def test_each_folder_is_in_the_architecture() -> None:
    """Each folder of the package, and each module beside them, has its row; so have no others."""
    told = set(re.findall(r"^\| `([\w/.]+)` \|", section("ARCHITECTURE.md", "The folders"), re.MULTILINE))
    package = ROOT / "cdi_bot"
    folders = {f"{path.parent.relative_to(package)}/" for path in package.rglob("*.*") if is_source(path)}
    modules = {path.name for path in package.glob("*.py") if not path.name.startswith("__")}
    assert told == (folders - {"./"}) | modules | {"locale/"}


def test_the_contributors_page_knows_every_verb_of_make() -> None:
    """Each verb that `make help` shows has its row, and each row is a verb."""
    verbs = re.findall(r"^([a-z-]+):.*## ", page("Makefile"), re.MULTILINE)
    assert sorted(re.findall(r"^\| `make ([a-z-]+)` \|", page("CONTRIBUTING.md"), re.MULTILINE)) == sorted(
        verbs
    )


def test_the_makefile_names_tests_that_exist() -> None:
    """Each file of tests that a verb runs is there."""
    named = re.findall(r"\btests/[\w/]+\.py\b", page("Makefile"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_each_decision_is_listed() -> None:
    """The list of decisions names each of them."""
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\S+\.md)\) \|", page("docs/decisions/README.md"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")
