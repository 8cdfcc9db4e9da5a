"""moments of a recording that stay muted when its transcript goes or is replaced

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "recording", sa.Column("muted", Json, server_default=sa.text("'[]'"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("recording", "muted")
