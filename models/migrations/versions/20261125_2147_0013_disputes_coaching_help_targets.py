"""disputes by criterion, requests for help, coaching with causes and steps, targets

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "coaching_cause",
        sa.Column("id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_coaching_cause_site_id_site"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_cause")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_coaching_cause_site_id_code")),
    )
    op.create_table(
        "target",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("focus", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("set_by_id", BigId, nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_target_period")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_target_value")),
        sa.ForeignKeyConstraint(
            ["set_by_id"],
            ["user_account.id"],
            name=op.f("fk_target_set_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_target_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_target_team_id_team"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint("uid", name=op.f("uq_target_uid")),
    )
    op.create_index("ix_target_site_id_starts_on", "target", ["site_id", "starts_on"], unique=False)
    op.create_table(
        "dispute_rule",
        sa.Column("id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=True),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("decide_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "window_days BETWEEN 1 AND 365 AND decide_days BETWEEN 1 AND 365",
            name=op.f("ck_dispute_rule_days"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_dispute_rule_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_dispute_rule_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_rule")),
        sa.UniqueConstraint(
            "site_id", "project_id", name=op.f("uq_dispute_rule_site_id_project_id")
        ),
    )
    op.create_table(
        "help_request",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("leg_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("kind", _enum("helpkind", "answer", "partner"), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("state", _enum("helpstate", "open", "answered", "closed"), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("partner_id", BigId, nullable=True),
        sa.Column(
            "partner_state", _enum("partnerstate", "asked", "agreed", "declined"), nullable=True
        ),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_help_request_closed")
        ),
        sa.CheckConstraint(
            "(partner_id IS NULL) = (partner_state IS NULL)", name=op.f("ck_help_request_partner")
        ),
        sa.CheckConstraint("at_ms >= 0", name=op.f("ck_help_request_moment")),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_help_request_agent_id_agent"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"], ["leg.id"], name=op.f("fk_help_request_leg_id_leg"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["agent.id"],
            name=op.f("fk_help_request_partner_id_agent"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_help_request_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_help_request_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_request")),
        sa.UniqueConstraint("uid", name=op.f("uq_help_request_uid")),
    )
    op.create_index("ix_help_request_agent_id", "help_request", ["agent_id"], unique=False)
    op.create_index("ix_help_request_leg_id", "help_request", ["leg_id"], unique=False)
    op.create_index("ix_help_request_partner_id", "help_request", ["partner_id"], unique=False)
    op.create_index(
        "ix_help_request_site_id_state", "help_request", ["site_id", "state"], unique=False
    )
    op.create_table(
        "help_answer",
        sa.Column("id", BigId, nullable=False),
        sa.Column("request_id", BigId, nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"],
            ["user_account.id"],
            name=op.f("fk_help_answer_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["help_request.id"],
            name=op.f("fk_help_answer_request_id_help_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_answer")),
    )
    op.create_index(op.f("ix_help_answer_request_id"), "help_answer", ["request_id"], unique=False)
    op.create_table(
        "coaching_session",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("coach_id", BigId, nullable=True),
        sa.Column("kind", _enum("coachingkind", "talk", "note"), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("review_id", BigId, nullable=True),
        sa.Column("leg_id", BigId, nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("agent_words", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent.id"],
            name=op.f("fk_coaching_session_agent_id_agent"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["coach_id"],
            ["user_account.id"],
            name=op.f("fk_coaching_session_coach_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"],
            ["leg.id"],
            name=op.f("fk_coaching_session_leg_id_leg"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_coaching_session_review_id_review"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_coaching_session_site_id_site"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["team.id"],
            name=op.f("fk_coaching_session_team_id_team"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_session")),
        sa.UniqueConstraint("uid", name=op.f("uq_coaching_session_uid")),
    )
    op.create_index(
        "ix_coaching_session_agent_id_held_on",
        "coaching_session",
        ["agent_id", "held_on"],
        unique=False,
    )
    op.create_index(
        "ix_coaching_session_review_id", "coaching_session", ["review_id"], unique=False
    )
    op.create_index("ix_coaching_session_leg_id", "coaching_session", ["leg_id"], unique=False)
    op.create_index(
        "ix_coaching_session_site_id_held_on",
        "coaching_session",
        ["site_id", "held_on"],
        unique=False,
    )
    op.create_table(
        "review_cause",
        sa.Column("id", BigId, nullable=False),
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"],
            ["user_account.id"],
            name=op.f("fk_review_cause_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_review_cause_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_review_cause_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_cause")),
        sa.UniqueConstraint("review_id", name=op.f("uq_review_cause_review_id")),
    )
    op.create_index(op.f("ix_review_cause_site_id"), "review_cause", ["site_id"], unique=False)
    op.create_table(
        "coaching_step",
        sa.Column("session_id", BigId, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["done_by_id"],
            ["user_account.id"],
            name=op.f("fk_coaching_step_done_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["coaching_session.id"],
            name=op.f("fk_coaching_step_session_id_coaching_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_step")),
        sa.UniqueConstraint("uid", name=op.f("uq_coaching_step_uid")),
    )
    op.create_index("ix_coaching_step_session_id", "coaching_step", ["session_id"], unique=False)
    op.create_table(
        "coaching_topic",
        sa.Column("id", BigId, nullable=False),
        sa.Column("session_id", BigId, nullable=False),
        sa.Column("criterion_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["criterion.id"],
            name=op.f("fk_coaching_topic_criterion_id_criterion"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["coaching_session.id"],
            name=op.f("fk_coaching_topic_session_id_coaching_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_topic")),
        sa.UniqueConstraint(
            "session_id", "criterion_id", name=op.f("uq_coaching_topic_session_id_criterion_id")
        ),
    )
    op.create_table(
        "dispute",
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("state", _enum("disputestate", "open", "decided"), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("before_id", BigId, nullable=False),
        sa.Column("revision_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'decided') = (decided_at IS NOT NULL)", name=op.f("ck_dispute_decided")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_dispute_agent_id_agent"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["before_id"],
            ["review_revision.id"],
            name=op.f("fk_dispute_before_id_review_revision"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user_account.id"],
            name=op.f("fk_dispute_decided_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_dispute_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["review_revision.id"],
            name=op.f("fk_dispute_revision_id_review_revision"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_dispute_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_dispute_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("uid", name=op.f("uq_dispute_uid")),
    )
    op.create_index("ix_dispute_review_id", "dispute", ["review_id"], unique=False)
    op.create_index(
        "ix_dispute_site_id_state_due_at", "dispute", ["site_id", "state", "due_at"], unique=False
    )
    op.create_table(
        "dispute_item",
        sa.Column("id", BigId, nullable=False),
        sa.Column("dispute_id", BigId, nullable=False),
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("criterion_id", BigId, nullable=False),
        sa.Column(
            "reason",
            _enum(
                "disputereason",
                "overlooked",
                "misunderstood",
                "unclear",
                "not_in_my_hands",
                "not_applicable",
                "other",
            ),
            nullable=False,
        ),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column(
            "result",
            _enum("disputeresult", "open", "upheld", "partly", "not_upheld"),
            nullable=False,
        ),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["criterion_id"],
            ["criterion.id"],
            name=op.f("fk_dispute_item_criterion_id_criterion"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"],
            ["dispute.id"],
            name=op.f("fk_dispute_item_dispute_id_dispute"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_dispute_item_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_item")),
        sa.UniqueConstraint(
            "review_id", "criterion_id", name=op.f("uq_dispute_item_review_id_criterion_id")
        ),
    )
    op.create_index(
        op.f("ix_dispute_item_dispute_id"), "dispute_item", ["dispute_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_dispute_item_dispute_id"), table_name="dispute_item")
    op.drop_table("dispute_item")
    op.drop_index("ix_dispute_site_id_state_due_at", table_name="dispute")
    op.drop_index("ix_dispute_review_id", table_name="dispute")
    op.drop_table("dispute")
    op.drop_table("coaching_topic")
    op.drop_index("ix_coaching_step_session_id", table_name="coaching_step")
    op.drop_table("coaching_step")
    op.drop_index(op.f("ix_review_cause_site_id"), table_name="review_cause")
    op.drop_table("review_cause")
    op.drop_index("ix_coaching_session_site_id_held_on", table_name="coaching_session")
    op.drop_index("ix_coaching_session_leg_id", table_name="coaching_session")
    op.drop_index("ix_coaching_session_review_id", table_name="coaching_session")
    op.drop_index("ix_coaching_session_agent_id_held_on", table_name="coaching_session")
    op.drop_table("coaching_session")
    op.drop_index(op.f("ix_help_answer_request_id"), table_name="help_answer")
    op.drop_table("help_answer")
    op.drop_index("ix_help_request_site_id_state", table_name="help_request")
    op.drop_index("ix_help_request_partner_id", table_name="help_request")
    op.drop_index("ix_help_request_leg_id", table_name="help_request")
    op.drop_index("ix_help_request_agent_id", table_name="help_request")
    op.drop_table("help_request")
    op.drop_table("dispute_rule")
    op.drop_index("ix_target_site_id_starts_on", table_name="target")
    op.drop_table("target")
    op.drop_table("coaching_cause")
