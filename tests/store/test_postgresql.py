"""PostgreSQL as hosts run it: parameters of other clients, encodings, TLS, poolers, failovers, timeouts."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from cdi_bot.store import Store, StoreTrouble, migrate
from cdi_bot.store.engine import async_url, open_engines
from tests.databases import Databases
from tests.store.samples import CHANNEL, NOW, a_process, a_workspace, integration, notice, owe, run

JAPANESE = "ユーザー属性 🚀"


@pytest.fixture
def url(databases: Databases, tmp_path: Path) -> str:
    """A database with all tables."""
    return databases.migrated("postgresql", tmp_path)


def over_tcp(databases: Databases, url: str, parameters: str = "", port: int | None = None) -> str:
    """The same database at a local port, with parameters."""
    return f"{databases.over_tcp(url, port=port)}?{parameters}"


async def is_usable(url: str) -> bool:
    """Whether a store can be opened, written to and read."""
    store = await Store.open(url)
    await owe(store, notice("usable"))
    async with store.read() as look:
        usable = (await look.outbox.progress("usable")).is_pending
    await store.close()
    return usable


@pytest.mark.parametrize(
    "parameters",
    [
        "pgbouncer=true",
        "schema=public",
        "pgbouncer=true&connection_limit=1&pool_timeout=0&schema=public",
        "prepared_statements=false&statement_cache_size=0",
        "charset=utf8&serverVersion=18",
        "ssl=false",
        "client_encoding=latin1",
    ],
)
async def test_parameters_for_other_clients_are_taken_as_meant(
    databases: Databases, url: str, parameters: str
) -> None:
    """Hosts hand out addresses for the client that most people have."""
    address = over_tcp(databases, url, parameters)
    await asyncio.to_thread(migrate.upgrade, address)
    assert await is_usable(address)


async def test_the_first_of_several_hosts_that_takes_writes_is_used(databases: Databases, url: str) -> None:
    """As libpq writes them; nobody answers at the first."""
    address = over_tcp(databases, url, "target_session_attrs=read-write")
    several = address.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
    await asyncio.to_thread(migrate.upgrade, several)
    assert await is_usable(several)
    with pytest.raises(StoreTrouble, match=r"at 127\.0\.0\.1:1, 127\.0\.0\.1:2 can't be reached"):
        await Store.open("postgresql://bot@127.0.0.1:1,127.0.0.1:2/bot")


async def test_the_tables_may_have_a_schema_of_their_own(databases: Databases, tmp_path: Path) -> None:
    """`?schema=` names it, as Prisma's addresses do; whoever made the database makes the schema."""
    empty = over_tcp(databases, databases.empty("postgresql", tmp_path))
    apart = empty + "schema=The%20Bot"
    with pytest.raises(StoreTrouble, match="CREATE SCHEMA"):
        await asyncio.to_thread(migrate.upgrade, apart)
    databases.ask(empty, 'CREATE SCHEMA "The Bot"')
    await asyncio.to_thread(migrate.upgrade, apart)
    assert await is_usable(apart)
    assert await asyncio.to_thread(migrate.current, apart) != await asyncio.to_thread(migrate.current, empty)


async def test_an_unknown_parameter_is_named_without_its_value(databases: Databases, url: str) -> None:
    """It may be a secret."""
    with pytest.raises(StoreTrouble, match=r"DATABASE_URL has the parameter `token`") as caught:
        await Store.open(over_tcp(databases, url, "token=pw-secret"))
    assert "pw-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("sslmode=require", "offers no encryption.*sslmode=prefer"),
        ("ssl=true", "offers no encryption"),
        ("sslmode=on", "sslmode"),
        ("connect_timeout=soon", "connect_timeout"),
    ],
)
async def test_tls_that_can_not_be_had(databases: Databases, url: str, parameters: str, words: str) -> None:
    """A server without TLS, and values that libpq does not know."""
    with pytest.raises(StoreTrouble, match=words):
        await Store.open(over_tcp(databases, url, parameters))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "UTF8"])
async def test_any_name_is_kept(databases: Databases, tmp_path: Path, encoding: str) -> None:
    """SQL_ASCII, which `initdb --locale=C` makes, keeps texts as they are sent: as UTF-8."""
    url = databases.empty("postgresql", tmp_path, encoding=encoding)
    await asyncio.to_thread(migrate.upgrade, url)
    store = await Store.open(url)
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        await work.integrations.save([integration(workspace_id, "one", integration_name=JAPANESE)])
    async with store.read() as look:
        found = await look.integrations.get(workspace_id, "one")
    assert found
    assert found.integration.integration_name == JAPANESE
    await store.close()


