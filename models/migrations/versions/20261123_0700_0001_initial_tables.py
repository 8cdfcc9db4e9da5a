"""initial tables

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models import guards
from models.base import BigId, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _pointer(*, wanted: bool) -> list[sa.ForeignKeyConstraint]:
    # review and review_revision point at each other: SQLite takes the reference before the other
    # table exists and cannot add it later; PostgreSQL is the other way round.
    return (
        [
            sa.ForeignKeyConstraint(
                ["current_revision_id"],
                ["review_revision.id"],
                name=op.f("fk_review_current_revision_id_review_revision"),
                ondelete="RESTRICT",
            ),
        ]
        if wanted
        else []
    )


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_uid", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_uid", sa.Uuid(), nullable=True),
        sa.Column("details", Json, nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_index(
        "ix_audit_entry_subject_subject_uid",
        "audit_entry",
        ["subject", "subject_uid"],
        unique=False,
    )
    op.create_table(
        "customer",
        sa.Column("number_key", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("number_key", name=op.f("uq_customer_number_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_customer_uid")),
    )
    op.create_table(
        "erasure_door",
        sa.Column("id", BigId, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_door")),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_total", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_params", Json, nullable=True),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("failures BETWEEN 0 AND attempts", name=op.f("ck_job_failures")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("uid", name=op.f("uq_job_uid")),
    )
    op.create_index("ix_job_state_name", "job", ["state", "name"], unique=False)
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(
        "ix_sign_in_attempt_address_key_at", "sign_in_attempt", ["address_key", "at"], unique=False
    )
    op.create_index(
        "ix_sign_in_attempt_name_key_at", "sign_in_attempt", ["name_key", "at"], unique=False
    )
    op.create_table(
        "site",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("code", name=op.f("uq_site_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_site_uid")),
    )
    op.create_table(
        "user_account",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("theme", sa.String(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("uid", name=op.f("uq_user_account_uid")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "agent",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_agent_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_agent_user_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_agent_site_id_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_agent_uid")),
        sa.UniqueConstraint("user_id", name=op.f("uq_agent_user_id")),
    )
    op.create_index(op.f("ix_agent_site_id"), "agent", ["site_id"], unique=False)
    op.create_table(
        "dirty_day",
        sa.Column("id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_dirty_day_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dirty_day")),
    )
    op.create_index(
        "ix_dirty_day_site_id_local_date", "dirty_day", ["site_id", "local_date"], unique=False
    )
    op.create_table(
        "import_file",
        sa.Column(
            "kind",
            sa.Enum(
                "people",
                "calls",
                "surveys",
                "complaints",
                "recordings",
                name="importkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("site_id", BigId, nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_template", sa.String(), nullable=True),
        sa.Column("storage_key", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "stored",
                "running",
                "done",
                "rejected",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("rows_added", sa.Integer(), nullable=False),
        sa.Column("rows_unchanged", sa.Integer(), nullable=False),
        sa.Column("rows_rejected", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_params", Json, nullable=True),
        sa.Column("imported_by_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["imported_by_id"],
            ["user_account.id"],
            name=op.f("fk_import_file_imported_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_import_file_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
        sa.UniqueConstraint(
            "kind",
            "site_id",
            "source",
            "sha256",
            name=op.f("uq_import_file_kind_site_id_source_sha256"),
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_import_file_uid")),
    )
    op.create_table(
        "one_time_key",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_one_time_key_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_key")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_one_time_key_user_id_key")),
    )
    op.create_table(
        "scorecard",
        sa.Column("site_id", BigId, nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_scorecard_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard")),
        sa.UniqueConstraint("code", name=op.f("uq_scorecard_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_scorecard_uid")),
    )
    op.create_table(
        "team",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_team_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_team_site_id_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_team_uid")),
    )
    op.create_index(op.f("ix_team_site_id"), "team", ["site_id"], unique=False)
    op.create_table(
        "import_reject",
        sa.Column("id", BigId, nullable=False),
        sa.Column("file_id", BigId, nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["import_file.id"],
            name=op.f("fk_import_reject_file_id_import_file"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_reject")),
    )
    op.create_index(
        "ix_import_reject_file_id_row_number",
        "import_reject",
        ["file_id", "row_number"],
        unique=False,
    )
    op.create_table(
        "project",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "channel_layout",
            sa.Enum(
                "agent_left",
                "agent_right",
                "mono",
                name="channellayout",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scorecard_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scorecard_id"],
            ["scorecard.id"],
            name=op.f("fk_project_scorecard_id_scorecard"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_project_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_project_site_id_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_project_uid")),
    )
    op.create_index(op.f("ix_project_site_id"), "project", ["site_id"], unique=False)
    op.create_table(
        "sample_plan",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scorecard_id", BigId, nullable=True),
        sa.Column("settings", Json, nullable=False),
        sa.Column("settling_days", sa.Integer(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("self_assessment_days", sa.Integer(), nullable=False),
        sa.Column("nightly", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "archived",
                name="planstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "settling_days >= 0 AND due_days >= 1", name=op.f("ck_sample_plan_days")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["user_account.id"],
            name=op.f("fk_sample_plan_created_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["scorecard_id"],
            ["scorecard.id"],
            name=op.f("fk_sample_plan_scorecard_id_scorecard"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_sample_plan_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_plan")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_sample_plan_site_id_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_sample_plan_uid")),
    )
    op.create_table(
        "scorecard_version",
        sa.Column("scorecard_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "open_for_comment",
                "published",
                "retired",
                name="versionstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", Json, nullable=False),
        sa.Column("description", Json, nullable=False),
        sa.Column("pass_bp", sa.Integer(), nullable=False),
        sa.Column("excellent_bp", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "pass_bp >= 0 AND excellent_bp >= pass_bp", name=op.f("ck_scorecard_version_bands")
        ),
        sa.ForeignKeyConstraint(
            ["scorecard_id"],
            ["scorecard.id"],
            name=op.f("fk_scorecard_version_scorecard_id_scorecard"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_version")),
        sa.UniqueConstraint(
            "scorecard_id", "number", name=op.f("uq_scorecard_version_scorecard_id_number")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_scorecard_version_uid")),
    )
    op.create_table(
        "team_member",
        sa.Column("id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_team_member_period")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_team_member_agent_id_agent"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_team_member_team_id_team"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
        sa.UniqueConstraint(
            "agent_id", "valid_from", name=op.f("uq_team_member_agent_id_valid_from")
        ),
    )
    op.create_index(
        "ix_team_member_team_id_valid_from", "team_member", ["team_id", "valid_from"], unique=False
    )
    op.create_table(
        "user_role",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "reviewer",
                "agent",
                "trainer",
                "manager",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_user_role_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_user_role_team_id_team"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_user_role_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_role")),
        sa.UniqueConstraint(
            "user_id",
            "role",
            "site_id",
            "team_id",
            name=op.f("uq_user_role_user_id_role_site_id_team_id"),
        ),
    )
    op.create_index(op.f("ix_user_role_site_id"), "user_role", ["site_id"], unique=False)
    op.create_index(op.f("ix_user_role_team_id"), "user_role", ["team_id"], unique=False)
    op.create_table(
        "call",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("draw_key", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("customer_id", BigId, nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "in", "out", name="direction", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("local_slot", sa.Integer(), nullable=False),
        sa.Column("wait_ms", sa.Integer(), nullable=False),
        sa.Column("talk_ms", sa.Integer(), nullable=False),
        sa.Column("hold_ms", sa.Integer(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "success",
                "no_success",
                "unknown",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("customer_tier", sa.String(), nullable=True),
        sa.Column("customer_value_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("recording_notice", sa.Boolean(), nullable=False),
        sa.Column("by_robot", sa.Boolean(), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "customer_value_minor IS NULL OR currency IS NOT NULL", name=op.f("ck_call_currency")
        ),
        sa.CheckConstraint("local_slot BETWEEN 0 AND 47", name=op.f("ck_call_local_slot")),
        sa.CheckConstraint(
            "talk_ms >= 0 AND wait_ms >= 0 AND hold_ms >= 0", name=op.f("ck_call_durations")
        ),
        sa.CheckConstraint("transfers >= 0", name=op.f("ck_call_transfers")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_call_agent_id_agent"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_call_customer_id_customer"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_call_project_id_project"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_call_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_call_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_call_source_source_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_call_uid")),
    )
    op.create_index("ix_call_agent_id_local_date", "call", ["agent_id", "local_date"], unique=False)
    op.create_index(op.f("ix_call_customer_id"), "call", ["customer_id"], unique=False)
    op.create_index(
        "ix_call_peers",
        "call",
        [
            "site_id",
            "local_date",
            "project_id",
            "direction",
            "currency",
            "by_robot",
            "talk_ms",
            "customer_value_minor",
        ],
        unique=False,
    )
    op.create_index(op.f("ix_call_project_id"), "call", ["project_id"], unique=False)
    op.create_index("ix_call_site_id_local_date", "call", ["site_id", "local_date"], unique=False)
    op.create_table(
        "daily_fact",
        sa.Column("id", BigId, nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("project_id", BigId, nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "in", "out", name="direction", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column(
            "fact",
            sa.Enum(
                "attempts_out",
                "offered_in",
                "connected_out",
                "connected_in",
                "recorded",
                "talk_ms",
                "surveys_sent",
                "surveys_taken_part",
                "surveys_satisfied",
                "surveys_dissatisfied",
                "complaints_out",
                "complaints_in",
                "complaints_attitude",
                "complaints_upheld",
                "reviewed",
                "excellent",
                "passed",
                "reviewed_directed",
                "excellent_directed",
                "passed_directed",
                "self_assessed",
                "self_gap_bp",
                "self_abs_gap_bp",
                name="fact",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("numerator_sum", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_daily_fact_agent_id_agent"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_daily_fact_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_daily_fact_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_daily_fact_team_id_team"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_fact")),
    )
    op.create_index(
        "ix_daily_fact_site_id_local_date_fact",
        "daily_fact",
        ["site_id", "local_date", "fact"],
        unique=False,
    )
    op.create_table(
        "draw",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "closed",
                "void",
                name="drawstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("void_reason", sa.String(), nullable=True),
        sa.Column("extended_at", UtcDateTime(), nullable=True),
        sa.Column("n_calls", sa.Integer(), nullable=False),
        sa.Column("n_connected", sa.Integer(), nullable=False),
        sa.Column("n_recorded", sa.Integer(), nullable=False),
        sa.Column("excluded", Json, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("manifest_key", sa.String(), nullable=False),
        sa.Column("manifest_sha256", sa.String(), nullable=False),
        sa.Column("drawn_by_id", BigId, nullable=True),
        sa.Column("drawn_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "n_recorded >= 0 AND n_connected >= n_recorded", name=op.f("ck_draw_frame")
        ),
        sa.CheckConstraint("period_end >= period_start", name=op.f("ck_draw_period")),
        sa.ForeignKeyConstraint(
            ["drawn_by_id"],
            ["user_account.id"],
            name=op.f("fk_draw_drawn_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["sample_plan.id"],
            name=op.f("fk_draw_plan_id_sample_plan"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_draw_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
        sa.UniqueConstraint("uid", name=op.f("uq_draw_uid")),
    )
    op.create_index(op.f("ix_draw_plan_id"), "draw", ["plan_id"], unique=False)
    op.create_index(
        "ix_draw_site_id_period_start", "draw", ["site_id", "period_start"], unique=False
    )
    op.create_table(
        "retention_rule",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=True),
        sa.Column(
            "subject",
            sa.Enum(
                "recording",
                "transcript",
                "review",
                "log",
                name="retentionsubject",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("days >= 1", name=op.f("ck_retention_rule_days")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_retention_rule_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_retention_rule_site_id_site"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
        sa.UniqueConstraint(
            "site_id",
            "project_id",
            "subject",
            name=op.f("uq_retention_rule_site_id_project_id_subject"),
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_retention_rule_uid")),
    )
    op.create_table(
        "section",
        sa.Column("id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("lineage", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["scorecard_version.id"],
            name=op.f("fk_section_version_id_scorecard_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section")),
        sa.UniqueConstraint("version_id", "lineage", name=op.f("uq_section_version_id_lineage")),
    )
    op.create_table(
        "criterion",
        sa.Column("id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("section_id", BigId, nullable=False),
        sa.Column("lineage", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "yes_no",
                "levels",
                "points",
                "choice",
                "checklist",
                "text",
                name="criterionkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", Json, nullable=False),
        sa.Column("guidance", Json, nullable=False),
        sa.Column("examples", Json, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("bonus", sa.Boolean(), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("critical_min", sa.Integer(), nullable=False),
        sa.Column("na_allowed", sa.Boolean(), nullable=False),
        sa.Column(
            "comment_when",
            sa.Enum(
                "never",
                "not_full",
                "zero",
                "always",
                name="commentrule",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("condition", Json, nullable=True),
        sa.Column(
            "skill",
            sa.Enum(
                "soft", "hard", name="skill", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "points >= 0 AND step > 0 AND critical_min >= 0", name=op.f("ck_criterion_points")
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["section.id"],
            name=op.f("fk_criterion_section_id_section"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["scorecard_version.id"],
            name=op.f("fk_criterion_version_id_scorecard_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criterion")),
        sa.UniqueConstraint("version_id", "lineage", name=op.f("uq_criterion_version_id_lineage")),
    )
    op.create_table(
        "draw_stratum",
        sa.Column("id", BigId, nullable=False),
        sa.Column("draw_id", BigId, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("n_frame", sa.Integer(), nullable=False),
        sa.Column("n_drawn", sa.Integer(), nullable=False),
        sa.CheckConstraint("n_drawn BETWEEN 0 AND n_frame", name=op.f("ck_draw_stratum_counts")),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["draw.id"], name=op.f("fk_draw_stratum_draw_id_draw"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_stratum")),
        sa.UniqueConstraint("draw_id", "key", name=op.f("uq_draw_stratum_draw_id_key")),
    )
    op.create_table(
        "leg",
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("local_slot", sa.Integer(), nullable=False),
        sa.Column("talk_ms", sa.Integer(), nullable=False),
        sa.Column("hold_ms", sa.Integer(), nullable=False),
        sa.Column("acw_ms", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_leg_position")),
        sa.CheckConstraint(
            "talk_ms >= 0 AND hold_ms >= 0 AND acw_ms >= 0", name=op.f("ck_leg_durations")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_leg_agent_id_agent"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_leg_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_leg_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_leg_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
        sa.UniqueConstraint("call_id", "position", name=op.f("uq_leg_call_id_position")),
        sa.UniqueConstraint("uid", name=op.f("uq_leg_uid")),
    )
    op.create_index("ix_leg_agent_id_local_date", "leg", ["agent_id", "local_date"], unique=False)
    op.create_index("ix_leg_site_id_local_date", "leg", ["site_id", "local_date"], unique=False)
    op.create_table(
        "recording",
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column(
            "layout",
            sa.Enum(
                "agent_left",
                "agent_right",
                "mono",
                name="channellayout",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "present",
                "expired",
                "erased",
                name="recordingstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("legal_hold", sa.String(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("channels >= 1 AND duration_ms >= 0", name=op.f("ck_recording_sizes")),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_recording_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_recording_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("call_id", name=op.f("uq_recording_call_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_recording_uid")),
    )
    op.create_index(op.f("ix_recording_sha256"), "recording", ["sha256"], unique=False)
    op.create_index(
        "ix_recording_site_id_state_call_id",
        "recording",
        ["site_id", "state", "call_id"],
        unique=False,
    )
    op.create_table(
        "survey",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("reply", sa.String(), nullable=True),
        sa.Column(
            "satisfaction",
            sa.Enum(
                "satisfied",
                "neutral",
                "dissatisfied",
                "invalid",
                name="satisfaction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("level IS NULL OR level BETWEEN 1 AND 5", name=op.f("ck_survey_level")),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_survey_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_survey_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_survey_source_source_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_survey_uid")),
    )
    op.create_index(
        "ix_survey_call_id_answered_at", "survey", ["call_id", "answered_at"], unique=False
    )
    op.create_index(op.f("ix_survey_site_id"), "survey", ["site_id"], unique=False)
    op.create_table(
        "complaint",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("call_id", BigId, nullable=True),
        sa.Column("leg_id", BigId, nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "in", "out", name="direction", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "attitude",
                "misleading",
                "process",
                "product",
                "other",
                name="complaintcause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "upheld",
                "not_upheld",
                name="complaintstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "call_id IS NOT NULL OR agent_id IS NOT NULL", name=op.f("ck_complaint_about")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_complaint_agent_id_agent"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_complaint_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"], ["leg.id"], name=op.f("fk_complaint_leg_id_leg"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_complaint_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_complaint_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_complaint_source_source_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_complaint_uid")),
    )
    op.create_index(op.f("ix_complaint_call_id"), "complaint", ["call_id"], unique=False)
    op.create_index(
        "ix_complaint_site_id_local_date", "complaint", ["site_id", "local_date"], unique=False
    )
    op.create_table(
        "criterion_option",
        sa.Column("id", BigId, nullable=False),
        sa.Column("criterion_id", BigId, nullable=False),
        sa.Column("lineage", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_criterion_option_points")),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["criterion.id"],
            name=op.f("fk_criterion_option_criterion_id_criterion"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criterion_option")),
        sa.UniqueConstraint(
            "criterion_id", "lineage", name=op.f("uq_criterion_option_criterion_id_lineage")
        ),
    )
    op.create_table(
        "draw_stratum_day",
        sa.Column("id", BigId, nullable=False),
        sa.Column("stratum_id", BigId, nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sum_y", sa.BigInteger(), nullable=False),
        sa.Column("sum_y2", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("n >= 0", name=op.f("ck_draw_stratum_day_n")),
        sa.ForeignKeyConstraint(
            ["stratum_id"],
            ["draw_stratum.id"],
            name=op.f("fk_draw_stratum_day_stratum_id_draw_stratum"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["team.id"],
            name=op.f("fk_draw_stratum_day_team_id_team"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_stratum_day")),
        sa.UniqueConstraint(
            "stratum_id",
            "local_date",
            "team_id",
            "measure",
            name=op.f("uq_draw_stratum_day_stratum_id_local_date_team_id_measure"),
        ),
    )
    op.create_table(
        "drawn_call",
        sa.Column("draw_id", BigId, nullable=False),
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("stratum_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("random_number", sa.BigInteger(), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("explanation", Json, nullable=False),
        sa.Column("replaces_id", BigId, nullable=True),
        sa.Column("earlier_id", BigId, nullable=True),
        sa.Column(
            "skip_kind",
            sa.Enum(
                "ineligible",
                "not_reviewed",
                name="skipkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("skip_reason", sa.String(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_drawn_call_call_id_call"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["draw.id"], name=op.f("fk_drawn_call_draw_id_draw"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["earlier_id"],
            ["drawn_call.id"],
            name=op.f("fk_drawn_call_earlier_id_drawn_call"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["drawn_call.id"],
            name=op.f("fk_drawn_call_replaces_id_drawn_call"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["stratum_id"],
            ["draw_stratum.id"],
            name=op.f("fk_drawn_call_stratum_id_draw_stratum"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drawn_call")),
        sa.UniqueConstraint("draw_id", "call_id", name=op.f("uq_drawn_call_draw_id_call_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_drawn_call_uid")),
    )
    op.create_index(op.f("ix_drawn_call_call_id"), "drawn_call", ["call_id"], unique=False)
    op.create_index(op.f("ix_drawn_call_earlier_id"), "drawn_call", ["earlier_id"], unique=False)
    op.create_table(
        "listening",
        sa.Column("id", BigId, nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("recording_id", BigId, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name=op.f("fk_listening_recording_id_recording"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_listening_user_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listening")),
        sa.UniqueConstraint("token_id", name=op.f("uq_listening_token_id")),
    )
    op.create_index(
        "ix_listening_recording_id_opened_at",
        "listening",
        ["recording_id", "opened_at"],
        unique=False,
    )
    op.create_table(
        "media_file",
        sa.Column("recording_id", BigId, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "original",
                "playback",
                "masked",
                "peaks",
                "clip",
                name="mediakind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("mimetype", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name=op.f("fk_media_file_recording_id_recording"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_file")),
        sa.UniqueConstraint(
            "recording_id",
            "kind",
            "storage_key",
            name=op.f("uq_media_file_recording_id_kind_storage_key"),
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_media_file_uid")),
    )
    op.create_index(op.f("ix_media_file_storage_key"), "media_file", ["storage_key"], unique=False)
    op.create_table(
        "transcript",
        sa.Column("recording_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "done",
                "failed",
                name="transcriptstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("language_confidence", sa.Double(), nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("versions", Json, nullable=False),
        sa.Column("audio_ms", sa.Integer(), nullable=False),
        sa.Column("work_ms", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_params", Json, nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'failed') = (error_code IS NOT NULL)", name=op.f("ck_transcript_failed")
        ),
        sa.CheckConstraint("audio_ms >= 0 AND work_ms >= 0", name=op.f("ck_transcript_durations")),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name=op.f("fk_transcript_recording_id_recording"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_transcript_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_transcript_recording_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_transcript_uid")),
    )
    op.create_index(op.f("ix_transcript_site_id"), "transcript", ["site_id"], unique=False)
    op.create_table(
        "task",
        sa.Column(
            "origin",
            sa.Enum(
                "drawn",
                "directed",
                "live",
                "second",
                "calibration",
                "practice",
                "voluntary",
                name="origin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("leg_id", BigId, nullable=False),
        sa.Column("drawn_call_id", BigId, nullable=True),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("assignee_id", BigId, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "claimed",
                "done",
                "skipped",
                name="taskstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "skip_kind",
            sa.Enum(
                "ineligible",
                "not_reviewed",
                name="skipkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("skip_reason", sa.String(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'claimed') <= (assignee_id IS NOT NULL)", name=op.f("ck_task_claimed")
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"],
            ["user_account.id"],
            name=op.f("fk_task_assignee_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["drawn_call_id"],
            ["drawn_call.id"],
            name=op.f("fk_task_drawn_call_id_drawn_call"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"], ["leg.id"], name=op.f("fk_task_leg_id_leg"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_task_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_task_team_id_team"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["scorecard_version.id"],
            name=op.f("fk_task_version_id_scorecard_version"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint(
            "leg_id", "origin", "drawn_call_id", name=op.f("uq_task_leg_id_origin_drawn_call_id")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_task_uid")),
    )
    op.create_index("ix_task_assignee_id_state", "task", ["assignee_id", "state"], unique=False)
    op.create_index(op.f("ix_task_drawn_call_id"), "task", ["drawn_call_id"], unique=False)
    op.create_index(
        "ix_task_site_id_state_due_at", "task", ["site_id", "state", "due_at"], unique=False
    )
    op.create_table(
        "turn",
        sa.Column("id", BigId, nullable=False),
        sa.Column("transcript_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
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
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("words", Json, nullable=False),
        sa.CheckConstraint("end_ms >= start_ms AND start_ms >= 0", name=op.f("ck_turn_times")),
        sa.ForeignKeyConstraint(
            ["transcript_id"],
            ["transcript.id"],
            name=op.f("fk_turn_transcript_id_transcript"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turn")),
        sa.UniqueConstraint(
            "transcript_id", "position", name=op.f("uq_turn_transcript_id_position")
        ),
    )
    op.create_table(
        "review",
        sa.Column("task_id", BigId, nullable=True),
        sa.Column(
            "origin",
            sa.Enum(
                "drawn",
                "directed",
                "live",
                "second",
                "calibration",
                "practice",
                "voluntary",
                name="origin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("leg_id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("drawn_call_id", BigId, nullable=True),
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
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("current_revision_id", BigId, nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'submitted') = (submitted_at IS NOT NULL)", name=op.f("ck_review_submitted")
        ),
        *_pointer(wanted=op.get_bind().dialect.name == "sqlite"),
        sa.ForeignKeyConstraint(
            ["drawn_call_id"],
            ["drawn_call.id"],
            name=op.f("fk_review_drawn_call_id_drawn_call"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"], ["leg.id"], name=op.f("fk_review_leg_id_leg"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["user_account.id"],
            name=op.f("fk_review_reviewer_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_review_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_review_task_id_task"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_review_team_id_team"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["scorecard_version.id"],
            name=op.f("fk_review_version_id_scorecard_version"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("task_id", name=op.f("uq_review_task_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_review_uid")),
    )
    op.create_index("ix_review_drawn_call_id", "review", ["drawn_call_id"], unique=False)
    op.create_index("ix_review_leg_id", "review", ["leg_id"], unique=False)
    op.create_index(op.f("ix_review_reviewer_id"), "review", ["reviewer_id"], unique=False)
    op.create_index(
        "ix_review_site_id_submitted_at", "review", ["site_id", "submitted_at"], unique=False
    )
    op.create_table(
        "self_assessment",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("leg_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("task_id", BigId, nullable=True),
        sa.Column("voluntary", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "submitted",
                "lapsed",
                name="assessmentstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("draft", Json, nullable=False),
        sa.Column("earned", sa.Integer(), nullable=True),
        sa.Column("attainable", sa.Integer(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'submitted') = (submitted_at IS NOT NULL)",
            name=op.f("ck_self_assessment_submitted"),
        ),
        sa.CheckConstraint(
            "earned IS NULL OR (earned >= 0 AND attainable >= 0)",
            name=op.f("ck_self_assessment_points"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_self_assessment_agent_id_agent"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"], ["leg.id"], name=op.f("fk_self_assessment_leg_id_leg"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_self_assessment_site_id_site"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["task.id"],
            name=op.f("fk_self_assessment_task_id_task"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["team.id"],
            name=op.f("fk_self_assessment_team_id_team"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["scorecard_version.id"],
            name=op.f("fk_self_assessment_version_id_scorecard_version"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_assessment")),
        sa.UniqueConstraint("leg_id", "agent_id", name=op.f("uq_self_assessment_leg_id_agent_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_self_assessment_uid")),
    )
    op.create_index(
        "ix_self_assessment_agent_id_state", "self_assessment", ["agent_id", "state"], unique=False
    )
    op.create_index(
        op.f("ix_self_assessment_site_id"), "self_assessment", ["site_id"], unique=False
    )
    op.create_table(
        "exemplar",
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("criterion_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=True),
        sa.Column("end_ms", sa.Integer(), nullable=True),
        sa.Column("chosen_by_id", BigId, nullable=True),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chosen_by_id"],
            ["user_account.id"],
            name=op.f("fk_exemplar_chosen_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["criterion.id"],
            name=op.f("fk_exemplar_criterion_id_criterion"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_exemplar_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_exemplar_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_exemplar_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemplar")),
        sa.UniqueConstraint(
            "review_id", "criterion_id", name=op.f("uq_exemplar_review_id_criterion_id")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_exemplar_uid")),
    )
    op.create_index("ix_exemplar_site_id", "exemplar", ["site_id"], unique=False)
    op.create_table(
        "objection",
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "upheld",
                "not_upheld",
                name="objectionstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_by_id", BigId, nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (answered_at IS NULL)", name=op.f("ck_objection_answered")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_objection_agent_id_agent"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"],
            ["user_account.id"],
            name=op.f("fk_objection_answered_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_objection_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_objection_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_objection_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("uid", name=op.f("uq_objection_uid")),
    )
    op.create_index(op.f("ix_objection_review_id"), "objection", ["review_id"], unique=False)
    op.create_index("ix_objection_site_id_state", "objection", ["site_id", "state"], unique=False)
    op.create_table(
        "review_revision",
        sa.Column("id", BigId, nullable=False),
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "submitted",
                "objection",
                "dispute",
                "arbitration",
                name="revisioncause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("attainable", sa.Integer(), nullable=False),
        sa.Column("failed_critical", Json, nullable=False),
        sa.Column("excellent", sa.Boolean(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("by_id", BigId, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "earned >= 0 AND attainable >= 0", name=op.f("ck_review_revision_points")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"],
            ["user_account.id"],
            name=op.f("fk_review_revision_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_review_revision_review_id_review"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_revision")),
        sa.UniqueConstraint(
            "review_id", "number", name=op.f("uq_review_revision_review_id_number")
        ),
    )
    op.create_table(
        "answer",
        sa.Column("id", BigId, nullable=False),
        sa.Column("revision_id", BigId, nullable=True),
        sa.Column("self_assessment_id", BigId, nullable=True),
        sa.Column("criterion_id", BigId, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("not_applicable", sa.Boolean(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("attainable", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("evidence", Json, nullable=False),
        sa.CheckConstraint(
            "(revision_id IS NULL) <> (self_assessment_id IS NULL)",
            name=op.f("ck_answer_one_owner"),
        ),
        sa.CheckConstraint("earned >= 0 AND attainable >= 0", name=op.f("ck_answer_points")),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["criterion.id"],
            name=op.f("fk_answer_criterion_id_criterion"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["review_revision.id"],
            name=op.f("fk_answer_revision_id_review_revision"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["self_assessment_id"],
            ["self_assessment.id"],
            name=op.f("fk_answer_self_assessment_id_self_assessment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint(
            "revision_id", "criterion_id", name=op.f("uq_answer_revision_id_criterion_id")
        ),
        sa.UniqueConstraint(
            "self_assessment_id",
            "criterion_id",
            name=op.f("uq_answer_self_assessment_id_criterion_id"),
        ),
    )
    op.create_index(op.f("ix_answer_criterion_id"), "answer", ["criterion_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(
            "fk_review_current_revision_id_review_revision",
            "review",
            "review_revision",
            ["current_revision_id"],
            ["id"],
            ondelete="RESTRICT",
        )
    for statement in guards.create_statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in guards.drop_statements(op.get_bind().dialect.name):
        op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(
            "fk_review_current_revision_id_review_revision", "review", type_="foreignkey"
        )
    op.drop_index(op.f("ix_answer_criterion_id"), table_name="answer")
    op.drop_table("answer")
    op.drop_table("review_revision")
    op.drop_index("ix_objection_site_id_state", table_name="objection")
    op.drop_index(op.f("ix_objection_review_id"), table_name="objection")
    op.drop_table("objection")
    op.drop_index("ix_exemplar_site_id", table_name="exemplar")
    op.drop_table("exemplar")
    op.drop_index(op.f("ix_self_assessment_site_id"), table_name="self_assessment")
    op.drop_index("ix_self_assessment_agent_id_state", table_name="self_assessment")
    op.drop_table("self_assessment")
    op.drop_index("ix_review_site_id_submitted_at", table_name="review")
    op.drop_index(op.f("ix_review_reviewer_id"), table_name="review")
    op.drop_index("ix_review_leg_id", table_name="review")
    op.drop_index("ix_review_drawn_call_id", table_name="review")
    op.drop_table("review")
    op.drop_table("turn")
    op.drop_index("ix_task_site_id_state_due_at", table_name="task")
    op.drop_index(op.f("ix_task_drawn_call_id"), table_name="task")
    op.drop_index("ix_task_assignee_id_state", table_name="task")
    op.drop_table("task")
    op.drop_index(op.f("ix_transcript_site_id"), table_name="transcript")
    op.drop_table("transcript")
    op.drop_index(op.f("ix_media_file_storage_key"), table_name="media_file")
    op.drop_table("media_file")
    op.drop_index("ix_listening_recording_id_opened_at", table_name="listening")
    op.drop_table("listening")
    op.drop_index(op.f("ix_drawn_call_earlier_id"), table_name="drawn_call")
    op.drop_index(op.f("ix_drawn_call_call_id"), table_name="drawn_call")
    op.drop_table("drawn_call")
    op.drop_table("draw_stratum_day")
    op.drop_table("criterion_option")
    op.drop_index("ix_complaint_site_id_local_date", table_name="complaint")
    op.drop_index(op.f("ix_complaint_call_id"), table_name="complaint")
    op.drop_table("complaint")
    op.drop_index(op.f("ix_survey_site_id"), table_name="survey")
    op.drop_index("ix_survey_call_id_answered_at", table_name="survey")
    op.drop_table("survey")
    op.drop_index("ix_recording_site_id_state_call_id", table_name="recording")
    op.drop_index(op.f("ix_recording_sha256"), table_name="recording")
    op.drop_table("recording")
    op.drop_index("ix_leg_site_id_local_date", table_name="leg")
    op.drop_index("ix_leg_agent_id_local_date", table_name="leg")
    op.drop_table("leg")
    op.drop_table("draw_stratum")
    op.drop_table("criterion")
    op.drop_table("section")
    op.drop_table("retention_rule")
    op.drop_index("ix_draw_site_id_period_start", table_name="draw")
    op.drop_index(op.f("ix_draw_plan_id"), table_name="draw")
    op.drop_table("draw")
    op.drop_index("ix_daily_fact_site_id_local_date_fact", table_name="daily_fact")
    op.drop_table("daily_fact")
    op.drop_index("ix_call_site_id_local_date", table_name="call")
    op.drop_index(op.f("ix_call_project_id"), table_name="call")
    op.drop_index("ix_call_peers", table_name="call")
    op.drop_index(op.f("ix_call_customer_id"), table_name="call")
    op.drop_index("ix_call_agent_id_local_date", table_name="call")
    op.drop_table("call")
    op.drop_index(op.f("ix_user_role_team_id"), table_name="user_role")
    op.drop_index(op.f("ix_user_role_site_id"), table_name="user_role")
    op.drop_table("user_role")
    op.drop_index("ix_team_member_team_id_valid_from", table_name="team_member")
    op.drop_table("team_member")
    op.drop_table("scorecard_version")
    op.drop_table("sample_plan")
    op.drop_index(op.f("ix_project_site_id"), table_name="project")
    op.drop_table("project")
    op.drop_index("ix_import_reject_file_id_row_number", table_name="import_reject")
    op.drop_table("import_reject")
    op.drop_index(op.f("ix_team_site_id"), table_name="team")
    op.drop_table("team")
    op.drop_table("scorecard")
    op.drop_table("one_time_key")
    op.drop_table("import_file")
    op.drop_index("ix_dirty_day_site_id_local_date", table_name="dirty_day")
    op.drop_table("dirty_day")
    op.drop_index(op.f("ix_agent_site_id"), table_name="agent")
    op.drop_table("agent")
    op.drop_table("worker")
    op.drop_table("user_account")
    op.drop_table("site")
    op.drop_index("ix_sign_in_attempt_name_key_at", table_name="sign_in_attempt")
    op.drop_index("ix_sign_in_attempt_address_key_at", table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.drop_index("ix_job_state_name", table_name="job")
    op.drop_table("job")
    op.drop_table("erasure_door")
    op.drop_table("customer")
    op.drop_index("ix_audit_entry_subject_subject_uid", table_name="audit_entry")
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.drop_table("audit_entry")
