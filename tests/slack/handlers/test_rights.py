"""The table of rights in docs/security.md: every cell is tried over the real handlers, before the stand-in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import NOBODY, Expected, Incident, Kind, Measured
from cdi_bot.core.model.subscription import Filters, Snooze
from cdi_bot.sandbox.slack.model import Content
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import (
    BOT,
    DATA_ALERTS,
    FINANCE_PRIVATE,
    GENERAL,
    GUEST,
    MARA,
    MARKETING_OPS,
    OUTSIDER,
    PRIYA,
    TEAM,
)
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.forms import snooze as snooze_view
from cdi_bot.slack.render.forms.fields import FORM
from cdi_bot.slack.render.kit.blocks import as_value
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.usecases.answers import NotAllowed
from tests.rigs import people
from tests.rigs.people import Desk, PatientApp
from tests.slack.api.bolt_kit import Json
from tests.store.samples import incident

PAGE = Path(__file__).parents[3] / "docs/security.md"

MEASURED = Measured(magnitude=7.2, observed=1_240, usual=8_900)
WHO = {"member": PRIYA, "guest": GUEST, "other company": OUTSIDER, "admin": "UADMIN"}
PLACES = {
    "here": DATA_ALERTS,
    "a public channel they are in": MARKETING_OPS,
    "a public channel they are not in": GENERAL,
    "a private channel they are not in": FINANCE_PRIVATE,
    "a public channel they left": GENERAL,
    "a private channel they left": FINANCE_PRIVATE,
}
TYPED = {
    "subscribe": "subscribe Orders",
    "unsubscribe": "unsubscribe Users",
    "ack": "ack Users",
    "snooze": "snooze Users 2h",
    "unsnooze": "unsnooze Users",
    "digest": "digest daily 09:00",
    "use": "use prod",
    "language": "language ja",
    "hours": "hours mon-fri 08:00-19:00",
    "escalate": f"escalate to:<@{MARA}>",
    "contacts": "contacts mention",
    "owner": f"owner Users <@{MARA}>",
    "runbook": "runbook Users https://wiki.example.com/users",
    "critical": "critical Users",
    "sync": "sync Users",
}
"""What is typed for a command that needs more than its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: where, by which ways, and who may."""

    where: str
    what: str
    ways: tuple[str, ...]
    may: dict[str, bool]


def rows() -> list[Row]:
    """The table."""
    found = []
    for line in re.findall(
        r"^\| (?:here|a p\w+ channel) .*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    ):
        where, what, by, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        ways = re.sub(r"^buttons? |, buttons? ", ", ", by).strip(", ").split(", ")
        may = {who: {"yes": True, "no": False}[cell] for who, cell in zip(WHO, cells, strict=True)}
        found.append(Row(where=where, what=what, ways=tuple(ways), may=may))
    return found


@dataclass
class Trial:
    """One person who tries something about `there`, which is set up anew each time."""

    desk: Desk
    app: PatientApp
    who: str
    there: Channel
    integration_id: str
    leaves: bool
    opened: Incident | None = None
    unusual: Incident | None = None  # what it shows may have been expected
    over: Incident | None = None  # it was

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is about another channel than the one that is typed in."""
        return self.there.channel_id != DATA_ALERTS

    def be_member(self, *, inside: bool) -> None:
        """Let the person be in the channel, or not."""
        world = self.desk.sandbox.slack
        place = world.channels[self.there.channel_id]
        members = place.members | {self.who} if inside else place.members - {self.who}
        world.put_channel(replace(place, members=members | {BOT}))

    async def set_up(self) -> None:
        """Nothing is left of before; Users is subscribed to, snoozed and failing, and memberships are not known yet."""
        self.desk.directory.forget_channels_of(self.who)
        workspace_id, now = self.desk.workspace.workspace_id, self.desk.clock()
        async with self.desk.store.write() as uow:
            await uow.traces.erase(self.there.channel_id)
            for one in await uow.incidents.open_for(workspace_id, None, None):
                await uow.incidents.update(
                    replace(one, resolved_at=now, revision=one.revision + 1), expected_revision=one.revision
                )
            await uow.subscriptions.add(
                channel=self.there,
                workspace_id=workspace_id,
                selector=self.integration_id,
                filters=Filters(),
                by=MARA,
                now=now,
            )
            snooze = Snooze(
                channel=self.there,
                workspace_id=workspace_id,
                selector=self.integration_id,
                begins=now,
                until=None,
                by=MARA,
                at=now,
            )
            await uow.snoozes.add(snooze)
            unusual = incident(
                workspace_id, self.integration_id, kind=Kind.QUALITY, reason="rows_low", measured=MEASURED
            )
            over = replace(unusual, kind=Kind.LATE, reason="rhythm", resolved_at=now)
            unusual = replace(unusual, acknowledged_by=MARA, acknowledged_at=now)
            self.opened, self.unusual, self.over = await uow.incidents.add(
                [incident(workspace_id, self.integration_id), unusual, over]
            )
            for one in (self.opened, self.unusual, self.over):
                await uow.cards.add(self.there, [one.incident_id], now=now)
            said = Expected(
                channel=self.there,
                workspace_id=workspace_id,
                integration_id=self.integration_id,
                reason="rhythm",
                seen_at=over.opened_at,
                magnitude=1.0,
                by=MARA,
                at=now,
            )
            await uow.expected.mark(said)

    async def changes(self) -> int:
        """How much was changed in the channel since."""
        async with self.desk.store.read() as uow:
            return len(await uow.audit.newest(self.there, limit=10))

    async def sent(self, told: Json) -> str:
        """Wait until a delivery was worked on; gives what the person alone then sees."""
        assert told["acked"], told
        await self.app.settle()
        world = self.desk.sandbox.slack
        messages = [str(each.content) for each in world.messages() if each.user_to == self.who]
        return f"{told['response']} {world.views.modal(self.who)} {messages[-1:]}"

    async def command(self, text: str) -> str:
        """Type a command, about the channel."""
        where = f" in:<#{self.there.channel_id}|there>" if self.is_elsewhere else ""
        return await self.sent(
            await self.desk.sandbox.people.command(DATA_ALERTS, self.who, f"{text}{where}")
        )

    async def press(self, action_id: str, value: Json, *, at: str = DATA_ALERTS) -> str:
        """Press a button of a message in a channel."""
        text = {"type": "plain_text", "text": "Press"}
        button: Json = {"type": "button", "action_id": action_id, "value": as_value(value), "text": text}
        blocks = ({"type": "actions", "block_id": "a", "elements": [button]},)
        message = self.desk.sandbox.slack.post(at, Content(text="press", blocks=blocks))
        press = Press(user=self.who, action_id=action_id)
        return await self.sent(await self.desk.sandbox.people.press(message, press))

    async def form(self, *, unsubscribe: bool = False) -> str:
        """Fill in the form, opened by the shortcut or, where the channel is left then, from a message there."""
        values: dict[str, Json] = {
            "selector": {"selector": {"selected_option": {"value": "all"}}},
            "topics": {"topics": {"selected_options": [{"value": "error"}]}},
        }
        if unsubscribe:
            async with self.desk.store.read() as uow:
                (one,) = await uow.subscriptions.for_channel(self.there)
            await self.press("form_change", {"subscription": one.subscription_id}, at=self.there.channel_id)
        elif self.leaves:
            await self.press("form_new", {}, at=self.there.channel_id)
        else:
            await self.sent(await self.desk.sandbox.people.shortcut(self.who, FORM))
            values["channel"] = {"channel": {"selected_conversation": self.there.channel_id}}
        self.leave()
        modal = self.desk.sandbox.slack.views.modal(self.who)
        assert modal is not None
        if unsubscribe:
            return await self.press_in(modal, "form_unsubscribe")
        return await self.sent(await self.desk.sandbox.people.submit(self.who, modal["id"], values))

    async def snooze_form(self) -> str:
        """Snooze for another time by the form, opened from the list of a channel's snoozes."""
        async with self.desk.store.read() as uow:
            (present,) = await uow.snoozes.for_channel(self.there)
        place: Json = {"channel": self.there.channel_id, "snooze": present.snooze_id}
        at = self.there.channel_id if self.leaves else DATA_ALERTS
        said = await self.press("snooze_change", place, at=at)
        self.leave()
        modal = self.desk.sandbox.slack.views.modal(self.who)
        if modal is None or modal["callback_id"] != snooze_view.FORM:
            return said
        values: dict[str, Json] = {"when": {"when": {"value": "3h"}}}
        return await self.sent(await self.desk.sandbox.people.submit(self.who, modal["id"], values))

    async def home(self) -> str:
        """Acknowledge in Home; who may not change anything has no button for it there."""
        await self.sent(await self.desk.sandbox.people.open_home(self.who))
        home = self.desk.sandbox.slack.views.homes()[self.who]
        self.leave()
        found = re.search(r"home_ack:\d+", str(home))
        return await self.press_in(home, found[0]) if found else REFUSALS[0]

    async def press_in(self, view: Json, action_id: str) -> str:
        """Press a button of a view."""
        press = Press(user=self.who, action_id=action_id)
        return await self.sent(await self.desk.sandbox.people.press_in_view(view["id"], press))

    def leave(self) -> None:
        """Be removed from the channel, where that is what is tried; the bot is not told."""
        if self.leaves:
            self.be_member(inside=False)

    async def attempt(self, way: str) -> str:
        """Try one way; gives what the person alone then sees."""
        assert self.opened is not None
        unusual, over = self.unusual, self.over
        assert unusual
        assert over
        about = {"workspace": over.workspace_id, "id": self.integration_id}
        others: dict[str, Callable[[], Awaitable[str]]] = {
            "History": lambda: self.press("history", {"id": self.integration_id, "offset": 0}),
            "Acknowledge": lambda: self.press("ack", {"incidents": [self.incident_id]}),
            "Unacknowledge": lambda: self.press("unack", {"incidents": [unusual.incident_id], "to": NOBODY}),
            "Expected": lambda: self.press("expected", about | {"incident": unusual.incident_id}),
            "Take back": lambda: self.press("take_back", about | {"incident": over.incident_id}),
            "Stop these alerts here": lambda: self.press("switch_off", about | {"reason": "rows_low"}),
            "Snooze": lambda: self.press("snooze", {"id": self.integration_id, "for": "1h"}),
            "Sync now": lambda: self.press("sync", {"id": self.integration_id}),
            "Home's Acknowledge": self.home,
            "the form": self.form,
            "the snooze form": self.snooze_form,
            "the form's Unsubscribe": lambda: self.form(unsubscribe=True),
        }
        if way in others:
            return await others[way]()
        name = way.strip("`")
        assert way == f"`{name}`", way
        return await self.command(TYPED.get(name, name))

    @property
    def incident_id(self) -> int:
        """The incident that is open."""
        assert self.opened is not None
        return self.opened.incident_id


