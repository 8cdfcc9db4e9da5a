"""how a call went: voices and music of a transcript, measures per call and party

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcript", sa.Column("voice", Json, nullable=True))
    op.add_column(
        "transcript", sa.Column("music", Json, server_default=sa.text("'[]'"), nullable=False)
    )
    # Written out: SQLite takes the check with its column, but adds none to a table that is there.
    op.execute(
        "ALTER TABLE site ADD COLUMN dead_air_ms INTEGER DEFAULT '10000' NOT NULL"
        " CONSTRAINT ck_site_dead_air CHECK (dead_air_ms BETWEEN 1000 AND 600000)"
    )
    op.create_table(
        "conversation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("transcript_id", BigId, nullable=False),
        sa.Column("audio_ms", sa.Integer(), nullable=False),
        sa.Column("talk_ms", sa.Integer(), nullable=False),
        sa.Column("overlap_ms", sa.Integer(), nullable=True),
        sa.Column("silence_ms", sa.Integer(), nullable=False),
        sa.Column("longest_silence_ms", sa.Integer(), nullable=False),
        sa.Column("dead_air_limit_ms", sa.Integer(), nullable=False),
        sa.Column("dead_airs", sa.Integer(), nullable=False),
        sa.Column("dead_air_ms", sa.Integer(), nullable=False),
        sa.Column("music_ms", sa.Integer(), nullable=False),
        sa.Column("marks", Json, nullable=False),
        sa.CheckConstraint(
            "talk_ms >= 0 AND music_ms >= 0 AND silence_ms >= 0"
            " AND talk_ms + music_ms + silence_ms = audio_ms",
            name=op.f("ck_conversation_whole"),
        ),
        sa.CheckConstraint(
            "overlap_ms BETWEEN 0 AND talk_ms", name=op.f("ck_conversation_overlap")
        ),
        sa.CheckConstraint(
            "longest_silence_ms BETWEEN 0 AND silence_ms AND dead_air_ms BETWEEN 0 AND silence_ms"
            " AND dead_airs >= 0 AND dead_air_limit_ms > 0",
            name=op.f("ck_conversation_silence"),
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"],
            ["transcript.id"],
            name=op.f("fk_conversation_transcript_id_transcript"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("transcript_id", name=op.f("uq_conversation_transcript_id")),
    )
    op.create_table(
        "conversation_party",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation_id", BigId, nullable=False),
        sa.Column(
            "party",
            sa.Enum(
                "agent",
                "customer",
                "unknown",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("talk_ms", sa.Integer(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=True),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=True),
        sa.Column("delays", sa.Integer(), nullable=True),
        sa.Column("delay_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "talk_ms >= 0 AND words >= 0 AND characters >= 0",
            name=op.f("ck_conversation_party_talk"),
        ),
        sa.CheckConstraint(
            "turns >= 0 AND interruptions >= 0 AND delays >= 0",
            name=op.f("ck_conversation_party_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_party_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_party")),
        sa.UniqueConstraint(
            "conversation_id", "party", name=op.f("uq_conversation_party_conversation_id_party")
        ),
    )


def downgrade() -> None:
    op.drop_table("conversation_party")
    op.drop_table("conversation")
    op.drop_column("site", "dead_air_ms")
    op.drop_column("transcript", "music")
    op.drop_column("transcript", "voice")