@pytest.mark.parametrize("encoding", ["LATIN1", "EUC_JP"])
async def test_an_encoding_that_can_not_hold_every_name_is_refused(
    databases: Databases, tmp_path: Path, encoding: str
) -> None:
    """By everything that opens the database, with the way out."""
    url = databases.empty("postgresql", tmp_path, encoding=encoding)
    for use in (migrate.upgrade, migrate.current, lambda url: asyncio.run(Store.open(url))):
        with pytest.raises(StoreTrouble, match=rf"{encoding}.*ENCODING 'UTF8' TEMPLATE template0"):
            await asyncio.to_thread(use, url)


def certificates(folder: Path) -> dict[str, str]:
    """A key, and a certificate for the host `db.example` that it has signed itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=db.example"
    subprocess.run(
        [*make.split(), "-keyout", "server.key", "-out", "server.crt"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return {name: (folder / name).read_text() for name in ("server.key", "server.crt")}


async def test_over_tls(databases: Databases, url: str, tmp_path: Path) -> None:
    """A server that takes nothing else; each thing that keeps TLS from being made is called by its name."""
    files = certificates(tmp_path)
    (tmp_path / "other").mkdir()
    certificates(tmp_path / "other")
    folder = databases.pooler_folder
    more = f"""
client_tls_sslmode = require
client_tls_key_file = {folder}/server.key
client_tls_cert_file = {folder}/server.crt
"""
    key = tmp_path / "server.key"
    key.chmod(0o644)
    root, other = tmp_path / "server.crt", tmp_path / "other" / "server.crt"
    with databases.pooler(more, files) as port:
        for parameters in (
            "",
            "sslmode=require",
            "ssl=true",
            "sslmode=no-verify",
            f"sslmode=verify-ca&sslrootcert={root}",
        ):
            assert await is_usable(over_tcp(databases, url, parameters, port))
        for parameters, words in {
            f"sslmode=require&sslcert={root}&sslkey={key}": "sslkey's file has to be there, and readable by its",
            "channel_binding=require": "leave channel_binding out",
            f"sslmode=require&sslcert={root}&sslkey={key}.none": "sslkey's file has to be there",
            "sslmode=disable": r"wants an encrypted connection; write \?sslmode=require",
            f"sslmode=verify-ca&sslrootcert={other}": "certificate is not trusted.*sslrootcert",
            f"sslmode=verify-full&sslrootcert={root}": "certificate is for another host",
            f"sslmode=verify-full&sslrootcert={tmp_path}/none.crt": "sslrootcert.*names no file",
        }.items():
            with pytest.raises(StoreTrouble, match=words):
                await Store.open(over_tcp(databases, url, parameters, port))


async def test_a_pooler_that_gives_each_transaction_another_session(databases: Databases, url: str) -> None:
    """Two processes with many transactions each: no statement of another session is met, and nothing is lost."""
    with databases.pooler() as port, capture_logs() as logged:
        through = over_tcp(databases, url, "pgbouncer=true", port)
        stores = [await Store.open(through) for _ in range(2)]
        workspace_id = await a_workspace(stores[0])

        async def observe(number: int) -> None:
            for minute in range(12):  # psycopg would prepare a statement with its sixth use
                async with stores[number % 2].write() as work:
                    await work.runs.save(workspace_id, [run(minute, integration_id=f"i{number}")])
                async with stores[number % 2].read() as look:
                    assert len(await look.runs.since(workspace_id, f"i{number}", NOW)) == minute + 1

        await asyncio.gather(*map(observe, range(12)))
        for store in stores:
            await store.close()
    assert logged == []


@pytest.mark.parametrize(
    ("settings", "parameters", "words"),
    [
        ("", "options=-c%20search_path%3Dx", "a pooler that refuses `options`"),
        ("max_client_conn = 1", "", "a pooler that is full"),
        ("query_wait_timeout = 1\ndefault_pool_size = 1", "", "a pooler that found no connection to it"),
    ],
)
async def test_a_pooler_that_refuses(
    databases: Databases, url: str, settings: str, parameters: str, words: str
) -> None:
    """It is not taken for a database that can't be reached."""
    with (
        databases.pooler(settings) as port,
        databases.session(over_tcp(databases, url, "", port)),
        pytest.raises(StoreTrouble, match=words),
    ):
        await Store.open(over_tcp(databases, url, parameters, port))


