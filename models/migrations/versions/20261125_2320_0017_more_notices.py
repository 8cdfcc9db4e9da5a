"""more kinds of notices, and words read about a call as a way to it

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KINDS = (
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
    "request_filed",
    "request_due",
    "request_closed",
)
_BEFORE = (*_KINDS, "examples_shared")
_NEW = (
    "dispute_raised",
    "dispute_decided",
    "skip_asked",
    "calibration_closed",
    "partner_asked",
    "exemplar_chosen",
    "exemplar_asked_back",
    "quiz_open",
)
_WAYS = ("search", "phrases", "transcript", "export", "copy")


def _allow(table: str, column: str, name: str, values: tuple[str, ...]) -> None:
    # The name is given bare: the naming convention makes ck_<table>_<name> of it, as in the tables.
    listed = ", ".join(f"'{value}'" for value in values)
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_{name}"), f"{column} IN ({listed})")


def _forget(table: str, column: str, values: tuple[str, ...]) -> None:
    rows = sa.table(table, sa.column(column, sa.String()))
    op.execute(rows.delete().where(rows.c[column].in_(values)))


def upgrade() -> None:
    # Nothing was ever told of shared examples; only switches of it can be there.
    for table in ("notice", "notice_choice"):
        _forget(table, "kind", ("examples_shared",))
        _allow(table, "kind", "noticekind", (*_KINDS, *_NEW))
    _allow("call_access", "way", "accessway", (*_WAYS, "notes"))


def downgrade() -> None:
    for table in ("notice", "notice_choice"):
        _forget(table, "kind", _NEW)
        _allow(table, "kind", "noticekind", _BEFORE)
    _forget("call_access", "way", ("notes",))
    _allow("call_access", "way", "accessway", _WAYS)
