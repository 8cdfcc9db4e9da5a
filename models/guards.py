"""Triggers that keep what must not change: submitted scores, published versions, the audit log.

The same rules on SQLite and PostgreSQL. The one named door is a row in ``erasure_door``, inserted
and removed inside the erasing transaction, so that no other connection ever sees it open.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from models.operations import ErasureDoor

_CLOSED = "NOT EXISTS (SELECT 1 FROM erasure_door)"
_FROZEN = "('published', 'retired')"
_VERSION_FROZEN = (
    "EXISTS (SELECT 1 FROM scorecard_version v WHERE v.id = OLD.version_id AND v.state IN "
    + _FROZEN
    + ")"
)
_OPTION_FROZEN = (
    "EXISTS (SELECT 1 FROM criterion c JOIN scorecard_version v ON v.id = c.version_id "
    "WHERE c.id = OLD.criterion_id AND v.state IN " + _FROZEN + ")"
)
# A frozen version may only move from published to retired; every other column stays.
_VERSION_CHANGED = (
    "OLD.state IN " + _FROZEN + " AND (NEW.state NOT IN " + _FROZEN + " OR NEW.number <> OLD.number"
    " OR NEW.pass_bp <> OLD.pass_bp OR NEW.excellent_bp <> OLD.excellent_bp"
    " OR CAST(NEW.title AS text) <> CAST(OLD.title AS text))"
)

# (name, table, event, condition under which it is refused, message)
GUARDS: tuple[tuple[str, str, str, str, str], ...] = (
    ("audit_entry_no_update", "audit_entry", "UPDATE", _CLOSED, "the audit log is append-only"),
    ("audit_entry_no_delete", "audit_entry", "DELETE", _CLOSED, "the audit log is append-only"),
    ("revision_no_update", "review_revision", "UPDATE", _CLOSED, "a submitted score is kept"),
    ("revision_no_delete", "review_revision", "DELETE", _CLOSED, "a submitted score is kept"),
    ("answer_no_update", "answer", "UPDATE", _CLOSED, "a submitted answer is kept"),
    ("answer_no_delete", "answer", "DELETE", _CLOSED, "a submitted answer is kept"),
    (
        "version_no_update",
        "scorecard_version",
        "UPDATE",
        _VERSION_CHANGED,
        "a published version never changes",
    ),
    (
        "version_no_delete",
        "scorecard_version",
        "DELETE",
        "OLD.state IN " + _FROZEN,
        "a published version never changes",
    ),
    ("section_no_update", "section", "UPDATE", _VERSION_FROZEN, "a published version is kept"),
    ("section_no_delete", "section", "DELETE", _VERSION_FROZEN, "a published version is kept"),
    ("criterion_no_update", "criterion", "UPDATE", _VERSION_FROZEN, "a published version is kept"),
    ("criterion_no_delete", "criterion", "DELETE", _VERSION_FROZEN, "a published version is kept"),
    (
        "option_no_update",
        "criterion_option",
        "UPDATE",
        _OPTION_FROZEN,
        "a published version is kept",
    ),
    (
        "option_no_delete",
        "criterion_option",
        "DELETE",
        _OPTION_FROZEN,
        "a published version is kept",
    ),
)


def create_statements(dialect: str) -> Iterator[str]:
    """Yield the statements that install every guard on ``sqlite`` or ``postgresql``."""
    for name, table, event, condition, message in GUARDS:
        if dialect == "sqlite":
            yield (
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        else:
            back = "NEW" if event == "UPDATE" else "OLD"
            yield (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = '23514'; "
                f"END IF; RETURN {back}; END $$"
            )
            yield (
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def drop_statements(dialect: str) -> Iterator[str]:
    """Yield the statements that remove every guard."""
    for name, table, _event, _condition, _message in reversed(GUARDS):
        if dialect == "sqlite":
            yield f"DROP TRIGGER {name}"
        else:
            yield f"DROP TRIGGER {name} ON {table}"
            yield f"DROP FUNCTION {name}()"


@contextmanager
def erasure(session: Session, reason: str) -> Iterator[None]:
    """Open the door for the statements inside; ``reason`` is a code, never a person's data."""
    door = ErasureDoor(reason=reason)
    session.add(door)
    session.flush()
    yield
    session.delete(door)
    session.flush()
