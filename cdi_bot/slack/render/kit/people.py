"""Whom a message is for: who owns an integration, where its runbook is, and who is mentioned."""

from __future__ import annotations

from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.message import ReplyFact
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import link, mentions

OWNER = "👤"


def ownership(
    settings: IntegrationSettings | None, i18n: Translator, *, contacts: str | None = None
) -> list[str]:
    """Say in mrkdwn, in one piece, whether an integration is critical, who owns it, and where its runbook is.

    Without an owner, the `contacts` in Braze stand in its place. Nothing where nothing is known.
    """
    said = [i18n("Critical")] if settings and settings.critical else []
    owner, known = mentions(settings.owner if settings else None), mentions(contacts)
    if owner:
        said.append(i18n("Owner: {who}").format(who=owner))
    elif known:
        said.append(i18n("Contact in Braze: {who}").format(who=known))
    if settings and settings.runbook:
        said.append(link(settings.runbook, i18n("Runbook")))
    return [f"{OWNER} {' · '.join(said)}"] if said else []


def contacts_text(i18n: Translator, *, mention: bool) -> str:
    """Say in mrkdwn whether a channel's alerts mention the contacts in Braze."""
    if mention:
        return i18n("Contacts in Braze are mentioned where an integration has no owner.")
    return i18n("Contacts in Braze are shown, but not mentioned.")


def called(view: IncidentView, fact: ReplyFact) -> str | None:
    """Return whom a message mentions that states a fact about an incident.

    What is new, back, or told again mentions everybody whom a new alert does. Everything else does for a critical
    integration only, and only its owner: further failures until somebody acknowledges them.
    """
    if fact in {"joined", "reopened", "still_open"}:
        return mentions(view.mention)
    if not (view.settings and view.settings.critical):
        return None
    is_known = fact == "failed_again" and view.incident.acknowledged_by is not None
    return None if is_known else mentions(view.settings.owner)
