"""Runs migrations on the connection that cdi_bot.store.migrate hands over, else on the one of DATABASE_URL.

The second is for Alembic's own command line, with which contributors make new migrations.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from cdi_bot.store.engine import open_migrating, sync_url
from cdi_bot.store.tables import OUTBOX


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=OUTBOX.metadata,  # any table knows the metadata of all
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations need a database: --sql is not supported")

given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with open_migrating(sync_url(os.environ.get("DATABASE_URL", "sqlite:///cdi_bot.db"))).begin() as own:
        _run(own)
