"""Every module of tables, imported, so that the metadata is whole for migrations and tests."""

from models import (
    calibration,
    calls,
    coaching,
    conversations,
    disputes,
    drafts,
    guides,
    measures,
    notices,
    operations,
    people,
    phrases,
    practice,
    reviewing,
    reviews,
    rights,
    samples,
    scorecards,
    search,
    transcripts,
)
from models.base import Base

metadata = Base.metadata
MODULES = (
    calibration,
    calls,
    coaching,
    conversations,
    disputes,
    drafts,
    guides,
    measures,
    notices,
    operations,
    people,
    phrases,
    practice,
    reviewing,
    reviews,
    rights,
    samples,
    scorecards,
    search,
    transcripts,
)


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Tell whether Alembic may look at this part of the database.

    The job engine keeps tables of its own there, FTS5 keeps its index in some, and PostgreSQL's
    index of words is made by hand.
    """
    if kind == "table":
        return name in metadata.tables
    return kind != "index" or name != search.INDEX
