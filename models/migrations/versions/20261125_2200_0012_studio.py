"""scorecard studio: steps to undo, comments on drafts, call scripts and evaluation guides

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FROZEN = "('published', 'retired')"
_KEPT = "a published version is kept"
_CHANGED = "a published version never changes"


_VERSION_FROZEN = (
    "EXISTS (SELECT 1 FROM scorecard_version v WHERE v.id = NEW.version_id "
    "AND v.state IN ('published', 'retired'))"
)
_OPTION_FROZEN = (
    "EXISTS (SELECT 1 FROM criterion c JOIN scorecard_version v ON v.id = c.version_id "
    "WHERE c.id = NEW.criterion_id AND v.state IN ('published', 'retired'))"
)
_REWORDED = (
    f"OLD.state IN {_FROZEN} AND (NEW.scorecard_id <> OLD.scorecard_id"
    " OR CAST(NEW.description AS text) <> CAST(OLD.description AS text))"
)
_GUIDE_CHANGED = (
    f"OLD.state IN {_FROZEN} AND (NEW.state NOT IN {_FROZEN} OR NEW.number <> OLD.number"
    " OR NEW.guide_id <> OLD.guide_id"
    " OR CAST(NEW.title AS text) <> CAST(OLD.title AS text)"
    " OR CAST(NEW.body AS text) <> CAST(OLD.body AS text))"
)

# The first guards refuse to change or delete what a published version has; these refuse to add to
# it, to move something of a draft into it, and to reword its description.
_GUARDS = (
    ("section_no_insert", "section", "INSERT", _VERSION_FROZEN, _KEPT),
    ("section_no_move", "section", "UPDATE", _VERSION_FROZEN, _KEPT),
    ("criterion_no_insert", "criterion", "INSERT", _VERSION_FROZEN, _KEPT),
    ("criterion_no_move", "criterion", "UPDATE", _VERSION_FROZEN, _KEPT),
    ("option_no_insert", "criterion_option", "INSERT", _OPTION_FROZEN, _KEPT),
    ("option_no_move", "criterion_option", "UPDATE", _OPTION_FROZEN, _KEPT),
    ("version_no_rewording", "scorecard_version", "UPDATE", _REWORDED, _CHANGED),
    ("guide_version_no_update", "guide_version", "UPDATE", _GUIDE_CHANGED, _CHANGED),
)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _fk(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def upgrade() -> None:
    op.create_table(
        "guide",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("kind", _enum("guidekind", "script", "evaluation"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        _fk("guide", "site_id", "site", "RESTRICT"),
        _fk("guide", "project_id", "project", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guide")),
        sa.UniqueConstraint("uid", name=op.f("uq_guide_uid")),
    )
    op.create_index(op.f("ix_guide_site_id"), "guide", ["site_id"])
    op.create_index(op.f("ix_guide_project_id"), "guide", ["project_id"])
    op.create_table(
        "guide_version",
        sa.Column("guide_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            _enum("versionstate", "draft", "open_for_comment", "published", "retired"),
            nullable=False,
        ),
        sa.Column("title", Json, nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        _fk("guide_version", "guide_id", "guide", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guide_version")),
        sa.UniqueConstraint("guide_id", "number", name=op.f("uq_guide_version_guide_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_guide_version_uid")),
    )
    op.create_table(
        "draft_step",
        sa.Column("id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("card", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        _fk("draft_step", "version_id", "scorecard_version", "CASCADE"),
        _fk("draft_step", "by_id", "user_account", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_step")),
        sa.UniqueConstraint("version_id", "number", name=op.f("uq_draft_step_version_id_number")),
    )
    op.create_table(
        "draft_comment",
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("guide_version_id", BigId, nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("parent_id", BigId, nullable=True),
        sa.Column("author_id", BigId, nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by_id", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(version_id IS NULL) <> (guide_version_id IS NULL)",
            name=op.f("ck_draft_comment_one_draft"),
        ),
        sa.CheckConstraint(
            "parent_id IS NULL OR settled_at IS NULL",
            name=op.f("ck_draft_comment_answers_stay_open"),
        ),
        _fk("draft_comment", "version_id", "scorecard_version", "CASCADE"),
        _fk("draft_comment", "guide_version_id", "guide_version", "CASCADE"),
        _fk("draft_comment", "parent_id", "draft_comment", "CASCADE"),
        _fk("draft_comment", "author_id", "user_account", "SET NULL"),
        _fk("draft_comment", "settled_by_id", "user_account", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_comment")),
        sa.UniqueConstraint("uid", name=op.f("uq_draft_comment_uid")),
    )
    op.create_index("ix_draft_comment_version_id", "draft_comment", ["version_id"])
    op.create_index("ix_draft_comment_guide_version_id", "draft_comment", ["guide_version_id"])
    op.create_index(op.f("ix_draft_comment_parent_id"), "draft_comment", ["parent_id"])
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table, event, condition, message in _GUARDS:
        if on_sqlite:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = '23514'; "
            f"END IF; RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table, *_rest in reversed(_GUARDS):
        op.execute(f"DROP TRIGGER {name}" + ("" if on_sqlite else f" ON {table}"))
        if not on_sqlite:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index(op.f("ix_draft_comment_parent_id"), table_name="draft_comment")
    op.drop_index("ix_draft_comment_guide_version_id", table_name="draft_comment")
    op.drop_index("ix_draft_comment_version_id", table_name="draft_comment")
    op.drop_table("draft_comment")
    op.drop_table("draft_step")
    op.drop_table("guide_version")
    op.drop_index(op.f("ix_guide_project_id"), table_name="guide")
    op.drop_index(op.f("ix_guide_site_id"), table_name="guide")
    op.drop_table("guide")
