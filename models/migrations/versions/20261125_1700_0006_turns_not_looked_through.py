"""turns that have not been looked through for personal data are found at once

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WAITING = sa.text("masked_text IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_turn_not_looked_through",
        "turn",
        ["transcript_id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    op.drop_index("ix_turn_not_looked_through", "turn")
