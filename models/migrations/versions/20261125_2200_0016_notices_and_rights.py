"""notices, who saw calls, requests by the people concerned, proofs of erasure, limits of sites

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "mail_address",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_mail_address_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mail_address")),
    )
    op.create_table(
        "notice",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column(
            "kind",
            _enum(
                "noticekind",
                "tasks_due",
                "task_given",
                "assessment_asked",
                "assessment_due",
                "review_ready",
                "objection_raised",
                "objection_decided",
                "draft_open",
                "calibration_due",
                "help_asked",
                "help_answered",
                "coaching",
                "examples_shared",
                "request_filed",
                "request_due",
                "request_closed",
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_uid", sa.Uuid(), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("mailed_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_notice_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("uid", name=op.f("uq_notice_uid")),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            "subject",
            "subject_uid",
            name=op.f("uq_notice_user_id_kind_subject_subject_uid"),
        ),
    )
    op.create_index("ix_notice_at", "notice", ["at"], unique=False)
    op.create_index("ix_notice_user_id_read_at", "notice", ["user_id", "read_at"], unique=False)
    op.create_table(
        "notice_choice",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column(
            "kind",
            _enum(
                "noticekind",
                "tasks_due",
                "task_given",
                "assessment_asked",
                "assessment_due",
                "review_ready",
                "objection_raised",
                "objection_decided",
                "draft_open",
                "calibration_due",
                "help_asked",
                "help_answered",
                "coaching",
                "examples_shared",
                "request_filed",
                "request_due",
                "request_closed",
            ),
            nullable=False,
        ),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("mailed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_notice_choice_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_choice")),
        sa.UniqueConstraint("user_id", "kind", name=op.f("uq_notice_choice_user_id_kind")),
    )
    op.create_table(
        "site_limits",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column(
            "person_figures", _enum("personfigures", "off", "team_lead", "manager"), nullable=False
        ),
        sa.Column("request_days", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "request_days BETWEEN 1 AND 365", name=op.f("ck_site_limits_request_days")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_site_limits_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site_limits")),
    )
    op.create_table(
        "rights_request",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column(
            "kind", _enum("requestkind", "access", "copy", "correction", "erasure"), nullable=False
        ),
        sa.Column("whose", _enum("requestof", "agent", "customer"), nullable=False),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("customer_id", BigId, nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", _enum("requeststate", "open", "done", "refused"), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("filed_at", UtcDateTime(), nullable=False),
        sa.Column("filed_by_id", BigId, nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (closed_at IS NULL)", name=op.f("ck_rights_request_closed")
        ),
        sa.CheckConstraint("due_on >= received_on", name=op.f("ck_rights_request_due")),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_rights_request_agent_id_agent"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"],
            ["user_account.id"],
            name=op.f("fk_rights_request_closed_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_rights_request_customer_id_customer"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["filed_by_id"],
            ["user_account.id"],
            name=op.f("fk_rights_request_filed_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_rights_request_site_id_site"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_request")),
        sa.UniqueConstraint("uid", name=op.f("uq_rights_request_uid")),
    )
    op.create_index("ix_rights_request_agent_id", "rights_request", ["agent_id"], unique=False)
    op.create_index(
        "ix_rights_request_site_id_state_due_on",
        "rights_request",
        ["site_id", "state", "due_on"],
        unique=False,
    )
    op.create_table(
        "erasure_proof",
        sa.Column("request_id", BigId, nullable=True),
        sa.Column("site_id", BigId, nullable=True),
        sa.Column("subject_uid", sa.Uuid(), nullable=False),
        sa.Column("deleted", Json, nullable=False),
        sa.Column("files", Json, nullable=False),
        sa.Column("remains", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scrubbed_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"],
            ["user_account.id"],
            name=op.f("fk_erasure_proof_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["rights_request.id"],
            name=op.f("fk_erasure_proof_request_id_rights_request"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_erasure_proof_site_id_site"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_proof")),
        sa.UniqueConstraint("uid", name=op.f("uq_erasure_proof_uid")),
    )
    op.create_index("ix_erasure_proof_request_id", "erasure_proof", ["request_id"], unique=False)
    op.create_table(
        "call_access",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("call_id", BigId, nullable=False),
        sa.Column(
            "way",
            _enum("accessway", "search", "phrases", "transcript", "export", "copy"),
            nullable=False,
        ),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_call_access_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_call_access_user_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_access")),
        sa.UniqueConstraint(
            "user_id",
            "call_id",
            "way",
            "hour",
            name=op.f("uq_call_access_user_id_call_id_way_hour"),
        ),
    )
    op.create_index("ix_call_access_at", "call_access", ["at"], unique=False)
    op.create_index("ix_call_access_call_id_at", "call_access", ["call_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_table("call_access")
    op.drop_table("erasure_proof")
    op.drop_table("rights_request")
    op.drop_table("site_limits")
    op.drop_table("notice_choice")
    op.drop_table("notice")
    op.drop_table("mail_address")
