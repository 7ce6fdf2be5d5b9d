"""In which order tests run. The process that only deals them out to others does not load the program for them."""

import pytest

from tests.forks import Forks

LONGEST = ("test_limits.py", "page")
"""What takes longest begins first: a word of each test's path."""

PROCESSES = ("e2e", "test_cli.py")
"""What mostly waits for processes: it is dealt out among the rest, so that others compute meanwhile."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first and what waits in between."""
    first = [item for item in items if set(LONGEST) & {*item.path.parts}]
    processes = [item for item in items if set(PROCESSES) & {*item.path.parts} and item not in first]
    waiting = [item for start in range(8) for item in processes[start::8]]  # neighbours wait alike
    others = [item for item in items if item not in first and item not in processes]
    items[:] = first + (others if not waiting else [])
    for number, item in enumerate(waiting):
        items += [item, *others[number :: len(waiting)]]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start what forks for all test processes, from the one that they belong to."""
    if not hasattr(session.config, "workerinput"):
        session.config.add_cleanup(Forks().close)


def pytest_configure(config: pytest.Config) -> None:
    """Load what the tests share, where they run."""
    deals = config.getoption("numprocesses", default=None) and not hasattr(config, "workerinput")
    if not deals:
        config.pluginmanager.import_plugin("tests.fixtures")
