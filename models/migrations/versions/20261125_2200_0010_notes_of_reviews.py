"""notes of a reviewer, each with its moment in the recording

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "review", sa.Column("notes", Json, server_default=sa.text("'[]'"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("review", "notes")
