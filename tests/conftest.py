"""What all tests share: the real program, the stand-ins it talks to, and the order in which workers take them."""

import gc
import logging
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from typer.testing import CliRunner, Result

from cdi_bot.cli.main import app
from cdi_bot.sandbox import Sandbox
from cdi_bot.settings.environment import VARIABLES
from tests.databases import Databases, postgres_server
from tests.program import Invoke, Program
from tests.rigs.people import Desk, responder
from tests.rigs.whole import Whole, whole

# How long an example takes says nothing on a busy machine. `--hypothesis-profile=thorough` tries more of each.
settings.register_profile(
    "quick", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=300)
settings.load_profile("quick")

_PAGE = Path(__file__).parent / "page"

_LONG = [Path(__file__).parent / folder for folder in ("e2e", "whole")]
"""These tests take long: the first wait for other processes most of the time, the second live through days."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded stays: to look for garbage in it would only take longer, now and after each test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several workers wait beside others that compute, and the last tests are short ones.

    Those of the page come first: so one worker has them all, with one browser.
    """
    if hasattr(config, "workerinput"):
        places: dict[pytest.Item, float] = {item: -1 for item in items if _PAGE in item.path.parents}
        for long in _LONG:
            these = [item for item in items if long in item.path.parents]
            places |= {item: 0.7 * place / len(these) for place, item in enumerate(these)}
        others = [item for item in items if item not in places]
        places |= {item: place / len(others) for place, item in enumerate(others)}
        items.sort(key=places.__getitem__)


@pytest.fixture(scope="session")
def all_databases() -> Iterator[Databases]:
    """The maker of databases; the PostgreSQL server starts with the first test that needs it."""
    with ExitStack() as stack:
        server = cache(lambda: stack.enter_context(postgres_server()))
        yield Databases(server)


@pytest.fixture
def databases(all_databases: Databases) -> Iterator[Databases]:
    """The same, with what a test made cleared away after it."""
    yield all_databases
    all_databases.clear()


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """The real program, to be started as a process."""
    program = Program(tmp_path)
    yield program
    await program.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """The stand-ins for Braze and Slack, listening on a free port."""
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database, with one clock for all."""
    async with whole(tmp_path) as everything:
        yield everything


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose key may do everything."""
    async with responder(tmp_path) as made:
        yield made


@pytest.fixture
def settings_for_sandbox(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a bot that talks to the stand-ins."""
    return {**sandbox.bot_settings, "PORT": "0"}


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Leaves logging as it was found: the test runner has handlers of its own."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restored_logging: None) -> Invoke:
    """Runs a command in this process, in an empty folder and with no setting but those given."""
    monkeypatch.chdir(tmp_path)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)

    def run(*arguments: str, env: dict[str, str] | None = None, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, env=env, input=stdin, prog_name="cdi-bot")

    return run
