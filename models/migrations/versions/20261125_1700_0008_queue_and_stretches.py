"""the line of jobs: priority, pause, what a job is about; stretches of long calls already heard

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.add_column(
            sa.Column("priority", sa.Integer(), server_default=sa.text("20"), nullable=False)
        )
        job.add_column(sa.Column("recording_id", BigId, nullable=True))
        job.add_column(
            sa.Column("audio_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        )
        job.create_foreign_key(
            op.f("fk_job_recording_id_recording"),
            "recording",
            ["recording_id"],
            ["id"],
            ondelete="SET NULL",
        )
        job.create_check_constraint(op.f("ck_job_line"), "priority >= 1 AND audio_ms >= 0")
    _fill()
    op.create_index(
        "ix_job_line",
        "job",
        ["name", "state", "priority", "queued_at", "id", "audio_ms", "error_code"],
    )
    op.create_index("ix_job_name_finished_at", "job", ["name", "finished_at"])
    op.create_index("ix_job_recording_id", "job", ["recording_id"])
    op.create_table(
        "job_pause",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=False),
        sa.Column("paused_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["paused_by_id"],
            ["user_account.id"],
            name=op.f("fk_job_pause_paused_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_pause")),
    )
    op.create_table(
        "heard_stretch",
        sa.Column("id", BigId, nullable=False),
        sa.Column("recording_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("samples", Json, nullable=False),
        sa.Column("heard", Json, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name=op.f("fk_heard_stretch_recording_id_recording"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard_stretch")),
        sa.UniqueConstraint(
            "recording_id", "position", name=op.f("uq_heard_stretch_recording_id_position")
        ),
    )


def _fill() -> None:
    """Say of the jobs that are there which recording they are about, and how long it is."""
    given = (
        "CAST(json_extract(arguments, '$.recording_id') AS INTEGER)"
        if op.get_bind().dialect.name == "sqlite"
        else "CAST(arguments ->> 'recording_id' AS BIGINT)"
    )
    op.execute(
        f"UPDATE job SET recording_id = {given} "  # noqa: S608 - literals
        f"WHERE name = 'transcribe' AND {given} IN (SELECT id FROM recording)"
    )
    op.execute(
        "UPDATE job SET audio_ms = "
        "(SELECT duration_ms FROM recording WHERE recording.id = job.recording_id) "
        "WHERE recording_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("heard_stretch")
    op.drop_table("job_pause")
    op.drop_index("ix_job_recording_id", table_name="job")
    op.drop_index("ix_job_name_finished_at", table_name="job")
    op.drop_index("ix_job_line", table_name="job")
    with op.batch_alter_table("job") as job:
        job.drop_constraint(op.f("ck_job_line"), type_="check")
        job.drop_constraint(op.f("fk_job_recording_id_recording"), type_="foreignkey")
        job.drop_column("audio_ms")
        job.drop_column("recording_id")
        job.drop_column("priority")
