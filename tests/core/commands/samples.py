"""Every command as people type it, and what it is read as at `SAMPLE_TIME`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from cdi_bot.core.commands.channels import (
    SendSample,
    SetContacts,
    SetDigest,
    SetLanguage,
    ShowAudit,
    ShowSettings,
    UseWorkspace,
)
from cdi_bot.core.commands.escalation import SetEscalation
from cdi_bot.core.commands.hours import SetHours
from cdi_bot.core.commands.incidents import Acknowledge, RequestSync
from cdi_bot.core.commands.integration_settings import (
    SetCritical,
    SetOwner,
    SetRunbook,
    ShowIntegrationSettings,
)
from cdi_bot.core.commands.queries import ListIntegrations, ShowHelp, ShowStatus
from cdi_bot.core.commands.snoozes import EndSnooze, SetSnooze, ShowSnoozes
from cdi_bot.core.commands.specification import Command
from cdi_bot.core.commands.subscriptions import PreviewSubscription, ShowSubscriptions, Subscribe, Unsubscribe
from cdi_bot.core.commands.workspaces import ManageWorkspaces
from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.hours import Hours
from cdi_bot.core.model.incident import NOBODY, Topic
from cdi_bot.core.model.subscription import Filters

SAMPLE_TIME = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""The present in which the samples are read."""

WORKDAYS = Hours(days=frozenset(range(5)), begin=time(8), end=time(19))

