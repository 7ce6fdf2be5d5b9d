"""The table of incident kinds in words."""

from __future__ import annotations

from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.slack.render.kinds.table import RENDERERS, topic_texts
from cdi_bot.slack.render.kit.i18n import Translator


def test_every_kind_has_a_renderer() -> None:
    """A new kind is missed here, before a message about it can't be rendered."""
    assert set(RENDERERS) == set(Kind)


def test_every_topic_has_its_texts() -> None:
    """Each topic is named: by the kind that it is about, or for all kinds."""
    assert set(topic_texts(Translator())) == set(Topic)
