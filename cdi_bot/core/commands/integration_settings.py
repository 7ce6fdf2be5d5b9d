"""`/cdi owner`, `/cdi runbook` and `/cdi critical`: what is set for integrations, wherever their alerts go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
)
from cdi_bot.core.commands.subscriptions import selector_of
from cdi_bot.core.model.subscription import is_pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowIntegrationSettings(Command):
    """What is set for which integrations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOwner(Command):
    """Set who owns integrations, as a mention, or (`owner` is `None`) nobody."""

    selector: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRunbook(Command):
    """Set the web address of a runbook, or (`runbook` is `None`) none."""

    selector: str
    runbook: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCritical(Command):
    """Make integrations critical, or ordinary again."""

    selector: str
    critical: bool


_NONE = frozenset({"none", "off", "nobody", "remove"})


def _read_value(
    arguments: Arguments, read: Callable[[str], str | None], odd: MistakeKind, missing: MistakeKind
) -> tuple[str, str | None] | Mistake:
    """Read a selector and the value beside it."""
    tokens = list(arguments.tokens)
    found = next((each for each in reversed(tokens) if not each.quoted and read(each.raw)), None)
    if found:
        tokens.remove(found)
    elif tokens[-1].bare_word in _NONE:
        del tokens[-1]
    else:
        meant = next((each for each in tokens if each.raw.startswith(("<", "@")) or "://" in each.raw), None)
        if meant is None and len(tokens) > 1 and is_pattern(tokens[0].text):
            meant = tokens[-1]  # `Users* kenji`
        others = [each for each in tokens if each is not meant]
        name = selector_of(arguments, others)
        return (
            arguments.mistake(odd, meant.text, name=name) if meant else arguments.mistake(missing, name=name)
        )
    selector = selector_of(arguments, tokens)
    if not selector:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    return selector, read(found.raw) if found else None


def _read_owner(arguments: Arguments) -> Command | Mistake:
    """Read `Users* @ann`, `Users none`."""
    read = _read_value(arguments, tokenizer.mention, MistakeKind.BAD_MENTION, MistakeKind.MISSING_OWNER)
    return read if isinstance(read, Mistake) else SetOwner(selector=read[0], owner=read[1])


def _address(text: str) -> str | None:
    """Read a web address; that of an integration's page in Braze names the integration."""
    return None if tokenizer.page_id(text) else tokenizer.web_address(text)


def _read_runbook(arguments: Arguments) -> Command | Mistake:
    """Read `Users* https://…`, `Users none`."""
    read = _read_value(arguments, _address, MistakeKind.BAD_RUNBOOK, MistakeKind.MISSING_RUNBOOK)
    return read if isinstance(read, Mistake) else SetRunbook(selector=read[0], runbook=read[1])


def _read_critical(arguments: Arguments) -> Command | Mistake:
    """Read `Users*`, `Users off`."""
    tokens = list(arguments.tokens)
    last = tokens[-1].bare_word
    if last in _NONE | {"on"}:
        del tokens[-1]
    selector = selector_of(arguments, tokens)
    if not selector:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    return SetCritical(selector=selector, critical=last not in _NONE)


def _written_critical(command: SetCritical) -> Sequence[str]:
    return () if command.critical else ("off",)


_OWNER = Specification(
    word="owner",
    aliases=("owners", "担当"),
    command=SetOwner,
    bare=ShowIntegrationSettings,
    right=Right.CHANGE,
    read=_read_owner,
    names="selector",
    write=lambda command: (command.owner or "none",),
    usage="/cdi owner INTEGRATION | PATTERN* | all @who | none",
    help=(
        ("/cdi owner Users* @ann", N_("whom alerts of these integrations mention")),
        ("/cdi owner Users none", N_("nobody")),
        ("/cdi owner Users* @data-team", N_("a user group")),
    ),
    audit=N_("{when} {who} set an owner: {what}"),
)

_RUNBOOK = Specification(
    word="runbook",
    aliases=("runbooks", "playbook"),
    command=SetRunbook,
    bare=ShowIntegrationSettings,
    right=Right.CHANGE,
    read=_read_runbook,
    names="selector",
    write=lambda command: (command.runbook or "none",),
    usage="/cdi runbook INTEGRATION | PATTERN* | all URL | none",
    help=(
        (
            "/cdi runbook Users* https://wiki.example.com/users",
            N_("what alerts of these integrations link to"),
        ),
        ("/cdi runbook Users none", N_("no runbook")),
        ("/cdi runbook all https://wiki.example.com/braze", N_("for what has none of its own")),
    ),
    audit=N_("{when} {who} set a runbook: {what}"),
)

_CRITICAL = Specification(
    word="critical",
    command=SetCritical,
    bare=ShowIntegrationSettings,
    right=Right.CHANGE,
    read=_read_critical,
    names="selector",
    write=_written_critical,
    usage="/cdi critical INTEGRATION | PATTERN* | all [off]",
    help=(
        (
            "/cdi critical Users*",
            N_("alert at any hour, mention the owner each time, escalate in half the time"),
        ),
        ("/cdi critical Users* off", N_("like all others")),
    ),
    audit=N_("{when} {who} set what is critical: {what}"),
)

INTEGRATION_SETTINGS = (_OWNER, _RUNBOOK, _CRITICAL)
