"""The wheel in an environment of its own, far from any checkout, on each Python that can be had here."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.kit import System
from tests.program import ROOT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@cache
def python(version: str) -> Path | None:
    """An interpreter of that version: this one, one in PATH, or one that pyenv has."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = [Path(folder, f"python{version}") for folder in os.environ["PATH"].split(os.pathsep)]
    for found in (Path(sys.executable), *named, *pyenv.glob(f"versions/{version}.*/bin/python")):
        if found.exists() and _version_of(found) == version:
            return found
    return None


def _version_of(interpreter: Path) -> str | None:
    told = [str(interpreter), "-c", "import ensurepip, sys; print(*sys.version_info[:2], sep='.')"]
    try:
        done = subprocess.run(told, check=True, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.CalledProcessError):
        return None
    return str(done.stdout).strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return next(folder.glob("*.whl"))


@pytest.fixture(params=PYTHONS)
def installed(
    request: pytest.FixtureRequest, system: System, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> System:
    """The system, whose bot is the installed command, with the locked dependencies and nothing else."""
    interpreter = python(request.param)
    if interpreter is None:
        pytest.skip(f"no Python {request.param} here")
    folder = tmp_path_factory.mktemp("environment")
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--no-compile", "--quiet"]
    locked = ["--require-hashes", "--requirement", str(ROOT / "requirements.txt")]
    for command in (
        [str(interpreter), "-m", "venv", "--without-pip", str(folder)],
        [*pip, *locked],
        [*pip, "--no-deps", str(wheel)],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=folder)
        assert done.returncode == 0, done.stderr
    system.program.command = (str(folder / "bin/cdi-bot"),)
    system.program.python_path = ""
    return system


async def test_every_command_works(installed: System) -> None:
    """`db upgrade`, `check`, `run`, `status` and `demo`: an alert is told, and nothing warns of what is to come."""
    run, env = (
        installed.program.run,
        {**installed.env, "PYTHONWARNINGS": "default::DeprecationWarning:cdi_bot"},
    )
    assert "revision" in (await run("db", "upgrade", env=env)).out
    checked = await run("check", env=env)
    assert (checked.code, checked.err) == (0, ""), checked.out
    installed.env = env
    users = installed.create("Users")
    await installed.start()
    await installed.type("subscribe all")
    installed.run(users)
    await installed.alert("Users")
    assert "Warning" not in (await installed.stop()).err
    status = await run("status", "users", env=env)
    assert (status.code, "Started" in status.out, status.err) == (0, True, "")
    demo = await run("demo", "--headless", "--for", "1")
    assert (demo.code, "cdi-bot is running" in demo.out, demo.err) == (0, True, "")