async def test_a_role_without_connections_left(databases: Databases, url: str) -> None:
    """It is not taken for a wrong password."""
    databases.run("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
    with pytest.raises(StoreTrouble, match="has no connection left"):
        await Store.open(over_tcp(databases, url).replace("postgres@", "limited@"))
    databases.run("DROP ROLE limited")


async def test_session_settings_do_not_leak_through_a_pooler(databases: Databases, url: str) -> None:
    """Others that use the same pooler get sessions as they were."""
    with databases.pooler("default_pool_size = 1") as port:
        through = over_tcp(databases, url, "", port)
        before = databases.ask(through, "SHOW lock_timeout")
        assert await is_usable(through)
        assert databases.ask(through, "SHOW lock_timeout") == before


async def backends(databases: Databases, url: str) -> set[int]:
    """The server's processes of the sessions on a database."""
    found = await asyncio.to_thread(
        databases.ask,
        databases.over_tcp(url),
        "SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return set(found or [])


async def test_a_failover_in_the_middle_of_a_transaction(databases: Databases, url: str) -> None:
    """What was under way is undone and told as trouble; the next transaction finds a connection that works."""
    store = await Store.open(url)
    await owe(store, notice("before"))

    async def broken_off() -> None:
        async with store.write() as work:
            await work.outbox.add([notice("undone")], now=NOW)
            for pid in await backends(databases, url):
                databases.run(f"SELECT pg_terminate_backend({pid})")
            await work.outbox.depth()

    with pytest.raises(StoreTrouble, match=r"is shutting down or starting up|can't be reached"):
        await broken_off()
    await owe(store, notice("after"))
    async with store.read() as look:
        keys = {each.owed.key for each in await look.outbox.pending(CHANNEL, limit=9)}
    assert keys == {"before", "after"}
    assert store.trouble is None
    await store.close()


async def test_a_host_that_vanishes_is_given_up_soon(databases: Databases, url: str) -> None:
    """The system ends a connection on which nothing comes back: by itself it would wait for many minutes."""
    for parameters, seconds in (("", 20), ("tcp_user_timeout=60000", 60)):
        writer, reader = open_engines(async_url(over_tcp(databases, url, parameters)))
        async with writer.connect() as connection:
            session: Any = (await connection.get_raw_connection()).driver_connection
            with socket.socket(fileno=os.dup(session.fileno())) as wire:
                option = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
        assert option == seconds * 1000
        await writer.dispose()
        await reader.dispose()


async def test_connections_to_what_has_become_a_standby_are_given_up(databases: Databases, url: str) -> None:
    """After a failover the old server may stay up, read-only: its sessions must not be used for ever."""
    with with_setting(databases, url, "default_transaction_read_only = on"):
        store = await Store.open(url)
        with pytest.raises(StoreTrouble, match="accepts no writes"):
            await owe(store, notice())
    await owe(store, notice())
    await store.close()


@contextmanager
def with_setting(databases: Databases, url: str, setting: str) -> Iterator[None]:
    """New sessions on the database begin with a setting."""
    name = make_url(url).database
    databases.run(f"ALTER DATABASE {name} SET {setting}")
    yield
    databases.run(f"ALTER DATABASE {name} RESET {setting.partition(' ')[0]}")


@pytest.mark.parametrize(
    "setting",
    ["datestyle = 'German'", "timezone = '<+0530>-5:30'", "default_transaction_isolation = 'serializable'"],
)
async def test_defaults_that_the_owner_of_the_database_has_set(
    databases: Databases, url: str, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Times are read and transactions go on beside each other all the same."""
    with with_setting(databases, url, setting):
        store = await Store.open(url)
        workspace_id = await a_workspace(store)

        async def observe(number: int) -> None:
            async with store.write() as work:
                await work.outbox.depth()
                await work.runs.save(workspace_id, [run(number)])

        await asyncio.gather(*map(observe, range(12)))
        async with store.read() as look:
            runs = await look.runs.page(workspace_id, "one", offset=0, limit=99)
        assert sorted(runs, key=lambda each: each.sync_start_time) == [run(number) for number in range(12)]
        await store.close()
    assert caplog.records == []


@pytest.mark.parametrize("limit", ["transaction_timeout"])
async def test_a_time_limit_of_transactions(databases: Databases, url: str, limit: str) -> None:
    """It is named, as what an operator has to raise; the next transaction goes on."""
    store = await Store.open(url)
    await owe(store, notice("kept"))
    await store.close()
    with with_setting(databases, url, f"{limit} = '500ms'"):
        store = await Store.open(url)

        async def slow() -> None:
            async with store.write() as work:
                await work.outbox.depth()
                async with asyncio.timeout(10):
                    while await backends(databases, url):  # noqa: ASYNC110  # nobody tells when a session ends
                        await asyncio.sleep(0.01)
                await work.outbox.depth()

        with pytest.raises(StoreTrouble, match=limit):
            await slow()
        await owe(store, notice("next"))
        await store.close()


async def test_a_time_limit_of_statements(databases: Databases, url: str) -> None:
    """It is named likewise, and not taken for a server that shuts down."""
    holding = await Store.open(url)
    workspace_id, holder = await a_workspace(holding), await a_process(holding)
    with with_setting(databases, url, "statement_timeout = '200ms'"):
        store = await Store.open(url)
        async with holding.write() as first:
            await first.workspaces.claim(workspace_id, holder=holder)
            with pytest.raises(StoreTrouble, match="statement_timeout"):
                async with store.write() as second:
                    await second.workspaces.claim(workspace_id, holder=holder)
        await store.close()
    await holding.close()
