"""Stored names that the program has changed: the kind `blind`, and two contents of messages that wait in the outbox.

A process of the version before can't read the new names: stop it first.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = {"blind": "unreachable"}
CONTENTS = {"several": "grouped_reply", "gone": "integration_missing"}
FIELDS = {"told": "fact"}


def upgrade() -> None:
    _rename(KINDS, CONTENTS, FIELDS)


def downgrade() -> None:
    _rename(*({new: old for old, new in names.items()} for names in (KINDS, CONTENTS, FIELDS)))


def _rename(kinds: dict[str, str], contents: dict[str, str], fields: dict[str, str]) -> None:
    """None of these values is checked or referred to by a constraint, so the rows alone change.

    An incident of a whole workspace has no integration; the audit names its kind where else an integration stands.
    """
    incidents = sa.table("incidents", sa.column("kind"))
    audit = sa.table("audit", sa.column("action"), sa.column("subject"))
    for old, new in kinds.items():
        op.execute(sa.update(incidents).where(incidents.c.kind == old).values(kind=new))
        op.execute(
            sa.update(audit)
            .where(audit.c.action == "acknowledge", audit.c.subject == old)
            .values(subject=new)
        )
    outbox = sa.table("outbox", sa.column("message_id", sa.BigInteger()), sa.column("content", sa.Text()))
    for old, new in contents.items():
        written = sa.select(outbox).where(outbox.c.content.contains(f'"what": "{old}"'))
        for message_id, content in op.get_bind().execute(written).all():
            named = {fields.get(field, field): value for field, value in json.loads(content).items()}
            if named["what"] == old:
                changed = json.dumps(named | {"what": new})
                op.execute(sa.update(outbox).where(outbox.c.message_id == message_id).values(content=changed))
