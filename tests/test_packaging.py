"""The installed package: what a wheel holds, and that it works far from any checkout; and what checks a change."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, laid out as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_holds_code_data_and_migrations(installed: Path) -> None:
    """Everything in the package folder is packed, the migrations beside it, and nothing of the tests."""
    ours = {
        path.relative_to(ROOT / "cdi_bot")
        for path in (ROOT / "cdi_bot").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {
        path.relative_to(installed / "cdi_bot")
        for path in (installed / "cdi_bot").rglob("*")
        if path.is_file()
    }
    migrations = {Path("_migrations", path.name) for path in (ROOT / "migrations").glob("*.py")}
    assert ours - packed == set()
    assert migrations - packed == set()
    assert Path("py.typed") in packed  # without it, type checkers of others ignore the types
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"cdi_bot"}


def test_the_command_is_declared(installed: Path) -> None:
    """An installer makes the `cdi-bot` command."""
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "cdi-bot = cdi_bot.__main__:main" in entry_points.read_text(encoding="utf-8")


def test_an_installed_package_can_migrate(installed: Path, tmp_path: Path) -> None:
    """`cdi-bot db upgrade` finds the migrations inside the package, with no checkout anywhere near."""

    def db(command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cdi_bot", "db", command],
            cwd=tmp_path,
            env={"PYTHONPATH": str(installed), "DATABASE_URL": "sqlite:///bot.db"},
            check=True,
            capture_output=True,
            text=True,
            timeout=100,
        )
        return done.stdout

    assert "no tables yet" in db("current")
    assert "The database is at revision" in db("upgrade")
    assert "up to date" in db("current")


def parsed(path: str) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_ci_runs_on_every_python_that_is_promised() -> None:
    """The workflow's versions are those of the classifiers, and it runs the build server's script."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    job = parsed(".github/workflows/ci.yml")["jobs"]["test"]
    prefix = "Programming Language :: Python :: "
    promised = [each.removeprefix(prefix) for each in project["classifiers"] if each.startswith(prefix)]
    assert job["strategy"]["matrix"]["python"] == promised
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]


def test_a_commit_is_checked_as_by_make() -> None:
    """The commands before a commit are those of `make lint`, and all of them are local."""
    lint = re.search(
        r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert lint is not None
    (local,) = parsed(".pre-commit-config.yaml")["repos"]
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in lint[1].splitlines()]
    assert [hook["entry"] for hook in local["hooks"]] == commands
    assert local["repo"] == "local"
