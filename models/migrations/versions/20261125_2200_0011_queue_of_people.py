"""reviewers' time, directed and live reviews, second readings, colleagues

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# A submitted live review only learns which call it was (then its words move to the review), or
# loses its words and its reviewer through the door of erasure.
_GUARD = "live_review_no_update"
_CHANGED = (
    "OLD.state = 'submitted' AND NOT EXISTS (SELECT 1 FROM erasure_door) AND "
    "(NEW.state <> OLD.state OR NEW.version_id <> OLD.version_id OR "
    "NEW.agent_id <> OLD.agent_id OR NEW.summary <> OLD.summary OR "
    "CAST(NEW.draft AS text) <> CAST(OLD.draft AS text))"
)
_MESSAGE = "a submitted review is kept"


def _foreign(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def upgrade() -> None:
    # Written out: SQLite takes the check with its column, but adds none to a table that is there.
    op.execute(
        "ALTER TABLE sample_plan ADD COLUMN second_share_bp INTEGER DEFAULT '0' NOT NULL"
        " CONSTRAINT ck_sample_plan_second_share CHECK (second_share_bp BETWEEN 0 AND 5000)"
    )
    op.add_column(
        "sample_plan",
        sa.Column("no_colleagues", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "draw",
        sa.Column("second_share_bp", sa.Integer(), server_default=sa.text("'0'"), nullable=False),
    )
    op.create_table(
        "reviewer_time",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("minutes_a_week", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "minutes_a_week BETWEEN 0 AND 6000", name=op.f("ck_reviewer_time_minutes")
        ),
        _foreign("reviewer_time", "user_id", "user_account", "CASCADE"),
        _foreign("reviewer_time", "site_id", "site", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer_time")),
        sa.UniqueConstraint("user_id", "site_id", name=op.f("uq_reviewer_time_user_id_site_id")),
    )
    op.create_index(op.f("ix_reviewer_time_site_id"), "reviewer_time", ["site_id"])
    op.create_table(
        "review_request",
        sa.Column("id", BigId, nullable=False),
        sa.Column("task_id", BigId, nullable=False),
        sa.Column("asked_by_id", BigId, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        _foreign("review_request", "task_id", "task", "CASCADE"),
        _foreign("review_request", "asked_by_id", "user_account", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_request")),
        sa.UniqueConstraint("task_id", name=op.f("uq_review_request_task_id")),
    )
    op.create_table(
        "live_review",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("reviewer_id", BigId, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                name="reviewstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("draft", Json, nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("leg_id", BigId, nullable=True),
        sa.Column("review_id", BigId, nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'submitted') = (submitted_at IS NOT NULL)",
            name=op.f("ck_live_review_submitted"),
        ),
        sa.CheckConstraint(
            "(leg_id IS NULL) = (review_id IS NULL)", name=op.f("ck_live_review_found")
        ),
        _foreign("live_review", "site_id", "site", "RESTRICT"),
        _foreign("live_review", "team_id", "team", "RESTRICT"),
        _foreign("live_review", "agent_id", "agent", "RESTRICT"),
        _foreign("live_review", "project_id", "project", "RESTRICT"),
        _foreign("live_review", "version_id", "scorecard_version", "RESTRICT"),
        _foreign("live_review", "reviewer_id", "user_account", "SET NULL"),
        _foreign("live_review", "leg_id", "leg", "RESTRICT"),
        _foreign("live_review", "review_id", "review", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_review")),
        sa.UniqueConstraint("review_id", name=op.f("uq_live_review_review_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_live_review_uid")),
    )
    op.create_index("ix_live_review_agent_id_begun_at", "live_review", ["agent_id", "begun_at"])
    op.create_index("ix_live_review_site_id_begun_at", "live_review", ["site_id", "begun_at"])
    op.create_index(op.f("ix_live_review_reviewer_id"), "live_review", ["reviewer_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {_GUARD} BEFORE UPDATE ON live_review WHEN {_CHANGED} "
            f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {_GUARD}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_CHANGED} THEN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = '23514'; "
        f"END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {_GUARD} BEFORE UPDATE ON live_review "
        f"FOR EACH ROW EXECUTE FUNCTION {_GUARD}()"
    )


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"DROP TRIGGER {_GUARD}" + ("" if on_sqlite else " ON live_review"))
    if not on_sqlite:
        op.execute(f"DROP FUNCTION {_GUARD}()")
    op.drop_table("live_review")
    op.drop_table("review_request")
    op.drop_table("reviewer_time")
    op.drop_column("draw", "second_share_bp")
    op.drop_column("sample_plan", "no_colleagues")
    op.drop_column("sample_plan", "second_share_bp")
