"""notes of a review made while the call was heard

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_GUARD = "live_review_no_update"
_MESSAGE = "a submitted review is kept"
_CHANGED_BEFORE = (
    "OLD.state = 'submitted' AND NOT EXISTS (SELECT 1 FROM erasure_door) AND "
    "(NEW.state <> OLD.state OR NEW.version_id <> OLD.version_id OR "
    "NEW.agent_id <> OLD.agent_id OR NEW.summary <> OLD.summary OR "
    "CAST(NEW.draft AS text) <> CAST(OLD.draft AS text)"
)
_NOTES = " OR CAST(NEW.notes AS text) <> CAST(OLD.notes AS text)"


def _guard(changed: str) -> None:
    """Install the guard that refuses ``changed``, in place of the one that is there."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {_GUARD}")
        op.execute(
            f"CREATE TRIGGER {_GUARD} BEFORE UPDATE ON live_review WHEN {changed} "
            f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
    else:
        op.execute(
            f"CREATE OR REPLACE FUNCTION {_GUARD}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {changed} THEN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = '23514'; "
            f"END IF; RETURN NEW; END $$"
        )


def upgrade() -> None:
    op.add_column(
        "live_review", sa.Column("notes", Json, server_default=sa.text("'[]'"), nullable=False)
    )
    _guard(_CHANGED_BEFORE + _NOTES + ")")


def downgrade() -> None:
    _guard(_CHANGED_BEFORE + ")")
    op.drop_column("live_review", "notes")
