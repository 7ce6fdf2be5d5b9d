"""The configuration file of a running bot: found, read, applied at the start and again when it is told to reload."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from cdi_bot.braze.instances import dashboard_url
from cdi_bot.cli.workspaces import utc_now
from cdi_bot.configuration.apply import FileChanges
from cdi_bot.configuration.reading import ConfigFile, read_config
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.configuration import ConfigRefused, FileProblem, FileProblemsError
from cdi_bot.core.model.message import MessageKind, OwedMessage
from cdi_bot.settings.environment import Settings
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

DEFAULT_FILE = Path("cdi-bot.toml")
"""What is applied where `CDI_BOT_CONFIG` names no other, if it is there."""

LARGEST = 10_000_000
"""So many bytes of a file are read: far more than anybody means, and less than a machine holds."""


def config_path(settings: Settings) -> Path | None:
    """The file that is applied at the start, if any."""
    return settings.config_file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)


def load_config(path: Path) -> ConfigFile:
    """Read a file. Raises `FileProblemsError`, also where it is none."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        why = f"it is larger than {LARGEST:,} bytes" if len(content) > LARGEST else None
        text = "" if why else content.decode()
    except (OSError, UnicodeDecodeError) as error:
        text, why = "", str(error.strerror) if isinstance(error, OSError) else "it isn't UTF-8"
    if why:
        raise FileProblemsError(path.name, [FileProblem(line=1, text=f"the file can't be read: {why}")])
    return read_config(text, path.name)


def file_changes(settings: Settings, store: Store, team_id: str) -> FileChanges:
    """What applies files with these settings."""
    return FileChanges(
        store=store,
        team_id=team_id,
        base_url=settings.braze_base_url,
        dashboard_of=dashboard_url,
        admin_channel=settings.admin_channel or "",
        clock=utc_now,
    )


@dataclass(frozen=True, kw_only=True)
class ConfigReload:
    """Applies the file again when `wanted` is set. `take_in` is called when it may have changed something."""

    path: Path
    changes: FileChanges
    wanted: asyncio.Event
    take_in: Callable[[], Awaitable[None]]

    async def apply(self) -> None:
        """Apply it. Raises `FileProblemsError` and `StoreTrouble`: then nothing is changed."""
        plan = await self.changes.apply(load_config(self.path))
        log.info("configuration file applied", file=self.path.name, changes=len(plan.changes))

    async def run(self) -> None:
        """Go on until cancelled. A file that can't be used changes nothing, and the admin channel is told."""
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            try:
                await self.apply()
            except (FileProblemsError, StoreTrouble) as error:
                log.error("the configuration file changed nothing", file=self.path.name, why=str(error))  # noqa: TRY400 (its words say all)
                if isinstance(error, FileProblemsError):
                    await self._tell(error)
            await self.take_in()

    async def _tell(self, error: FileProblemsError) -> None:
        if not self.changes.admin_channel:
            return
        now = self.changes.clock()
        problems = tuple(f"{each.line}: {each.text}" for each in error.problems)
        message = OwedMessage(
            key=f"config:{self.path.name}:{now.isoformat()}",
            channel=Channel(team_id=self.changes.team_id, channel_id=self.changes.admin_channel),
            kind=MessageKind.NOTICE,
            content=ConfigRefused(file=self.path.name, problems=problems),
            not_before=now,
        )
        try:
            async with self.changes.store.write() as uow:
                await uow.outbox.add([message], now=now)
        except StoreTrouble as trouble:
            log.debug("the admin channel is not told of the file", why=str(trouble))
