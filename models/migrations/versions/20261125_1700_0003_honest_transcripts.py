"""what is noticed about recordings, doubtful transcripts, languages and speakers, hotwords

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "transcript", sa.Column("findings", Json, server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column(
        "transcript", sa.Column("trust", Json, server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("transcript", sa.Column("doubt", sa.String(), nullable=True))
    op.add_column("transcript", sa.Column("doubt_params", Json, nullable=True))
    op.add_column("turn", sa.Column("language", sa.String(), nullable=True))
    op.add_column("turn", sa.Column("speaker", sa.Integer(), nullable=True))
    op.add_column(
        "project",
        sa.Column("agent_names_heard", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "hotword",
        sa.Column("id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_hotword_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_hotword_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotword")),
        sa.UniqueConstraint("project_id", "text", name=op.f("uq_hotword_project_id_text")),
    )
    op.create_index(op.f("ix_hotword_site_id"), "hotword", ["site_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_hotword_site_id"), table_name="hotword")
    op.drop_table("hotword")
    op.drop_column("project", "agent_names_heard")
    op.drop_column("turn", "speaker")
    op.drop_column("turn", "language")
    op.drop_column("transcript", "doubt_params")
    op.drop_column("transcript", "doubt")
    op.drop_column("transcript", "trust")
    op.drop_column("transcript", "findings")