_REFUSED = ("elsewhere", "change_as_guest", "change_from_outside", "sync", "manage", "private")
REFUSALS = [
    render_answer(NotAllowed(action=action), Translator(), now=people.START).text.partition(":")[0][:25]
    for action in _REFUSED
]
"""How each refusal begins."""


@asynccontextmanager
async def trial(folder: Path, who: str, where: str) -> AsyncIterator[Trial]:
    """Somebody before the whole Slack side, in the channel or not."""
    async with people.responder(folder) as desk, desk.connected() as app:
        users = desk.add("Users", "success")
        desk.add("Orders", "success")
        await desk.queries.listing(people.ALERTS, None)
        world = desk.sandbox.slack
        here = world.channels[DATA_ALERTS]
        world.put_channel(replace(here, members=here.members | {who}))
        there = Channel(team_id=TEAM, channel_id=PLACES[where])
        yield Trial(desk=desk, app=app, who=who, there=there, integration_id=users, leaves="left" in where)


def test_the_table_is_whole() -> None:
    """Each place has rows, each person is in each."""
    assert {row.where for row in rows()} == set(PLACES)
    assert all(set(row.may) == set(WHO) for row in rows())


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("name", WHO)
async def test_every_cell(name: str, where: str, tmp_path: Path) -> None:
    """Who may is answered, and what they change is changed; who may not is told why, and nothing is changed."""
    wrong = []
    async with trial(tmp_path, WHO[name], where) as person:
        for row in (each for each in rows() if each.where == where):
            for way in row.ways:
                person.be_member(inside="not in" not in where)
                await person.set_up()
                said = await person.attempt(way)
                was_refused = any(refusal in said.replace("\\", "") for refusal in REFUSALS)
                has_changed = await person.changes() > 0
                should_change = (
                    row.may[name] and row.what != "see" and way not in {"`sync`", "`workspace`"}
                )  # which only ask
                if (was_refused, has_changed) != (not row.may[name], should_change):
                    wrong.append((way, was_refused, has_changed, said[-300:]))
    assert wrong == []


async def test_who_leaves_a_channel_sees_it_no_more(tmp_path: Path) -> None:
    """Slack tells that somebody left: what was known of their channels is forgotten, and their Home shown anew."""
    async with trial(tmp_path, PRIYA, "here") as person:
        await person.set_up()
        homes = person.desk.sandbox.slack.views.homes
        await person.sent(await person.desk.sandbox.people.open_home(PRIYA))
        assert f"<#{DATA_ALERTS}>" in str(homes()[PRIYA]["blocks"])
        person.be_member(inside=False)
        left = {"type": "member_left_channel", "user": PRIYA, "channel": DATA_ALERTS, "team": TEAM}
        await person.sent(await person.desk.sandbox.people.event(left))
        assert f"<#{DATA_ALERTS}>" not in str(homes()[PRIYA]["blocks"])
