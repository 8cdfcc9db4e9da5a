"""exemplars of any call or part of one, with tags; playlists; quizzes and what people practised

Before merging: does it run on SQLite and PostgreSQL, up and down? Does it lock a large table?
Does code of the version before still work while it runs?
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NEW = ("practice_attempt", "quiz_item", "playlist_item", "exemplar_tag", "quiz_person", "quiz")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    # Written out: SQLite takes the check with its column, but adds none to a table that is there.
    op.execute(
        "ALTER TABLE site ADD COLUMN exemplar_keep_days INTEGER DEFAULT '0' NOT NULL"
        " CONSTRAINT ck_site_exemplar_keep CHECK (exemplar_keep_days BETWEEN 0 AND 3650)"
    )
    _widen_exemplars()
    op.create_table(
        "playlist",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("made_by_id", BigId, nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["user_account.id"],
            name=op.f("fk_playlist_made_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_playlist_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_playlist_team_id_team"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playlist")),
        sa.UniqueConstraint("uid", name=op.f("uq_playlist_uid")),
    )
    op.create_index(op.f("ix_playlist_site_id"), "playlist", ["site_id"], unique=False)
    op.create_table(
        "quiz",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("criteria", Json, nullable=False),
        sa.Column("state", _enum("quizstate", "draft", "open", "closed"), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", BigId, nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["user_account.id"],
            name=op.f("fk_quiz_made_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_quiz_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_quiz_team_id_team"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["scorecard_version.id"],
            name=op.f("fk_quiz_version_id_scorecard_version"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz")),
        sa.UniqueConstraint("uid", name=op.f("uq_quiz_uid")),
    )
    op.create_index("ix_quiz_site_id_state", "quiz", ["site_id", "state"], unique=False)
    op.create_table(
        "quiz_person",
        sa.Column("id", BigId, nullable=False),
        sa.Column("quiz_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quiz.id"], name=op.f("fk_quiz_person_quiz_id_quiz"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_quiz_person_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_person")),
        sa.UniqueConstraint("quiz_id", "user_id", name=op.f("uq_quiz_person_quiz_id_user_id")),
    )
    op.create_index(op.f("ix_quiz_person_user_id"), "quiz_person", ["user_id"], unique=False)
    op.create_table(
        "exemplar_tag",
        sa.Column("exemplar_id", BigId, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exemplar_id"],
            ["exemplar.id"],
            name=op.f("fk_exemplar_tag_exemplar_id_exemplar"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("exemplar_id", "tag", name=op.f("pk_exemplar_tag")),
    )
    op.create_table(
        "playlist_item",
        sa.Column("playlist_id", BigId, nullable=False),
        sa.Column("exemplar_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exemplar_id"],
            ["exemplar.id"],
            name=op.f("fk_playlist_item_exemplar_id_exemplar"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["playlist_id"],
            ["playlist.id"],
            name=op.f("fk_playlist_item_playlist_id_playlist"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playlist_item")),
        sa.UniqueConstraint(
            "playlist_id", "exemplar_id", name=op.f("uq_playlist_item_playlist_id_exemplar_id")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_playlist_item_uid")),
    )
    op.create_index(
        op.f("ix_playlist_item_exemplar_id"), "playlist_item", ["exemplar_id"], unique=False
    )
    op.create_table(
        "quiz_item",
        sa.Column("quiz_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("leg_id", BigId, nullable=False),
        sa.Column("exemplar_id", BigId, nullable=True),
        sa.Column("review_id", BigId, nullable=True),
        sa.Column("start_ms", sa.Integer(), nullable=True),
        sa.Column("end_ms", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("reference", Json, nullable=False),
        sa.Column("reference_by_id", BigId, nullable=True),
        sa.Column("reference_at", UtcDateTime(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("attainable", sa.Integer(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("earned >= 0 AND attainable >= 0", name=op.f("ck_quiz_item_points")),
        sa.ForeignKeyConstraint(
            ["exemplar_id"],
            ["exemplar.id"],
            name=op.f("fk_quiz_item_exemplar_id_exemplar"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["leg_id"], ["leg.id"], name=op.f("fk_quiz_item_leg_id_leg"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quiz.id"], name=op.f("fk_quiz_item_quiz_id_quiz"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reference_by_id"],
            ["user_account.id"],
            name=op.f("fk_quiz_item_reference_by_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_quiz_item_review_id_review"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_item")),
        sa.UniqueConstraint(
            "quiz_id", "leg_id", "start_ms", name=op.f("uq_quiz_item_quiz_id_leg_id_start_ms")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_quiz_item_uid")),
    )
    op.create_index(op.f("ix_quiz_item_exemplar_id"), "quiz_item", ["exemplar_id"], unique=False)
    op.create_index(op.f("ix_quiz_item_leg_id"), "quiz_item", ["leg_id"], unique=False)
    op.create_table(
        "practice_attempt",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("state", _enum("attemptstate", "draft", "submitted"), nullable=False),
        sa.Column("sheet", Json, nullable=False),
        sa.Column("compared", Json, nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("attainable", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'submitted') = (submitted_at IS NOT NULL)",
            name=op.f("ck_practice_attempt_submitted"),
        ),
        sa.CheckConstraint(
            "earned >= 0 AND attainable >= 0 AND agreed >= 0",
            name=op.f("ck_practice_attempt_points"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["quiz_item.id"],
            name=op.f("fk_practice_attempt_item_id_quiz_item"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_practice_attempt_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_attempt")),
        sa.UniqueConstraint("item_id", "user_id", name=op.f("uq_practice_attempt_item_id_user_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_practice_attempt_uid")),
    )
    op.create_index(
        op.f("ix_practice_attempt_user_id"), "practice_attempt", ["user_id"], unique=False
    )


def _widen_exemplars() -> None:
    with op.batch_alter_table("exemplar") as exemplar:
        exemplar.add_column(sa.Column("leg_id", BigId, nullable=True))
        exemplar.add_column(
            sa.Column(
                "level",
                _enum("exemplarlevel", "model", "solid", "open"),
                server_default="model",
                nullable=False,
            )
        )
        exemplar.add_column(sa.Column("language", sa.String(), nullable=True))
        exemplar.add_column(
            sa.Column(
                "audience",
                _enum("exemplaraudience", "team", "site", "practice"),
                server_default="team",
                nullable=False,
            )
        )
        exemplar.add_column(
            sa.Column(
                "state",
                _enum("exemplarstate", "shared", "asked_back", "withdrawn"),
                server_default="shared",
                nullable=False,
            )
        )
        exemplar.add_column(sa.Column("state_at", UtcDateTime(), nullable=True))
        exemplar.add_column(
            sa.Column("named", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        exemplar.add_column(sa.Column("kept_until", UtcDateTime(), nullable=True))
        exemplar.add_column(sa.Column("keep_reason", sa.String(), nullable=True))
        exemplar.alter_column("review_id", existing_type=BigId, nullable=True)
        exemplar.alter_column("criterion_id", existing_type=BigId, nullable=True)
        exemplar.drop_constraint(op.f("uq_exemplar_review_id_criterion_id"), type_="unique")
    op.execute(
        "UPDATE exemplar SET leg_id = (SELECT leg_id FROM review WHERE review.id = review_id),"
        " language = (SELECT transcript.language FROM review"
        " JOIN leg ON leg.id = review.leg_id"
        " JOIN recording ON recording.call_id = leg.call_id"
        " JOIN transcript ON transcript.recording_id = recording.id"
        " WHERE review.id = review_id)"
    )
    # Older versions asked for no pair; a span with one end only was the whole call.
    op.execute(
        "UPDATE exemplar SET start_ms = NULL, end_ms = NULL"
        " WHERE (start_ms IS NULL) <> (end_ms IS NULL)"
    )
    with op.batch_alter_table("exemplar") as exemplar:
        exemplar.alter_column("leg_id", existing_type=BigId, nullable=False)
        exemplar.create_foreign_key(
            op.f("fk_exemplar_leg_id_leg"), "leg", ["leg_id"], ["id"], ondelete="CASCADE"
        )
        exemplar.create_check_constraint(
            op.f("ck_exemplar_span"), "(start_ms IS NULL) = (end_ms IS NULL)"
        )
        exemplar.create_check_constraint(
            op.f("ck_exemplar_kept"), "(kept_until IS NULL) = (keep_reason IS NULL)"
        )
        exemplar.create_check_constraint(
            op.f("ck_exemplar_ended"), "(state = 'shared') = (state_at IS NULL)"
        )
        exemplar.create_index(op.f("ix_exemplar_leg_id"), ["leg_id"])
        exemplar.create_index(op.f("ix_exemplar_review_id"), ["review_id"])


def downgrade() -> None:
    for table in (*_NEW, "playlist"):
        op.drop_table(table)
    # What the version before cannot hold: shared parts and whole calls, and all but the first of a
    # criterion in a review.
    op.execute(
        "DELETE FROM exemplar WHERE review_id IS NULL OR criterion_id IS NULL"
        " OR state <> 'shared' OR id NOT IN (SELECT min(id) FROM exemplar"
        " WHERE state = 'shared' GROUP BY review_id, criterion_id)"
    )
    with op.batch_alter_table("exemplar") as exemplar:
        exemplar.drop_index(op.f("ix_exemplar_review_id"))
        exemplar.drop_index(op.f("ix_exemplar_leg_id"))
        for name in ("ended", "kept", "span", "exemplarstate", "exemplaraudience", "exemplarlevel"):
            exemplar.drop_constraint(op.f(f"ck_exemplar_{name}"), type_="check")
        exemplar.drop_constraint(op.f("fk_exemplar_leg_id_leg"), type_="foreignkey")
        for name in (
            "keep_reason",
            "kept_until",
            "named",
            "state_at",
            "state",
            "audience",
            "language",
            "level",
            "leg_id",
        ):
            exemplar.drop_column(name)
        exemplar.alter_column("criterion_id", existing_type=BigId, nullable=False)
        exemplar.alter_column("review_id", existing_type=BigId, nullable=False)
        exemplar.create_unique_constraint(
            op.f("uq_exemplar_review_id_criterion_id"), ["review_id", "criterion_id"]
        )
    op.drop_column("site", "exemplar_keep_days")
