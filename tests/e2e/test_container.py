"""The image of Containerfile, built and started: `make container`. As root, with Debian's buildah and mmdebstrap.

Its base is made of Debian's packages, so that no registry of images is needed; all else is what Containerfile says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pytest

from tests.e2e.kit import System
from tests.program import ROOT

pytestmark = pytest.mark.skipif(
    "CONTAINER" not in os.environ
    or os.getuid() != 0
    or not all(shutil.which(tool) for tool in ("buildah", "mmdebstrap")),
    reason="builds an image for a minute: make container, as root, with buildah and mmdebstrap",
)

_FROM = re.compile(r"^FROM (\S+/debian:(\w+)-slim)$", re.MULTILINE)
_NAME = "localhost/cdi-bot"
_LONGEST = 600  # seconds that a step may take: packages are fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image, and how the tool that built it is called."""

    buildah: tuple[str, ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str

    def container(self) -> str:
        """A new container of it, not started."""
        return _run(*self.buildah, "from", "--pull-never", _NAME)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LONGEST)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """What Containerfile makes, in a store of its own."""
    with TemporaryDirectory(prefix="cdi-bot-image-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        store = ("--storage-driver", "vfs", "--root", f"{folder}/store", "--runroot", f"{folder}/run")
        buildah = ("buildah", *store)
        found = _FROM.search((ROOT / "Containerfile").read_text(encoding="utf-8"))
        assert found
        # The authorities of this machine's own: its way to the packages may need them.
        own = "copy-in /usr/local/share/ca-certificates /usr/local/share"
        _run("mmdebstrap", "--variant=minbase", f"--customize-hook={own}", found[2], f"{folder}/base.tar")
        base = _run(*buildah, "from", "scratch")
        _run(*buildah, "add", base, f"{folder}/base.tar", "/")
        _run(*buildah, "commit", base, found[1])
        try:
            options = ("--isolation", "chroot", "--pull-never", "--tag", _NAME)
            _run(*buildah, "build", *options, str(ROOT))
            told = json.loads(_run(*buildah, "inspect", "--type", "image", _NAME))["OCIv1"]["config"]
            yield Image(
                buildah=buildah,
                entrypoint=tuple(told["Entrypoint"]),
                command=tuple(told["Cmd"]),
                user=told["User"],
            )
        finally:
            _run(*buildah, "rm", "--all")
            _run(*buildah, "rmi", "--all", "--force")


def _child_named(parent: int, name: str) -> int:
    """The process that has this in its command line, below another one."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if name.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            found = [_child_named(int(child), name)]
            return found[0] or int(child)
        if found_below := _child_named(int(child), name):
            return found_below
    return 0


def _user_of(process_id: int) -> int:
    return Path(f"/proc/{process_id}").stat().st_uid


async def test_it_tells_a_failure(system: System, image: Image) -> None:
    """By itself it runs the bot, as nobody in particular, healthy, and reachable from outside; SIGTERM ends it well."""
    assert image.command == ("run",)
    assert image.user == "10001:10001"
    settings = {name: value for name, value in system.env.items() if name != "DATABASE_URL"}
    given = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    system.program.before = (
        *image.buildah,
        *("run", "--isolation", "chroot"),
        *given,
        image.container(),
        "--",
    )
    system.program.command = image.entrypoint
    users = system.create("Users 顧客")
    await system.start()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{system.port}/healthz") as answer,
    ):
        assert (answer.status, await answer.text()) == (200, "ok\n")
    assert '"host": "0.0.0.0"' in system.bot.err
    await system.type("subscribe all")
    await system.polled(2)
    system.run(users)
    await system.alert("Users 顧客")
    bot = _child_named(system.bot.pid, "cdi_bot")
    assert _user_of(bot) == 10001
    os.kill(bot, signal.SIGTERM)
    finished = await system.bot.finished()
    assert finished.code == 0, finished.err


def test_it_takes_any_command(image: Image) -> None:
    """What stands behind the image's name takes the place of `run`; SQLite's file can be made where it starts."""
    told = _run(
        *image.buildah,
        *("run", "--isolation", "chroot"),
        image.container(),
        "--",
        *image.entrypoint,
        *("db", "upgrade"),
    )
    assert "The database is at revision" in told
