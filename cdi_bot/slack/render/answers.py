"""What a command is answered with, to the one person who typed it.

Each answer says what is so or what was done, and ends with the likely next step. A change of a channel is
announced there by a notice, so the answers to such commands are short.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cdi_bot.core.commands.specification import Command
from cdi_bot.core.model.channel import Channel
from cdi_bot.slack.render import (
    channel_settings,
    escalation,
    hours,
    incident_response,
    integration_settings,
    overview,
    refusals,
    sample_alert,
    subscriptions,
    workspaces,
)
from cdi_bot.slack.render.history import render_history
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import (
    Rendered,
    Renderers,
    context,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import (
    channel,
    plain_line,
)
from cdi_bot.usecases.answers import (
    Answer,
    InEachWorkspace,
    NoMatch,
    SeveralMatches,
    WhichWorkspace,
)
from cdi_bot.usecases.query_answers import RunHistory


def render_answer(
    answer: Answer, i18n: Translator, *, now: datetime, command: Command | None = None
) -> Rendered:
    """Say an answer.

    `command` is what the person asked for: where several integrations match, each choice carries it about its own
    one. `None` asks for the status.
    """
    if isinstance(answer, RunHistory):
        return render_history(answer, i18n, now)
    if isinstance(answer, SeveralMatches):
        return refusals.several_matches(answer, i18n, command)
    if isinstance(answer, WhichWorkspace):
        return refusals.which_workspace(answer, i18n, command)
    if isinstance(answer, NoMatch):
        return refusals.no_match(answer, i18n, command)
    if isinstance(answer, InEachWorkspace):
        said = [render_answer(one, i18n, now=now) for one in answer.answers]
        blocks = [block for each in said for block in each.blocks]
        return Rendered(text=plain_line(" ".join(each.text for each in said)), blocks=blocks[: limits.BLOCKS])
    return _RENDERERS[type(answer)](answer, i18n)


def name_channel(place: Channel, answer: Rendered, i18n: Translator) -> Rendered:
    """Name the channel above an answer about another one than that it is read in."""
    named = i18n("About {channel}:").format(channel=channel(place.channel_id))
    return replace(answer, blocks=[context(named), *answer.blocks][: limits.BLOCKS])


_RENDERERS: Renderers = {
    **channel_settings.RENDERERS,
    **escalation.RENDERERS,
    **hours.RENDERERS,
    **incident_response.RENDERERS,
    **integration_settings.RENDERERS,
    **overview.RENDERERS,
    **refusals.RENDERERS,
    **sample_alert.RENDERERS,
    **subscriptions.RENDERERS,
    **workspaces.RENDERERS,
}
