"""The form for a subscription: opens it, offers what can be chosen, takes what was filled in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from cdi_bot.core.commands.specification import Mistake
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.actions import ButtonPress, answer_choice
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.submission import (
    ANSWER_SECONDS,
    AT_THE_SELECTOR,
    Outcome,
    Submission,
    answer_by,
    show,
)
from cdi_bot.slack.render.forms.fields import (
    CHANNEL,
    FORM,
    SELECTOR,
    TELLING,
    FormValues,
    read_form,
    read_wish,
    selector_options,
)
from cdi_bot.slack.render.forms.settings import ESCALATE_TO, LANGUAGE, WORKSPACE
from cdi_bot.slack.render.forms.subscription import (
    FormDraft,
    channel_line,
    ended,
    outcome_title,
    sample_block,
    subscription_form,
)
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.windows import View, refused, window, with_block
from cdi_bot.slack.render.preview import preview_block, preview_line
from cdi_bot.slack.render.subscriptions import selection
from cdi_bot.store import StoreTrouble
from cdi_bot.usecases.answers import (
    Answer,
    CannotPost,
    NeedsInvite,
    NotAllowed,
    SubscriptionSet,
    UnknownLanguage,
)
from cdi_bot.usecases.change_answers import BadTarget
from cdi_bot.usecases.preview import FORM_SECONDS, Preview
from cdi_bot.usecases.subscription_form import ExistingSubscription, SubscriptionForms
from cdi_bot.usecases.workspace_answers import UnknownWorkspace

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormHandlers:
    """Opens, fills and takes the form; `changed` is told of each person who changed something by it."""

    responder: Responder
    forms: SubscriptionForms
    changed: Callable[[str], Awaitable[None]]

    def listen(self) -> None:
        """Answer everything about the form."""
        slack = self.responder.slack
        slack.on_shortcut(FORM, self.shortcut)
        for action_id in ("form_new", "form_change"):
            slack.on_action(f"^{action_id}(:|$)", self.pressed)
        slack.on_action("^more$", self.chosen)
        slack.on_action("^form_unsubscribe$", self.unsubscribe)
        slack.on_action("^form_sample$", self.sample)
        slack.on_action(f"^({'|'.join(TELLING)})$", self.changing)
        slack.on_options(SELECTOR, self.options)
        slack.on_submit(FORM, self.submit)

    # -------------------------------------------------------------------------------- opening

    async def shortcut(self, body: Json) -> None:
        """Open the form from anywhere: it asks for the channel."""
        try:
            await self._open(body, self._blank())
        except StoreTrouble as trouble:
            said = self.responder.failed(trouble, user=body["user"]["id"])
            i18n = await self._translator(body)
            await self._put_up(body, window(outcome_title(i18n), said.blocks, i18n))

    async def pressed(self, body: Json) -> None:
        """Open the form from a message or from Home, about what the button carries."""
        press = ButtonPress.read(body, self.responder.slack)
        reader = await self.responder.speaking_to(press.who)
        try:
            refusal = (
                await reader.access.to_reach(press.who, press.channel)
                if press.channel and press.from_value
                else None
            )
            if refusal is None:
                await self._open(body, await self._draft(press))
                return
            said = reader.say(refusal)
        except (StoreTrouble, SlackTrouble) as trouble:
            said = reader.failed(trouble, action=press.action_id, user=press.who)
        await self._put_up(body, window(outcome_title(reader.i18n), said.blocks, reader.i18n))

    async def chosen(self, body: Json) -> None:
        """Do what was chosen from a card's menu: open the form, or answer."""
        if ButtonPress.read(body, self.responder.slack).value["do"] == "form":
            await self.pressed(body)
        else:
            await answer_choice(self.responder, body)

    async def _draft(self, press: ButtonPress) -> FormDraft:
        channel, carried = press.channel, press.value
        if channel is None:
            return self._blank()
        draft = replace(
            self._blank(channel),
            channel_id=channel.channel_id,
            now=await self.forms.channels.show(channel),
        )
        if "subscription" in carried:
            found: ExistingSubscription | Integration | None = await self.forms.current(
                channel, carried["subscription"]
            )
        else:
            found = (
                await self.forms.for_integration(channel, carried["workspace"], carried["id"])
                if "id" in carried
                else None
            )
        if isinstance(found, ExistingSubscription):
            one = found.subscription
            return replace(
                draft,
                subscription_id=one.subscription_id,
                what=selection(one, found.name),
                filters=one.filters,
            )
        if found is None:
            return draft
        return replace(draft, what=Selection.of(found))

    def _blank(self, channel: Channel | None = None) -> FormDraft:
        names = self.forms.workspace_names(channel)
        return FormDraft(languages=self.forms.channels.languages, workspaces=names)

    async def _open(self, body: Json, draft: FormDraft) -> None:
        i18n = await self._translator(body)
        view = subscription_form(draft, i18n)
        opened = await self._put_up(body, view)
        if opened and draft.what:
            view_id, at = opened
            await self._preview(view | {"id": view_id, "hash": at}, draft.what.exact, draft.filters, i18n)

    async def _put_up(self, body: Json, view: View) -> tuple[str, str] | None:
        """Open a window; where Slack does not let it, say so beside the message, if it was one that was pressed.

        Returns its id and hash.
        """
        try:
            return await self.responder.slack.api.open_view(body["trigger_id"], view)
        except SlackTrouble as trouble:
            told = self.responder.failed(trouble, user=body["user"]["id"])
            if body.get("response_url"):
                await self.responder.slack.api.respond(body["response_url"], told)
            return None

    async def _translator(self, body: Json) -> Translator:
        return (await self.responder.speaking_to(body["user"]["id"])).i18n

    async def options(self, body: Json) -> Json:
        """Offer what fits the words typed into the picker."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                i18n = await self._translator(body)
                found = await self.forms.search(str(body.get("value") or ""), self._about(body["view"]))
                return selector_options(found, i18n)
        except (StoreTrouble, TimeoutError) as trouble:
            log.warning("nothing offered", why=str(trouble) or "timeout", user=body["user"]["id"])
            return {"options": []}
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            self.responder.failed(error, options=SELECTOR)
            return {"options": []}

    def _about(self, view: View) -> Channel | None:
        """The channel that a form is about, as far as that was known when it was opened."""
        channel_id = json.loads(view["private_metadata"]).get("channel")
        return self.responder.slack.channel(channel_id) if channel_id else None

    # -------------------------------------------------------------------------------- filling in

    async def changing(self, body: Json) -> None:
        """Show what the subscription would have sent, as it is filled in by now."""
        view, i18n = body["view"], await self._translator(body)
        wish = read_wish(view, i18n)
        if wish is None:
            return  # what is wrong is said when it is submitted
        selector, filters = wish
        about = json.loads(view["private_metadata"])
        try:
            channel = self._about(view)
            filters = await self.responder.in_zone_of(channel, body["user"]["id"], filters)
            if "subscription" in about and channel:
                present = await self.forms.current(channel, about["subscription"])
                selector = selection(present.subscription).exact if present else None
        except StoreTrouble as trouble:
            log.warning("nothing previewed", why=str(trouble))
            return
        if selector:
            await self._preview(view, selector, filters, i18n)

    async def _preview(self, view: View, selector: str, filters: Filters, i18n: Translator) -> None:
        channel = self._about(view)
        try:
            found = await self.responder.previews.preview(selector, filters, channel, seconds=FORM_SECONDS)
        except StoreTrouble as trouble:
            log.warning("nothing previewed", why=str(trouble))
            return
        if not isinstance(found, Preview):
            return  # why is said when it is submitted
        try:
            await self.responder.slack.api.update_view(
                view["id"], with_block(view, preview_block(preview_line(found, i18n))), hash=view["hash"]
            )
        except SlackTrouble as trouble:
            log.debug("a preview was not shown", reason=trouble.reason)  # closed, or changed again meanwhile

    # -------------------------------------------------------------------------------- submitting

    async def submit(self, body: Json) -> Json:
        """Take a form: errors stand at their field, everything else is told in its place."""
        until = answer_by()
        reader = await self.responder.speaking_to(body["user"]["id"])
        values = read_form(body["view"], reader.i18n)
        if not isinstance(values, FormValues):
            return refused(values)
        submission = Submission(
            reader=reader,
            body=body,
            title=outcome_title(reader.i18n),
            field_of=lambda answer: _field_of(answer, values),
            above=channel_line(values.channel_id, reader.i18n),
        )
        return await submission.answer(self._carry_out(reader, values, body), until)

    async def _carry_out(self, reader: Responder, values: FormValues, body: Json) -> Outcome:
        who = body["user"]["id"]
        channel = self.responder.slack.channel(values.channel_id)
        outcome: list[Answer | Rendered] = []
        try:
            selector, workspace_id = values.selector, None
            if values.subscription_id is not None:
                present = await self.forms.current(channel, values.subscription_id)
                selector = present.subscription.selector if present else None
                workspace_id = present.subscription.workspace_id if present else None
            if selector is None:
                return [ended(reader.i18n)]
            zone = (await self.responder.directory.person(who)).zone_name
            outcome.append(
                await self.forms.subscribe(
                    channel,
                    who,
                    selector,
                    values.filters,
                    workspace_id=workspace_id,
                    zone=zone,
                )
            )
            if isinstance(outcome[0], SubscriptionSet):
                outcome += await self.forms.change_settings(channel, who, values.settings, zone)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            outcome.append(reader.failed(error, form=FORM, user=who))
        self.responder.slack.start(self.changed(who))
        return outcome

    async def sample(self, body: Json) -> None:
        """Send a sample alert to the channel that the form is about, and say in the form how far it came."""
        press = ButtonPress.read(body, self.responder.slack)
        reader = await self.responder.speaking_to(press.who)
        channel = self.responder.slack.channel(press.value["channel"])
        try:
            refusal = await reader.access.to_reach(press.who, channel)
            said = reader.say(refusal or await reader.samples.send(channel, press.who))
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action=press.action_id, user=press.who)
        text = said.blocks[0]["text"]["text"]
        view = with_block(body["view"], sample_block(channel.channel_id, reader.i18n, text))
        await show(self.responder.slack, body["view"]["id"], view)

    async def unsubscribe(self, body: Json) -> None:
        """End the subscription that the form is about."""
        press = ButtonPress.read(body, self.responder.slack)
        reader = await self.responder.speaking_to(press.who)
        channel = self.responder.slack.channel(press.value["channel"])
        try:
            present = await self.forms.current(channel, press.value["subscription"])
            if present is None:
                said = ended(reader.i18n)
            else:
                said = reader.say(await self.forms.unsubscribe(channel, press.who, present.subscription))
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action=press.action_id, user=press.who)
        self.responder.slack.start(self.changed(press.who))
        blocks = [*channel_line(channel.channel_id, reader.i18n), *said.blocks]
        view = window(outcome_title(reader.i18n), blocks, reader.i18n)
        await show(self.responder.slack, body["view"]["id"], view)


_FIELDS: dict[type, str] = {
    UnknownLanguage: LANGUAGE,
    UnknownWorkspace: WORKSPACE,
    BadTarget: ESCALATE_TO,
}


def _field_of(answer: Answer | Rendered | Mistake, values: FormValues) -> str | None:
    """Say at which field a refusal is shown; `None` for one that no field caused."""
    if isinstance(answer, AT_THE_SELECTOR):
        return SELECTOR if values.subscription_id is None else None
    if isinstance(answer, NeedsInvite | CannotPost | NotAllowed):
        return CHANNEL if values.picked else None
    return _FIELDS.get(type(answer))
