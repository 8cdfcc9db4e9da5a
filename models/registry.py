"""Every module of tables, imported, so that the metadata is whole for migrations and tests."""

from models import (
    calls,
    conversations,
    measures,
    operations,
    people,
    phrases,
    reviews,
    samples,
    scorecards,
    transcripts,
)
from models.base import Base

metadata = Base.metadata
MODULES = (
    calls,
    conversations,
    measures,
    operations,
    people,
    phrases,
    reviews,
    samples,
    scorecards,
    transcripts,
)