SAMPLES: Mapping[str, Sequence[tuple[str, Command]]] = {
    "status": (
        ("status", ShowStatus(query=None)),
        ("STATUS Users  sync", ShowStatus(query="Users sync")),
    ),
    "list": (
        ("list", ListIntegrations(query=None)),
        ("list cart", ListIntegrations(query="cart")),
    ),
    "help": (
        ("help", ShowHelp()),
        ("help with Snooze", ShowHelp(topic="snooze")),
        ("HELP me", ShowHelp()),
    ),
    "subscribe": (
        ("subscribe all", Subscribe(selector="all", filters=Filters())),
        (
            "sub Users* on:error,late rows:1,000 percent:2.5% fresh:1d12h mention:<@U1|ann lee> in:<#C1|general>",
            Subscribe(
                selector="Users*",
                filters=Filters(
                    topics=frozenset({Topic.ERROR, Topic.LATE}),
                    min_rows=1000,
                    min_percent=2.5,
                    fresh="36h",
                    mention="<@U1>",
                ),
                channel_id="C1",
            ),
        ),
        ("subscribe all ｆｒｅｓｈ：９am", Subscribe(selector="all", filters=Filters(fresh="09:00"))),
    ),
    "preview": (
        ("preview all", PreviewSubscription(selector="all", filters=Filters())),
        (
            "preview Users* on:error,late rows:1,000 in:<#C1|general>",
            PreviewSubscription(
                selector="Users*",
                filters=Filters(topics=frozenset({Topic.ERROR, Topic.LATE}), min_rows=1000),
                channel_id="C1",
            ),
        ),
    ),
    "unsubscribe": (
        ("unsubscribe Users*", Unsubscribe(selector="Users*")),
        ("unsub ALL in:<#C1|general>", Unsubscribe(selector="all", channel_id="C1")),
    ),
    "subscriptions": (
        ("subscriptions", ShowSubscriptions()),
        ("subs in: <#C1>", ShowSubscriptions(channel_id="C1")),
    ),
    "ack": (
        ("ack Users", Acknowledge(query="Users")),
        ("acknowledge “Users sync”", Acknowledge(query="Users sync")),
        ("ack Users sync off", Acknowledge(query="Users sync", to=NOBODY)),
        ("ack all <@U1|ann lee>", Acknowledge(query=None, to="U1")),
    ),
    "snooze": (
        (
            "snooze Users 2h warehouse move",
            SetSnooze(selector="Users", until=SAMPLE_TIME + timedelta(hours=2), reason="warehouse move"),
        ),
        (
            "snooze Users until it recovers in:<#C1|general>",
            SetSnooze(selector="Users", until=None, reason=None, channel_id="C1"),
        ),
        (
            "snooze Users* every Sunday 2am-6am europe/berlin weekly maintenance",
            SetSnooze(
                selector="Users*",
                until=None,
                reason="weekly maintenance",
                every="sun 02:00-06:00",
                zone="Europe/Berlin",
            ),
        ),
        (
            "snooze all from:2026-12-24 18:00 until:2026-12-27 08:00",
            SetSnooze(
                selector="all",
                begins=datetime(2026, 12, 24, 18, 0, tzinfo=UTC),
                until=datetime(2026, 12, 27, 8, 0, tzinfo=UTC),
                reason=None,
            ),
        ),
        ("snooze", ShowSnoozes()),
        ("mute in:<#C1|general>", ShowSnoozes(channel_id="C1")),
    ),
    "unsnooze": (
        ("unsnooze Users", EndSnooze(selector="Users")),
        ("unsnooze in:<#C1|general> Users", EndSnooze(selector="Users", channel_id="C1")),
        ("unmute everything", EndSnooze(selector="all")),
    ),
    "snoozes": (
        ("snoozes", ShowSnoozes()),
        ("snoozes in:<#C1|general>", ShowSnoozes(channel_id="C1")),
    ),
    "sync": (("sync Users", RequestSync(query="Users")),),
    "digest": (
        ("digest", ShowSettings()),
        ("digest off", SetDigest(schedule=None)),
        (
            "digest weekly mon 9am europe/berlin quiet in:<#C1|general>",
            SetDigest(
                schedule=Schedule(at=time(9), weekday=0, quiet=True), zone="Europe/Berlin", channel_id="C1"
            ),
        ),
    ),
    "hours": (
        ("hours", ShowSettings()),
        ("hours off in:<#C1|general>", SetHours(hours=None, channel_id="C1")),
        ("hours mon-fri 08:00-19:00", SetHours(hours=WORKDAYS)),
        (
            "hours monday to friday from 8am to 7pm europe/berlin",
            SetHours(hours=WORKDAYS, zone="Europe/Berlin"),
        ),
        ("hours Ｍｏｎ－Ｆｒｉ ８：００－１９：００", SetHours(hours=WORKDAYS)),
        (
            "hours weekdays 8-19 except: error, config-error UTC",
            SetHours(
                hours=replace(WORKDAYS, passing=frozenset({Topic.ERROR, Topic.CONFIG_ERROR})), zone="UTC"
            ),
        ),
        ("hours sat,sun", SetHours(hours=Hours(days=frozenset({5, 6})))),
        ("hours 22:00-06:00", SetHours(hours=Hours(begin=time(22), end=time(6)))),
    ),
    "escalate": (
        ("escalate", ShowSettings()),
        ("escalate off in:<#C1|general>", SetEscalation(to=None, channel_id="C1")),
        ("escalate after:30m to:<#C2|on-call>", SetEscalation(after=timedelta(minutes=30), to="C2")),
        ("escalate after: 90 min to: <@U1|ann>", SetEscalation(after=timedelta(hours=1.5), to="U1")),
        ("escalate １０ｓ <@W1>", SetEscalation(after=timedelta(seconds=10), to="W1")),
        ("escalate to <#G1|ops> after 1d12h", SetEscalation(after=timedelta(hours=36), to="G1")),
    ),
    "owner": (
        ("owner", ShowIntegrationSettings()),
        ("owner Users* <@U1|ann lee>", SetOwner(selector="Users*", owner="<@U1>")),
        ("owner of <@U1|ann> all", SetOwner(selector="all", owner="<@U1>")),
        ("owner prod/Users <!subteam^S1|@data>", SetOwner(selector="prod/Users", owner="<!subteam^S1>")),
        ("owner Users NONE", SetOwner(selector="Users", owner=None)),
    ),
    "runbook": (
        ("runbook", ShowIntegrationSettings()),
        (
            "runbook Users* <https://wiki.example.com/a?b=1&amp;c|wiki.example.com/a>",
            SetRunbook(selector="Users*", runbook="https://wiki.example.com/a?b=1&c"),
        ),
        ("runbook all http://wiki/x", SetRunbook(selector="all", runbook="http://wiki/x")),
        ("runbook Users none", SetRunbook(selector="Users", runbook=None)),
    ),
    "critical": (
        ("critical", ShowIntegrationSettings()),
        ("critical Users*", SetCritical(selector="Users*", critical=True)),
        ("critical everything on", SetCritical(selector="all", critical=True)),
        ("critical Users off", SetCritical(selector="Users", critical=False)),
    ),
    "workspace": (
        ("workspace", ManageWorkspaces()),
        ("workspaces list", ManageWorkspaces()),
        ("workspace add", ManageWorkspaces(do="add")),
        ("workspace remove emea", ManageWorkspaces(do="remove", name="emea")),
        ("workspace remove", ManageWorkspaces()),
    ),
    "language": (
        ("language JA", SetLanguage(language="ja")),
        ("language default", SetLanguage(language=None)),
        ("language in:<#C1|general>", ShowSettings(channel_id="C1")),
    ),
    "test": (
        ("test", SendSample()),
        ("test in:<#C1|general>", SendSample(channel_id="C1")),
    ),
    "use": (
        ("use", ShowSettings()),
        ("use prod", UseWorkspace(name="prod")),
        ("use the workspace prod/", UseWorkspace(name="prod")),
        ("use OFF in:<#C1|general>", UseWorkspace(name=None, channel_id="C1")),
    ),
    "contacts": (
        ("contacts", ShowSettings()),
        ("contacts MENTION in:<#C1|general>", SetContacts(mention=True, channel_id="C1")),
        ("contacts only show", SetContacts(mention=False)),
    ),
    "audit": (
        ("audit", ShowAudit()),
        ("audit in:<#C1|general>", ShowAudit(channel_id="C1")),
    ),
}
"""The samples of each word of `/cdi`."""
