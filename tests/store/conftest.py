"""Every test of the store runs on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from cdi_bot.store import Store
from cdi_bot.store.engine import async_url
from tests.databases import ENGINES, Databases
from tests.store.samples import ReadSql


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The engine's name."""
    name: str = request.param
    return name


@pytest.fixture
def url(databases: Databases, engine: str, tmp_path: Path) -> str:
    """A database with all tables."""
    return databases.migrated(engine, tmp_path)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(url)
    yield opened
    await opened.close()


@pytest.fixture
def read_sql(url: str) -> ReadSql:
    """Run SQL on the test's database, without the store."""

    async def run(statement: str) -> list[tuple[Any, ...]]:
        engine = create_async_engine(async_url(url), poolclass=NullPool)
        async with engine.begin() as connection:
            rows = await connection.execute(text(statement))
            return [tuple(row) for row in rows] if rows.returns_rows else []

    return run
