"""Who may import whom: the rules that hold the architecture, and that they can fail."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cdi_bot"
CORE = PACKAGE / "core"

MOST_MODULES, MOST_LINES = 22, 350

# One forbidden import for each contract of pyproject.toml: the file it is written into, and the line.
BREACHES = {
    "A layer imports only what stands after it; siblings never each other": (
        "store/engine.py",
        "import cdi_bot.braze.errors",
    ),
    "The stand-ins know wire formats only": ("sandbox/faults.py", "import cdi_bot.core.model"),
    "Braze's and Slack's stand-ins know nothing of each other": (
        "sandbox/braze/runs.py",
        "import cdi_bot.sandbox.slack.schema",
    ),
    "Inside Braze's stand-in": ("sandbox/braze/runs.py", "import cdi_bot.sandbox.braze.world"),
    "Inside Slack's stand-in": ("sandbox/slack/schema.py", "import cdi_bot.sandbox.slack.world"),
    "Inside the core: what decides, on what is computed, on the model": (
        "core/model/run.py",
        "import cdi_bot.core.statistics",
    ),
    "The rules of one kind of incident know nothing of another kind": (
        "core/rules/late.py",
        "import cdi_bot.core.rules.slow",
    ),
    "Judging stands on what was learned, that on the history": (
        "core/expectations/history.py",
        "import cdi_bot.core.expectations.judge",
    ),
    "Slack's handlers call its API and render; rendering knows neither": (
        "slack/render/kit/text.py",
        "import cdi_bot.slack.api.errors",
    ),
    "Inside Slack's handlers": ("slack/handlers/actions.py", "import cdi_bot.slack.handlers.home"),
    "Inside Slack's API: one call() and one connection below everything": (
        "slack/api/call.py",
        "import cdi_bot.slack.api.socket_mode",
    ),
    "Of Slack's API only what posts, and what sends it plainer, knows what is rendered": (
        "slack/api/directory.py",
        "import cdi_bot.slack.render.kit.blocks",
    ),
    "Inside Slack's rendering": ("slack/render/home.py", "import cdi_bot.slack.render.forms.subscription"),
    "Inside the forms": ("slack/render/forms/settings.py", "import cdi_bot.slack.render.forms.fields"),
    "How one kind of incident is shown knows nothing of another kind": (
        "slack/render/kinds/late.py",
        "import cdi_bot.slack.render.kinds.slow",
    ),
    "Inside the command line": ("cli/run.py", "import cdi_bot.cli.check"),
    "The core is pure: no library that reads or writes": ("core/model/run.py", "import time"),
    "httpx is for Braze and the heartbeat": ("operator/http.py", "import httpx"),
    "SQLAlchemy is the store's alone": ("monitoring/recorder.py", "import sqlalchemy"),
    "Slack's libraries are the Slack adapter's alone": ("operator/logs.py", "import slack_sdk"),
    "APScheduler is the scheduler's alone": ("app.py", "import apscheduler"),
    "Prometheus's client is the metrics' alone": ("monitoring/braze_port.py", "import prometheus_client"),
}


def verdicts(folder: Path) -> dict[str, str]:
    """What the import check says of each contract, for the project in `folder`."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as lint; lint()",
            "--no-cache",
        ],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its configuration."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "cdi_bot", tmp_path / "cdi_bot", ignore=shutil.ignore_patterns("__pycache__", "page")
    )
    return tmp_path


def test_the_imports_keep_to_the_layers(copy: Path) -> None:
    """Every contract is kept."""
    assert verdicts(copy) == dict.fromkeys(BREACHES, "KEPT")


def test_each_contract_can_be_broken(copy: Path) -> None:
    """A forbidden import breaks its contract, so that keeping them means something."""
    for file, line in BREACHES.values():
        path = copy / "cdi_bot" / file
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    assert verdicts(copy) == dict.fromkeys(BREACHES, "BROKEN")


def test_a_module_outside_the_layers_is_noticed(copy: Path) -> None:
    """A new module or folder has to be given its place: every contract of layers is exhaustive."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layered = [
        each for each in configuration["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    ]
    for contract in layered:
        for container in contract["containers"]:
            (copy / container.replace(".", "/") / "elsewhere.py").write_text("", encoding="utf-8")
    told = verdicts(copy)
    assert {each["name"]: told[each["name"]] for each in layered} == {
        each["name"]: "BROKEN" for each in layered
    }


def test_nothing_grows_too_large() -> None:
    """A folder of the package holds at most 22 modules, a module at most 350 lines: more is to be divided."""
    modules = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    folders = Counter(path.parent for path in modules)
    assert [str(folder) for folder, count in folders.items() if count > MOST_MODULES] == []
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert [f"{path}: {count}" for path, count in lines.items() if count > MOST_LINES] == []


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_is_standard_library_only(path: Path) -> None:
    """Nothing but the standard library and the core itself is imported by the core, and no clock is read there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {
        name
        for name in imported
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("cdi_bot.core")
    }
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert foreign == set()
    assert called & {"now", "utcnow", "today"} == set()
