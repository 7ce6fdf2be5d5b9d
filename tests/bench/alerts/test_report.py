"""The tables: every failure and kind of source with each way beside it, put between the marks of the page."""

import pytest

from tests.bench.alerts.history import DAY, HOUR
from tests.bench.alerts.report import BEGIN, END, PAGE, tables, written
from tests.bench.alerts.score import Healthy, Tally


def test_each_way_stands_beside_the_others() -> None:
    bot, rival = Tally(), Tally()
    bot.faults["stopped", "frequent"], rival.faults["stopped", "frequent"] = [HOUR, None], [5 * DAY, 3 * DAY]
    bot.healthy["hourly users"], rival.healthy["hourly users"] = Healthy(months=10, false=1), Healthy(10, 50)

    lines = list(tables({"cdi-bot": bot, "rival": rival}))

    assert "| cdi-bot | 50% | 0.10 | 0 | 0 |" in lines
    assert "| stopped | frequent | 1 of 2, 60 min | 2 of 2, 4.0 d |" in lines
    assert "| hourly users | 10 | 0.10 | 5.00 |" in lines


def test_only_what_stands_between_the_marks_is_exchanged() -> None:
    page = PAGE.read_text(encoding="utf-8")
    new = written(page, "measured")

    assert f"{BEGIN}\nmeasured\n{END}" in new
    assert new.partition(BEGIN)[0] == page.partition(BEGIN)[0]
    assert new.partition(END)[2] == page.partition(END)[2]
    with pytest.raises(ValueError, match="no section"):
        written("# Something else", "measured")
