"""A planned run has not begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kit.advice import Effect, effect_of
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, duration


class Late(KindRenderer):
    """A planned run has not begun: `failing_since` is the planned start, `resolved_by` the run that began at last."""

    replaces_next_run = True

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("late")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        return i18n("Late: no run has begun at its planned time")

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        began = view.incident.resolved_by
        known = [(i18n("Planned for"), date(view.incident.failing_since))]
        return [*known, (i18n("Started"), date(began.sync_start_time))] if began else known

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        check = i18n(
            "Open the integration in Braze: check that it is active, because a paused one does not go on by itself, "
            "and that its schedule is what you expect."
        )
        if effect_of(view.integration) is not Effect.CHANGES_DATA:
            return check
        return i18n.sentences([check, i18n("A sync started by hand shows whether it runs at all.")])

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} is still late, and nobody has acknowledged it. {state}")

    def back(self, i18n: Translator) -> str:
        return i18n("{name} is late again. {state}")

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if incident.resolved_by is None:
            return i18n("No longer late: no run is planned any more")
        return i18n("A run has begun, {length} after its planned time").format(
            length=duration(self.length(incident), i18n)
        )

    def short_recovery(self, i18n: Translator) -> str:
        return i18n("no longer late")

    def begin(self, incident: Incident) -> datetime:
        return incident.failing_since

    def end(self, incident: Incident) -> datetime:
        began = incident.resolved_by  # it may still be running
        return began.sync_start_time if began else incident.resolved_at or incident.opened_at

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("a run did not begin when it should have")
        return {Topic.LATE: TopicTexts(i18n("late runs"), i18n("Late runs"), meaning)}

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} integration is late", "{count} integrations are late", count)
