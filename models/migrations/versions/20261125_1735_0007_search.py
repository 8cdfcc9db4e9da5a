"""the index by which words in transcripts are found

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models import search
from models.base import BigId, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("transcript_id", BigId, autoincrement=False, nullable=False),
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("legs", sa.Integer(), nullable=False),
        sa.Column("indexed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transcript_id"],
            ["transcript.id"],
            name=op.f("fk_search_entry_transcript_id_transcript"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["call.id"],
            name=op.f("fk_search_entry_call_id_call"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("transcript_id", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("block", name=op.f("uq_search_entry_block")),
    )
    op.create_index("ix_search_entry_call_id", "search_entry", ["call_id"], unique=False)
    op.create_table(
        "search_turn",
        sa.Column("id", BigId, autoincrement=False, nullable=False),
        sa.Column("turn_id", BigId, nullable=False),
        sa.Column("document", search.Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turn.id"],
            name=op.f("fk_search_turn_turn_id_turn"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_turn")),
        sa.UniqueConstraint("turn_id", name=op.f("uq_search_turn_turn_id")),
    )
    for statement in search.create_statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in search.drop_statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_table("search_turn")
    op.drop_index("ix_search_entry_call_id", table_name="search_entry")
    op.drop_table("search_entry")
