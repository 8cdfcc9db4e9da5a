"""calibration rounds, their legs and seats; what was agreed is kept as it is

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# A reference that the session agreed is what reviewers are measured by from then on.
_KEPT = "OLD.agreed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasure_door)"
_MESSAGE = "an agreed reference is kept"
_EVENTS = (("calibration_no_update", "UPDATE", "NEW"), ("calibration_no_delete", "DELETE", "OLD"))


def _key(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    state = sa.Enum(
        "open",
        "closed",
        "withdrawn",
        name="calibrationstate",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
    op.create_table(
        "calibration_round",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL)", name=op.f("ck_calibration_round_ended")
        ),
        _key("calibration_round", "site_id", "site", "RESTRICT"),
        _key("calibration_round", "team_id", "team", "RESTRICT"),
        _key("calibration_round", "version_id", "scorecard_version", "RESTRICT"),
        _key("calibration_round", "created_by_id", "user_account", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_round")),
        sa.UniqueConstraint("uid", name=op.f("uq_calibration_round_uid")),
    )
    op.create_index("ix_calibration_round_site_id_state", "calibration_round", ["site_id", "state"])
    op.create_index(op.f("ix_calibration_round_version_id"), "calibration_round", ["version_id"])
    op.create_table(
        "calibration_item",
        sa.Column("round_id", BigId, nullable=False),
        sa.Column("leg_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reference", Json, nullable=False),
        sa.Column("points", Json, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=True),
        sa.Column("attainable", sa.Integer(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=True),
        sa.Column("agreed_at", UtcDateTime(), nullable=True),
        sa.Column("agreed_by_id", BigId, nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(agreed_at IS NULL) = (earned IS NULL)", name=op.f("ck_calibration_item_agreed")
        ),
        sa.CheckConstraint(
            "earned IS NULL OR (earned >= 0 AND attainable >= 0)",
            name=op.f("ck_calibration_item_points"),
        ),
        _key("calibration_item", "round_id", "calibration_round", "RESTRICT"),
        _key("calibration_item", "leg_id", "leg", "RESTRICT"),
        _key("calibration_item", "agreed_by_id", "user_account", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_item")),
        sa.UniqueConstraint("uid", name=op.f("uq_calibration_item_uid")),
        sa.UniqueConstraint("round_id", "leg_id", name=op.f("uq_calibration_item_round_id_leg_id")),
        sa.UniqueConstraint(
            "round_id", "position", name=op.f("uq_calibration_item_round_id_position")
        ),
    )
    op.create_index("ix_calibration_item_leg_id", "calibration_item", ["leg_id"])
    op.create_table(
        "calibration_seat",
        sa.Column("id", BigId, nullable=False),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("reviewer_id", BigId, nullable=True),
        sa.Column("task_id", BigId, nullable=True),
        _key("calibration_seat", "item_id", "calibration_item", "RESTRICT"),
        _key("calibration_seat", "reviewer_id", "user_account", "SET NULL"),
        _key("calibration_seat", "task_id", "task", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_seat")),
        sa.UniqueConstraint(
            "item_id", "reviewer_id", name=op.f("uq_calibration_seat_item_id_reviewer_id")
        ),
        sa.UniqueConstraint("task_id", name=op.f("uq_calibration_seat_task_id")),
    )
    op.create_index(op.f("ix_calibration_seat_reviewer_id"), "calibration_seat", ["reviewer_id"])
    for name, event, row in _EVENTS:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON calibration_item WHEN {_KEPT} "
                f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {_KEPT} THEN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = '23514'; "
            f"END IF; RETURN {row}; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON calibration_item "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, _event, _row in _EVENTS:
        op.execute(f"DROP TRIGGER {name}" + ("" if on_sqlite else " ON calibration_item"))
        if not on_sqlite:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index(op.f("ix_calibration_seat_reviewer_id"), table_name="calibration_seat")
    op.drop_table("calibration_seat")
    op.drop_index("ix_calibration_item_leg_id", table_name="calibration_item")
    op.drop_table("calibration_item")
    op.drop_index(op.f("ix_calibration_round_version_id"), table_name="calibration_round")
    op.drop_index("ix_calibration_round_site_id_state", table_name="calibration_round")
    op.drop_table("calibration_round")
