"""In which order tests run. The process that only deals them out to others does not load the program for them."""

import pytest

LONGEST = ("test_limits.py", "page")
"""What takes longest begins first: a word of each test's path."""

PROCESSES = ("e2e", "test_cli.py")
"""What mostly waits for processes: it is dealt out among the rest, so that others compute meanwhile."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first and what waits in between."""
    first = [item for item in items if set(LONGEST) & {*item.path.parts}]
    waiting = [item for item in items if set(PROCESSES) & {*item.path.parts} and item not in first]
    others = [item for item in items if item not in first and item not in waiting]
    each = len(others) // (len(waiting) or 1) + 1
    items[:] = first
    while waiting or others:
        items += [*waiting[:1], *others[:each]]
        waiting, others = waiting[1:], others[each:]


def pytest_configure(config: pytest.Config) -> None:
    """Load what the tests share, where they run."""
    deals = config.getoption("numprocesses", default=None) and not hasattr(config, "workerinput")
    if not deals:
        config.pluginmanager.import_plugin("tests.fixtures")
