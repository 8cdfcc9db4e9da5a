"""where somebody speaks, and what is masked in turns

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "transcript", sa.Column("speech", Json, server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("turn", sa.Column("masked_text", sa.String(), nullable=True))
    op.add_column("turn", sa.Column("masks", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("turn", "masks")
    op.drop_column("turn", "masked_text")
    op.drop_column("transcript", "speech")
