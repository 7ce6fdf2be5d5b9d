"""The incident of a Braze that can't be reached is called `unreachable`, as it is everywhere else; it was `blind`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename(old="blind", new="unreachable")


def downgrade() -> None:
    _rename(old="unreachable", new="blind")


def _rename(*, old: str, new: str) -> None:
    """Neither value is checked or referred to by a constraint, so the rows alone change.

    An incident of a whole workspace has no integration; the audit names its kind where else an integration stands.
    """
    incidents = sa.table("incidents", sa.column("kind"))
    audit = sa.table("audit", sa.column("action"), sa.column("subject"))
    op.execute(sa.update(incidents).where(incidents.c.kind == old).values(kind=new))
    op.execute(
        sa.update(audit).where(audit.c.action == "acknowledge", audit.c.subject == old).values(subject=new)
    )
