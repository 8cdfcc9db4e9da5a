"""phrase rules, their versions, hits and trials; plans may show hits to reviewers

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What was once switched on never changes: hits and people's verdicts refer to these very words.
# The state is compared as text, since PostgreSQL compares no two values of the type json.
_GUARD = "phrase_version_no_update"
_CHANGED = (
    "OLD.switched_on_at IS NOT NULL AND (NEW.number <> OLD.number OR "
    "NEW.rule_id <> OLD.rule_id OR CAST(NEW.settings AS text) <> CAST(OLD.settings AS text))"
)
_MESSAGE = "a phrase rule in use is kept as it is"


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.add_column(
        "sample_plan",
        sa.Column("phrase_hits", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "phrase_rule",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["user_account.id"],
            name=op.f("fk_phrase_rule_created_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_phrase_rule_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_phrase_rule_site_id_site"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase_rule")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_phrase_rule_project_id_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_phrase_rule_uid")),
    )
    op.create_index(op.f("ix_phrase_rule_site_id"), "phrase_rule", ["site_id"])
    op.create_table(
        "phrase_version",
        sa.Column("rule_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", _enum("phraseversionstate", "draft", "on", "off"), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("switched_on_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("filled_to", BigId, nullable=False),
        sa.Column("filled_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "confirmed >= 0 AND rejected >= 0", name=op.f("ck_phrase_version_tallies")
        ),
        sa.CheckConstraint(
            "(state = 'draft') = (switched_on_at IS NULL)",
            name=op.f("ck_phrase_version_switched_on"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["user_account.id"],
            name=op.f("fk_phrase_version_created_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["phrase_rule.id"],
            name=op.f("fk_phrase_version_rule_id_phrase_rule"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase_version")),
        sa.UniqueConstraint("rule_id", "number", name=op.f("uq_phrase_version_rule_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_phrase_version_uid")),
    )
    op.create_index(
        "ix_phrase_version_on",
        "phrase_version",
        ["rule_id"],
        unique=True,
        sqlite_where=sa.text("state = 'on'"),
        postgresql_where=sa.text("state = 'on'"),
    )
    op.create_table(
        "phrase_hit",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("transcript_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("party", _enum("party", "agent", "customer", "unknown"), nullable=True),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("runs", Json, nullable=False),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.Column("missing", Json, nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("verdict", _enum("phraseverdict", "confirmed", "rejected"), nullable=True),
        sa.Column("judged_by_id", BigId, nullable=True),
        sa.Column("judged_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "end_ms >= start_ms AND start_ms >= 0", name=op.f("ck_phrase_hit_times")
        ),
        sa.CheckConstraint(
            "(verdict IS NULL) = (judged_at IS NULL)", name=op.f("ck_phrase_hit_judged")
        ),
        sa.ForeignKeyConstraint(
            ["judged_by_id"],
            ["user_account.id"],
            name=op.f("fk_phrase_hit_judged_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_phrase_hit_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"],
            ["transcript.id"],
            name=op.f("fk_phrase_hit_transcript_id_transcript"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["phrase_version.id"],
            name=op.f("fk_phrase_hit_version_id_phrase_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase_hit")),
        sa.UniqueConstraint("uid", name=op.f("uq_phrase_hit_uid")),
    )
    op.create_index(op.f("ix_phrase_hit_site_id"), "phrase_hit", ["site_id"])
    op.create_index(
        "ix_phrase_hit_transcript_id_start_ms", "phrase_hit", ["transcript_id", "start_ms"]
    )
    op.create_index("ix_phrase_hit_version_id_verdict", "phrase_hit", ["version_id", "verdict"])
    op.create_table(
        "phrase_trial",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("cursor", BigId, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("calls_hit", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Integer(), nullable=False),
        sa.Column("examples", Json, nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("asked_by_id", BigId, nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("period_end >= period_start", name=op.f("ck_phrase_trial_period")),
        sa.CheckConstraint(
            "calls_hit <= calls AND calls <= total", name=op.f("ck_phrase_trial_sums")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"],
            ["user_account.id"],
            name=op.f("fk_phrase_trial_asked_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
            name=op.f("fk_phrase_trial_site_id_site"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["phrase_version.id"],
            name=op.f("fk_phrase_trial_version_id_phrase_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase_trial")),
        sa.UniqueConstraint("uid", name=op.f("uq_phrase_trial_uid")),
    )
    op.create_index(op.f("ix_phrase_trial_version_id"), "phrase_trial", ["version_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {_GUARD} BEFORE UPDATE ON phrase_version WHEN {_CHANGED} "
            f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {_GUARD}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_CHANGED} THEN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = '23514'; "
        f"END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {_GUARD} BEFORE UPDATE ON phrase_version "
        f"FOR EACH ROW EXECUTE FUNCTION {_GUARD}()"
    )


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"DROP TRIGGER {_GUARD}" + ("" if on_sqlite else " ON phrase_version"))
    if not on_sqlite:
        op.execute(f"DROP FUNCTION {_GUARD}()")
    op.drop_index(op.f("ix_phrase_trial_version_id"), table_name="phrase_trial")
    op.drop_table("phrase_trial")
    op.drop_index("ix_phrase_hit_version_id_verdict", table_name="phrase_hit")
    op.drop_index("ix_phrase_hit_transcript_id_start_ms", table_name="phrase_hit")
    op.drop_index(op.f("ix_phrase_hit_site_id"), table_name="phrase_hit")
    op.drop_table("phrase_hit")
    op.drop_index("ix_phrase_version_on", table_name="phrase_version")
    op.drop_table("phrase_version")
    op.drop_index(op.f("ix_phrase_rule_site_id"), table_name="phrase_rule")
    op.drop_table("phrase_rule")
    op.drop_column("sample_plan", "phrase_hits")
